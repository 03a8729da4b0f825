"""Tool calls that stand in the text: ``<tool_call>{"name": …, "arguments": {…}}</tool_call>``.

The Transformers engine parses calls only when it does not stream (seen in 4.1.0; source: so since 1.9). In a stream the
model's raw text comes as content, with finish reason "stop".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from mrt.entities.message import ToolCall
from mrt_openai_compatible.dialect.chat_parser import ChatStreamParser
from mrt_openai_compatible.dialect.reader import ReaderOptions
from mrt_openai_compatible.dialect.tool_stream import ToolCallStream

TAG = "<tool_call>"
_END = "</tool_call>"


class CallText:
    """Takes calls out of a text that comes in pieces.

    What does not parse stays text, tags included, and so does a call that was cut off. White space between text and
    calls goes with the calls.

    Args:
        calls: Numbers the calls and gives them ids.
    """

    __slots__ = ("_calls", "_found", "_held", "_inside", "_parts", "_tail")

    def __init__(self, calls: ToolCallStream) -> None:
        self._calls = calls
        self._held = ""
        self._inside = False
        self._found = False
        self._parts: list[str] = []
        self._tail = ""

    def feed(self, piece: str) -> tuple[str, list[ToolCall]]:
        """Return the text to show and the calls that are complete now."""
        shown: list[str] = []
        calls: list[ToolCall] = []
        while piece:
            piece = self._inner(piece, shown, calls) if self._inside else self._outer(piece, shown)
        return "".join(shown), calls

    def end(self) -> tuple[str, list[ToolCall]]:
        """Return what was held back: a call that only lacks its end tag, or plain text."""
        shown: list[str] = []
        calls: list[ToolCall] = []
        if self._inside:
            # A cut-off piece of the end tag is no part of the call.
            body = "".join(self._parts) + self._tail
            self._close(body, "", shown, calls)
        elif not self._found or self._held.strip():
            shown.append(self._held)
        self._held = ""
        return "".join(shown), calls

    def _outer(self, piece: str, shown: list[str]) -> str:
        text = self._held + piece
        before, tag, after = text.partition(TAG)
        if tag:
            kept = before.rstrip() if before.strip() else ""
            if kept:
                shown.append(kept)
            self._held, self._inside = "", True
            return after
        # White space waits: it may belong to a call. So does what may be the start of a tag.
        body = text.rstrip()
        for size in range(min(len(TAG) - 1, len(body)), 0, -1):
            if body.endswith(TAG[:size]) and len(body) == len(text):
                body = body[:-size].rstrip()
                break
        shown.append(body)
        self._held = text[len(body) :]
        return ""

    def _inner(self, piece: str, shown: list[str], calls: list[ToolCall]) -> str:
        # Only the seam is searched again, so that long arguments cost linear time.
        seam = self._tail + piece
        place = seam.find(_END)
        if place < 0:
            keep = min(len(_END) - 1, len(seam))
            self._parts.append(seam[: len(seam) - keep])
            self._tail = seam[len(seam) - keep :]
            return ""
        self._parts.append(seam[:place])
        self._close("".join(self._parts), _END, shown, calls)
        return seam[place + len(_END) :]

    def _close(self, body: str, end: str, shown: list[str], calls: list[ToolCall]) -> None:
        self._inside, self._parts, self._tail = False, [], ""
        entry = _call(body)
        if entry is None:
            shown.append(f"{TAG}{body}{end}")
        else:
            self._found = True
            calls += self._calls.add_whole({"function": entry})


def _call(body: str) -> dict[str, Any] | None:
    try:
        value: Any = from_json(body.strip())
    except ValueError:
        return None
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        return None
    return {"name": value["name"], "arguments": value.get("arguments", value.get("parameters"))}


class ToolTextStreamParser(ChatStreamParser):
    """Reads a chat stream whose calls may stand in the text; calls in their own field are read as ever."""

    __slots__ = ("_call_text",)

    def __init__(self, options: ReaderOptions) -> None:
        super().__init__(options)
        self._call_text = CallText(self._calls)

    def take_text(self, text: str) -> tuple[str, str, list[ToolCall]]:
        content, thinking, _ = super().take_text(text)
        shown, calls = self._call_text.feed(content)
        return shown, thinking, calls

    def end_text(self) -> tuple[str, str, list[ToolCall]]:
        content, thinking, _ = super().end_text()
        (shown, calls), (rest, last) = self._call_text.feed(content), self._call_text.end()
        return shown + rest, thinking, [*calls, *last]
