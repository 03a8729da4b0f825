"""One TCP connection below HTTP, with TLS on it where needed: what threads and event loops share.

Everything here is written once, as coroutines over a few raw operations. On a thread those never wait for an event
loop, so `run` can finish each coroutine at once.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from mrt.errors import InvokeConnectionError, InvokeTimeoutError
from mrt.http import failures
from mrt.http.clock import Clock
from mrt.http.sockets import QuietSocket, TLSLayer

if TYPE_CHECKING:
    import ssl

    from mrt.http.pool import Pool
    from mrt.http.sites import Site

T = TypeVar("T")

READ_SIZE = 65536


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("a blocking operation waited for an event loop")


class Line(ABC):
    """A connection that keeps the time limits and knows what came over it.

    Args:
        clock: The time limits of its first exchange.
        peer: Host and port as the user knows them, for messages.
    """

    __slots__ = (
        "_busy",
        "_layers",
        "_sock",
        "_unsent",
        "broken",
        "clock",
        "closed",
        "idle_since",
        "peer",
        "received",
        "used",
    )

    def __init__(self, clock: Clock, peer: str) -> None:
        self.clock = clock
        self.peer = peer
        self.idle_since = 0.0
        self.used = False
        """Whether it has served an exchange before."""
        self.closed = False
        self.broken = False
        """Whether the other side has ended the connection."""
        self.received = False
        """Whether any byte of the answer has come."""
        self._busy = False
        self._layers: list[TLSLayer] = []
        self._sock: socket.socket | None = None
        self._unsent: list[bytes] = []

    # What a thread does by blocking, and an event loop by waiting.

    @abstractmethod
    async def _addresses(self, host: str, port: int) -> list[Any]:
        """Look a host up."""

    @abstractmethod
    async def _open(self, sock: socket.socket, address: Any) -> None:
        """Connect a socket."""

    @abstractmethod
    async def _raw_receive(self, sock: socket.socket) -> bytes:
        """Return the next bytes; none at the end."""

    @abstractmethod
    async def _raw_send(self, sock: socket.socket, data: bytes) -> None:
        """Send all bytes."""

    @staticmethod
    @abstractmethod
    def pool(site: Site) -> Pool:
        """Return the connections that wait at a site for this kind of caller."""

    @staticmethod
    @abstractmethod
    async def acquire(slots: Any, clock: Clock) -> None:
        """Wait for one of a limited number of connections."""

    @property
    def secured(self) -> bool:
        """Whether there is TLS on the connection."""
        return bool(self._layers)

    def begin(self, clock: Clock) -> None:
        """Start an exchange: from here, the limit for the first byte runs."""
        self.clock = clock
        self.received = False
        clock.begin("first_byte")

    def quiet(self) -> bool:
        """Return whether an idle connection still stands: not closed by the server, and no stray bytes on it."""
        sock = self._sock
        if self.closed or sock is None:
            return False
        try:
            sock.settimeout(0)
            sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def hang_up(self) -> None:
        """Close the socket; this waits for nothing, and needs no event loop."""
        self.closed = True
        if self._sock is None:
            return
        if self._busy:
            # Another thread or task waits on it: closing would leave that one asleep, an end wakes it up.
            with suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
            return
        sock, self._sock = self._sock, None
        sock.close()

    async def connect(self, host: str, port: int) -> None:
        """Connect to the first address that answers.

        Raises:
            InvokeConnectionError: None does.
        """
        try:
            addresses = await self._addresses(host, port)
        except (socket.gaierror, UnicodeError) as error:
            # Names with labels that are empty or too long do not even get as far as the look-up.
            raise failures.unknown_host(host, error) from error
        failure: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in addresses:
            try:
                sock = QuietSocket(family, kind, protocol)
            except OSError as error:
                failure = error
                continue
            try:
                await self._open(sock, address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
            else:
                self._sock = sock
                return
        raise failures.not_connected(self.peer, failure) from failure

    async def secure(self, context: ssl.SSLContext, hostname: str) -> None:
        """Put TLS on the connection.

        Raises:
            InvokeConnectionError: The handshake failed, or the certificate is not trusted.
        """
        layer = TLSLayer(context, hostname)
        self._layers.append(layer)
        await self._through(len(self._layers), layer.object.do_handshake)

    def send_later(self, data: bytes) -> None:
        """Keep bytes until the next read: the head and the body of a request leave in one piece."""
        if data:
            self._unsent.append(data)

    async def receive(self) -> bytes:
        """Send what waits, then return the next bytes; none at the end.

        Raises:
            InvokeConnectionError: The connection broke.
            InvokeTimeoutError: A time limit passed.
        """
        self._busy = True
        refusal: InvokeConnectionError | None = None
        try:
            if self._unsent:
                refusal = await self._send_waiting()
            self.clock.begin_read()
            data = await self._receive(len(self._layers))
        except InvokeTimeoutError:
            raise
        except InvokeConnectionError:
            self.broken = True
            raise
        finally:
            self._busy = False
            if self.closed:
                self.hang_up()
        if not data:
            self.broken = True
            if refusal is not None:
                raise refusal
        elif self.clock.phase == "first_byte":
            self.received = True
            self.clock.begin("between_bytes")
        return data

    async def _send_waiting(self) -> InvokeConnectionError | None:
        data = b"".join(self._unsent)
        self._unsent.clear()
        try:
            await self._send(len(self._layers), data)
        except InvokeTimeoutError:
            raise
        except InvokeConnectionError as error:
            # A server may refuse a big body with an answer before it has read it all: look for that first.
            return error
        return None

    async def _receive(self, depth: int) -> bytes:
        if depth == 0:
            return await self._raw_receive(self._open_socket())
        data: bytes = await self._through(depth, self._layers[depth - 1].object.read, READ_SIZE)
        return data

    async def _send(self, depth: int, data: bytes) -> None:
        if depth == 0:
            if data:
                await self._raw_send(self._open_socket(), data)
            return
        rest = memoryview(data)
        while rest:
            # OpenSSL takes one record of 16 kB at a time.
            rest = rest[await self._through(depth, self._layers[depth - 1].object.write, rest) :]

    async def _through(self, depth: int, operation: Callable[..., Any], *arguments: Any) -> Any:
        """Run an operation of a TLS layer, moving bytes between it and the layer below."""
        import ssl

        layer = self._layers[depth - 1]
        while True:
            try:
                result = operation(*arguments)
            except ssl.SSLWantReadError:
                await self._send(depth - 1, layer.outgoing.read())
                data = await self._receive(depth - 1)
                if data:
                    layer.incoming.write(data)
                else:
                    layer.incoming.write_eof()
            except ssl.SSLError as error:
                if isinstance(error, ssl.SSLEOFError) and operation == layer.object.read:
                    # Many servers end without TLS's goodbye; HTTP's own framing tells whether the answer is whole.
                    return b""
                await self._last_words(depth - 1, layer.outgoing.read())
                raise failures.tls_failed(layer.hostname, error) from error
            else:
                await self._send(depth - 1, layer.outgoing.read())
                return result

    async def _last_words(self, depth: int, data: bytes) -> None:
        """Tell the other side why, by a TLS alert, if it still listens."""
        try:
            await self._send(depth, data)
        except InvokeConnectionError:
            self.broken = True

    def _open_socket(self) -> socket.socket:
        if self._sock is None:
            raise InvokeConnectionError(f"the connection to {self.peer} was closed")
        return self._sock
