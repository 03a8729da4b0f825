"""A scripted vendor in place of the plugin, and one way to drive all four kinds of call."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import pytest

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.message import UserPromptMessage
from mrt.entities.secret import Credentials
from mrt.middleware import Middleware, compose

WAYS = ["call", "acall", "stream", "astream"]
STREAMS = ["stream", "astream"]


class Vendor:
    """Plays one outcome per attempt: texts to answer, or an error at the place where it happens."""

    def __init__(self, *outcomes: Sequence[Any]) -> None:
        self.outcomes = list(outcomes)
        self.asked: list[Invocation[Any]] = []
        self.closed = 0
        self.open = 0

    def _play(self, invocation: Invocation[Any]) -> Sequence[Any]:
        self.asked.append(invocation)
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]

    def call(self, invocation: Invocation[Any]) -> Any:
        texts = self._play(invocation)
        for text in texts:
            if isinstance(text, BaseException):
                raise text
        return texts[0] if len(texts) == 1 else "".join(texts)

    async def acall(self, invocation: Invocation[Any]) -> Any:
        await asyncio.sleep(0)
        return self.call(invocation)

    def stream(self, invocation: Invocation[Any]) -> Iterator[Any]:
        texts = self._play(invocation)
        self.open += 1
        try:
            for text in texts:
                if isinstance(text, BaseException):
                    raise text
                yield text
        finally:
            self.open -= 1
            self.closed += 1

    async def astream(self, invocation: Invocation[Any]) -> AsyncIterator[Any]:
        texts = self._play(invocation)
        self.open += 1
        try:
            for text in texts:
                await asyncio.sleep(0)
                if isinstance(text, BaseException):
                    raise text
                yield text
        finally:
            self.open -= 1
            self.closed += 1


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.sleep(seconds)


def make_invocation(prompt: str = "hello", **changes: Any) -> Invocation[Any]:
    credentials = Credentials({"api_key": "sk-test-own", "base_url": "http://127.0.0.1:1"}, frozenset({"api_key"}))
    invocation: Invocation[Any] = Invocation(
        ModelType.LLM, "small", credentials, LLMRequest([UserPromptMessage(prompt)]), provider="acme"
    )
    return dataclasses.replace(invocation, **changes)


def run(
    way: str,
    middleware: Sequence[Middleware],
    vendor: Any,
    invocation: Invocation[Any] | None = None,
    on_chunk: Callable[[Any], None] = lambda chunk: None,
) -> list[Any]:
    """Make one call in one of four ways and return all that came, in order."""
    chain = compose(middleware, vendor)
    invocation = dataclasses.replace(invocation or make_invocation(), stream=way in STREAMS)
    came: list[Any] = []

    def note(chunk: Any) -> None:
        came.append(chunk)
        on_chunk(chunk)

    async def awaited() -> None:
        if way == "acall":
            note(await chain.acall(invocation))
            return
        async for chunk in chain.astream(invocation):
            note(chunk)

    if way == "call":
        note(chain.call(invocation))
    elif way == "stream":
        for chunk in chain.stream(invocation):
            note(chunk)
    else:
        asyncio.run(awaited())
    return came


def leave(way: str, middleware: Sequence[Middleware], vendor: Any, invocation: Invocation[Any] | None = None) -> Any:
    """Read one chunk of a stream, close it, and return the chunk."""
    chain = compose(middleware, vendor)
    invocation = dataclasses.replace(invocation or make_invocation(), stream=True)

    async def awaited() -> Any:
        source: Any = chain.astream(invocation)
        chunk = await anext(source)
        await source.aclose()
        return chunk

    if way == "astream":
        return asyncio.run(awaited())
    source: Any = chain.stream(invocation)
    chunk = next(source)
    source.close()
    return chunk


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=STREAMS)
def stream_way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(name="vendor")
def vendor_fixture() -> type[Vendor]:
    return Vendor


@pytest.fixture(name="run")
def run_fixture() -> Callable[..., list[Any]]:
    return run


@pytest.fixture(name="leave")
def leave_fixture() -> Callable[..., Any]:
    return leave


@pytest.fixture
def ask() -> Callable[..., Invocation[Any]]:
    return make_invocation
