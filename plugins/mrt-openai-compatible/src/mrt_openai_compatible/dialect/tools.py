"""Tools and their names in OpenAI's words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mrt.entities.message import PromptMessageTool
from mrt.entities.plain import is_mapping
from mrt.errors import InvokeBadRequestError

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")
_DIGEST = 8


def wire_name(name: str) -> str:
    """Return a tool's name as the dialect allows it: letters, digits, ``_`` and ``-``, at most 64.

    Other names, such as ``weather.get``, get a stand-in that depends on the name alone, so that requests, answers and
    history agree without any memory; `original_names` leads back.

    Raises:
        InvokeBadRequestError: The name is empty.
    """
    if _NAME.fullmatch(name):
        return name
    if not name:
        raise InvokeBadRequestError("a tool has no name")
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_DIGEST // 2).hexdigest()
    return f"{_FOREIGN.sub('_', name)[: 63 - _DIGEST]}_{digest}"


def original_names(tools: Sequence[PromptMessageTool]) -> Mapping[str, str]:
    """Return the callers' names by their stand-ins, for the tools that have one."""
    return {wire: tool.name for tool in tools if (wire := wire_name(tool.name)) != tool.name}


def wire_tools(tools: Sequence[PromptMessageTool]) -> list[dict[str, Any]]:
    """Return the ``tools`` of a request; the JSON Schemas go out as they are, ``$defs`` and ``$ref`` included.

    Raises:
        InvokeBadRequestError: A name is empty or stands twice.
    """
    wired: list[dict[str, Any]] = []
    names: set[str] = set()
    for tool in tools:
        if tool.name in names:
            raise InvokeBadRequestError(f"two tools are called '{tool.name}': a call could not tell them apart")
        names.add(tool.name)
        function: dict[str, Any] = {"name": wire_name(tool.name)}
        if tool.description:
            function["description"] = tool.description
        # A tool without arguments still has to say so, and a schema without a type is refused.
        schema = tool.parameters or {"properties": {}}
        function["parameters"] = schema if "type" in schema else {"type": "object", **schema}
        wired.append({"type": "function", "function": function})
    return wired


def wire_tool_choice(value: Any) -> Any:
    """Return the ``tool_choice`` of a request.

    Args:
        value: ``auto``, ``none``, ``required``, the name of a tool, or the dialect's own object.
    """
    if is_mapping(value):
        function = value.get("function")
        name = function.get("name") if is_mapping(function) else value.get("name")
        return {"type": "function", "function": {"name": wire_name(str(name))}} if name else dict(value)
    if value in ("auto", "none", "required"):
        return value
    return {"type": "function", "function": {"name": wire_name(str(value))}}
