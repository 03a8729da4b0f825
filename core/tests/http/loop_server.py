"""A loopback server on one event loop, for more clients at once than there can be threads."""

from __future__ import annotations

import asyncio
import threading
from typing import Self


class _Echo(asyncio.Protocol):
    """Answers each request with its own body, once as many requests are there as the barrier asks for."""

    def __init__(self, server: EchoServer) -> None:
        self.server = server
        self.data = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.connections += 1
        self.server.open += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.open -= 1

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, found, rest = self.data.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(rest) >= length:
            self.data = rest[length:]
            self.server.arrived(self, rest[:length])

    def answer(self, body: bytes) -> None:
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


class EchoServer:
    """Runs in a thread of its own.

    Args:
        barrier: Requests that must be waiting before the first of them is answered.
    """

    def __init__(self, barrier: int = 1) -> None:
        self.barrier = barrier
        self.connections = 0
        self.open = 0
        self.served = 0
        self._waiting: list[tuple[_Echo, bytes]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    def _run(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(loop.create_server(lambda: _Echo(self), "127.0.0.1", 0, backlog=4096))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        loop.run_forever()
        server.close()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    def arrived(self, peer: _Echo, body: bytes) -> None:
        """Take a request, and answer all when enough have come."""
        self._waiting.append((peer, body))
        if len(self._waiting) >= self.barrier:
            self.barrier = 1
            waiting, self._waiting = self._waiting, []
            # The last comes first, so that answers do not come in the order of the requests.
            for waiter, content in reversed(waiting):
                self.served += 1
                waiter.answer(content)
