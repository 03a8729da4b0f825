"""Chat and text completions of the openai dialect."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.answer import Answer, Piece
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.openai import read, shapes
from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.oracle import Conversation, Turn
from mrt_testing_kit.server.wire import Event, Framing, Reply


def chat(call: Call) -> Reply:
    """Answer ``POST /v1/chat/completions``."""
    body = call.body
    talk = read.conversation(body, thinks="reason" in call.model or "reasoning_effort" in body)
    answer = call.answer(talk)
    base = _base(call, "chat.completion")
    choices = range(body["n"]) if isinstance(body.get("n"), int) and 1 <= body["n"] <= 16 else range(1)
    if not call.stream:
        odds = shapes.logprobs(answer, body.get("top_logprobs") or 0) if body.get("logprobs") else None
        payload = {
            **base,
            "choices": [
                {"index": n, "message": shapes.message(answer), "logprobs": odds, "finish_reason": answer.finish}
                for n in choices
            ],
            "usage": shapes.usage(answer.usage),
            "service_tier": "default",
            "system_fingerprint": "fp_oracle",
        }
        return call.json_reply(payload, answer=answer)
    base["object"] = "chat.completion.chunk"
    base["system_fingerprint"] = "fp_oracle"
    options = body.get("stream_options")
    wanted = is_object(options) and options.get("include_usage") is True
    events: list[Event] = []
    for piece in call.pieces(answer):
        events.extend(chunks(piece, base, wanted, choices, refused=answer.finish == "content_filter"))
    return call.stream_reply(events, Framing(), answer)


def chunks(piece: Piece, base: dict[str, Any], wanted: bool, choices: range, *, refused: bool = False) -> list[Event]:
    """Write a piece as chunks, one for each choice; the text of a refusal is in the field for refusals."""
    if piece.kind == "usage":
        return [Event({**base, "choices": [], "usage": shapes.usage(piece.usage)}, kind="usage")] if wanted else []
    if piece.kind == "end":
        return [shapes.done()]
    change = shapes.delta(piece, refused=refused)
    if change is None:
        return []
    # With include_usage every other chunk carries a null usage.
    tail: dict[str, Any] = {"usage": None} if wanted else {}
    finish = piece.finish if piece.kind == "finish" else None
    return [
        Event(
            {**base, "choices": [{"index": n, "delta": change, "logprobs": None, "finish_reason": finish}], **tail},
            kind=piece.kind,
        )
        for n in choices
    ]


def completion(call: Call) -> Reply:
    """Answer ``POST /v1/completions``."""
    body = call.body
    prompt = body.get("prompt", "")
    if is_array(prompt):
        prompt = "\n".join(map(str, prompt))
    params = {name: value for name, value in body.items() if name not in ("prompt", "stream", "stream_options")}
    limit = body.get("max_tokens")
    talk = Conversation(
        [Turn("user", str(prompt))],
        params=params,
        limit=limit if isinstance(limit, int) else None,
        stops=read.stops(body.get("stop")),
    )
    answer = call.answer(talk)
    base = _base(call, "text_completion")
    if not call.stream:
        choice = {"text": answer.text, "index": 0, "logprobs": None, "finish_reason": answer.finish}
        payload = {**base, "choices": [choice], "usage": shapes.usage(answer.usage)}
        return call.json_reply(payload, answer=answer)
    options = body.get("stream_options")
    wanted = is_object(options) and options.get("include_usage") is True
    events = [event for piece in call.pieces(answer) for event in text_chunks(piece, base, wanted)]
    return call.stream_reply(events, Framing(), answer)


def text_chunks(piece: Piece, base: dict[str, Any], wanted: bool) -> list[Event]:
    """Write a piece as chunks of a text completion."""
    if piece.kind == "usage":
        return [Event({**base, "choices": [], "usage": shapes.usage(piece.usage)}, kind="usage")] if wanted else []
    if piece.kind == "end":
        return [shapes.done()]
    if piece.kind not in ("text", "finish"):
        return []
    text, finish = (piece.text, None) if piece.kind == "text" else ("", piece.finish)
    choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}
    return [Event({**base, "choices": [choice]}, kind=piece.kind)]


def _base(call: Call, object: str) -> dict[str, Any]:
    prefix = "chatcmpl-" if object.startswith("chat") else "cmpl-"
    name = f"{prefix}{call.server.token(29)}"
    return {"id": name, "object": object, "created": call.dialect.now(), "model": call.model}


__all__ = ["Answer", "chat", "chunks", "completion", "text_chunks"]
