"""Repeats calls that failed and may succeed later."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from mrt.entities.invocation import Invocation
from mrt.errors import InvokeError
from mrt.http.context import CallContext
from mrt.middleware.attempts import FailedAttempt, record, report_attempt
from mrt.middleware.base import AsyncCall, AsyncStream, Call, Middleware, Stream
from mrt.middleware.streams import afirst, arest, first, rest


class Retry(Middleware):
    """Repeats calls whose error is `retryable`: one layer, and one time limit for all attempts together.

    Streams are repeated only before their first chunk. The vendor's Retry-After is honoured; without it the wait is
    random between nothing and a limit that doubles (full jitter), so that many callers do not come back at once.

    Args:
        attempts: Most attempts, the first one included.
        deadline: Seconds for all attempts and waits; None is no limit. It also shortens the time limits of each
            attempt; of a stream, those up to the first byte.
        base: Seconds that the first wait takes at most.
        cap: Seconds that any wait takes at most, unless the vendor asks for more.
        sleep: Waits in threads.
        asleep: Waits in event loops.
        clock: Gives seconds.
        jitter: Gives numbers from 0 to 1.
    """

    def __init__(
        self,
        attempts: int = 3,
        *,
        deadline: float | None = 120.0,
        base: float = 0.5,
        cap: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        asleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if attempts < 1:
            raise ValueError("attempts counts the first one, so it is at least 1")
        self.attempts = attempts
        self.deadline = deadline
        self.base = base
        self.cap = cap
        self.sleep = sleep
        self.asleep = asleep
        self.clock = clock
        self.jitter = jitter

    def call(self, invocation: Invocation[Any], call_next: Call) -> Any:
        run = _Run(self, invocation)
        while True:
            try:
                return call_next(run.limited())
            except InvokeError as error:
                wait = run.wait_after(error)
                if wait is None:
                    raise
            self.sleep(wait)

    async def acall(self, invocation: Invocation[Any], call_next: AsyncCall) -> Any:
        run = _Run(self, invocation)
        while True:
            try:
                return await call_next(run.limited())
            except InvokeError as error:
                wait = run.wait_after(error)
                if wait is None:
                    raise
            await self.asleep(wait)

    def stream(self, invocation: Invocation[Any], call_next: Stream) -> Iterator[Any]:
        run = _Run(self, invocation)
        while True:
            try:
                source = call_next(run.limited())
                chunk = first(source)
                break
            except InvokeError as error:
                wait = run.wait_after(error)
                if wait is None:
                    raise
            self.sleep(wait)
        yield from rest(chunk, source)

    async def astream(self, invocation: Invocation[Any], call_next: AsyncStream) -> AsyncIterator[Any]:
        run = _Run(self, invocation)
        while True:
            try:
                source = call_next(run.limited())
                chunk = await afirst(source)
                break
            except InvokeError as error:
                wait = run.wait_after(error)
                if wait is None:
                    raise
            await self.asleep(wait)
        remaining = arest(chunk, source)
        try:
            async for later in remaining:
                yield later
        finally:
            await remaining.aclose()


class _Run:
    """The attempts of one call."""

    def __init__(self, policy: Retry, invocation: Invocation[Any]) -> None:
        self._policy = policy
        self._invocation = invocation
        self._started = policy.clock()
        self._failed: list[FailedAttempt] = []

    def limited(self) -> Invocation[Any]:
        """Return the invocation with time limits that fit into what is left."""
        context, deadline = self._invocation.context, self._policy.deadline
        if deadline is None or not isinstance(context, CallContext):
            return self._invocation
        left = max(0.001, deadline - (self._policy.clock() - self._started))
        if self._invocation.stream:
            limits = context.timeouts
            limits = dataclasses.replace(
                limits, connect=_least(limits.connect, left), first_byte=_least(limits.first_byte, left)
            )
        else:
            limits = context.limited(left)
        return dataclasses.replace(self._invocation, context=dataclasses.replace(context, timeouts=limits))

    def wait_after(self, error: InvokeError) -> float | None:
        """Return the seconds to wait before the next attempt; None when there is none, and the error is final."""
        policy, number = self._policy, len(self._failed) + 1
        wait = min(policy.cap, policy.base * 2.0 ** (number - 1)) * policy.jitter()
        wait = max(wait, error.retry_after or 0.0)
        spent = policy.clock() - self._started
        in_time = policy.deadline is None or spent + wait < policy.deadline
        if error.retryable and number < policy.attempts and in_time:
            self._failed.append(report_attempt(self._invocation, error, wait))
            return wait
        record(error, self._failed)
        return None


def _least(limit: float | None, left: float) -> float:
    return left if limit is None else min(limit, left)
