"""Connections of event loops: asyncio's socket operations.

Plain sockets and not asyncio's transports: an idle one is known to no loop, so it can be closed from anywhere, also
when its loop is gone.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

from mrt.http import failures
from mrt.http.clock import Clock
from mrt.http.line import READ_SIZE, Line

if TYPE_CHECKING:
    from mrt.http.pool import Pool
    from mrt.http.sites import Site

_EAGER_READS = 16
"""Reads that may succeed at once, one after another, before other tasks get their turn."""

_JUST_SENT = -1


class LoopLine(Line):
    """A connection for calls on an event loop."""

    __slots__ = ("_streak",)

    def __init__(self, clock: Clock, peer: str) -> None:
        super().__init__(clock, peer)
        self._streak = 0

    async def _addresses(self, host: str, port: int) -> list[Any]:
        try:
            # An address needs no look-up, and so no thread of the loop's executor.
            return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            look_up = asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        try:
            async with asyncio.timeout(self.clock.left()):
                return await look_up
        except TimeoutError:
            raise self.clock.expired() from None

    async def _open(self, sock: socket.socket, address: Any) -> None:
        sock.setblocking(False)
        try:
            async with asyncio.timeout(self.clock.left()):
                await asyncio.get_running_loop().sock_connect(sock, address)
        except TimeoutError as error:
            # One with a number is the kernel's own and not our limit.
            if error.errno is not None:
                raise
            raise self.clock.expired() from None

    async def _raw_receive(self, sock: socket.socket) -> bytes:
        left = self.clock.left()
        try:
            if 0 <= self._streak < _EAGER_READS:
                try:
                    # Bytes that are here already need no timer.
                    data = sock.recv(READ_SIZE)
                except BlockingIOError:
                    self._streak = 0
                else:
                    self._streak += 1
                    return data
            elif self._streak != _JUST_SENT:
                await asyncio.sleep(0)
            self._streak = 0
            async with asyncio.timeout(left):
                return await asyncio.get_running_loop().sock_recv(sock, READ_SIZE)
        except OSError as error:
            if isinstance(error, TimeoutError) and error.errno is None:
                raise self.clock.expired() from None
            raise failures.broken(self.peer, error) from error

    async def _raw_send(self, sock: socket.socket, data: bytes) -> None:
        self._streak = _JUST_SENT
        try:
            # What fits into the socket's buffer, as nearly every request does, needs no timer.
            sent = sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise failures.broken(self.peer, error) from error
        if sent == len(data):
            return
        try:
            async with asyncio.timeout(self.clock.left()):
                await asyncio.get_running_loop().sock_sendall(sock, memoryview(data)[sent:])
        except OSError as error:
            if isinstance(error, TimeoutError) and error.errno is None:
                raise self.clock.expired() from None
            raise failures.broken(self.peer, error) from error

    @staticmethod
    def pool(site: Site) -> Pool:
        return site.loop_pool(asyncio.get_running_loop())

    @staticmethod
    async def acquire(slots: Any, clock: Clock) -> None:
        try:
            async with asyncio.timeout(clock.left()):
                await slots.acquire()
        except TimeoutError:
            raise clock.expired() from None
