"""HTTP/1.1 requests out of bytes, in whatever pieces the bytes come."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_HEAD = 1 << 20
MAX_BODY = 1 << 30


class BadRequest(Exception):
    """The bytes are not an HTTP/1.1 request."""


@dataclass(slots=True)
class Message:
    """One parsed request."""

    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]
    head: bytes
    body: bytes = b""
    keep_alive: bool = True


@dataclass(slots=True)
class RequestParser:
    """Takes bytes as they come and gives whole requests.

    ``wants_continue`` is set while a client waits for ``100 Continue``; the connection clears it when it has sent one.
    """

    wants_continue: bool = False
    _buffer: bytearray = field(default_factory=bytearray)
    _message: Message | None = None
    _length: int = 0
    _chunked: bool = False
    _body: bytearray = field(default_factory=bytearray)
    _chunk_left: int = -1
    _trailers: bool = False

    @property
    def idle(self) -> bool:
        """Whether no byte of a further request has come."""
        return self._message is None and not self._buffer

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes and return the requests that are now complete.

        Raises:
            BadRequest: the bytes break the grammar of HTTP/1.1.
        """
        self._buffer += data
        done: list[Message] = []
        while True:
            if self._message is None and not self._read_head():
                return done
            message = self._message
            assert message is not None
            if not (self._read_chunks() if self._chunked else self._read_length()):
                return done
            message.body = bytes(self._body)
            self._body.clear()
            self._message = None
            self.wants_continue = False
            done.append(message)

    def _read_head(self) -> bool:
        while self._buffer.startswith(b"\r\n"):
            del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest("the request head is too long")
            return False
        head = bytes(self._buffer[: end + 4])
        del self._buffer[: end + 4]
        lines = head[:-4].split(b"\r\n")
        words = lines[0].decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise BadRequest(f"not a request line: {lines[0][:80]!r}")
        headers: list[tuple[str, str]] = []
        for line in lines[1:]:
            name, colon, value = line.partition(b":")
            if not colon or not name or name != name.strip():
                raise BadRequest(f"not a header line: {line[:80]!r}")
            headers.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))
        self._open(Message(words[0], words[1], words[2], headers, head))
        return True

    def _open(self, message: Message) -> None:
        values = {name.lower(): value for name, value in message.headers}
        tokens = {token.strip().lower() for token in values.get("connection", "").split(",")}
        message.keep_alive = "keep-alive" in tokens if message.version == "HTTP/1.0" else "close" not in tokens
        self._chunked = "chunked" in values.get("transfer-encoding", "").lower()
        self._chunk_left, self._trailers, self._length = -1, False, 0
        length = values.get("content-length")
        if length is not None and not self._chunked:
            if not length.isdecimal() or int(length) > MAX_BODY:
                raise BadRequest(f"not a content length: {length[:80]!r}")
            self._length = int(length)
        self.wants_continue = values.get("expect", "").lower() == "100-continue"
        self._message = message

    def _read_length(self) -> bool:
        missing = self._length - len(self._body)
        self._body += self._buffer[:missing]
        del self._buffer[:missing]
        return len(self._body) == self._length

    def _read_chunks(self) -> bool:
        while True:
            if self._trailers:
                end = self._buffer.find(b"\r\n")
                if end < 0:
                    return False
                empty = end == 0
                del self._buffer[: end + 2]
                if empty:
                    return True
            elif self._chunk_left < 0:
                end = self._buffer.find(b"\r\n")
                if end < 0:
                    return False
                size = bytes(self._buffer[:end]).partition(b";")[0].strip()
                del self._buffer[: end + 2]
                try:
                    self._chunk_left = int(size, 16)
                except ValueError:
                    raise BadRequest(f"not a chunk size: {size[:80]!r}") from None
                if self._chunk_left == 0:
                    self._trailers = True
            else:
                if len(self._buffer) < self._chunk_left + 2:
                    return False
                self._body += self._buffer[: self._chunk_left]
                del self._buffer[: self._chunk_left + 2]
                self._chunk_left = -1
