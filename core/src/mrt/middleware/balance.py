"""Spreads a provider's calls over several credentials."""

from __future__ import annotations

import copy
import dataclasses
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from mrt.entities.invocation import Invocation
from mrt.entities.secret import Credentials, Secret
from mrt.errors import InvokeAuthorizationError, InvokeConnectionError, InvokeError, InvokeRateLimitError
from mrt.middleware.attempts import FailedAttempt, record, report_attempt
from mrt.middleware.base import AsyncCall, AsyncStream, Call, Middleware, Stream
from mrt.middleware.streams import END, aclose, afirst, close, first, rest

RATE_LIMIT_REST = 60.0
OTHER_REST = 10.0

_CAUSES = (InvokeRateLimitError, InvokeAuthorizationError, InvokeConnectionError)


class Balance(Middleware):
    """Takes a provider's credentials in turns, and lets those rest that failed.

    A rate limit rests credentials for 60 seconds, or as long as the vendor asked for if that is longer; an
    authorization or connection error for 10. The call goes on with the next ones at once, a stream only before its
    first chunk; a later error rests its credentials, too. When all rest, the error of those that are back first is
    raised, with `retry_after`.

    Args:
        provider: The provider whose calls these credentials are for; calls of others pass.
        credentials: What to use in turns, instead of the handle's own. A mapping is laid over the handle's
            credentials, so it need only hold what differs; `Credentials` are taken as they are.
        model: Only calls of this model.
        clock: Gives seconds.
    """

    def __init__(
        self,
        provider: str,
        *credentials: Mapping[str, Any],
        model: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not credentials:
            raise ValueError("name the credentials to take in turns")
        self.provider = provider
        self.model = model
        self._seats = [_Seat(item) for item in credentials]
        self._clock = clock
        self._lock = threading.Lock()
        self._turn = 0

    def call(self, invocation: Invocation[Any], call_next: Call) -> Any:
        if not self._concerns(invocation):
            return call_next(invocation)
        run = _Run(self, invocation)
        while True:
            try:
                return call_next(run.prepare())
            except _CAUSES as error:
                run.failed(error)

    async def acall(self, invocation: Invocation[Any], call_next: AsyncCall) -> Any:
        if not self._concerns(invocation):
            return await call_next(invocation)
        run = _Run(self, invocation)
        while True:
            try:
                return await call_next(run.prepare())
            except _CAUSES as error:
                run.failed(error)

    def stream(self, invocation: Invocation[Any], call_next: Stream) -> Iterator[Any]:
        if not self._concerns(invocation):
            return call_next(invocation)
        return self._stream(invocation, call_next)

    def astream(self, invocation: Invocation[Any], call_next: AsyncStream) -> AsyncIterator[Any]:
        if not self._concerns(invocation):
            return call_next(invocation)
        return self._astream(invocation, call_next)

    def _stream(self, invocation: Invocation[Any], call_next: Stream) -> Iterator[Any]:
        run = _Run(self, invocation)
        while True:
            try:
                source = call_next(run.prepare())
                chunk = first(source)
                break
            except _CAUSES as error:
                run.failed(error)
        try:
            yield from rest(chunk, source)
        except _CAUSES as error:
            run.rest_after(error)
            raise
        finally:
            close(source)

    async def _astream(self, invocation: Invocation[Any], call_next: AsyncStream) -> AsyncIterator[Any]:
        run = _Run(self, invocation)
        while True:
            try:
                source = call_next(run.prepare())
                chunk = await afirst(source)
                break
            except _CAUSES as error:
                run.failed(error)
        try:
            while chunk is not END:
                yield chunk
                chunk = await anext(source, END)
        except _CAUSES as error:
            run.rest_after(error)
            raise
        finally:
            await aclose(source)

    def _concerns(self, invocation: Invocation[Any]) -> bool:
        return invocation.provider == self.provider and self.model in (None, invocation.model)

    def take(self, tried: set[int]) -> _Seat | None:
        """Return the next credentials in turn that are not resting and were not tried; None when there are none."""
        with self._lock:
            now = self._clock()
            for step in range(len(self._seats)):
                place = (self._turn + step) % len(self._seats)
                if place not in tried and self._seats[place].until <= now:
                    self._turn = place + 1
                    tried.add(place)
                    return self._seats[place]
        return None

    def rest(self, seat: _Seat, error: InvokeError) -> None:
        """Let credentials rest; of two reasons, the one that lasts longer counts."""
        seconds = RATE_LIMIT_REST if isinstance(error, InvokeRateLimitError) else OTHER_REST
        until = self._clock() + max(seconds, error.retry_after or 0.0)
        with self._lock:
            if until > seat.until:
                seat.until, seat.error = until, error

    def soonest(self) -> InvokeError:
        """Return the error of the credentials that are back first, with the seconds until then."""
        with self._lock:
            seat = min(self._seats, key=lambda item: item.until)
            assert seat.error is not None
            error = copy.copy(seat.error)
            error.retry_after = max(0.0, seat.until - self._clock())
        error.__cause__ = seat.error
        return error


class _Seat:
    """Credentials, and until when they rest."""

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._credentials = credentials
        self._made: tuple[str, Credentials] | None = None
        self.until = float("-inf")
        self.error: InvokeError | None = None

    def over(self, own: Credentials) -> Credentials:
        """Return these credentials, completed by a handle's own."""
        if isinstance(self._credentials, Credentials):
            return self._credentials
        made = self._made
        if made is None or made[0] != own.fingerprint:
            # What is secret in the form is secret here; a field that the form did not have is, to be safe.
            plain = {name for name, value in own.items() if not isinstance(value, Secret)}
            secret = frozenset(name for name in self._credentials if name not in plain)
            made = self._made = (own.fingerprint, Credentials({**own, **self._credentials}, secret))
        return made[1]


class _Run:
    """The attempts of one call."""

    def __init__(self, balance: Balance, invocation: Invocation[Any]) -> None:
        self._balance = balance
        self._asked = self._current = invocation
        self._tried: set[int] = set()
        self._failed: list[FailedAttempt] = []
        self._seat = self._next()

    def prepare(self) -> Invocation[Any]:
        """Return the invocation with the credentials whose turn it is."""
        self._current = dataclasses.replace(self._asked, credentials=self._seat.over(self._asked.credentials))
        return self._current

    def rest_after(self, error: InvokeError) -> None:
        """Let the current credentials rest."""
        self._balance.rest(self._seat, error)

    def failed(self, error: InvokeError) -> None:
        """Let the current credentials rest and turn to the next; raise when none are left."""
        self.rest_after(error)
        self._failed.append(report_attempt(self._current, error))
        self._seat = self._next()

    def _next(self) -> _Seat:
        seat = self._balance.take(self._tried)
        if seat is None:
            error = self._balance.soonest()
            record(error, self._failed)
            raise error
        return seat
