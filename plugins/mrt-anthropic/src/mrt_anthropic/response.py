"""Whole answers of ``POST /v1/messages``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrt.entities.llm import LLMResult
from mrt.entities.message import AssistantPromptMessage
from mrt.entities.plain import is_list, is_mapping
from mrt.errors import InvokeBadResponseError
from mrt.http.messages import HTTPResponse
from mrt.http.status import names_error
from mrt_anthropic.answer import AnswerBlock, Counts, is_hollow
from mrt_anthropic.errors import error_of
from mrt_anthropic.replay import opaque_blocks


def read_message(response: HTTPResponse, model: str, names: Mapping[str, str]) -> LLMResult:
    """Return the result that a response holds.

    Args:
        response: A response of status 2xx.
        model: The model that was asked.
        names: The callers' names of the tools, by the vendor's.

    Raises:
        InvokeBadResponseError: It holds no answer.
        InvokeError: It holds an error in spite of its status.
    """
    body = response.json()
    request_id = response.headers.get("request-id") or response.request_id
    if names_error(body):
        raise error_of(body, request_id)
    content: Any = body.get("content") if is_mapping(body) else None
    blocks = [AnswerBlock.of(block) for block in content if is_mapping(block)] if is_list(content) else []
    reason: Any = body.get("stop_reason") if is_list(content) else None
    reason = reason if isinstance(reason, str) else None
    counts = Counts(body.get("usage") if is_mapping(body) else None)
    if not blocks and is_hollow(reason, counts.usage()):
        raise InvokeBadResponseError("the answer has no content", status=response.status, request_id=request_id)
    calls = [block for block in blocks if block.kind == "tool_use"]
    for place, block in enumerate(calls):
        block.place = place
    thinking = "".join(block.text for block in blocks if block.kind == "thinking")
    message = AssistantPromptMessage(
        "".join(block.text for block in blocks if block.kind == "text"),
        [block.call(block.arguments(), names) for block in calls],
        reasoning_content=thinking if thinking.strip() else None,
        opaque_body=opaque_blocks([block.replay() for block in blocks]),
    )
    return LLMResult(
        model=body.get("model") or model,
        message=message,
        usage=counts.usage(),
        finish_reason=reason,
        reasoning_content=message.reasoning_content,
        request_id=request_id,
        id=body.get("id"),
    )
