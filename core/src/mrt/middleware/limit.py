"""Limits how many calls run at once, and how many start per second."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from mrt.entities.invocation import Invocation
from mrt.errors import InvokeRateLimitError
from mrt.middleware.base import AsyncCall, AsyncStream, Call, Middleware, Stream
from mrt.middleware.gate import Gate
from mrt.middleware.streams import aclose, close


class Limit(Middleware):
    """Lets calls wait for their turn; threads and event loops share the limits.

    A stream keeps its place until it ends or is closed.

    Args:
        concurrency: Most calls at once.
        per_second: Calls that may start per second in the long run.
        burst: Calls that may start at once after a pause.
        timeout: Seconds that a call waits for a place, and again for its turn; then it fails with
            `InvokeRateLimitError`.
        provider: Only calls of this provider.
        model: Only calls of this model.
        sleep: Waits in threads.
        asleep: Waits in event loops.
        clock: Gives seconds.
    """

    def __init__(
        self,
        *,
        concurrency: int | None = None,
        per_second: float | None = None,
        burst: int = 1,
        timeout: float | None = None,
        provider: str | None = None,
        model: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        asleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if concurrency is None and per_second is None:
            raise ValueError("give concurrency, per_second, or both")
        if (concurrency is not None and concurrency < 1) or (per_second is not None and per_second <= 0) or burst < 1:
            raise ValueError("concurrency and burst are at least 1, per_second is more than 0")
        self.timeout = timeout
        self.provider = provider
        self.model = model
        self._gate = None if concurrency is None else Gate(concurrency)
        self._bucket = None if per_second is None else _Bucket(per_second, burst, clock)
        self._sleep = sleep
        self._asleep = asleep

    def call(self, invocation: Invocation[Any], call_next: Call) -> Any:
        if not self._concerns(invocation):
            return call_next(invocation)
        self._enter(invocation)
        try:
            self._wait_turn(invocation)
            return call_next(invocation)
        finally:
            self._leave()

    async def acall(self, invocation: Invocation[Any], call_next: AsyncCall) -> Any:
        if not self._concerns(invocation):
            return await call_next(invocation)
        await self._aenter(invocation)
        try:
            await self._await_turn(invocation)
            return await call_next(invocation)
        finally:
            self._leave()

    def stream(self, invocation: Invocation[Any], call_next: Stream) -> Iterator[Any]:
        return self._stream(invocation, call_next) if self._concerns(invocation) else call_next(invocation)

    def astream(self, invocation: Invocation[Any], call_next: AsyncStream) -> AsyncIterator[Any]:
        return self._astream(invocation, call_next) if self._concerns(invocation) else call_next(invocation)

    def _stream(self, invocation: Invocation[Any], call_next: Stream) -> Iterator[Any]:
        self._enter(invocation)
        source: Any = None
        try:
            self._wait_turn(invocation)
            source = call_next(invocation)
            yield from source
        finally:
            try:
                close(source)
            finally:
                self._leave()

    async def _astream(self, invocation: Invocation[Any], call_next: AsyncStream) -> AsyncIterator[Any]:
        await self._aenter(invocation)
        source: Any = None
        try:
            await self._await_turn(invocation)
            source = call_next(invocation)
            async for chunk in source:
                yield chunk
        finally:
            try:
                await aclose(source)
            finally:
                self._leave()

    def _concerns(self, invocation: Invocation[Any]) -> bool:
        return self.provider in (None, invocation.provider) and self.model in (None, invocation.model)

    def _enter(self, invocation: Invocation[Any]) -> None:
        if self._gate is not None and not self._gate.enter(self.timeout):
            raise self._crowded(invocation)

    async def _aenter(self, invocation: Invocation[Any]) -> None:
        if self._gate is not None and not await self._gate.aenter(self.timeout):
            raise self._crowded(invocation)

    def _leave(self) -> None:
        if self._gate is not None:
            self._gate.leave()

    def _wait_turn(self, invocation: Invocation[Any]) -> None:
        delay = self._delay(invocation)
        if delay > 0 and self._bucket is not None:
            try:
                self._sleep(delay)
            except BaseException:
                self._bucket.give_back()
                raise

    async def _await_turn(self, invocation: Invocation[Any]) -> None:
        delay = self._delay(invocation)
        if delay > 0 and self._bucket is not None:
            try:
                await self._asleep(delay)
            except BaseException:
                self._bucket.give_back()
                raise

    def _delay(self, invocation: Invocation[Any]) -> float:
        if self._bucket is None:
            return 0.0
        delay = self._bucket.take()
        if self.timeout is not None and delay > self.timeout:
            self._bucket.give_back()
            raise InvokeRateLimitError(
                f"this program's own limit of calls per second is reached, and the turn is {delay:.1f} s away",
                provider=invocation.provider,
                model=invocation.model,
                retry_after=delay,
            )
        return delay

    def _crowded(self, invocation: Invocation[Any]) -> InvokeRateLimitError:
        return InvokeRateLimitError(
            f"this program's own limit of calls at once is reached, and no place got free in {self.timeout:g} s",
            provider=invocation.provider,
            model=invocation.model,
        )


class _Bucket:
    """A token bucket: whoever takes a token that is not there yet is told how long to wait for it."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._clock = clock
        self._tokens = self._burst
        self._counted = clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._counted) * self._per_second)
            self._counted = now
            self._tokens -= 1.0
            return max(0.0, -self._tokens / self._per_second)

    def give_back(self) -> None:
        with self._lock:
            self._tokens += 1.0
