"""Connections of threads: blocking sockets."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from mrt.http import failures
from mrt.http.clock import Clock
from mrt.http.line import READ_SIZE, Line

if TYPE_CHECKING:
    from mrt.http.pool import Pool
    from mrt.http.sites import Site


class ThreadLine(Line):
    """A connection for blocking calls."""

    __slots__ = ()

    async def _addresses(self, host: str, port: int) -> list[Any]:
        # The system's look-up takes no time limit: a resolver that does not answer may exceed `connect`.
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)

    async def _open(self, sock: socket.socket, address: Any) -> None:
        sock.settimeout(self.clock.left())
        try:
            sock.connect(address)
        except TimeoutError as error:
            # One with a number is the kernel's own and not our limit.
            if error.errno is not None:
                raise
            raise self.clock.expired() from None

    async def _raw_receive(self, sock: socket.socket) -> bytes:
        sock.settimeout(self.clock.left())
        try:
            return sock.recv(READ_SIZE)
        except OSError as error:
            if isinstance(error, TimeoutError) and error.errno is None:
                raise self.clock.expired() from None
            raise failures.broken(self.peer, error) from error

    async def _raw_send(self, sock: socket.socket, data: bytes) -> None:
        sock.settimeout(self.clock.left())
        try:
            sock.sendall(data)
        except OSError as error:
            if isinstance(error, TimeoutError) and error.errno is None:
                raise self.clock.expired() from None
            raise failures.broken(self.peer, error) from error

    @staticmethod
    def pool(site: Site) -> Pool:
        return site.thread_pool

    @staticmethod
    async def acquire(slots: Any, clock: Clock) -> None:
        if not slots.acquire(timeout=clock.left()):
            raise clock.expired()
