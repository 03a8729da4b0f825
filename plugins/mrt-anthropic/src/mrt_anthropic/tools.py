"""Tools, and which of them the model may or must call."""

from __future__ import annotations

import json
import re
from binascii import crc32
from collections.abc import Mapping, Sequence
from typing import Any

from mrt.entities.message import PromptMessageTool, ToolCall
from mrt.entities.plain import is_mapping
from mrt.errors import InvokeBadRequestError

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")

BROKEN = "invalid_json"
"""Key under which arguments that are no JSON object go back to the model, whose `input` has to be an object."""


def safe_name(name: str) -> str:
    """Return a tool's name in the letters that the vendor allows; one that is changed gets a mark of its own.

    Raises:
        InvokeBadRequestError: The name is empty.
    """
    if _NAME.fullmatch(name):
        return name
    if not name:
        raise InvokeBadRequestError("a tool needs a name")
    return f"{_FOREIGN.sub('_', name)[:119]}_{crc32(name.encode('utf-8', 'surrogatepass')):08x}"


def safe_id(identity: str) -> str:
    """Return the id of a call in the letters that the vendor allows; ids of other vendors have dots and colons.

    Raises:
        InvokeBadRequestError: The id is empty.
    """
    if not identity:
        raise InvokeBadRequestError("a tool call and its result need an id in common: set ToolCall.id and tool_call_id")
    safe = _FOREIGN.sub("_", identity)
    # Of two ids that differ in foreign signs alone, each stays its own.
    return safe if safe == identity else f"{safe}_{crc32(identity.encode('utf-8', 'surrogatepass')):08x}"


def given_names(tools: Sequence[PromptMessageTool]) -> dict[str, str]:
    """Return the callers' names of the tools by the names that the vendor knows, where they differ."""
    return {safe: tool.name for tool in tools if (safe := safe_name(tool.name)) != tool.name}


def tool_definitions(tools: Sequence[PromptMessageTool]) -> list[dict[str, Any]]:
    """Return the tools as the vendor wants them; their JSON Schemas go out as they are."""
    definitions: list[dict[str, Any]] = []
    for tool in tools:
        definition: dict[str, Any] = {"name": safe_name(tool.name)}
        if tool.description:
            definition["description"] = tool.description
        definition["input_schema"] = {"type": "object", **(tool.parameters or {"properties": {}})}
        definitions.append(definition)
    return definitions


def tool_choice(choice: str | None, parallel: bool | None) -> dict[str, Any] | None:
    """Return the vendor's `tool_choice`; None where nothing was asked for.

    Args:
        choice: ``auto``, ``none``, ``required`` (the vendor's ``any``), or the name of a tool.
        parallel: Whether one answer may hold several calls.
    """
    if choice is None and parallel is None:
        return None
    if choice in (None, "auto", "none"):
        chosen: dict[str, Any] = {"type": choice or "auto"}
    elif choice in ("required", "any"):
        chosen = {"type": "any"}
    else:
        chosen = {"type": "tool", "name": safe_name(choice)}
    if parallel is not None and choice != "none":
        chosen["disable_parallel_tool_use"] = not parallel
    return chosen


def call_input(arguments: str) -> dict[str, Any]:
    """Return the arguments of a call as an object; what is no JSON object is wrapped, so that the model sees it."""
    if not arguments.strip():
        return {}
    try:
        value = json.loads(arguments, parse_constant=_refuse)
    except ValueError:
        return {BROKEN: arguments}
    if value is None:
        return {}
    return dict(value) if is_mapping(value) else {BROKEN: arguments}


def call_block(call: ToolCall) -> dict[str, Any]:
    """Return a call that the model made earlier."""
    function = call.function
    return {
        "type": "tool_use",
        "id": safe_id(call.id),
        "name": safe_name(function.name),
        "input": call_input(function.arguments),
    }


def call_arguments(value: Any) -> str:
    """Return a call's `input` as JSON text; servers that resemble the vendor send text or null, too."""
    if isinstance(value, str):
        return value
    return "{}" if value is None or value == {} else json.dumps(value, ensure_ascii=False)


def _refuse(constant: str) -> Mapping[str, Any]:
    raise ValueError(f"{constant} is no JSON")
