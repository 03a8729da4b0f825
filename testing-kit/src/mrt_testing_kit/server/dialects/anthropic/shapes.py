"""Writes answers in the shape of the Messages API, whole and as events."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mrt_testing_kit.server.answer import ABSENT, Answer, Piece, Text, Thinking, ToolCall, Usage
from mrt_testing_kit.server.loose import is_object
from mrt_testing_kit.server.wire import Event

_STOPS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}

Count = Callable[[Usage | None], dict[str, Any] | None]


def stop_reason(finish: str | None, stop_sequence: str | None) -> str | None:
    """Return the vendor's word for a finish; words of its own go through."""
    if finish == "stop" and stop_sequence is not None:
        return "stop_sequence"
    return None if finish is None else _STOPS.get(finish, finish)


def usage(counts: Usage | None) -> dict[str, Any] | None:
    """Write token counts: here input tokens are those outside the cache."""
    if counts is None:
        return None
    written = counts.cache_write or 0
    return {
        **(cumulative(counts) or {}),
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "service_tier": "standard",
    }


def cumulative(counts: Usage | None) -> dict[str, Any] | None:
    """Write what the last event of a stream tells: all counts so far, also those that the first one had."""
    if counts is None:
        return None
    written = counts.cache_write or 0
    read = counts.cached or 0
    return {
        "input_tokens": counts.prompt - written - read,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": counts.completion,
        "output_tokens_details": ABSENT if counts.reasoning is None else {"thinking_tokens": counts.reasoning},
    }


def arguments(call: ToolCall) -> Any:
    """Return a call's arguments as an object; text that is no JSON goes through."""
    if not isinstance(call.arguments, str):
        return call.arguments
    try:
        return json.loads(call.arguments or "{}")
    except ValueError:
        return call.arguments


def citation(note: str) -> dict[str, Any]:
    """Write a citation."""
    place = {"document_index": 0, "document_title": None, "start_char_index": 0, "end_char_index": len(note)}
    return {"type": "char_location", "cited_text": note, **place}


def content(answer: Answer) -> list[dict[str, Any]]:
    """Write the blocks of a whole answer."""
    blocks: list[dict[str, Any]] = []
    for part in answer.parts:
        if isinstance(part, Text):
            block: dict[str, Any] = {"type": "text", "text": "".join(part.pieces)}
            if part.citations:
                block["citations"] = [citation(note) for note in part.citations]
            blocks.append(block)
        elif isinstance(part, Thinking):
            thought = "".join(part.pieces)
            blocks.append({"type": "thinking", "thinking": thought, "signature": part.signature or ""})
        elif isinstance(part, ToolCall):
            blocks.append({"type": "tool_use", "id": part.id, "name": part.name, "input": arguments(part)})
        else:
            blocks.append({"type": "redacted_thinking", "data": part.data})
    return blocks


def message(name: str, model: str, answer: Answer, counts: dict[str, Any] | None) -> dict[str, Any]:
    """Write a whole answer."""
    return {
        "id": name,
        "type": "message",
        "role": "assistant",
        "content": content(answer),
        "model": model,
        "stop_reason": stop_reason(answer.finish, answer.stop_sequence),
        "stop_sequence": answer.stop_sequence,
        "usage": counts,
    }


@dataclass
class Stream:
    """Turns pieces into events; remembers which block is open.

    Attributes:
        name: the message's id.
        model: the model.
        first: writes the counts of ``message_start``.
        last: writes the counts of ``message_delta``.
        ping: send a ``ping`` after the start.
    """

    name: str
    model: str
    first: Count = usage
    last: Count = cumulative
    ping: bool = True
    open: dict[int, int] = field(default_factory=dict[int, int])
    blocks: int = 0

    def write(self, piece: Piece) -> list[Event]:
        """Write one piece."""
        if piece.kind == "start":
            return self._start(piece)
        if piece.kind == "finish":
            reason = stop_reason(piece.finish, piece.text)
            data: dict[str, Any] = {
                "type": "message_delta",
                "delta": {"stop_reason": reason, "stop_sequence": piece.text},
            }
            data["usage"] = self.last(piece.usage)
            return [*self._close_all(), _event(data, "finish")]
        if piece.kind == "end":
            return [*self._close_all(), _event({"type": "message_stop"}, "end")]
        if piece.kind == "usage":
            return []
        events: list[Event] = []
        key = _key(piece)
        if piece.kind == "call" or key not in self.open:
            if piece.kind != "call":
                events += self._close_all()
            events.append(self._open(piece, key))
        delta = _delta(piece)
        if delta is not None:
            data = {"type": "content_block_delta", "index": self.open[key], "delta": delta}
            events.append(_event(data, piece.kind if piece.kind != "call" else "arguments"))
        if piece.last:
            events += self._close(key)
        return events

    def _start(self, piece: Piece) -> list[Event]:
        counts = self.first(piece.usage)
        if counts is not None and counts.get("output_tokens"):
            # The vendor counts the first token here, and the whole in the last event.
            counts |= {"output_tokens": 1, "output_tokens_details": ABSENT}
        head: dict[str, Any] = {
            "id": self.name,
            "type": "message",
            "role": "assistant",
            "content": [],
            "model": self.model,
        }
        tail: dict[str, Any] = {"stop_reason": None, "stop_sequence": None, "usage": counts}
        events = [_event({"type": "message_start", "message": {**head, **tail}}, "start")]
        return [*events, _event({"type": "ping"}, "ping")] if self.ping else events

    def _open(self, piece: Piece, key: int) -> Event:
        if piece.kind == "call":
            whole = piece.arguments if is_object(piece.arguments) else {}
            block: dict[str, Any] = {"type": "tool_use"}
            if piece.id is not ABSENT:
                block["id"] = piece.id
            if piece.name is not ABSENT:
                block["name"] = piece.name
            block["input"] = None if piece.arguments is None else whole
        elif piece.kind in ("thinking", "signature"):
            block = {"type": "thinking", "thinking": "", "signature": ""}
        elif piece.kind == "redacted":
            block = {"type": "redacted_thinking", "data": piece.text}
        elif piece.kind == "arguments":
            block = {"type": "tool_use", "id": None, "name": None, "input": {}}
        else:
            block = {"type": "text", "text": ""}
        self.open[key] = self.blocks
        self.blocks += 1
        return _event({"type": "content_block_start", "index": self.open[key], "content_block": block}, "open")

    def _close(self, key: int) -> list[Event]:
        number = self.open.pop(key, None)
        return [] if number is None else [_event({"type": "content_block_stop", "index": number}, "stop")]

    def _close_all(self) -> list[Event]:
        return [event for key in list(self.open) for event in self._close(key)]


def _key(piece: Piece) -> int:
    # Blocks of calls are told apart by the call, all others by the part.
    if piece.kind in ("call", "arguments"):
        return -1 - piece.part
    return piece.part


def _delta(piece: Piece) -> dict[str, Any] | None:
    if piece.kind == "text":
        return {"type": "text_delta", "text": piece.text}
    if piece.kind == "thinking":
        return {"type": "thinking_delta", "thinking": piece.text}
    if piece.kind == "signature":
        return {"type": "signature_delta", "signature": piece.text}
    if piece.kind == "citation":
        return {"type": "citations_delta", "citation": citation(piece.text or "")}
    if piece.kind == "call" and piece.arguments == "":
        return {"type": "input_json_delta", "partial_json": ""}
    if piece.kind == "arguments" and piece.arguments is not ABSENT:
        return {"type": "input_json_delta", "partial_json": piece.arguments}
    return None


def _event(data: dict[str, Any], kind: str) -> Event:
    return Event(data, name=data["type"], kind=kind)
