"""Async calls of plugins that only know threads."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from queue import Empty, Full, Queue
from typing import Any

from mrt.entities.invocation import Invocation

QUEUE_SIZE = 16
"""Chunks that a stream may run ahead of its reader."""

_POLL = 0.1
"""Seconds after which a full queue looks whether its reader has left."""


def ainvoke_in_thread(invoke: Callable[[Invocation[Any]], Any], invocation: Invocation[Any]) -> Any:
    """Return an awaitable of the result, or an async iterator of the chunks, of a plugin's blocking `invoke`."""
    if invocation.stream:
        # The context of the call, with its time limits: when the first chunk is read, it is gone.
        return _stream(invoke, invocation, contextvars.copy_context())
    return asyncio.to_thread(invoke, invocation)


async def _stream(
    invoke: Callable[[Invocation[Any]], Any], invocation: Invocation[Any], context: contextvars.Context
) -> AsyncIterator[Any]:
    loop = asyncio.get_running_loop()
    chunks: Queue[tuple[Any, BaseException | None]] = Queue(QUEUE_SIZE)
    ready = asyncio.Event()
    left = threading.Event()

    def wake() -> None:
        try:
            loop.call_soon_threadsafe(ready.set)
        except RuntimeError:
            # The loop was closed under a reader that never came back.
            left.set()

    def put(item: tuple[Any, BaseException | None]) -> bool:
        while not left.is_set():
            try:
                chunks.put(item, timeout=_POLL)
            except Full:
                continue
            wake()
            return not left.is_set()
        return False

    def run() -> None:
        error: BaseException = StopAsyncIteration()
        result: Any = None
        try:
            result = invoke(invocation)
            for chunk in _as_iterator(result):
                if not put((chunk, None)):
                    break
        except BaseException as caught:
            error = caught
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        put((None, error))

    threading.Thread(target=context.run, args=(run,), name="mrt-stream", daemon=True).start()
    try:
        while True:
            ready.clear()
            try:
                chunk, error = chunks.get_nowait()
            except Empty:
                await ready.wait()
                continue
            if isinstance(error, StopAsyncIteration):
                return
            if error is not None:
                raise error
            yield chunk
    finally:
        left.set()
        # Room for a thread that waits with its next chunk: it sees at once that its reader has left.
        while not chunks.empty():
            chunks.get_nowait()


def _as_iterator(result: Any) -> Iterator[Any]:
    if isinstance(result, (bytes, bytearray, str)) or not hasattr(result, "__iter__"):
        return iter((result,))
    return iter(result)
