"""What `stream` and `astream` return."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

from mrt.entities.llm import LLMResult, LLMResultChunk

T = TypeVar("T")


class Stream(Generic[T]):
    """An answer that comes in pieces: iterate over it, and leave it early as you like.

    Leaving a ``with`` block, `close`, or dropping the last reference ends the vendor's work and frees the connection.
    The call starts with the first piece.
    """

    def __init__(self, pieces: Generator[T, None, None]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[T]:
        return self._pieces

    def __next__(self) -> T:
        return next(self._pieces)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the stream; closing twice is fine."""
        self._pieces.close()


class AsyncStream(Generic[T]):
    """An answer that comes in pieces, for ``async for``; otherwise as `Stream`."""

    def __init__(self, pieces: AsyncGenerator[T, None]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[T]:
        return self._pieces

    async def __anext__(self) -> T:
        return await anext(self._pieces)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the stream; closing twice is fine."""
        await self._pieces.aclose()


class LLMStream(Stream[LLMResultChunk]):
    """A language model's answer in chunks; the last chunk has usage and finish reason."""

    def __init__(self, pieces: Generator[LLMResultChunk, None, None], result: Callable[[], LLMResult | None]) -> None:
        super().__init__(pieces)
        self._result = result

    @property
    def result(self) -> LLMResult | None:
        """The whole answer, once the last chunk has been read; None before."""
        return self._result()


class AsyncLLMStream(AsyncStream[LLMResultChunk]):
    """A language model's answer in chunks, for ``async for``."""

    def __init__(self, pieces: AsyncGenerator[LLMResultChunk, None], result: Callable[[], LLMResult | None]) -> None:
        super().__init__(pieces)
        self._result = result

    @property
    def result(self) -> LLMResult | None:
        """The whole answer, once the last chunk has been read; None before."""
        return self._result()
