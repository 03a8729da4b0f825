"""F46 to F49: connections that fail, hang, go stale, or wait for each other."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from typing import TYPE_CHECKING, Any

from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.faults.base import EVERY, Fault, fault
from mrt_testing_kit.server.wire import Ending, Hold, Pause, Reply, Send, Step

if TYPE_CHECKING:
    from mrt_testing_kit.server.app import OracleServer
    from mrt_testing_kit.server.script import Entry


@fault(
    "F46", "refused, DNS, TLS", options={"how": "refused"}, choices={"how": ("refused", "dns", "reset", "close", "tls")}
)
class Unreachable(Fault):
    """No connection. ``refused`` and ``dns`` give an address that shows it, as ``entry.url``.

    ``reset`` and ``close`` end a connection as soon as it stands, ``tls`` breaks the handshake of a TLS server.
    """

    kinds = EVERY

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        how = self.o["how"]
        self.stage = "url" if how in ("refused", "dns") else "handshake" if how == "tls" else "connect"

    def greet(self) -> Ending:
        return "reset" if self.o["how"] == "reset" else "close"

    def prepare(self, server: OracleServer, entry: Entry) -> None:
        if self.o["how"] == "dns":
            # A name that RFC 6761 keeps from ever resolving.
            entry.offer("http://oracle.invalid")
        elif self.o["how"] == "refused":
            # Bound but not listening: the port is ours, and it refuses.
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sock.bind(("127.0.0.1", 0))
            entry.cleanup.append(sock.close)
            entry.offer(f"http://127.0.0.1:{sock.getsockname()[1]}")


@fault(
    "F47",
    "connect and read timeouts",
    options={"where": "first-byte", "seconds": math.inf},
    choices={"where": ("connect", "first-byte", "head", "read")},
)
class Silence(Fault):
    """Nobody answers: the connection (``connect``, shown by ``entry.url``), the request, or the rest of a reply."""

    kinds = EVERY

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.stage = "url" if self.o["where"] == "connect" else "request"

    def prepare(self, server: OracleServer, entry: Entry) -> None:
        if self.o["where"] != "connect":
            return
        # A listener whose queue is full answers no further connection.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        entry.cleanup.append(listener.close)
        for _ in range(4):
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                sock.connect(listener.getsockname())
            entry.cleanup.append(sock.close)
        entry.offer(f"http://127.0.0.1:{listener.getsockname()[1]}")

    def steps(self, steps: list[Step], call: Call) -> list[Step]:
        pause = Pause(float(self.o["seconds"]))
        data = b"".join(step.data for step in steps if isinstance(step, Send))
        head = data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        sizes = {"first-byte": 0, "head": len(head) // 2, "read": len(head) + (len(data) - len(head)) // 2}
        cut = sizes[self.o["where"]]
        return [*([Send(data[:cut])] if cut else []), pause, Send(data[cut:])]


@fault("F48", "stale connection", options={"how": "close"}, choices={"how": ("close", "reset", "idle")})
class Stale(Fault):
    """A kept connection is closed when the next request comes on it, or (``idle``) unannounced after an answer."""

    kinds = EVERY

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.stage = "request" if self.o["how"] == "idle" else "kept"

    def greet(self) -> Ending:
        return "reset" if self.o["how"] == "reset" else "close"

    def reply(self, reply: Reply, call: Call) -> Reply:
        reply.ending = "close"
        reply.headers.append(("connection", "keep-alive"))
        return reply


@fault("F49", "barrier", options={"count": 2, "seconds": 10.0})
class Barrier(Fault):
    """Nobody is answered until so many requests have come, or the time is up (``timed_out``)."""

    kinds = EVERY

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.arrived = 0
        self.timed_out = False
        self._open: asyncio.Event | None = None

    def prepare(self, server: OracleServer, entry: Entry) -> None:
        if entry.times is not None:
            entry.times = max(entry.times, int(self.o["count"]))

    def reply(self, reply: Reply, call: Call) -> Reply:
        if self._open is None:
            self._open = asyncio.Event()
        self.arrived += 1
        if self.arrived >= int(self.o["count"]):
            self._open.set()
        reply.before.append(Hold(self._wait))
        return reply

    async def _wait(self) -> None:
        assert self._open is not None
        try:
            await asyncio.wait_for(self._open.wait(), float(self.o["seconds"]))
        except TimeoutError:
            self.timed_out = True
