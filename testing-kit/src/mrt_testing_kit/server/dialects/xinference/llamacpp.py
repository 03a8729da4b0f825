"""How the llama.cpp engine answers: the path of the weights for a model, timings, and calls in OpenAI's shape."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.answer import ABSENT, Answer, Piece, Usage
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.openai.shapes import call_delta, done, logprobs
from mrt_testing_kit.server.dialects.xinference.catalogue import HOME
from mrt_testing_kit.server.dialects.xinference.transformers import raw, raw_call, tagged
from mrt_testing_kit.server.wire import Event, Framing, Reply

FRAMING = Framing(newline="\r\n", compact=False)


def path(call: Call) -> str:
    """Return the path of the weights, which this engine gives for the model's name."""
    return f"{HOME}/{call.model}-ggufv2-1b-F32/tiny-f32.gguf"


def usage(counts: Usage | None, *, total_first: bool = False) -> dict[str, Any] | None:
    """Write token counts, in the two orders in which this engine writes them."""
    if counts is None:
        return None
    first, second = ("prompt_tokens", counts.prompt), ("completion_tokens", counts.completion)
    pairs = [first, second] if total_first else [second, first]
    cached = {"cached_tokens": counts.cached or 0}
    return {**dict(pairs), "total_tokens": counts.total, "prompt_tokens_details": cached}


def timings(counts: Usage | None) -> dict[str, Any]:
    """Write the engine's measurements."""
    prompt, predicted = (counts.prompt, counts.completion) if counts is not None else (0, 0)
    return {
        "cache_n": (counts.cached or 0) if counts is not None else 0,
        "prompt_n": prompt,
        "prompt_ms": 10.717,
        "prompt_per_token_ms": 0.974,
        "prompt_per_second": 1026.4,
        "predicted_n": predicted,
        "predicted_ms": 2.419,
        "predicted_per_token_ms": 0.269,
        "predicted_per_second": 3720.5,
    }


def whole(call: Call, answer: Answer, raw_calls: bool) -> Reply:
    """Answer in one document."""
    thought, text = raw(answer)
    message: dict[str, Any] = {"role": "assistant", "content": text if thought is None else tagged(thought, text)}
    finish = answer.finish
    if answer.calls and (raw_calls or finish == "length"):
        message["content"] += "\n".join(raw_call(part, cut=finish == "length") for part in answer.calls)
        finish = "stop" if finish == "tool_calls" else finish
    elif answer.calls:
        message["tool_calls"] = [
            {"type": "function", "function": {"name": part.name, "arguments": part.arguments}, "id": part.id}
            for part in answer.calls
        ]
    choice: dict[str, Any] = {"finish_reason": finish, "index": 0, "message": message}
    if call.body.get("logprobs"):
        choice["logprobs"] = logprobs(answer, call.body.get("top_logprobs") or 0, ids=True)
    payload = {
        "choices": [choice],
        "created": call.dialect.now(),
        "model": path(call),
        "system_fingerprint": "b0-unknown",
        "object": "chat.completion",
        "usage": usage(answer.usage),
        "id": f"chatcmpl-{call.server.token(32)}",
        "timings": timings(answer.usage),
    }
    return call.json_reply(payload, answer=answer)


def stream(call: Call, answer: Answer, raw_calls: bool, wanted: bool) -> Reply:
    """Answer in a stream."""
    tail = {
        "created": call.dialect.now(),
        "id": f"chatcmpl-{call.server.token(32)}",
        "model": path(call),
        "system_fingerprint": "b0-unknown",
        "object": "chat.completion.chunk",
    }
    pieces = call.pieces(answer)
    if answer.finish == "length":
        # A call that was cut yields neither text nor call in a stream.
        pieces = [piece for piece in pieces if piece.kind not in ("call", "arguments")]
    events: list[Event] = []
    thinking = False
    for at, piece in enumerate(pieces):
        if piece.kind == "call" and not raw_calls and at + 1 < len(pieces):
            # The first piece of a call already has the first characters of its arguments.
            following = pieces[at + 1]
            if following.kind == "arguments" and following.index == piece.index and piece.arguments == "":
                piece.arguments, following.arguments = following.arguments, ABSENT
        if piece.kind == "thinking":
            piece = Piece("text", piece.text if thinking else f"<think>\n{piece.text}")
            thinking = True
        elif thinking and piece.kind in ("text", "call", "finish"):
            events += _chunk(Piece("text", "\n</think>\n\n"), tail, raw_calls, wanted)
            thinking = False
        events += _chunk(piece, tail, raw_calls, wanted)
    return call.stream_reply(events, FRAMING, answer)


def _chunk(piece: Piece, tail: dict[str, Any], raw_calls: bool, wanted: bool) -> list[Event]:
    finish: str | None = None
    extra: dict[str, Any] = {}
    if piece.kind == "start":
        delta: dict[str, Any] = {"role": "assistant", "content": None}
    elif piece.kind == "text":
        delta = {"content": piece.text}
    elif piece.kind in ("call", "arguments"):
        if piece.kind == "arguments" and piece.arguments is ABSENT:
            return []
        delta = {"content": _raw(piece)} if raw_calls else {"tool_calls": [call_delta(piece)]}
    elif piece.kind == "finish":
        delta, finish = {"content": ""}, piece.finish
        finish = "stop" if raw_calls and finish == "tool_calls" else finish
        extra = {} if wanted else {"timings": timings(piece.usage)}
    elif piece.kind == "usage":
        if not wanted:
            return []
        order = ("id", "model", "created", "object")
        head = {name: tail[name] for name in order}
        return [Event({**head, "choices": [], "usage": usage(piece.usage, total_first=True)}, kind="usage")]
    else:
        return [done()] if piece.kind == "end" else []
    choice = {"finish_reason": finish, "index": 0, "delta": delta}
    return [Event({"choices": [choice], **tail, **extra}, kind=piece.kind)]


def _raw(piece: Piece) -> str:
    text = f'<tool_call>\n{{"name": "{piece.name}", "arguments": ' if piece.kind == "call" else ""
    text += piece.arguments if isinstance(piece.arguments, str) else ""
    return f"{text}}}\n</tool_call>" if piece.last else text
