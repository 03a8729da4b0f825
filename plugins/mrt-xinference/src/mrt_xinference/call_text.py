"""Tool calls that stand in the text: ``<tool_call>{"name": …, "arguments": {…}}</tool_call>``.

The Transformers engine parses calls only when it does not stream (seen in 4.1.0; source: so since 1.9). In a stream the
model's raw text comes as content, with finish reason "stop".
"""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import from_json

from mrt.entities.message import ToolCall
from mrt.entities.plain import is_mapping
from mrt_openai_compatible.dialect.chat_parser import ChatStreamParser
from mrt_openai_compatible.dialect.reader import ReaderOptions
from mrt_openai_compatible.dialect.tool_stream import ToolCallStream

TAG = "<tool_call>"
_END = "</tool_call>"

# What begins and ends a string of JSON. A line break cannot stand in one, so after a forgotten quote the next line is
# read as what it is.
_MARKS = re.compile(r"\\.|[\"\n]", re.DOTALL)


class CallText:
    """Takes calls out of a text that comes in pieces.

    What does not parse stays text, tags included, and so does a call that was cut off. White space between text and
    calls goes with the calls. An end tag inside of an argument is a part of it.

    Args:
        calls: Numbers the calls and gives them ids.
    """

    __slots__ = ("_body", "_calls", "_fresh", "_gap", "_held", "_in_string")

    def __init__(self, calls: ToolCallStream) -> None:
        self._calls = calls
        # Text that may be a part of a tag, or white space before one.
        self._held = ""
        # White space before the call that is open.
        self._gap = ""
        # The open call, None outside of one: what was looked through for strings, and what was not yet.
        self._body: list[str] | None = None
        self._fresh: list[str] = []
        self._in_string = False

    def feed(self, piece: str) -> tuple[str, list[ToolCall]]:
        """Return the text to show and the calls that are complete now."""
        shown: list[str] = []
        calls: list[ToolCall] = []
        while piece:
            if self._body is None:
                piece = self._outside(piece, shown)
            else:
                piece = self._inside(piece, self._body, shown, calls)
        return "".join(shown), calls

    def end(self) -> tuple[str, list[ToolCall]]:
        """Return what was held back: a call that lacks its end tag or a part of it, or plain text."""
        shown: list[str] = []
        calls: list[ToolCall] = []
        held, self._held = self._held, ""
        if self._body is not None:
            self._close([*self._body, *self._fresh], held, shown, calls)
        elif held.strip() or not len(self._calls):
            shown.append(held)
        return "".join(shown), calls

    def _outside(self, piece: str, shown: list[str]) -> str:
        before, tag, after = (self._held + piece).partition(TAG)
        if tag:
            kept = before.rstrip()
            shown.append(kept)
            self._gap, self._held, self._body = before[len(kept) :], "", []
            return after
        kept = before[: len(before) - _begun(before, TAG)].rstrip()
        shown.append(kept)
        self._held = before[len(kept) :]
        return ""

    def _inside(self, piece: str, body: list[str], shown: list[str], calls: list[ToolCall]) -> str:
        # Only the seam is searched again, so that long arguments cost linear time.
        seam = self._held + piece
        place = seam.find(_END)
        if place < 0:
            place = len(seam) - _begun(seam, _END)
            self._fresh.append(seam[:place])
            self._held = seam[place:]
            return ""
        self._fresh.append(seam[:place])
        text, self._fresh, self._held = "".join(self._fresh), [], ""
        for mark in _MARKS.findall(text):
            if mark == '"':
                self._in_string = not self._in_string
            elif mark == "\n":
                self._in_string = False
        body.append(text)
        if self._in_string:
            body.append(_END)
        else:
            self._close(body, _END, shown, calls)
        return seam[place + len(_END) :]

    def _close(self, body: list[str], end: str, shown: list[str], calls: list[ToolCall]) -> None:
        text = "".join(body)
        broken, tag, last = text.rpartition(TAG)
        if (entry := _call(text)) is not None:
            calls += self._calls.add_whole({"function": entry})
        elif tag and (entry := _call(last)) is not None:
            # A call that was begun twice, or one that broke off before the next began.
            shown.append(f"{self._gap}{TAG}{broken.rstrip()}" if broken.strip() else "")
            calls += self._calls.add_whole({"function": entry})
        else:
            shown.append(f"{self._gap}{TAG}{text}{end}")
        self._body, self._fresh, self._gap, self._in_string = None, [], "", False


def _begun(text: str, tag: str) -> int:
    """Return how many characters at the end of a text may be the beginning of a tag."""
    for size in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:size]):
            return size
    return 0


def _call(body: str) -> dict[str, Any] | None:
    try:
        value: Any = from_json(body.strip())
    except ValueError:
        return None
    if not is_mapping(value) or not isinstance(value.get("name"), str) or not value["name"]:
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
