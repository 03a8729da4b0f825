"""The parameters of chat and text completions in OpenAI's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mrt.entities.plain import is_list, is_mapping
from mrt.errors import InvokeBadRequestError

STOP_LIMIT = 4
"""Stop texts that OpenAI and most servers take in one request."""

# Fields that the dialect writes itself; a parameter of that name must not overwrite them.
_OWN = frozenset({"model", "messages", "prompt", "stream", "stream_options", "tools", "response_format", "json_schema"})
_TOOL_FLAGS = frozenset({"tool_choice", "parallel_tool_calls"})


def wire_parameters(
    parameters: Mapping[str, Any], *, has_tools: bool = False, token_field: str = "max_tokens"
) -> dict[str, Any]:
    """Return the fields that the caller's parameters make.

    What the caller gave goes out under the name that the model's schema declares, zeros and empty texts included;
    None is the same as not given. Flags for tools go out with tools only: servers refuse them otherwise.

    Args:
        parameters: Validated parameters.
        has_tools: Whether the request offers tools.
        token_field: Name under which the server takes ``max_tokens``.

    Raises:
        InvokeBadRequestError: The parameters contradict each other.
    """
    from mrt_openai_compatible.dialect.tools import wire_tool_choice

    fields: dict[str, Any] = {}
    for name, value in parameters.items():
        if value is None or name in _OWN or (name in _TOOL_FLAGS and not has_tools):
            continue
        if name == "max_tokens":
            fields[token_field] = value
        elif name == "tool_choice":
            fields[name] = wire_tool_choice(value)
        else:
            fields[name] = value
    wanted = response_format(parameters.get("response_format"), parameters.get("json_schema"))
    if wanted is not None:
        fields["response_format"] = wanted
    return fields


def wire_stop(stop: Sequence[str], limit: int | None = STOP_LIMIT) -> list[str]:
    """Return the stop texts that the server is told: the first ones, when it takes only a few.

    The runtime enforces all of them on the text, so a server that does not know some only writes on for a while.
    """
    texts = list(dict.fromkeys(text for text in stop if text))
    return texts if limit is None else texts[:limit]


def response_format(kind: Any, schema: Any) -> dict[str, Any] | None:
    """Return the ``response_format`` of a request.

    Args:
        kind: ``text``, ``json_object``, ``json_schema``, the dialect's own object, or None.
        schema: A JSON Schema, or an object of ``name``, ``schema`` and ``strict``; as text or as a dict.

    Raises:
        InvokeBadRequestError: A schema is missing, needless, or no JSON.
    """
    if is_mapping(kind):
        return dict(kind)
    if schema in (None, "", {}):
        if kind == "json_schema":
            raise InvokeBadRequestError("response_format json_schema needs a schema: give it as json_schema")
        return {"type": kind} if kind else None
    if kind not in (None, "", "json_schema"):
        raise InvokeBadRequestError(f"json_schema has no effect with response_format {kind}: set that to json_schema")
    return {"type": "json_schema", "json_schema": _named_schema(_object(schema))}


def _object(schema: Any) -> dict[str, Any]:
    if is_mapping(schema):
        return dict(schema)
    from pydantic_core import from_json

    try:
        value = from_json(schema)
    except (ValueError, TypeError) as error:
        raise InvokeBadRequestError(f"json_schema is no JSON: {error}") from error
    if not is_mapping(value):
        raise InvokeBadRequestError("json_schema is no JSON object")
    return dict(value)


def _named_schema(given: dict[str, Any]) -> dict[str, Any]:
    if is_mapping(given.get("schema")):
        return {"name": "answer", **given}
    title = given.get("title")
    letters = [char if char.isascii() and char.isalnum() else "_" for char in title] if isinstance(title, str) else []
    return {"name": "".join(letters[:64]) or "answer", "schema": given, "strict": fits_strict_mode(given)}


def fits_strict_mode(schema: Any) -> bool:
    """Tell whether a schema keeps the rules of strict mode: every object closed, every property required.

    A vendor that knows strict mode refuses other schemas in it, so they go out with ``strict: false``.
    """
    if is_mapping(schema):
        if schema.get("type") == "object" or "properties" in schema:
            properties = schema.get("properties")
            names = set(properties) if is_mapping(properties) else set[str]()
            required = schema.get("required")
            if schema.get("additionalProperties") is not False or names - set(required or ()):
                return False
        return all(fits_strict_mode(value) for value in schema.values())
    if is_list(schema):
        return all(fits_strict_mode(value) for value in schema)
    return True
