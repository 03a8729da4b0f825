"""A value for a JSON schema."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from mrt_testing_kit.server.loose import is_array, is_object

_PLACE = re.compile(r"\bin ([A-Z][\w-]+)|\b(?:and|or) ([A-Z][\w-]+)")


def places(text: str) -> list[str]:
    """Return the names after "in" and "and" in a sentence: "Weather in Paris and London?" has two."""
    return [one or two for one, two in _PLACE.findall(text)]


def conform(schema: Any, seed: str = "", hint: str = "") -> Any:
    """Return a value that a schema accepts.

    Args:
        schema: a JSON schema; ``$ref`` into ``$defs`` or ``definitions``, ``anyOf``, ``oneOf``, ``allOf``, ``const``,
            ``enum`` and the bounds of strings, numbers and arrays are minded.
        seed: two seeds give two values where the schema lets them differ.
        hint: the value for plain strings.

    Returns:
        The value; an empty object for a schema that says nothing.
    """
    return _value(schema if is_object(schema) else {}, schema, seed, hint, "", 0)


def _number(seed: str, path: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}\x00{path}".encode()).digest()[:2], "big")


def _value(root: dict[str, Any], schema: Any, seed: str, hint: str, path: str, depth: int) -> Any:
    if not is_object(schema) or depth > 12:
        return None if depth > 12 else {}
    again = (root, seed, hint, path, depth + 1)
    if isinstance(schema.get("$ref"), str):
        return _again(*again, _resolve(root, schema["$ref"]))
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][_number(seed, path) % len(schema["enum"])]
    for word in ("anyOf", "oneOf"):
        if schema.get(word):
            options = [option for option in schema[word] if option != {"type": "null"}] or schema[word]
            return _again(*again, options[0])
    if schema.get("allOf"):
        merged: dict[str, Any] = {}
        for option in schema["allOf"]:
            resolved = _resolve(root, option["$ref"]) if is_object(option) and "$ref" in option else option
            merged = {
                **merged,
                **resolved,
                "properties": {**merged.get("properties", {}), **resolved.get("properties", {})},
            }
        return _again(*again, merged)
    kind = schema.get("type", "object" if "properties" in schema or not path else "string")
    if is_array(kind):
        kind = next((word for word in kind if word != "null"), "null")
    if kind == "object":
        fields = schema.get("properties", {})
        return {name: _value(root, sub, seed, hint, f"{path}.{name}", depth + 1) for name, sub in fields.items()}
    if kind == "array":
        size = max(1, schema.get("minItems", 1))
        return [_value(root, schema.get("items", {}), seed, hint, f"{path}[{n}]", depth + 1) for n in range(size)]
    if kind == "integer":
        return int(_bounded(schema, seed, path))
    if kind == "number":
        return _bounded(schema, seed, path) + (0.5 if "maximum" not in schema and "multipleOf" not in schema else 0)
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    return _text(schema, seed, hint, path)


def _again(root: dict[str, Any], seed: str, hint: str, path: str, depth: int, schema: Any) -> Any:
    return _value(root, schema, seed, hint, path, depth)


def _resolve(root: dict[str, Any], ref: str) -> Any:
    found: Any = root
    for step in ref.removeprefix("#").strip("/").split("/"):
        if step:
            found = found.get(step.replace("~1", "/").replace("~0", "~"), {}) if is_object(found) else {}
    return found


def _bounded(schema: dict[str, Any], seed: str, path: str) -> float:
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + (1 if "exclusiveMinimum" in schema else 0))
    high = schema.get("maximum", low + 97)
    step = schema.get("multipleOf", 1)
    count = int((high - low) // step) if step else 0
    value = low + step * (_number(seed, path) % (count + 1))
    return float(min(value, high))


def _text(schema: dict[str, Any], seed: str, hint: str, path: str) -> str:
    formats = {"date": "2026-11-23", "date-time": "2026-11-23T12:00:00Z", "email": "ada@example.com"}
    formats["uri"] = "https://example.com/"
    if schema.get("format") in formats:
        return formats[schema["format"]]
    text = hint or f"{path.rpartition('.')[2] or 'value'}{'-' + seed if seed else ''}"
    text = text.ljust(schema.get("minLength", 0), "x")
    return text[: schema.get("maxLength", len(text))]
