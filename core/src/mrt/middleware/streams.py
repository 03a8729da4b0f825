"""Steps that middleware around streams needs: the first chunk, and closing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any

END: Any = object()
"""What `first` and `afirst` return for a stream without chunks."""


def first(source: Iterator[Any]) -> Any:
    """Return a stream's first chunk, or `END`; a stream that fails before it is closed."""
    try:
        return next(source, END)
    except BaseException:
        close(source)
        raise


async def afirst(source: AsyncIterator[Any]) -> Any:
    """Return a stream's first chunk, or `END`; a stream that fails before it is closed."""
    try:
        return await anext(source, END)
    except BaseException:
        await aclose(source)
        raise


def rest(chunk: Any, source: Iterator[Any]) -> Generator[Any, None, None]:
    """Yield a stream's first chunk, which was taken already, then the others; close it in any case."""
    try:
        if chunk is not END:
            yield chunk
            yield from source
    finally:
        close(source)


async def arest(chunk: Any, source: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
    """Yield a stream's first chunk, which was taken already, then the others; close it in any case."""
    try:
        if chunk is not END:
            yield chunk
            async for later in source:
                yield later
    finally:
        await aclose(source)


def close(source: Any) -> None:
    """Close an iterator that can be closed."""
    method = getattr(source, "close", None)
    if method is not None:
        method()


async def aclose(source: Any) -> None:
    """Close an async iterator that can be closed."""
    method = getattr(source, "aclose", None)
    if method is not None:
        await method()
