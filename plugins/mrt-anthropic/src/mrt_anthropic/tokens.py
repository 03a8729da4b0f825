"""The vendor's own count of a prompt's tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mrt.entities.message import PromptMessage, PromptMessageTool
from mrt.entities.plain import is_mapping
from mrt.entities.usage import TokenCount
from mrt.http.messages import HTTPResponse
from mrt_anthropic.request import prompt_body

COUNT_PATH = "messages/count_tokens"
"""The endpoint that counts a prompt; it is free, and limited apart from other calls."""


def count_body(model: str, messages: Sequence[PromptMessage], tools: Sequence[PromptMessageTool]) -> dict[str, Any]:
    """Return the body of the request that counts a prompt."""
    return {"model": model, **prompt_body(messages, tools, {})}


def read_count(response: HTTPResponse) -> TokenCount | None:
    """Return the count; None when the answer holds none."""
    body = response.json()
    tokens = body.get("input_tokens") if is_mapping(body) else None
    return TokenCount(tokens, "vendor") if isinstance(tokens, int) and tokens > 0 else None
