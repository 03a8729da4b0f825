"""Cuts the bytes of a stream into events: server-sent events, newline-delimited JSON, or as they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from pydantic_core import from_json

from mrt.errors import InvokeBadResponseError
from mrt.http.messages import ServerSentEvent

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""Size of one event; a server that never ends an event must not fill the memory."""

_BOM = b"\xef\xbb\xbf"


class Decoder(Protocol):
    """Turns the bytes of one stream, cut anywhere, into its events."""

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Return the events that are complete with these bytes.

        Raises:
            InvokeBadResponseError: An event is too big. Events before it are returned first: then the next call raises.
        """
        ...

    def finish(self) -> list[ServerSentEvent]:
        """Return what is still to come after the last byte.

        An event that lacks only its ending counts, because servers leave the ending out; JSON that is cut off does
        not, so that the stream's parser reports that the stream ended too early.
        """
        ...


def decoder_for(framing: Literal["sse", "ndjson", "raw"]) -> Decoder:
    """Return a new decoder.

    Args:
        framing: ``sse``, ``ndjson``, or ``raw`` for bytes as they come (sound).
    """
    return _DECODERS[framing]()


class _Buffered:
    """Keeps the beginning of an event until its end comes; costs linear time however small the pieces are."""

    __slots__ = ("_at_start", "_error", "_pending")

    def __init__(self) -> None:
        self._pending = bytearray()
        self._at_start = True
        self._error: InvokeBadResponseError | None = None

    def _without_bom(self, data: bytes) -> bytes:
        data = bytes(self._pending) + data
        self._pending.clear()
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._pending += data
            return b""
        self._at_start = False
        return data.removeprefix(_BOM)

    def _checked(self, events: list[ServerSentEvent], rest: int) -> list[ServerSentEvent]:
        """Return the events, or raise when there are none and the next one is too big already."""
        if rest > MAX_EVENT_BYTES:
            self._error = InvokeBadResponseError(f"one event of the stream is bigger than {MAX_EVENT_BYTES} bytes")
            self._pending.clear()
            if not events:
                raise self._error
        return events


class SSEDecoder(_Buffered):
    """Server-sent events, as the HTML standard defines them: LF, CRLF or CR, comments, multi-line data.

    Two things differ. An event without data and without a name is left out, as it can only be a sign of life; and the
    last event need not end (see `Decoder.finish`).
    """

    __slots__ = ("_skip_line_feed",)

    def __init__(self) -> None:
        super().__init__()
        self._skip_line_feed = False

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """See `Decoder.feed`."""
        if self._error is not None:
            raise self._error
        if self._at_start:
            data = self._without_bom(data)
        if self._skip_line_feed and data:
            # The second half of a CRLF whose first half ended the last piece.
            self._skip_line_feed = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            self._skip_line_feed = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        pending = self._pending
        if pending:
            if b"\n\n" not in data and not (data.startswith(b"\n") and pending.endswith(b"\n")):
                pending += data
                return self._checked([], len(pending))
            data = bytes(pending) + data
            pending.clear()
        end = data.rfind(b"\n\n")
        if end < 0:
            pending += data
            return self._checked([], len(pending))
        if end + 2 < len(data):
            pending += data[end + 2 :]
        if data.startswith(b"data: ") and len(data) <= MAX_EVENT_BYTES:
            # Nearly every event of every vendor: one line of data and nothing else. One pass over the bytes does.
            values = data[6:end].split(b"\n\ndata: ")
            if data.count(b"\n", 0, end) == 2 * len(values) - 2 and b"" not in values:
                return self._checked(list(map(ServerSentEvent, values)), len(pending))
        events: list[ServerSentEvent] = []
        for block in data[:end].split(b"\n\n"):
            if len(block) > MAX_EVENT_BYTES:
                return self._checked(events, len(block))
            event = _parse(block)
            if event is not None:
                events.append(event)
        return self._checked(events, len(pending))

    def finish(self) -> list[ServerSentEvent]:
        """See `Decoder.finish`."""
        if self._error is not None:
            raise self._error
        rest = bytes(self._pending)
        self._pending.clear()
        event = _parse(rest)
        if event is None or (not rest.endswith(b"\n") and _cut_off(event.data)):
            return []
        return [event]


def _parse(block: bytes) -> ServerSentEvent | None:
    lines: list[bytes] = []
    name = b""
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            lines.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    data = b"\n".join(lines)
    if not lines or not (data or name):
        return None
    return ServerSentEvent(data, name.decode("utf-8", "replace"))


class NDJSONDecoder(_Buffered):
    """One JSON value per line; empty lines are left out."""

    __slots__ = ()

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """See `Decoder.feed`."""
        if self._error is not None:
            raise self._error
        if self._at_start:
            data = self._without_bom(data)
        pending = self._pending
        if b"\n" not in data:
            pending += data
            return self._checked([], len(pending))
        if pending:
            data = bytes(pending) + data
            pending.clear()
        *lines, rest = data.split(b"\n")
        pending += rest
        events: list[ServerSentEvent] = []
        for line in lines:
            text = line.strip()
            if len(text) > MAX_EVENT_BYTES:
                return self._checked(events, len(text))
            if text:
                events.append(ServerSentEvent(text))
        return self._checked(events, len(rest))

    def finish(self) -> list[ServerSentEvent]:
        """See `Decoder.finish`."""
        if self._error is not None:
            raise self._error
        rest = bytes(self._pending).strip()
        self._pending.clear()
        return [ServerSentEvent(rest)] if rest and not _cut_off(rest) else []


class RawDecoder:
    """Bytes as they come."""

    __slots__ = ()

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Return the bytes as one event."""
        return [ServerSentEvent(data)] if data else []

    def finish(self) -> list[ServerSentEvent]:
        """Return nothing."""
        return []


def _cut_off(data: bytes) -> bool:
    start = data.lstrip()[:1]
    # An end mark such as [DONE] is no JSON, and may be cut off, too.
    if start != b"{" and (start != b"[" or data.rstrip().endswith(b"]")):
        return False
    try:
        from_json(data)
    except ValueError:
        return True
    return False


_DECODERS: dict[str, Callable[[], Decoder]] = {"sse": SSEDecoder, "ndjson": NDJSONDecoder, "raw": RawDecoder}
