"""Tools, and calls of them."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from mrt import InvokeBadRequestError, PromptMessageTool, ToolCall, ToolCallFunction
from mrt.entities.plain import is_mapping

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def wire_name(name: str) -> str:
    """Return a tool's name as the vendor takes it: other letters are replaced, and a digest keeps names apart."""
    if _NAME.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{re.sub(r'[^a-zA-Z0-9_-]', '_', name)[:55]}_{digest}"


def names_of(tools: Sequence[PromptMessageTool]) -> dict[str, str]:
    """Return the caller's names by the vendor's."""
    return {wire_name(tool.name): tool.name for tool in tools}


def wire_tools(tools: Sequence[PromptMessageTool]) -> list[dict[str, Any]]:
    """Return the tools of a request, each with its whole JSON Schema.

    Raises:
        InvokeBadRequestError: Two have the same name.
    """
    if len({tool.name for tool in tools}) < len(tools):
        raise InvokeBadRequestError("two tools have the same name")
    return [{"type": "function", "function": _function(tool)} for tool in tools]


def _function(tool: PromptMessageTool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": wire_name(tool.name), "parameters": _schema(tool.parameters)}
    if tool.description:
        function["description"] = tool.description
    return function


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    return schema if "type" in schema else {"type": "object", "properties": {}, **schema}


def wire_choice(value: str) -> Any:
    """Return ``tool_choice``: one of the vendor's words, or the tool that has to be called."""
    if value in ("auto", "none", "required"):
        return value
    return {"type": "function", "function": {"name": wire_name(value)}}


def arguments_of(value: Any) -> str:
    """Return arguments as JSON text: servers send text, an object, or null."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def whole_calls(entries: Any, names: Mapping[str, str]) -> list[ToolCall]:
    """Return the calls of a whole answer."""
    calls = CallReader(names)
    for entry in entries or ():
        calls.begin(entry)
    return calls.finished()


class CallReader:
    """Puts together the calls of a stream.

    Pieces belong together by their id, else by their index, else to the last call. Servers that number badly send
    another id, or a second name when the arguments are whole: then it is another call.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self.calls: list[ToolCall] = []
        self.places: dict[Any, ToolCall] = {}

    def feed(self, pieces: Any) -> None:
        """Take the ``tool_calls`` of a chunk."""
        for piece in pieces or ():
            call = self._find(piece)
            if call is None:
                self.begin(piece)
                continue
            function: dict[str, Any] = piece.get("function") or {}
            call.id = call.id or piece.get("id") or ""
            call.function.name = call.function.name or self._name(function)
            call.function.arguments += arguments_of(function.get("arguments"))

    def begin(self, piece: dict[str, Any]) -> None:
        """Begin another call."""
        function: dict[str, Any] = piece.get("function") or {}
        arguments = arguments_of(function.get("arguments"))
        call = ToolCall(piece.get("id") or "", "function", ToolCallFunction(self._name(function), arguments))
        self.calls.append(call)
        self.places[piece.get("index")] = call
        # Pieces without an index belong to the call that began last.
        self.places[None] = call

    def finished(self) -> list[ToolCall]:
        """Return the whole calls, numbered, with an id of its own each, and ``{}`` for no arguments."""
        seen: set[str] = set()
        for place, call in enumerate(self.calls):
            call.index = place
            if not call.id or call.id in seen:
                call.id = f"call_{uuid.uuid4().hex}"
            seen.add(call.id)
            call.function.arguments = call.function.arguments.strip() or "{}"
        return self.calls

    def _find(self, piece: dict[str, Any]) -> ToolCall | None:
        identity = piece.get("id")
        call = self.places.get(piece.get("index"))
        if identity:
            known = [found for found in self.calls if found.id == identity]
            if known and not self._is_another(known[-1], piece):
                return known[-1]
            if call is None or call.id:
                return None
        if call is None or self._is_another(call, piece):
            return None
        return call

    def _is_another(self, call: ToolCall, piece: dict[str, Any]) -> bool:
        name = self._name(piece.get("function") or {})
        if not name or not call.function.name:
            return False
        return name != call.function.name or _is_whole(call.function.arguments)

    def _name(self, function: dict[str, Any]) -> str:
        name = function.get("name") or ""
        return self.names.get(name, name)


def _is_whole(arguments: str) -> bool:
    try:
        return is_mapping(json.loads(arguments))
    except ValueError:
        return False
