"""An answer that is read piece by piece."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from mrt.http.exchange import Exchange
from mrt.http.line import run
from mrt.http.messages import Headers, HTTPResponse


class _Stream:
    __slots__ = ("_exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @property
    def status(self) -> int:
        """HTTP status."""
        return self._exchange.status

    @property
    def headers(self) -> Headers:
        """Header fields."""
        return self._exchange.headers


class HTTPStream(_Stream):
    """An open answer for a thread: iterate over its bytes, content encoding undone, inside a ``with`` block.

    Leaving the block before the end closes the connection; after the end, the next call uses it.
    """

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        piece = run(self._exchange.next())
        if piece is None:
            raise StopIteration
        return piece

    def read(self) -> HTTPResponse:
        """Read what is left, and return it as a whole response.

        Raises:
            InvokeBadResponseError: It is bigger than the transport allows. The body of an error is cut instead.
            InvokeConnectionError: It broke off.
        """
        return run(self._exchange.read())

    def drain(self) -> None:
        """After the vendor's end mark: read the little that may follow, so that the connection can be used again."""
        run(self._exchange.drain())

    def close(self) -> None:
        """Give up the rest. Closing twice is fine."""
        self._exchange.leave()


class AsyncHTTPStream(_Stream):
    """An open answer for an event loop: `HTTPStream` with ``async with``, ``async for`` and ``await``."""

    __slots__ = ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._exchange.next()
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def read(self) -> HTTPResponse:
        """Read what is left, and return it as a whole response.

        Raises:
            InvokeBadResponseError: It is bigger than the transport allows. The body of an error is cut instead.
            InvokeConnectionError: It broke off.
        """
        return await self._exchange.read()

    async def drain(self) -> None:
        """After the vendor's end mark: read the little that may follow, so that the connection can be used again."""
        await self._exchange.drain()

    async def aclose(self) -> None:
        """Give up the rest. Closing twice is fine."""
        self._exchange.leave()
