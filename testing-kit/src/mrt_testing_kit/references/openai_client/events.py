"""Server-sent events out of bytes that are cut anywhere."""

from __future__ import annotations

import json
import re

from mrt import ServerSentEvent

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class EventReader:
    """Cuts lines at CRLF, LF and CR alone: other separators are part of the text."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._seen = 0
        self._first = True
        self._data: list[bytes] = []
        self._name = ""

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Return the events that are whole with these bytes."""
        self._buffer += data
        events: list[ServerSentEvent] = []
        start = 0
        while True:
            found = _LINE_END.search(self._buffer, max(start, self._seen))
            # A CR at the end may be half of a CRLF.
            if found is None or (found.group() == b"\r" and found.end() == len(self._buffer)):
                break
            events += self._line(bytes(self._buffer[start : found.start()]))
            start = found.end()
        del self._buffer[:start]
        # What was searched once holds no line end, so that a long line costs linear time.
        self._seen = max(0, len(self._buffer) - 1)
        return events

    def finish(self) -> list[ServerSentEvent]:
        """Return the last event when only the blank line after it is missing."""
        events = self._line(bytes(self._buffer.rstrip(b"\r"))) + self._line(b"")
        return [event for event in events if _is_whole(event.data)]

    def _line(self, line: bytes) -> list[ServerSentEvent]:
        if self._first:
            self._first, line = False, line.removeprefix(_BOM)
        if not line:
            data, name = self._data, self._name
            self._data, self._name = [], ""
            return [ServerSentEvent(b"\n".join(data), name)] if data else []
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        # Comments, ids and times to wait say nothing about the answer.
        return []


def _is_whole(data: bytes) -> bool:
    if data.strip() == b"[DONE]":
        return True
    try:
        json.loads(data)
    except ValueError:
        return False
    return True
