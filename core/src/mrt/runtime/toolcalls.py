"""Tool calls that come in pieces: which piece belongs to which call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mrt.entities.message import ToolCall, ToolCallFunction


class ToolCallAssembler:
    """Gives each piece the index and id of its call, and keeps the calls as they grow.

    Servers disagree: some number their calls, some repeat the id, some send whole calls that all have index 0, some
    send the id after the name, some give several calls one id. A piece with a new id starts a new call, whatever its
    index says; so does one with a name and a new index, whatever its id says.
    """

    __slots__ = ("_by_id", "_by_index", "_last", "_parts", "_sent_ids", "calls")

    def __init__(self) -> None:
        self.calls: list[ToolCall] = []
        self._parts: list[list[str]] = []
        # The ids as the server gave them, which need not be unique.
        self._sent_ids: list[str] = []
        self._by_index: dict[int, int] = {}
        self._by_id: dict[str, int] = {}
        self._last: int | None = None

    def add(self, pieces: Iterable[ToolCall]) -> list[ToolCall]:
        """Return the pieces with `index` and `id` set and the name only where it is new."""
        return [self._add(piece) for piece in pieces]

    def _add(self, piece: ToolCall) -> ToolCall:
        place = self._place(piece)
        if place is None:
            place = len(self.calls)
            self.calls.append(ToolCall(index=place))
            self._parts.append([])
            self._sent_ids.append("")
        call = self.calls[place]
        if piece.index is not None:
            self._by_index[piece.index] = place
        if piece.id:
            # Two calls with one id could not be answered apart: the second one's is told from the first one's.
            call.id = call.id or (piece.id if piece.id not in self._by_id else f"{piece.id}_{place}")
            self._sent_ids[place] = piece.id
            self._by_id.setdefault(piece.id, place)
        name = piece.function.name
        new_name = ""
        if name and not call.function.name:
            call.function.name = new_name = name
        self._parts[place].append(piece.function.arguments)
        self._last = place
        return ToolCall(
            id=call.id, type=call.type, function=ToolCallFunction(new_name, piece.function.arguments), index=place
        )

    def _place(self, piece: ToolCall) -> int | None:
        place = self._by_id.get(piece.id) if piece.id else None
        if place is not None:
            indexed = place if piece.index is None else self._by_index.get(piece.index)
            is_new = indexed is None and bool(piece.function.name)
            if not is_new and (indexed is None or self._sent_ids[indexed] != piece.id or indexed == place):
                return place
            return indexed
        if piece.index is not None:
            place = self._by_index.get(piece.index)
            if place is None:
                return None
            known = self.calls[place]
            if piece.id and self._sent_ids[place]:
                return None
            # A second whole call under the same index and without any id: a name starts a call when one is complete.
            if piece.function.name and known.function.name and self._parts[place] and not piece.id:
                return None if piece.function.name != known.function.name or _is_whole(self._parts[place]) else place
            return place
        if piece.id or (piece.function.name and self._named_last()):
            return None
        return self._last

    def _named_last(self) -> bool:
        return self._last is None or bool(self.calls[self._last].function.name)

    def finished(self) -> list[ToolCall]:
        """Return the complete calls: empty arguments are an empty object, and ids are there and unique."""
        for place, call in enumerate(self.calls):
            call.function.arguments = "".join(self._parts[place])
        return complete_tool_calls(self.calls)


def _is_whole(parts: Sequence[str]) -> bool:
    text = "".join(parts).strip()
    return text.startswith("{") and text.endswith("}")


def complete_tool_calls(calls: Sequence[ToolCall]) -> list[ToolCall]:
    """Return calls that a program can act on: numbered, with unique ids, and with ``{}`` for no arguments."""
    complete: list[ToolCall] = []
    taken: set[str] = set()
    for place, call in enumerate(calls):
        identity = call.id
        if not identity or identity in taken:
            # The id only has to tell the calls of one answer apart when their results are sent back.
            identity = f"call_{place}" if not identity else f"{identity}_{place}"
        taken.add(identity)
        arguments = call.function.arguments.strip()
        if arguments in ("", "null"):
            arguments = "{}"
        complete.append(ToolCall(identity, call.type, ToolCallFunction(call.function.name, arguments), place))
    return complete
