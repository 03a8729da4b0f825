"""Calls and answers as the pure methods see them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.llm import LLMResultChunk
from mrt.entities.message import PromptMessage, PromptMessageTool, UserPromptMessage
from mrt.entities.model import AIModelEntity
from mrt.entities.secret import Credentials
from mrt.http.framing import decoder_for
from mrt.http.messages import Headers, HTTPResponse, ServerSentEvent
from mrt.plugin.http_model import HTTPModel

CREDENTIALS = {"base_url": "http://127.0.0.1:1/v1", "api_key": "sk-test-0123456789"}


def make_call(
    request: Any = None,
    *,
    model_type: ModelType = ModelType.LLM,
    prompt: str | Sequence[PromptMessage] = "Hi",
    parameters: Mapping[str, Any] | None = None,
    tools: Sequence[PromptMessageTool] = (),
    stop: Sequence[str] = (),
    stream: bool = False,
    user: str | None = None,
    schema: AIModelEntity | None = None,
    credentials: Mapping[str, Any] | None = None,
    model: str = "some-model",
) -> Invocation[Any]:
    if request is None:
        messages = (UserPromptMessage(prompt),) if isinstance(prompt, str) else tuple(prompt)
        request = LLMRequest(messages, parameters or {}, tools, stop)
    given = Credentials(credentials or CREDENTIALS, frozenset({"api_key"}))
    return Invocation(model_type, model, given, request, stream=stream, user=user, schema=schema)


def make_response(value: Any, status: int = 200, media_type: str = "application/json", **headers: str) -> HTTPResponse:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    items = [("content-type", media_type), *((name.replace("_", "-"), text) for name, text in headers.items())]
    return HTTPResponse(status, Headers(items), content)


def run_stream(model: HTTPModel, call: Invocation[Any], pieces: Iterable[bytes]) -> list[Any]:
    """Read the bytes of a stream exactly as core does."""
    parser, decoder = model.stream_parser(call), decoder_for(model.framing)
    chunks: list[Any] = []
    for piece in pieces:
        for event in decoder.feed(piece):
            chunks += parser.feed(event)
            if parser.done:
                return [*chunks, *parser.finish()]
    for event in decoder.finish():
        chunks += parser.feed(event)
    return [*chunks, *parser.finish()]


def run_flow(model: HTTPModel, call: Invocation[Any], answers: Iterable[HTTPResponse]) -> tuple[Any, list[Any]]:
    """Run an exchange on prepared answers; return its result and the JSON bodies of its requests."""
    flow, sent, waiting = model.exchange(call), [], iter(answers)
    try:
        request = next(flow)
        while True:
            sent.append(json.loads(request.content))
            response = next(waiting)
            if response.status >= 300:
                request = flow.throw(model.parse_error(call, response))
            else:
                request = flow.send(response)
    except StopIteration as end:
        return end.value, sent


def sse(*events: Any, done: bool = True) -> bytes:
    """Return the bytes of a stream of JSON events."""
    lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return b"".join(f"data: {line}\n\n".encode() for line in [*lines, *(["[DONE]"] if done else [])])


def delta(change: Any, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """Return one event of a chat stream."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": "served-model",
        "choices": [{"index": 0, "delta": change, "finish_reason": finish}],
        **more,
    }


class Gathered:
    """What the chunks of a stream add up to."""

    def __init__(self, chunks: Sequence[LLMResultChunk]) -> None:
        self.chunks = chunks
        self.text = "".join(chunk.text for chunk in chunks)
        self.reasoning = "".join(chunk.delta.reasoning_content or "" for chunk in chunks)
        self.pieces = [piece for chunk in chunks for piece in chunk.delta.message.tool_calls]
        self.calls: dict[tuple[int | None, str], list[str]] = {}
        for piece in self.pieces:
            call = self.calls.setdefault((piece.index, piece.id), ["", ""])
            call[0] += piece.function.name
            call[1] += piece.function.arguments
        self.finish = [chunk.delta.finish_reason for chunk in chunks if chunk.delta.finish_reason is not None]
        self.usage = chunks[-1].delta.usage if chunks else None

    @property
    def named(self) -> list[tuple[str, str]]:
        return [(name, arguments) for name, arguments in self.calls.values()]


def event(data: bytes, name: str = "") -> ServerSentEvent:
    return ServerSentEvent(data, name)
