"""The same calls from a thread and from an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from mrt.http.messages import Headers, HTTPRequest, HTTPResponse, Timeouts
from mrt.http.transport import Transport

T = TypeVar("T")


def post(url: str, content: bytes = b"{}", **headers: Any) -> HTTPRequest:
    """Return a request as plugins make them."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return HTTPRequest("POST", url, {"content-type": "application/json", **fields}, content)


def get(url: str) -> HTTPRequest:
    return HTTPRequest("GET", url)


class Streamed:
    """What came of a stream."""

    def __init__(self) -> None:
        self.status = 0
        self.headers = Headers()
        self.pieces: list[bytes] = []
        self.error: Exception | None = None

    @property
    def content(self) -> bytes:
        return b"".join(self.pieces)


class Way(Protocol):
    """One way to call; requests of one `send` share a thread or a loop."""

    def send(
        self, transport: Transport, *requests: HTTPRequest, timeouts: Timeouts | None = None
    ) -> list[HTTPResponse]:
        """Send requests one after another."""
        ...

    def stream(
        self,
        transport: Transport,
        request: HTTPRequest,
        timeouts: Timeouts | None = None,
        leave_after: int | None = None,
    ) -> Streamed:
        """Read a stream, and what error ended it; `leave_after` pieces, the stream is left."""
        ...

    def drained(self, transport: Transport, requests: Sequence[HTTPRequest], end: bytes) -> list[bytes]:
        """Read streams up to an end mark and drain them."""
        ...


class Threads:
    """From a thread."""

    def send(
        self, transport: Transport, *requests: HTTPRequest, timeouts: Timeouts | None = None
    ) -> list[HTTPResponse]:
        return [transport.send(request, timeouts) for request in requests]

    def stream(
        self,
        transport: Transport,
        request: HTTPRequest,
        timeouts: Timeouts | None = None,
        leave_after: int | None = None,
    ) -> Streamed:
        streamed = Streamed()
        with transport.open(request, timeouts) as stream:
            streamed.status, streamed.headers = stream.status, stream.headers
            try:
                for piece in stream:
                    streamed.pieces.append(piece)
                    if len(streamed.pieces) == leave_after:
                        break
                else:
                    assert list(stream) == []
            except Exception as error:
                streamed.error = error
        return streamed

    def drained(self, transport: Transport, requests: Sequence[HTTPRequest], end: bytes) -> list[bytes]:
        contents = []
        for request in requests:
            with transport.open(request) as stream:
                content = b""
                while end not in content:
                    content += next(stream)
                stream.drain()
            contents.append(content)
        return contents


class Loops:
    """From an event loop."""

    def send(
        self, transport: Transport, *requests: HTTPRequest, timeouts: Timeouts | None = None
    ) -> list[HTTPResponse]:
        async def run() -> list[HTTPResponse]:
            return [await transport.asend(request, timeouts) for request in requests]

        return finish(run())

    def stream(
        self,
        transport: Transport,
        request: HTTPRequest,
        timeouts: Timeouts | None = None,
        leave_after: int | None = None,
    ) -> Streamed:
        streamed = Streamed()

        async def run() -> None:
            async with await transport.aopen(request, timeouts) as stream:
                streamed.status, streamed.headers = stream.status, stream.headers
                try:
                    async for piece in stream:
                        streamed.pieces.append(piece)
                        if len(streamed.pieces) == leave_after:
                            break
                    else:
                        assert [piece async for piece in stream] == []
                except Exception as error:
                    streamed.error = error

        finish(run())
        return streamed

    def drained(self, transport: Transport, requests: Sequence[HTTPRequest], end: bytes) -> list[bytes]:
        async def run() -> list[bytes]:
            contents = []
            for request in requests:
                async with await transport.aopen(request) as stream:
                    content = b""
                    while end not in content:
                        content += await anext(stream)
                    await stream.drain()
                contents.append(content)
            return contents

        return finish(run())


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of its own."""
    return asyncio.run(coroutine)


WAYS = (Threads, Loops)
