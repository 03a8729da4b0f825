"""One request and its answer, written once for threads and event loops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mrt.errors import InvokeBadResponseError, InvokeConnectionError, InvokeError
from mrt.http.clock import Clock
from mrt.http.http1 import Head, ask
from mrt.http.inflate import Inflater, inflater_for
from mrt.http.line import Line
from mrt.http.messages import Headers, HTTPResponse
from mrt.http.pool import Pool

ERROR_BYTES = 1024 * 1024
"""Bytes of an error's body that are read; no message needs more."""

_DRAIN_SECONDS = 0.1
_DRAIN_BYTES = 65536

Connect = Callable[[Clock], Awaitable[Line]]


class Exchange:
    """A request on its way, then an answer that is being read.

    Args:
        method: HTTP method.
        head: The request's line and fields.
        content: The request's body.
        url: What was asked, for the response.
        clock: The running time limits.
        pool: Idle connections to the place.
        limit: Bytes that a whole answer may have.
    """

    __slots__ = (
        "_clock",
        "_content",
        "_done",
        "_head",
        "_holds_slot",
        "_inflater",
        "_limit",
        "_line",
        "_method",
        "_pool",
        "_request",
        "_unreadable",
        "_url",
    )

    def __init__(
        self, method: str, head: bytes, content: bytes, url: str, clock: Clock, pool: Pool, limit: int
    ) -> None:
        self._method = method
        self._request = head
        self._content = content
        self._url = url
        self._clock = clock
        self._pool = pool
        self._limit = limit
        self._line: Line | None = None
        self._head: Head | None = None
        self._inflater: Inflater | None = None
        self._unreadable = False
        self._holds_slot = False
        self._done = False

    def __del__(self) -> None:
        # A stream that nobody closed: its connection and its place must not stay taken.
        self.leave()

    @property
    def status(self) -> int:
        """HTTP status."""
        return self._head.status if self._head else 0

    @property
    def headers(self) -> Headers:
        """Header fields of the answer."""
        return self._head.headers if self._head else Headers()

    async def start(self, connect: Connect, line_type: type[Line]) -> None:
        """Send the request and wait for the head of the answer.

        Args:
            connect: Makes a new connection.
            line_type: `ThreadLine` or `LoopLine`.
        """
        try:
            if self._pool.slots is not None:
                self._clock.begin("pool")
                await line_type.acquire(self._pool.slots, self._clock)
                self._holds_slot = True
            self._head = await self._ask(connect)
            self._check_encoding()
        except BaseException:
            self.leave()
            raise

    async def _ask(self, connect: Connect) -> Head:
        line = self._line = self._pool.take()
        if line is not None:
            line.begin(self._clock)
            try:
                return await ask(line, self._method, self._request, self._content)
            except InvokeConnectionError:
                if line.received or not line.broken:
                    raise
                # The server closed an idle connection just as the request left. No byte of an answer came, so the
                # request goes out once more, on a new connection, where any failure is final.
                line.hang_up()
        self._clock.begin("connect")
        line = self._line = await connect(self._clock)
        line.begin(self._clock)
        return await ask(line, self._method, self._request, self._content)

    def _check_encoding(self) -> None:
        try:
            self._inflater = inflater_for(self.headers, self._limit)
        except InvokeBadResponseError as error:
            if self.status < 300:
                raise self._explained(error) from None
            # The status says enough; its body cannot be read.
            self._unreadable = True

    async def next(self) -> bytes | None:
        """Return the next piece of the body, content encoding undone; None at the end."""
        line, head = self._line, self._head
        if self._done or line is None or head is None:
            return None
        try:
            while True:
                data, head.rest = head.rest, b""
                if not data:
                    if head.body.done:
                        if self._inflater is not None:
                            self._inflater.finish()
                        self.leave()
                        return None
                    if head.body.broken:
                        raise InvokeConnectionError(f"{line.peer} broke up its answer: {head.body.broken}")
                    data = await line.receive()
                    if not data:
                        self._end_of_connection(line, head)
                        continue
                data = head.body.feed(data)
                if self._inflater is not None:
                    data = self._inflater.feed(data)
                if data and not self._unreadable:
                    return data
        except InvokeError as error:
            self._hang_up()
            self._explained(error)
            raise
        except BaseException:
            # Cancelled or interrupted.
            self._hang_up()
            raise

    def _end_of_connection(self, line: Line, head: Head) -> None:
        head.body.end_of_connection()
        if not head.body.done:
            raise InvokeConnectionError(f"{line.peer} broke off in the middle of its answer")

    async def read(self) -> HTTPResponse:
        """Return the whole answer.

        Raises:
            InvokeBadResponseError: It is too big.
        """
        status, headers = self.status, self.headers
        failed = status >= 300
        limit = ERROR_BYTES if failed else self._limit
        length = headers.get("content-length", "")
        if not failed and length.isdecimal() and int(length) > limit:
            self._hang_up()
            raise self._explained(InvokeBadResponseError(f"the answer has {length} bytes, and {limit} are allowed"))
        pieces: list[bytes] = []
        size = 0
        try:
            while (piece := await self.next()) is not None:
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    self._hang_up()
                    if failed:
                        break
                    raise self._explained(InvokeBadResponseError(f"the answer has more than the allowed {limit} bytes"))
        except InvokeError:
            if not failed:
                raise
            # What is known of the error, its status above all, says more than how its body broke.
        content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return HTTPResponse(status, headers, content[:limit], self._url)

    async def drain(self) -> None:
        """Read the little that may follow the vendor's end mark, so that the connection can serve the next call.

        Only what comes within a tenth of a second is read; a server that keeps the answer open loses the connection.
        """
        line, head = self._line, self._head
        if self._done or line is None or head is None:
            return
        self._clock.begin_drain(_DRAIN_SECONDS)
        left = _DRAIN_BYTES
        try:
            while left > 0 and not head.body.done and not head.body.broken:
                data, head.rest = head.rest or await line.receive(), b""
                if not data:
                    break
                left -= len(data)
                head.body.feed(data)
        except InvokeError:
            # The answer itself is whole. Only the connection is lost.
            left = 0
        self.leave()

    def leave(self) -> None:
        """Give the connection back if the answer was read to its end, or close it; this waits for nothing."""
        head, line = self._head, self._line
        if head is None or line is None or line.closed or not (head.body.done and head.body.keeps_connection):
            self._hang_up()
            return
        self._line = None
        self._pool.give(line)
        self._finish()

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.hang_up()
        self._finish()

    def _finish(self) -> None:
        self._done = True
        if self._holds_slot:
            self._holds_slot = False
            self._pool.slots.release()

    def _explained(self, error: InvokeError) -> InvokeError:
        """Add what is known of the answer; a broken connection has no status of its own."""
        error.request_id = error.request_id or self.headers.get("x-request-id") or self.headers.get("request-id")
        if isinstance(error, InvokeBadResponseError):
            error.status = self.status
        return error
