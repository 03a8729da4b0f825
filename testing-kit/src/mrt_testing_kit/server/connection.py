"""One connection: requests in, steps out, raw bytes all the way."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import struct
from collections import deque
from typing import Protocol, cast

from mrt_testing_kit.server.parser import BadRequest, Message, RequestParser
from mrt_testing_kit.server.request import ConnectionRecord, Outcome, RecordedRequest
from mrt_testing_kit.server.wire import Ending, Hold, Pause, Send, Step

RESPONSE_KEPT = 1 << 16
"""Bytes of an answer that its record keeps."""

Plan = tuple[list[Step], Ending]


class Hub(Protocol):
    """What a connection needs of its server."""

    def opened(self, connection: Connection) -> Ending:
        """Note a new connection and say what becomes of it: ``keep`` for an ordinary one."""
        ...

    def closed(self, connection: Connection) -> None:
        """Note the end of a connection."""
        ...

    def received(self, connection: Connection, message: Message) -> RecordedRequest:
        """Note a request."""
        ...

    def plan(self, connection: Connection, request: RecordedRequest) -> Plan:
        """Say what is to be sent for a request."""
        ...

    def finished(self, request: RecordedRequest) -> None:
        """Note that a request's outcome is known."""
        ...

    def stale(self, connection: Connection) -> Ending:
        """Say what becomes of a kept connection on which further bytes come."""
        ...


SEND_BUFFER = 32768
"""Bytes that the system keeps for a peer that reads slowly."""

LARGE = 1 << 20
"""Bytes of a piece that are too many for the small buffer, and the bytes that the system then keeps."""


class Connection(asyncio.Protocol):
    """Reads requests and plays plans, one request after the other, also when they are pipelined."""

    def __init__(self, hub: Hub, record: ConnectionRecord) -> None:
        self.hub = hub
        self.record = record
        self.parser = RequestParser()
        self.queue: deque[Message] = deque()
        self.current: RecordedRequest | None = None
        self.task: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport | None = None
        self.muted = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._ended_by_us = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start, unless a fault says otherwise."""
        self.transport = cast(asyncio.Transport, transport)
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                # A small buffer, so that a long answer is still being written while its reader leaves.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        ending = self.hub.opened(self)
        if ending == "hang":
            self.muted = True
        elif ending != "keep":
            self.end(ending)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note who ended it, and stop whatever was being sent."""
        record = self.record
        if record.closed_by is None:
            record.closed_by = "server" if self._ended_by_us else "peer"
        record.reset = exc is not None
        if self.current is not None:
            if not self._ended_by_us:
                record.left_during = self.current.id
                self._outcome("left")
            else:
                self._outcome("cut")
        if self.task is not None:
            self.task.cancel()
        self._writable.set()
        self.hub.closed(self)

    def eof_received(self) -> bool:
        """Take the peer's end of sending as its leave, as the servers that we stand for do."""
        return False

    def data_received(self, data: bytes) -> None:
        """Read requests out of the bytes."""
        if self.muted or self.transport is None or self.transport.is_closing():
            return
        if self.record.requests and self.parser.idle and self.current is None:
            ending = self.hub.stale(self)
            if ending != "keep":
                self.end(ending)
                return
        try:
            self.queue.extend(self.parser.feed(data))
        except BadRequest as exc:
            body = f"{exc}\n".encode()
            head = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
            self.transport.write(head + body)
            self.end("close")
            return
        if self.parser.wants_continue:
            self.parser.wants_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self.current is None:
            self._advance()

    def pause_writing(self) -> None:
        """The peer reads slowly: wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The peer has read: go on."""
        self._writable.set()

    def end(self, ending: Ending) -> None:
        """End the connection: ``close`` after all bytes are out, or ``reset`` at once."""
        if self.transport is None:
            return
        self._ended_by_us = True
        if ending == "close":
            self.transport.close()
            return
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _advance(self) -> None:
        while self.queue and self.transport is not None and not self.transport.is_closing():
            message = self.queue.popleft()
            request = self.hub.received(self, message)
            steps, ending = self.hub.plan(self, request)
            if ending == "keep" and not message.keep_alive:
                ending = "close"
            self.current = request
            if len(steps) == 1 and isinstance(steps[0], Send) and ending == "keep":
                self._send(steps[0].data)
                self._outcome("answered")
                continue
            self.task = asyncio.get_running_loop().create_task(self._play(steps, ending))
            return

    async def _play(self, steps: list[Step], ending: Ending) -> None:
        assert self.transport is not None
        for step in steps:
            if isinstance(step, Send):
                if not self._writable.is_set():
                    await self._writable.wait()
                self._send(step.data)
                await asyncio.sleep(0)
            elif isinstance(step, Pause):
                if math.isinf(step.seconds):
                    await asyncio.get_running_loop().create_future()
                await asyncio.sleep(step.seconds)
            else:
                await step.until()
            if self.transport.is_closing():
                return
        if ending == "hang":
            await asyncio.get_running_loop().create_future()
        self.task = None
        if ending == "keep":
            self._outcome("answered")
            self._advance()
            return
        self._outcome("cut" if ending == "reset" else "answered")
        self.end(ending)

    def _send(self, data: bytes) -> None:
        assert self.transport is not None
        # Kept first: the client may have read the answer before the next line runs.
        if self.current is not None:
            room = RESPONSE_KEPT - len(self.current.response)
            self.current.response += data[: max(0, room)]
        if len(data) > LARGE and (sock := self.transport.get_extra_info("socket")) is not None:
            # With a small buffer, a peer that acknowledges late takes seconds for megabytes.
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGE)
        self.transport.write(data)

    def _outcome(self, outcome: Outcome) -> None:
        request, self.current = self.current, None
        if request is not None and request.outcome == "pending":
            request.outcome = outcome
            self.hub.finished(request)


__all__ = ["Connection", "Hold", "Hub", "Plan"]
