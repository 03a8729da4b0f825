"""What OpenLLM 0.6 refuses: the framework with 422, the engine with 400."""

from __future__ import annotations

import json
from typing import Any

from mrt_testing_kit.server.loose import is_array, objects
from mrt_testing_kit.server.wire import Reply, json_reply

_TYPES: dict[str, tuple[type, ...]] = {
    "temperature": (int, float),
    "top_p": (int, float),
    "max_tokens": (int,),
    "max_completion_tokens": (int,),
    "top_k": (int,),
    "n": (int,),
}


def unprocessable(*findings: dict[str, Any]) -> Reply:
    """The framework's report."""
    return json_reply({"detail": list(findings)}, 422)


def missing(field: str, body: dict[str, Any]) -> dict[str, Any]:
    """A report of a missing field."""
    return {"type": "missing", "loc": ["body", field], "msg": "Field required", "input": body}


def shape(body: dict[str, Any], needed: str, stop_limit: int | None) -> Reply | None:
    """Check types, as the framework does before the engine sees the request."""
    findings = [missing(needed, body)] if needed not in body else []
    if needed == "messages" and "messages" in body and not is_array(body["messages"]):
        about = {"type": "list_type", "loc": ["body", "messages"], "msg": "Input should be a valid list"}
        findings.append({**about, "input": body["messages"]})
    for field, kinds in _TYPES.items():
        value = body.get(field)
        if value is None or (isinstance(value, kinds) and not isinstance(value, bool)):
            continue
        word, kind = ("number", "float") if float in kinds else ("integer", "int")
        sentence = (
            f"Input should be a valid {word}, unable to parse string as {'a' if kind == 'float' else 'an'} {word}"
        )
        findings.append({"type": f"{kind}_parsing", "loc": ["body", field], "msg": sentence, "input": value})
    stop = body.get("stop")
    if is_array(stop) and stop_limit is not None and len(stop) > stop_limit:
        sizes = {"field_type": "List", "max_length": stop_limit, "actual_length": len(stop)}
        text = {
            "type": "string_type",
            "loc": ["body", "stop", "str"],
            "msg": "Input should be a valid string",
            "input": stop,
        }
        sentence = f"List should have at most {stop_limit} items after validation, not {len(stop)}"
        long = {"type": "too_long", "loc": ["body", "stop", "list[str]"], "msg": sentence, "input": stop, "ctx": sizes}
        findings += [text, long]
    return unprocessable(*findings) if findings else None


def values(body: dict[str, Any], limit: int, old: bool) -> tuple[str, str | None] | None:
    """Check values as the engine does; return its sentence and the field."""
    warmth = body.get("temperature")
    if warmth is not None and warmth < 0:
        return _with("temperature", f"temperature must be non-negative, got {float(warmth)}.", float(warmth))
    if warmth is not None and warmth > 2 and not old:
        return _with("temperature", f"temperature must be in [0, 2], got {float(warmth)}.", float(warmth))
    share = body.get("top_p")
    if share is not None and not 0 < share <= 1:
        return _with("top_p", f"top_p must be in (0, 1], got {float(share)}.", float(share))
    top = body.get("top_k")
    if top is not None and (top < -1 or (top == 0 and old)):
        off = -1 if old else 0
        return f"top_k must be {off} (disable), or at least 1, got {top}.", None
    most = body.get("max_completion_tokens", body.get("max_tokens"))
    if most is not None and most < 1:
        return _with("max_tokens", f"max_tokens must be at least 1, got {most}.", most)
    if most is not None and most > limit:
        sentence = (
            f"max_tokens={most} cannot be greater than max_model_len={limit}. Please request fewer output tokens."
        )
        return _with("max_tokens", sentence, most)
    text = body.get("prompt", "") if "prompt" in body else _chat_text(body)
    size = len(text) if isinstance(text, str) else 0
    if size > 10 * limit:
        sentence = (
            f"This model's maximum context length is {limit} tokens. However, your prompt contains {size} characters "
            f"(more than {10 * limit} characters, which is the upper bound for {limit} input tokens). Please reduce "
            "the length of the input prompt."
        )
        return _with("input_text", sentence, size)
    return None


def _with(field: str, sentence: str, value: Any) -> tuple[str, str]:
    return f"{sentence} (parameter={field}, value={json.dumps(value)})", field


def _chat_text(body: dict[str, Any]) -> str:
    contents = [m.get("content") for m in objects(body.get("messages"))]
    return "\n".join(content for content in contents if isinstance(content, str))
