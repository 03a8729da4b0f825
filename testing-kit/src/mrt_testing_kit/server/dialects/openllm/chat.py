"""Chat and text completions as vLLM writes them."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.answer import Answer, Piece, Usage
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.openai import read
from mrt_testing_kit.server.dialects.openai.shapes import call, call_delta, done, logprobs
from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.oracle import Conversation, Turn
from mrt_testing_kit.server.wire import Event, Framing, Reply

FINGERPRINT = "vllm-0.32.0-c40b081a"


def usage(counts: Usage | None, *, whole: bool) -> dict[str, Any] | None:
    """Write token counts; the details are null, and left out of streams."""
    if counts is None:
        return None
    out: dict[str, Any] = {
        "prompt_tokens": counts.prompt,
        "total_tokens": counts.total,
        "completion_tokens": counts.completion,
    }
    return {**out, "prompt_tokens_details": None, "completion_tokens_details": None} if whole else out


def options(body: dict[str, Any]) -> tuple[bool, bool]:
    """Return whether a last event with usage is wanted, and whether every event is to carry it."""
    given = body.get("stream_options")
    if not is_object(given):
        return False, False
    return bool(given.get("include_usage")), bool(given.get("continuous_usage_stats"))


def number(body: dict[str, Any]) -> int:
    """Return how many choices are wanted."""
    n = body.get("n")
    return n if isinstance(n, int) and 1 <= n <= 16 else 1


def model_of(call_: Call) -> str:
    """Return the model's name; the request may leave it out."""
    return (
        call_.model or call_.server.settings.get("model") or next(iter(call_.server.models or ()), "local/tiny-llama")
    )


def chat(call_: Call) -> Reply:
    """Answer ``POST /v1/chat/completions``."""
    body = call_.body
    kwargs = body.get("chat_template_kwargs")
    thinks = is_object(kwargs) and kwargs.get("enable_thinking") is True
    answer = call_.answer(read.conversation(body, thinks=thinks))
    field = "reasoning_content" if call_.server.settings.get("vllm") == "0.8.5" else "reasoning"
    base = {
        "id": f"chatcmpl-{call_.server.hexes(16)}",
        "object": "chat.completion",
        "created": call_.dialect.now(),
        "model": model_of(call_),
    }
    if not call_.stream:
        odds = logprobs(answer, body.get("top_logprobs") or 0) if body.get("logprobs") else None
        choices = [_choice(n, answer, field, odds) for n in range(number(body))]
        tail = {"prompt_logprobs": None, "prompt_token_ids": None, "prompt_text": None, "kv_transfer_params": None}
        payload = {
            **base,
            "choices": choices,
            "service_tier": None,
            "system_fingerprint": FINGERPRINT,
            "usage": usage(answer.usage, whole=True),
            **tail,
            "ec_transfer_params": None,
            "metrics": None,
        }
        return call_.json_reply(payload, answer=answer)
    base["object"] = "chat.completion.chunk"
    events = [event for piece in call_.pieces(answer) for event in _events(piece, base, field, body, answer)]
    return call_.stream_reply(events, Framing(), answer)


def _choice(n: int, answer: Answer, field: str, odds: Any) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": answer.text or (None if answer.calls else ""),
        "refusal": None,
        "annotations": None,
        "audio": None,
        "function_call": None,
    }
    if answer.calls:
        message["tool_calls"] = [call(part) for part in answer.calls]
    message[field] = answer.reasoning or None
    return {
        "index": n,
        "message": message,
        "logprobs": odds,
        "finish_reason": answer.finish,
        "stop_reason": answer.stop_sequence,
        "token_ids": None,
        "routed_experts": None,
    }


def _events(piece: Piece, base: dict[str, Any], field: str, body: dict[str, Any], answer: Answer) -> list[Event]:
    wanted, always = options(body)
    if piece.kind == "usage":
        if not wanted:
            return []
        data: dict[str, Any] = {
            **base,
            "choices": [],
            "usage": usage(piece.usage, whole=False),
            "system_fingerprint": FINGERPRINT,
        }
        return [Event(data, kind="usage")]
    if piece.kind == "end":
        return [done()]
    delta = _delta(piece, field)
    if delta is None:
        return []
    counts: dict[str, Any] = {}
    if always:
        counts["usage"] = {**(usage(answer.usage, whole=False) or {}), "completion_tokens_details": None}
    if piece.kind == "start":
        choice: dict[str, Any] = {"delta": delta, "logprobs": None, "finish_reason": None}
        tail: dict[str, Any] = {**counts, "prompt_token_ids": None, "prompt_text": None}
    elif piece.kind == "finish":
        choice = {
            "delta": delta,
            "logprobs": None,
            "finish_reason": piece.finish,
            "stop_reason": piece.text,
            "token_ids": None,
        }
        tail = counts if wanted else {**counts, "system_fingerprint": FINGERPRINT}
    else:
        choice = {"delta": delta, "logprobs": None, "finish_reason": None, "token_ids": None}
        tail = counts
    return [Event({**base, "choices": [{"index": n, **choice}], **tail}, kind=piece.kind) for n in range(number(body))]


def _delta(piece: Piece, field: str) -> dict[str, Any] | None:
    if piece.kind == "start":
        return {"role": "assistant", "content": ""}
    if piece.kind == "text":
        return {"content": piece.text}
    if piece.kind == "thinking":
        return {field: piece.text}
    if piece.kind in ("call", "arguments"):
        written = call_delta(piece)
        order = ("id", "type", "index", "function")
        return {"tool_calls": [{key: written[key] for key in order if key in written}]}
    return {"content": ""} if piece.kind == "finish" else None


def completion(call_: Call) -> Reply:
    """Answer ``POST /v1/completions``."""
    body = call_.body
    prompt = body["prompt"]
    if is_array(prompt):
        prompt = " ".join(map(str, prompt))
    limit = body.get("max_tokens")
    params = {name: value for name, value in body.items() if name not in ("prompt", "stream", "stream_options")}
    talk = Conversation(
        [Turn("user", str(prompt))],
        params=params,
        limit=limit if isinstance(limit, int) else None,
        stops=read.stops(body.get("stop")),
    )
    answer = call_.answer(talk)
    base = {
        "id": f"cmpl-{call_.server.hexes(16)}",
        "object": "text_completion",
        "created": call_.dialect.now(),
        "model": model_of(call_),
    }
    if not call_.stream:
        choice = {
            "index": 0,
            "text": f"{prompt}{answer.text}" if body.get("echo") else answer.text,
            "logprobs": None,
            "finish_reason": answer.finish,
            "stop_reason": answer.stop_sequence,
            "token_ids": None,
            "prompt_logprobs": None,
            "prompt_token_ids": None,
            "routed_experts": None,
        }
        payload = {
            **base,
            "choices": [choice],
            "service_tier": None,
            "system_fingerprint": FINGERPRINT,
            "usage": usage(answer.usage, whole=True),
            "kv_transfer_params": None,
            "ec_transfer_params": None,
            "metrics": None,
        }
        return call_.json_reply(payload, answer=answer)
    wanted, _ = options(body)
    events: list[Event] = []
    for piece in call_.pieces(answer):
        if piece.kind in ("text", "finish"):
            text = piece.text if piece.kind == "text" else ""
            reason = piece.text if piece.kind == "finish" else None
            choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": piece.finish, "stop_reason": reason}
            events.append(
                Event({**base, "choices": [{**choice, "prompt_token_ids": None, "token_ids": None}]}, kind=piece.kind)
            )
        elif piece.kind == "usage" and wanted:
            data: dict[str, Any] = {**base, "choices": [], "usage": usage(piece.usage, whole=False)}
            events.append(Event({**data, "system_fingerprint": FINGERPRINT}, kind="usage"))
        elif piece.kind == "end":
            events.append(done())
    return call_.stream_reply(events, Framing(), answer)
