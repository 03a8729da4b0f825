"""A server on a thread of its own, with a loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import socket
import ssl
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from mrt_testing_kit.server.connection import Connection, Plan
from mrt_testing_kit.server.parser import Message
from mrt_testing_kit.server.request import ConnectionRecord, RecordedRequest
from mrt_testing_kit.server.wire import Ending, Reply, text_reply

BACKLOG = 4096


class Connections:
    """The connections of a server, oldest first. Iterate over it, or ask for the counts."""

    def __init__(self, lock: threading.Condition) -> None:
        self._lock = lock
        self._all: list[ConnectionRecord] = []

    def __iter__(self) -> Iterator[ConnectionRecord]:
        with self._lock:
            return iter(list(self._all))

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, at: int) -> ConnectionRecord:
        return self._all[at]

    @property
    def opened(self) -> int:
        """How many were ever opened."""
        return len(self._all)

    @property
    def closed(self) -> int:
        """How many have ended."""
        return sum(1 for record in self if not record.open)

    @property
    def live(self) -> int:
        """How many stand now."""
        return sum(1 for record in self if record.open)

    def add(self, record: ConnectionRecord) -> None:
        """Note a new one; the caller holds the lock."""
        self._all.append(record)

    def clear(self) -> None:
        """Forget those that have ended; the caller holds the lock."""
        self._all = [record for record in self._all if record.open]


class LoopServer:
    """The part that every server of the kit shares: thread, sockets, records. ``respond`` says what it speaks.

    Args:
        host: a loopback address.
        port: 0 takes a free one.
        ssl_context: speak TLS with it.
        keep: how many requests to remember; None remembers all.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
        keep: int | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.ssl_context = ssl_context
        self.changed = threading.Condition(threading.RLock())
        self.connections = Connections(self.changed)
        self.errors: list[str] = []
        self._requests: deque[RecordedRequest] = deque(maxlen=keep)
        self._live: set[Connection] = set()
        self._request_ids = itertools.count(1)
        self._connection_ids = itertools.count(1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._listener: asyncio.AbstractServer | None = None
        self._stop: asyncio.Event | None = None

    # What a subclass gives.

    def respond(self, request: RecordedRequest) -> Reply:
        """Say what to answer; runs on the server's thread."""
        raise NotImplementedError

    def greet(self, record: ConnectionRecord) -> Ending:
        """Say what becomes of a new connection."""
        return "keep"

    def revisit(self, record: ConnectionRecord) -> Ending:
        """Say what becomes of a kept connection on which a further request begins."""
        return "keep"

    # Life.

    def start(self) -> Self:
        """Listen, on a thread of its own.

        Raises:
            OSError: the port is taken.
            RuntimeError: it runs already.
        """
        if self._thread is not None:
            raise RuntimeError("the server runs already")
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self.host, self.port))
            sock.listen(BACKLOG)
        except OSError as exc:
            sock.close()
            if exc.errno == errno.EADDRINUSE:
                raise OSError(exc.errno, f"port {self.port} of {self.host} is in use") from None
            raise
        self.port = sock.getsockname()[1]
        ready = threading.Event()
        failure: list[BaseException] = []
        self._thread = threading.Thread(
            target=self._run, args=(sock, ready, failure), name=f"mrt-oracle-{self.port}", daemon=True
        )
        self._thread.start()
        ready.wait()
        if failure:
            self._thread.join()
            self._thread = None
            raise failure[0]
        return self

    def stop(self) -> None:
        """Cut every connection, free the port and end the thread. A second call does nothing."""
        thread, loop = self._thread, self._loop
        if thread is None or loop is None:
            return
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._ask_to_stop)
        thread.join()
        self._thread = self._loop = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Scheme, host and port, without a path and without a slash at the end."""
        scheme = "https" if self.ssl_context is not None else "http"
        return f"{scheme}://{self.host}:{self.port}"

    # What tests ask.

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request so far, in the order in which they were complete."""
        with self.changed:
            return list(self._requests)

    def wait_for(self, predicate: Callable[[], object], timeout: float = 5.0) -> bool:
        """Wait until a predicate holds.

        Args:
            predicate: asked now, and after each request, answer, opening and closing of a connection.
            timeout: seconds.

        Returns:
            Whether it held in time.
        """
        with self.changed:
            return self.changed.wait_for(lambda: bool(predicate()), timeout)

    def call_soon(self, action: Callable[[], object]) -> None:
        """Run something on the server's thread and wait until it is done."""
        loop = self._loop
        if loop is None:
            raise RuntimeError("the server does not run")
        done = threading.Event()

        def run() -> None:
            try:
                action()
            finally:
                done.set()

        loop.call_soon_threadsafe(run)
        done.wait()

    def disconnect_all(self) -> None:
        """Cut every connection with a reset."""
        self.disconnect(None)

    def disconnect(self, requests: Iterable[RecordedRequest] | None) -> None:
        """Cut the connections that carry these requests with a reset; None means every connection."""
        carriers = None if requests is None else {request.connection for request in requests}

        def cut() -> None:
            for connection in list(self._live):
                if carriers is None or connection.record.id in carriers:
                    connection.end("reset")

        self.call_soon(cut)

    def forget(self) -> None:
        """Forget recorded requests and ended connections."""
        with self.changed:
            self._requests.clear()
            self.connections.clear()

    # What connections tell.

    def opened(self, connection: Connection) -> Ending:
        """Note a new connection."""
        with self.changed:
            self._live.add(connection)
            self.connections.add(connection.record)
            ending = self.greet(connection.record)
            self.changed.notify_all()
        return ending

    def closed(self, connection: Connection) -> None:
        """Note the end of a connection."""
        with self.changed:
            self._live.discard(connection)
            connection.record.closed = asyncio.get_running_loop().time()
            self.changed.notify_all()

    def received(self, connection: Connection, message: Message) -> RecordedRequest:
        """Note a request."""
        request = RecordedRequest(
            id=next(self._request_ids),
            connection=connection.record.id,
            method=message.method,
            target=message.target,
            headers=message.headers,
            body=message.body,
            head=message.head,
            version=message.version,
        )
        with self.changed:
            self._requests.append(request)
            connection.record.requests.append(request.id)
            self.changed.notify_all()
        return request

    def plan(self, connection: Connection, request: RecordedRequest) -> Plan:
        """Say what is to be sent for a request."""
        try:
            reply = self.respond(request)
            request.status = reply.status
            steps = reply.steps if reply.steps is not None else reply.make_steps(head_only=request.method == "HEAD")
            return steps, reply.ending
        except Exception:
            # A bug of the server must show as such, not as a vendor's fault.
            trace = traceback.format_exc()
            self.errors.append(trace)
            reply = text_reply(f"the testing kit's server failed:\n{trace}", 500)
            request.status = 500
            return reply.make_steps(), "close"

    def finished(self, request: RecordedRequest) -> None:
        """Note that a request's outcome is known."""
        with self.changed:
            self.changed.notify_all()

    def stale(self, connection: Connection) -> Ending:
        """Ask what becomes of a kept connection."""
        return self.revisit(connection.record)

    # The thread.

    def _run(self, sock: socket.socket, ready: threading.Event, failure: list[BaseException]) -> None:
        loop = asyncio.new_event_loop()
        self._loop = loop
        try:
            loop.run_until_complete(self._serve(sock, ready, failure))
        finally:
            ready.set()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    async def _serve(self, sock: socket.socket, ready: threading.Event, failure: list[BaseException]) -> None:
        loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            self._listener = await loop.create_server(
                lambda: Connection(self, ConnectionRecord(next(self._connection_ids))),
                sock=sock,
                ssl=self.ssl_context,
                backlog=BACKLOG,
            )
        except BaseException as exc:
            sock.close()
            failure.append(exc)
            return
        ready.set()
        await self._stop.wait()
        self._listener.close()
        for connection in list(self._live):
            connection.end("reset")
        # Two turns of the loop: one in which transports report their end, one in which cancelled tasks end.
        for _ in range(3):
            await asyncio.sleep(0)
        tasks = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ask_to_stop(self) -> None:
        if self._stop is not None:
            self._stop.set()
