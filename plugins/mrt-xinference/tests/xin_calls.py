"""Calls as the pure methods of the model classes see them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from xin_replay import COMPLETION, WEATHER

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.message import PromptMessageTool, UserPromptMessage
from mrt.entities.model import AIModelEntity
from mrt.entities.secret import Credentials
from mrt.http.framing import decoder_for
from mrt.http.messages import Headers, HTTPResponse
from mrt.plugin.http_model import HTTPModel
from mrt_testing_kit.records import Record

CREDENTIALS = {"server_url": "http://127.0.0.1:1", "model_uid": "tiny-chat", "api_key": "sk-test-0123456789"}
COMPLETION_SCHEMA = AIModelEntity.model_validate(
    {"model": "base", "model_type": ModelType.LLM, "model_properties": {"mode": "completion"}}
)


def make_call(
    request: Any = None,
    *,
    model_type: ModelType = ModelType.LLM,
    parameters: Mapping[str, Any] | None = None,
    tools: Sequence[PromptMessageTool] = (),
    stream: bool = False,
    schema: AIModelEntity | None = None,
    model: str = "some-model",
    credentials: Mapping[str, Any] | None = None,
) -> Invocation[Any]:
    if request is None:
        request = LLMRequest((UserPromptMessage("Hi"),), parameters or {}, tools, ())
    given = Credentials(credentials or CREDENTIALS, frozenset({"api_key"}))
    return Invocation(model_type, model, given, request, stream=stream, schema=schema)


def llm_call(record: Record, *, tools: bool = True) -> Invocation[Any]:
    """Return the call that a recorded stream answers, with tools where the recorded request had them."""
    completion = record.path == COMPLETION
    offered = tools and not completion and isinstance(record.request_body, dict) and record.request_body.get("tools")
    return make_call(stream=True, tools=(WEATHER,) if offered else (), schema=COMPLETION_SCHEMA if completion else None)


def make_response(
    value: Any, status: int = 200, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> HTTPResponse:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return HTTPResponse(status, Headers([("content-type", media_type), *(headers or {}).items()]), content)


def run_stream(model: HTTPModel, call: Invocation[Any], pieces: Iterable[bytes]) -> Iterator[Any]:
    """Read the bytes of a stream exactly as core does, chunk by chunk."""
    parser, decoder = model.stream_parser(call), decoder_for(model.framing)
    for piece in pieces:
        for event in decoder.feed(piece):
            yield from parser.feed(event)
            if parser.done:
                yield from parser.finish()
                return
    for event in decoder.finish():
        yield from parser.feed(event)
    yield from parser.finish()


def uncut(record: Record) -> list[dict[str, Any]]:
    """Return the choices of a recorded stream's events."""
    return [choice for event in record.events if isinstance(event, dict) for choice in event.get("choices") or ()]


def chat_events(*deltas: Mapping[str, Any], finish: str = "stop") -> bytes:
    """Return the bytes of a chat stream of these deltas."""
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {"content": ""}, "finish_reason": finish})
    lines = [json.dumps({"id": "chat1", "model": "m", "choices": [choice]}) for choice in choices]
    return b"".join(f"data: {line}\r\n\r\n".encode() for line in [*lines, "[DONE]"])
