"""Tool calls of answers, whole and in fragments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json, to_json

from mrt.entities.message import ToolCall, ToolCallFunction
from mrt.entities.plain import is_list, is_mapping
from mrt_openai_compatible.dialect.errors import bad_answer


def new_call_id() -> str:
    """Return an id for a call whose vendor gave it none; unique across the turns of a conversation."""
    return f"call_{os.urandom(12).hex()}"


def arguments_text(value: Any) -> str:
    """Return arguments as JSON text: servers send text, an object, or null."""
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value).decode()


def whole_calls(entries: Any, names: Mapping[str, str]) -> list[ToolCall]:
    """Return the calls of a whole message, in their order.

    No arguments, however the server says so, are ``{}``; arguments that are no JSON stay as the model wrote them.

    Args:
        entries: The message's ``tool_calls``.
        names: Tool names by their stand-ins, see `mrt_openai_compatible.dialect.tools`.
    """
    calls = ToolCallStream(names)
    found: list[ToolCall] = []
    for entry in entries if is_list(entries) else ():
        if is_mapping(entry):
            found += calls.add_whole(entry)
    return found


class _Call:
    """One call that is coming in."""

    __slots__ = ("given_id", "id", "index", "name", "parts", "started")

    def __init__(self, index: int) -> None:
        self.index = index
        self.given_id = ""
        self.id = ""
        self.name = ""
        self.parts: list[str] = []
        self.started = False

    def is_whole(self) -> bool:
        """Tell whether the arguments so far are a JSON object; looked at only when a second name comes."""
        if not self.parts or not self.parts[-1].rstrip().endswith("}"):
            return False
        try:
            return isinstance(from_json("".join(self.parts)), dict)
        except ValueError:
            return False


class ToolCallStream:
    """Puts the fragments of a stream's tool calls in order.

    Every fragment that comes out has the index and the id of its call, the first one the name (see
    `mrt.entities.message.ToolCall`). Servers number calls, or give all of them index 0, or none; they repeat ids and
    names, or send them late: a call is held back until it has both. An id that came before gets a new ending.

    Args:
        names: Tool names by their stand-ins.
    """

    __slots__ = ("_at", "_calls", "_ids", "_known", "_last", "_names")

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = names or {}
        self._calls: list[_Call] = []
        self._at: dict[int, _Call] = {}
        self._known: dict[tuple[int | None, str], _Call] = {}
        self._ids: dict[str, _Call] = {}
        self._last: _Call | None = None

    def __len__(self) -> int:
        return len(self._calls)

    def feed(self, fragments: Any) -> list[ToolCall]:
        """Return the fragments of one chunk's ``tool_calls``, put in order."""
        if not is_list(fragments):
            return []
        ready: list[ToolCall] = []
        many = len(fragments) > 1
        for place, fragment in enumerate(fragments):
            if not is_mapping(fragment):
                continue
            function = _object(fragment.get("function"))
            index = fragment.get("index")
            if index.__class__ is not int:
                index = place if many and not fragment.get("id") else None
            call_id, name = _text(fragment.get("id")), _text(function.get("name"))
            arguments = arguments_text(function.get("arguments"))
            ready += self._take(index, call_id, name, arguments)
        return ready

    def add_whole(self, entry: Mapping[str, Any]) -> list[ToolCall]:
        """Return one whole call, numbered and with an id of its own."""
        function = _object(entry.get("function"))
        call = self._new(None, _text(entry.get("id")))
        call.name = _text(function.get("name"))
        call.parts.append(arguments_text(function.get("arguments")))
        return self._complete(call)

    def end(self) -> list[ToolCall]:
        """Return what is missing at the end: held back calls, and ``{}`` for calls without arguments.

        Raises:
            InvokeBadResponseError: A call has arguments but no name.
        """
        ready: list[ToolCall] = []
        for call in self._calls:
            ready += self._complete(call)
        return ready

    def _complete(self, call: _Call) -> list[ToolCall]:
        bare = not "".join(call.parts).strip()
        if not call.started and not call.name:
            if bare:
                return []
            raise bad_answer("has a tool call without a name")
        if bare:
            call.parts.append("{}")
        if call.started:
            return [self._piece(call, "", "{}")] if bare else []
        call.id = call.id or new_call_id()
        return self._start(call)

    def _take(self, index: int | None, call_id: str, name: str, arguments: str) -> list[ToolCall]:
        call = self._find(index, call_id, name, arguments)
        if call is None:
            return []
        self._last = call
        if name and not call.name:
            call.name = name
        if arguments:
            call.parts.append(arguments)
        if call.started:
            return [self._piece(call, "", arguments)] if arguments else []
        return self._start(call) if call.id and call.name else []

    def _start(self, call: _Call) -> list[ToolCall]:
        call.started = True
        name = self._names.get(call.name, call.name)
        return [self._piece(call, name, "".join(call.parts))]

    def _piece(self, call: _Call, name: str, arguments: str) -> ToolCall:
        return ToolCall(call.id, "function", ToolCallFunction(name, arguments), call.index)

    def _find(self, index: int | None, call_id: str, name: str, arguments: str) -> _Call | None:
        slot = self._last if index is None else self._at.get(index)
        if call_id:
            known = self._known.get((index, call_id)) or (self._ids.get(call_id) if index is None else None)
            if known is not None:
                if name and known.name and arguments.lstrip().startswith("{") and known.is_whole():
                    # Either a new call with an old id, or an old call that some servers repeat at the end.
                    same = name == known.name and arguments == "".join(known.parts)
                    return None if same else self._new(index, call_id)
                return known
            if slot is not None and not slot.given_id and not self._is_another(slot, name, arguments):
                return self._name(slot, index, call_id)
            if not name and call_id in self._ids:
                # A counter that jumped: arguments that go on need no new call.
                return self._ids[call_id]
            return self._new(index, call_id)
        if slot is None or self._is_another(slot, name, arguments):
            return self._new(index, "")
        return slot

    def _is_another(self, slot: _Call, name: str, arguments: str) -> bool:
        """Tell whether a fragment without an id of its own begins another call than the one in its place."""
        if not name or not slot.name:
            return False
        return name != slot.name or (arguments.lstrip().startswith("{") and slot.is_whole())

    def _new(self, index: int | None, call_id: str) -> _Call:
        call = _Call(len(self._calls))
        self._calls.append(call)
        if index is not None:
            self._at[index] = call
        return self._name(call, index, call_id) if call_id else call

    def _name(self, call: _Call, index: int | None, call_id: str) -> _Call:
        call.given_id = call_id
        # Two calls with one id could not be answered apart.
        call.id = call_id if call_id not in self._ids else f"{call_id}_{call.index}"
        self._ids[call_id] = self._known[(index, call_id)] = call
        return call


def _object(value: Any) -> Mapping[str, Any]:
    return value if is_mapping(value) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
