"""Base of middleware that only watches: what there is to say about one call, gathered once for all four ways."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from mrt.entities.invocation import Invocation
from mrt.entities.llm import LLMResult, LLMResultChunk
from mrt.entities.usage import EmbeddingUsage, LLMUsage
from mrt.middleware.attempts import FailedAttempt, watch_attempts
from mrt.middleware.base import AsyncCall, AsyncStream, Call, Middleware, Stream
from mrt.middleware.streams import END, aclose, afirst, close, first


class Observation:
    """What is known of one call.

    Attributes:
        invocation: The call as the caller made it.
        duration: Seconds that it took, for a stream up to its end.
        time_to_first_chunk: Seconds to a stream's first chunk; None for other calls.
        chunks: Number of chunks.
        error: What ended it; None when it ended well, or when the caller left the stream.
        left: Whether the caller left a stream before its end.
        attempts: Attempts that failed and were followed by another one.
        usage: Tokens, as far as the plugin told them; nothing is estimated here.
        model: The model that answered, as the vendor names it.
        finish_reason: Why the answer ended.
        request_id: The vendor's id of the call.
        text: The answer's text, when it was asked to be kept.
        span: Room for the watcher's own.
    """

    def __init__(self, invocation: Invocation[Any], clock: Callable[[], float], *, keep_text: bool) -> None:
        self.invocation = invocation
        self.duration = 0.0
        self.time_to_first_chunk: float | None = None
        self.chunks = 0
        self.error: BaseException | None = None
        self.left = False
        self.attempts: list[FailedAttempt] = []
        self.usage: LLMUsage | EmbeddingUsage | None = None
        self.model: str | None = None
        self.finish_reason: str | None = None
        self.request_id: str | None = None
        self.span: Any = None
        self._clock = clock
        self._started = clock()
        self._texts: list[str] | None = [] if keep_text else None

    @property
    def text(self) -> str:
        """The answer's text; empty when it was not kept."""
        return "".join(self._texts or ())

    def take_result(self, result: Any) -> None:
        """Note what a whole answer says."""
        self.usage = getattr(result, "usage", None)
        self.model = getattr(result, "model", None)
        self.request_id = getattr(result, "request_id", None)
        if isinstance(result, LLMResult):
            self.finish_reason = result.finish_reason
            if self._texts is not None:
                self._texts.append(result.text)

    def take_chunk(self, chunk: Any) -> None:
        """Note what one chunk says."""
        self.chunks += 1
        if self.time_to_first_chunk is None:
            self.time_to_first_chunk = self._clock() - self._started
        if type(chunk) is not LLMResultChunk:
            return
        delta = chunk.delta
        self.model = chunk.model
        self.usage = delta.usage or self.usage
        self.finish_reason = delta.finish_reason or self.finish_reason
        self.request_id = chunk.request_id or self.request_id
        if self._texts is not None:
            self._texts.append(chunk.text)

    def stop(self) -> None:
        """Take the time."""
        self.duration = self._clock() - self._started


class Watcher(Middleware):
    """Calls `started` and `finished` around every call, and changes nothing.

    Args:
        keep_text: Whether observations hold the answer's text.
        clock: Gives seconds.
    """

    def __init__(self, *, keep_text: bool = False, clock: Callable[[], float] = time.perf_counter) -> None:
        self._keep_text = keep_text
        self._clock = clock

    def started(self, seen: Observation) -> None:
        """Note that a call begins."""

    def inside(self, seen: Observation) -> AbstractContextManager[Any]:
        """Surround the call itself, or a stream up to its first chunk."""
        return nullcontext()

    def attempt_failed(self, seen: Observation, attempt: FailedAttempt) -> None:
        """Note that an attempt failed and is followed by another one."""

    def finished(self, seen: Observation) -> None:
        """Note that a call has ended, well or not."""

    def call(self, invocation: Invocation[Any], call_next: Call) -> Any:
        seen = self._begin(invocation)
        try:
            with watch_attempts(partial(self._attempt, seen)), self.inside(seen):
                result = call_next(invocation)
            seen.take_result(result)
        except BaseException as error:
            seen.error = error
            raise
        finally:
            self._end(seen)
        return result

    async def acall(self, invocation: Invocation[Any], call_next: AsyncCall) -> Any:
        seen = self._begin(invocation)
        try:
            with watch_attempts(partial(self._attempt, seen)), self.inside(seen):
                result = await call_next(invocation)
            seen.take_result(result)
        except BaseException as error:
            seen.error = error
            raise
        finally:
            self._end(seen)
        return result

    def stream(self, invocation: Invocation[Any], call_next: Stream) -> Iterator[Any]:
        seen = self._begin(invocation)
        source: Any = None
        try:
            with watch_attempts(partial(self._attempt, seen)), self.inside(seen):
                source = call_next(invocation)
                chunk = first(source)
            while chunk is not END:
                seen.take_chunk(chunk)
                yield chunk
                chunk = next(source, END)
        except GeneratorExit:
            seen.left = True
            raise
        except BaseException as error:
            seen.error = error
            raise
        finally:
            try:
                close(source)
            finally:
                self._end(seen)

    async def astream(self, invocation: Invocation[Any], call_next: AsyncStream) -> AsyncIterator[Any]:
        seen = self._begin(invocation)
        source: Any = None
        try:
            with watch_attempts(partial(self._attempt, seen)), self.inside(seen):
                source = call_next(invocation)
                chunk = await afirst(source)
            while chunk is not END:
                seen.take_chunk(chunk)
                yield chunk
                chunk = await anext(source, END)
        except GeneratorExit:
            seen.left = True
            raise
        except BaseException as error:
            seen.error = error
            raise
        finally:
            try:
                await aclose(source)
            finally:
                self._end(seen)

    def _begin(self, invocation: Invocation[Any]) -> Observation:
        seen = Observation(invocation, self._clock, keep_text=self._keep_text)
        self.started(seen)
        return seen

    def _attempt(self, seen: Observation, attempt: FailedAttempt) -> None:
        seen.attempts.append(attempt)
        self.attempt_failed(seen, attempt)

    def _end(self, seen: Observation) -> None:
        seen.stop()
        self.finished(seen)
