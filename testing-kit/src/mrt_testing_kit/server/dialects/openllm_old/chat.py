"""The OpenAI routes of the old line: text only, no tools, usage in every event."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.answer import Piece, Usage
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.openai import read
from mrt_testing_kit.server.dialects.openai.shapes import done
from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.oracle import Conversation, Turn
from mrt_testing_kit.server.wire import Event, Framing, Reply


def usage(counts: Usage | None) -> dict[str, Any] | None:
    """Write token counts."""
    if counts is None:
        return None
    return {"prompt_tokens": counts.prompt, "completion_tokens": counts.completion, "total_tokens": counts.total}


def chat(call: Call) -> Reply:
    """Answer ``POST /v1/chat/completions``: content parts become their Python text, tools are passed over."""
    body = dict(call.body)
    body["messages"] = [
        {**m, "content": str(m["content"])} if is_object(m) and is_array(m.get("content")) else m
        for m in body["messages"]
    ]
    talk = read.conversation(body)
    talk.tools = []
    answer = call.answer(talk)
    tail: dict[str, Any] = {
        "model": call.model,
        "object": "chat.completion",
        "id": f"chatcmpl-{call.server.hexes(32)}",
        "created": call.dialect.now(),
    }
    if not call.stream:
        message = {"role": "assistant", "content": answer.text}
        choice = {"index": 0, "message": message, "finish_reason": answer.finish}
        return call.json_reply({"choices": [choice], **tail, "usage": usage(answer.usage)}, answer=answer)
    tail["object"] = "chat.completion.chunk"
    events = [event for piece in call.pieces(answer) for event in _events(piece, tail)]
    return call.stream_reply(events, Framing(), answer)


def role_event(call: Call) -> Event:
    """The first event, which goes out before the engine looks at the values."""
    tail = {"model": call.model, "object": "chat.completion.chunk", "id": f"chatcmpl-{call.server.hexes(32)}"}
    return _events(Piece("start"), {**tail, "created": call.dialect.now()})[0]


def _events(piece: Piece, tail: dict[str, Any]) -> list[Event]:
    finish: str | None = None
    counts: dict[str, Any] | None = None
    if piece.kind == "start":
        delta: dict[str, Any] = {"role": "assistant", "content": None}
    elif piece.kind == "text":
        delta = {"role": None, "content": piece.text}
    elif piece.kind == "finish":
        delta, finish, counts = {"role": None, "content": ""}, piece.finish, usage(piece.usage)
    else:
        return [done()] if piece.kind == "end" else []
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return [Event({"choices": [choice], **tail, "usage": counts}, kind=piece.kind)]


def completion(call: Call) -> Reply:
    """Answer ``POST /v1/completions``: 16 tokens unless more are asked for."""
    body = call.body
    prompt = str(body.get("prompt", ""))
    limit = body.get("max_tokens", 16)
    talk = Conversation(
        [Turn("user", prompt)],
        params={name: value for name, value in body.items() if name not in ("prompt", "stream")},
        limit=limit if isinstance(limit, int) else None,
        stops=read.stops(body.get("stop")),
    )
    answer = call.answer(talk)
    tail = {"object": "text_completion", "id": f"cmpl-{call.server.hexes(32)}", "created": call.dialect.now()}
    if not call.stream:
        text = f"{prompt}{answer.text}" if body.get("echo") else answer.text
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": answer.finish}
        payload = {"choices": [choice], "model": call.model, "usage": usage(answer.usage), **tail}
        return call.json_reply(payload, answer=answer)
    events: list[Event] = []
    for piece in call.pieces(answer):
        if piece.kind in ("text", "finish"):
            # The finish comes twice, with usage the second time.
            for counts in [None, usage(piece.usage)] if piece.kind == "finish" else [None]:
                said = piece.text if piece.kind == "text" else ""
                choice = {"index": 0, "text": said, "logprobs": None, "finish_reason": piece.finish}
                data = {"model": call.model, "choices": [choice], **tail, "usage": counts}
                events.append(Event(data, kind=piece.kind))
        elif piece.kind == "end":
            events.append(done())
    return call.stream_reply(events, Framing(), answer)
