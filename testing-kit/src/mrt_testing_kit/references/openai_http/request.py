"""The body of a chat request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mrt import InvokeBadRequestError, PromptMessage, PromptMessageTool
from mrt.entities.plain import is_mapping
from mrt_testing_kit.references.openai_http.messages import wire_messages
from mrt_testing_kit.references.openai_http.tools import wire_choice, wire_tools

# Servers take four; core enforces all of them on the text that comes.
MOST_STOPS = 4


def chat_body(
    model: str,
    messages: Sequence[PromptMessage],
    parameters: Mapping[str, Any],
    tools: Sequence[PromptMessageTool] | None = None,
    stop: Sequence[str] | None = None,
    stream: bool = False,
    user: str | None = None,
) -> dict[str, Any]:
    """Return the body.

    Raises:
        InvokeBadRequestError: The vendor has no words for what is asked.
    """
    body: dict[str, Any] = {"model": model, "messages": wire_messages(messages), **_parameters(parameters, bool(tools))}
    if tools:
        body["tools"] = wire_tools(tools)
    if stop:
        body["stop"] = list(stop)[:MOST_STOPS]
    if user is not None:
        body["user"] = user
    if stream:
        # Without the option a stream has no token counts.
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _parameters(parameters: Mapping[str, Any], has_tools: bool) -> dict[str, Any]:
    given = {name: value for name, value in parameters.items() if value is not None}
    wanted, schema = given.pop("response_format", None), given.pop("json_schema", None)
    choice, parallel = given.pop("tool_choice", None), given.pop("parallel_tool_calls", None)
    if has_tools:
        # Servers refuse both without tools.
        given |= {} if choice is None else {"tool_choice": wire_choice(choice)}
        given |= {} if parallel is None else {"parallel_tool_calls": parallel}
    if "max_tokens" in given:
        # The name that every model takes: those that reason refuse the older one.
        given["max_completion_tokens"] = given.pop("max_tokens")
    if wanted is not None or schema is not None:
        given["response_format"] = _format(wanted or "json_schema", schema)
    return given


def _format(wanted: str, schema: Any) -> dict[str, Any]:
    if wanted != "json_schema":
        return {"type": wanted}
    if isinstance(schema, str):
        import json

        try:
            schema = json.loads(schema)
        except ValueError as error:
            raise InvokeBadRequestError(f"json_schema is no JSON: {error}") from error
    if not is_mapping(schema):
        raise InvokeBadRequestError("response_format json_schema needs a json_schema")
    named = schema if is_mapping(schema.get("schema")) else {"name": "answer", "schema": schema}
    return {"type": "json_schema", "json_schema": named}
