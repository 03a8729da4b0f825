"""The validation reports of Xinference: plain text under status 500."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.loose import is_object
from mrt_testing_kit.server.wire import Reply, text_reply

_NUMBERS: dict[str, tuple[type, float | None, float | None]] = {
    "temperature": (float, 0.0, 2.0),
    "top_p": (float, 0.0, 1.0),
    "max_tokens": (int, 1, None),
    "max_completion_tokens": (int, 1, None),
    "presence_penalty": (float, -2.0, 2.0),
    "frequency_penalty": (float, -2.0, 2.0),
    "top_k": (int, None, None),
    "repetition_penalty": (float, None, None),
}

_CLASSES: dict[str, tuple[str, dict[str, type]]] = {
    "chat": ("CreateChatCompletion", {"model": str, "messages": list}),
    "completion": ("CreateCompletionRequest", {"model": str, "prompt": str}),
    "embedding": ("CreateEmbeddingRequest", {"model": str, "input": object}),
    "rerank": ("RerankRequest", {"model": str, "query": str, "documents": list}),
    "speech": ("SpeechRequest", {"model": str, "input": str}),
}

_KINDS: dict[type, str] = {
    str: "str type expected (type=type_error.str)",
    list: "value is not a valid list (type=type_error.list)",
}


def plain(text: str) -> Reply:
    """A failure that the server met before it chose a model."""
    return text_reply(f"Internal Server Error: {text}", 500)


def validate(kind: str, body: dict[str, Any]) -> Reply | None:
    """Check a request body; None when all is well."""
    if kind not in _CLASSES:
        return None
    name, fields = _CLASSES[kind]
    found: list[tuple[str, str]] = []
    for field, expected in fields.items():
        if field not in body:
            found.append((field, "field required (type=value_error.missing)"))
        elif body[field] is None:
            found.append((field, "none is not an allowed value (type=type_error.none.not_allowed)"))
        elif not isinstance(body[field], expected):
            found.append((field, _KINDS[expected]))
    if kind in ("chat", "completion"):
        found += _numbers(body)
    if kind == "chat":
        found += _format(body.get("response_format"))
    if not found:
        return None
    head = f"{len(found)} validation error{'s' * (len(found) > 1)} for {name}"
    return plain("\n".join([head, *(f"{field}\n  {sentence}" for field, sentence in found)]))


def _numbers(body: dict[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for field, (kind, low, high) in _NUMBERS.items():
        value = body.get(field)
        if value is None:
            continue
        try:
            value = kind(value)
        except (TypeError, ValueError):
            word = "integer" if kind is int else "float"
            found.append((field, f"value is not a valid {word} (type=type_error.{word})"))
            continue
        if low is not None and value < low:
            sentence = f"ensure this value is greater than or equal to {kind(low)}"
            found.append((field, f"{sentence} (type=value_error.number.not_ge; limit_value={kind(low)})"))
        elif high is not None and value > high:
            sentence = f"ensure this value is less than or equal to {kind(high)}"
            found.append((field, f"{sentence} (type=value_error.number.not_le; limit_value={kind(high)})"))
    return found


def _format(value: Any) -> list[tuple[str, str]]:
    if not is_object(value) or value.get("type") in ("text", "json_object"):
        return []
    given = value.get("type")
    if given == "json_schema":
        missing = ("response_format -> json_schema", "field required (type=value_error.missing)")
        return [] if "json_schema" in value else [missing]
    found = [
        (
            "response_format -> type",
            f"unexpected value; permitted: '{word}' (type=value_error.const; given={given}; permitted=('{word}',))",
        )
        for word in ("text", "json_object", "json_schema")
    ]
    if "json_schema" not in value:
        found.insert(2, ("response_format -> json_schema", "field required (type=value_error.missing)"))
    return found
