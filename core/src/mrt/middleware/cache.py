"""Keeps answers in memory."""

from __future__ import annotations

import copy
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.middleware.base import AsyncCall, AsyncStream, Call, Middleware, Stream
from mrt.middleware.fingerprint import fingerprint
from mrt.middleware.streams import aclose, close

_SAME_EACH_TIME = frozenset({ModelType.TEXT_EMBEDDING, ModelType.RERANK, ModelType.MODERATION})

_MISSING: Any = object()


class Cache(Middleware):
    """Answers the same question once, and again from memory: least recently used first out.

    Kept are answers of models that say the same each time: embedding, rerank, moderation, and language models at
    temperature 0 or with a seed. An answer belongs to provider, model, credentials, request and user. Errors are not
    kept. A stream is kept when it was read to its end, and comes again in the same chunks; an answer and its chunks
    are copied both ways, so that nobody changes what others get.

    Args:
        max_entries: Most answers.
        ttl: Seconds that an answer is kept; None is forever.
        max_chunks: Streams of more chunks are not kept.
        always: Keep answers of all models, also those that would say something else the next time.
        clock: Gives seconds.
    """

    def __init__(
        self,
        max_entries: int = 1024,
        *,
        ttl: float | None = 3600.0,
        max_chunks: int = 10_000,
        always: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_entries < 1:
            raise ValueError("max_entries is at least 1")
        self.max_entries = max_entries
        self.ttl = ttl
        self.max_chunks = max_chunks
        self.always = always
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, tuple[float, Any]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def __bool__(self) -> bool:
        return True

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._answers.clear()

    def call(self, invocation: Invocation[Any], call_next: Call) -> Any:
        key = self._key(invocation)
        if (known := self._find(key)) is not _MISSING:
            return copy.deepcopy(known)
        result = call_next(invocation)
        self._keep(key, result)
        return result

    async def acall(self, invocation: Invocation[Any], call_next: AsyncCall) -> Any:
        key = self._key(invocation)
        if (known := self._find(key)) is not _MISSING:
            return copy.deepcopy(known)
        result = await call_next(invocation)
        self._keep(key, result)
        return result

    def stream(self, invocation: Invocation[Any], call_next: Stream) -> Iterator[Any]:
        key = self._key(invocation)
        if (known := self._find(key)) is not _MISSING:
            yield from map(copy.deepcopy, known)
            return
        recording = _Recording(self.max_chunks if key is not None else 0)
        source = call_next(invocation)
        try:
            for chunk in source:
                recording.add(chunk)
                yield chunk
        finally:
            close(source)
        self._keep_recording(key, recording)

    async def astream(self, invocation: Invocation[Any], call_next: AsyncStream) -> AsyncIterator[Any]:
        key = self._key(invocation)
        if (known := self._find(key)) is not _MISSING:
            for chunk in known:
                yield copy.deepcopy(chunk)
            return
        recording = _Recording(self.max_chunks if key is not None else 0)
        source = call_next(invocation)
        try:
            async for chunk in source:
                recording.add(chunk)
                yield chunk
        finally:
            await aclose(source)
        self._keep_recording(key, recording)

    def _key(self, invocation: Invocation[Any]) -> str | None:
        if not (self.always or _says_the_same(invocation)):
            return None
        return fingerprint(
            invocation.provider,
            invocation.model_type.value,
            invocation.model,
            invocation.credentials.fingerprint,
            invocation.stream,
            invocation.user,
            invocation.request,
        )

    def _find(self, key: str | None) -> Any:
        if key is None:
            return _MISSING
        with self._lock:
            until, answer = self._answers.get(key, (0.0, _MISSING))
            if answer is _MISSING:
                return _MISSING
            if until <= self._clock():
                del self._answers[key]
                return _MISSING
            self._answers.move_to_end(key)
            return answer

    def _keep(self, key: str | None, answer: Any) -> None:
        if key is None:
            return
        kept = copy.deepcopy(answer)
        until = float("inf") if self.ttl is None else self._clock() + self.ttl
        with self._lock:
            self._answers[key] = (until, kept)
            self._answers.move_to_end(key)
            while len(self._answers) > self.max_entries:
                self._answers.popitem(last=False)

    def _keep_recording(self, key: str | None, recording: _Recording) -> None:
        if recording.complete:
            self._keep(key, recording.chunks)


class _Recording:
    """The chunks of a stream, copied as they pass; given up when they are too many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.complete = most > 0
        self.chunks: list[Any] = []

    def add(self, chunk: Any) -> None:
        if not self.complete:
            return
        if len(self.chunks) == self._most:
            self.complete = False
            self.chunks.clear()
            return
        # Now, not at the end: the reader may change a chunk as soon as it has it.
        self.chunks.append(copy.deepcopy(chunk))


def _says_the_same(invocation: Invocation[Any]) -> bool:
    if invocation.model_type in _SAME_EACH_TIME:
        return True
    request = invocation.request
    if not isinstance(request, LLMRequest):
        return False
    parameters = request.model_parameters
    return parameters.get("temperature") == 0 or parameters.get("seed") is not None
