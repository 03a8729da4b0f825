"""How the vLLM engine answers: each call in two pieces, its head and then all of its arguments."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.answer import ABSENT, Answer, Piece
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.openai.shapes import call, done
from mrt_testing_kit.server.dialects.xinference.transformers import counts
from mrt_testing_kit.server.wire import Event, Framing, Reply


def whole(call_: Call, answer: Answer) -> Reply:
    """Answer in one document."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if "tools" in call_.body:
        message["tool_calls"] = [call(part) for part in answer.calls]
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    payload = {
        "id": f"chatcmpl-{call_.dialect.uuid()}",
        "model": call_.model,
        "object": "chat.completion",
        "created": call_.dialect.now(),
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish}],
        "usage": counts(answer.usage),
    }
    return call_.json_reply(payload, answer=answer)


def stream(call_: Call, answer: Answer, wanted: bool) -> Reply:
    """Answer in a stream."""
    base = {
        "id": f"chat{call_.dialect.uuid()}",
        "model": call_.model,
        "created": call_.dialect.now(),
        "object": "chat.completion.chunk",
    }
    events: list[Event] = []
    for piece in _joined(call_.pieces(answer)):
        events += _chunk(piece, base, "tools" in call_.body, wanted)
    return call_.stream_reply(events, Framing(newline="\r\n", compact=False), answer)


def _joined(pieces: list[Piece]) -> list[Piece]:
    out: list[Piece] = []
    for piece in pieces:
        last = out[-1] if out else None
        same = piece.kind == "arguments" and last is not None and last.kind == "arguments" and last.index == piece.index
        if same and last is not None and isinstance(last.arguments, str) and isinstance(piece.arguments, str):
            last.arguments += piece.arguments
            continue
        out.append(piece)
    return out


def _chunk(piece: Piece, base: dict[str, Any], tools: bool, wanted: bool) -> list[Event]:
    finish: str | None = None
    delta: dict[str, Any]
    if piece.kind == "start":
        delta = {"role": "assistant", "content": ""}
    elif piece.kind == "text":
        delta = {"content": piece.text}
    elif piece.kind == "thinking":
        delta = {"reasoning_content": piece.text, "content": None}
    elif piece.kind in ("call", "arguments"):
        function: dict[str, Any] = {}
        item: dict[str, Any] = {}
        if piece.index is not ABSENT:
            item["index"] = piece.index
        if piece.id is not ABSENT:
            item["id"] = piece.id
        if piece.kind == "call":
            item["type"] = "function"
        if piece.name is not ABSENT:
            function["name"] = piece.name
        if piece.arguments is not ABSENT:
            function["arguments"] = piece.arguments
        item["function"] = function
        delta = {"role": "assistant", "content": "", "tool_calls": [item]}
    elif piece.kind == "finish":
        delta, finish = {"content": ""}, piece.finish
    elif piece.kind == "usage":
        return [Event({**base, "choices": [], "usage": counts(piece.usage)}, kind="usage")] if wanted else []
    else:
        return [done()] if piece.kind == "end" else []
    if tools and "tool_calls" not in delta:
        delta["tool_calls"] = []
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return [Event({**base, "choices": [choice]}, kind=piece.kind)]
