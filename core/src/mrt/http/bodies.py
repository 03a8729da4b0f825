"""Where an answer's body ends: by its length, by chunks, or with the connection.

h11 reads heads but not bodies here: it makes an event of every chunk, 8 µs each, and a stream is made of chunks.
Cutting all chunks of a read in one pass costs a tenth of that.
"""

from __future__ import annotations

import re
from typing import Protocol

_SIZE_LINE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
_LONGEST_LINE = 4096


class Body(Protocol):
    """Takes what a connection brings, in any pieces."""

    done: bool
    """Whether the body is whole."""
    broken: str
    """How the framing broke, which leaves the place of everything that follows unknown; empty while it is whole."""
    keeps_connection: bool
    """Whether the connection can serve another request after it."""

    def feed(self, data: bytes) -> bytes:
        """Return the part of the body that the bytes hold, up to where the framing breaks."""
        ...

    def end_of_connection(self) -> None:
        """Take note that nothing more will come; a body that is not done then is cut off."""
        ...


class SizedBody:
    """A body of known length, also of none."""

    __slots__ = ("_left", "broken", "done", "keeps_connection")

    def __init__(self, size: int) -> None:
        self.broken = ""
        self._left = size
        self.done = size == 0
        self.keeps_connection = True

    def feed(self, data: bytes) -> bytes:
        """See `Body.feed`."""
        if len(data) > self._left:
            # Nobody asked for more: what comes here does not belong to the next answer either.
            self.keeps_connection = False
            data = data[: self._left]
        self._left -= len(data)
        self.done = self._left == 0
        return data

    def end_of_connection(self) -> None:
        """See `Body.end_of_connection`."""
        self.keeps_connection = False


class OpenBody:
    """A body that ends with the connection."""

    __slots__ = ("broken", "done", "keeps_connection")

    def __init__(self) -> None:
        self.broken = ""
        self.done = False
        self.keeps_connection = False

    def feed(self, data: bytes) -> bytes:
        """See `Body.feed`."""
        return data

    def end_of_connection(self) -> None:
        """See `Body.end_of_connection`."""
        self.done = True


class ChunkedBody:
    """A body in chunks (RFC 9112, section 7.1). Chunk extensions and trailers are read over."""

    __slots__ = ("_in_trailers", "_left", "_line", "broken", "done", "keeps_connection")

    def __init__(self) -> None:
        self.broken = ""
        self._left = 0
        """Bytes missing of the present chunk, its line end included."""
        self._line = b""
        """The beginning of a size or trailer line whose end has not come yet."""
        self._in_trailers = False
        self.done = False
        self.keeps_connection = True

    def feed(self, data: bytes) -> bytes:
        """See `Body.feed`."""
        pieces: list[bytes] = []
        at = 0
        if self._left:
            at = self._continue_chunk(data, pieces)
        elif self._line:
            data, self._line = self._line + data, b""
        size = len(data)
        while at < size and not self._in_trailers:
            line = _SIZE_LINE.match(data, at)
            if line is None:
                self._wait_for_line(data[at:])
                return b"".join(pieces)
            at = line.end()
            length = int(line[1], 16)
            if length == 0:
                self._in_trailers = True
                break
            end = at + length
            if data[end : end + 2] == b"\r\n":
                pieces.append(data[at:end])
                at = end + 2
            else:
                self._left = length + 2
                at += self._continue_chunk(data[at:], pieces)
        if self._in_trailers:
            self._read_trailers(data[at:])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _continue_chunk(self, data: bytes, pieces: list[bytes]) -> int:
        """Take what belongs to the present chunk; return how many bytes that were."""
        inside = self._left - 2
        if inside > 0 and data:
            pieces.append(data[:inside])
        taken = min(self._left, len(data))
        # The two bytes of the line end may come one at a time.
        expected = b"\r\n"[-min(self._left, 2) :]
        if not expected.startswith(data[max(inside, 0) : taken]):
            self.broken = "a chunk is longer than it says"
            return len(data)
        self._left -= taken
        return taken

    def _wait_for_line(self, line: bytes) -> None:
        if b"\n" in line or len(line) > _LONGEST_LINE:
            self.broken = "a chunk does not begin with its size"
        self._line = line

    def _read_trailers(self, data: bytes) -> None:
        *lines, self._line = data.split(b"\r\n")
        if b"" in lines:
            self.done = True
            first = lines.index(b"")
            if lines[first + 1 :] or self._line:
                self.keeps_connection = False
        elif len(data) > _LONGEST_LINE:
            self.broken = "the trailers do not end"

    def end_of_connection(self) -> None:
        """See `Body.end_of_connection`."""
        self.keeps_connection = False
