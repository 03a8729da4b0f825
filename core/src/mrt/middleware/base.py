"""What middleware is: callables around a call.

A pluggy hook wrapper runs the inner call exactly once. Retries, fallbacks and caches run it several times or not at
all, so they are composed here as plain callables instead.

    class Upper(Middleware):
        def call(self, invocation, call_next):
            result = call_next(dataclasses.replace(invocation, user="me"))
            ...
            return result
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any, Protocol

from mrt.entities.invocation import Invocation

Call = Callable[[Invocation[Any]], Any]
AsyncCall = Callable[[Invocation[Any]], Awaitable[Any]]
Stream = Callable[[Invocation[Any]], Iterator[Any]]
AsyncStream = Callable[[Invocation[Any]], AsyncIterator[Any]]


class Target(Protocol):
    """What a chain ends in: makes one attempt at one call, in four ways."""

    def call(self, invocation: Invocation[Any]) -> Any:
        """Return the result."""
        ...

    async def acall(self, invocation: Invocation[Any]) -> Any:
        """Return the result."""
        ...

    def stream(self, invocation: Invocation[Any]) -> Iterator[Any]:
        """Return an iterator of chunks; the call may start with the first one."""
        ...

    def astream(self, invocation: Invocation[Any]) -> AsyncIterator[Any]:
        """Return an async iterator of chunks; the call may start with the first one."""
        ...


class Middleware:
    """Base of middleware: each method passes the call on, until it is overridden.

    `call_next` may be called never, once or several times, each time with the same or another invocation
    (``dataclasses.replace``). One object serves all threads and event loops. Whoever overrides `stream` or `astream`
    closes the iterator that `call_next` returned (`close`, `aclose`), also when the caller leaves early.
    """

    def call(self, invocation: Invocation[Any], call_next: Call) -> Any:
        """Surround a call that returns its result."""
        return call_next(invocation)

    async def acall(self, invocation: Invocation[Any], call_next: AsyncCall) -> Any:
        """Surround a call that is awaited."""
        return await call_next(invocation)

    def stream(self, invocation: Invocation[Any], call_next: Stream) -> Iterator[Any]:
        """Surround a stream."""
        return call_next(invocation)

    def astream(self, invocation: Invocation[Any], call_next: AsyncStream) -> AsyncIterator[Any]:
        """Surround a stream for ``async for``."""
        return call_next(invocation)


class Chain:
    """Middleware around a target; itself a target."""

    __slots__ = ("acall", "astream", "call", "stream")

    def __init__(self, call: Call, acall: AsyncCall, stream: Stream, astream: AsyncStream) -> None:
        self.call = call
        self.acall = acall
        self.stream = stream
        self.astream = astream


def compose(middleware: Iterable[Middleware], terminal: Target) -> Chain:
    """Build a chain, once: calls then only run through it.

    Args:
        middleware: Outermost first. A method that a middleware does not override costs nothing.
        terminal: What makes the call in the end.
    """
    chain = Chain(terminal.call, terminal.acall, terminal.stream, terminal.astream)
    for layer in reversed(list(middleware)):
        kind = type(layer)
        chain = Chain(
            chain.call if kind.call is Middleware.call else _link(layer.call, chain.call),
            chain.acall if kind.acall is Middleware.acall else _link(layer.acall, chain.acall),
            chain.stream if kind.stream is Middleware.stream else _link(layer.stream, chain.stream),
            chain.astream if kind.astream is Middleware.astream else _link(layer.astream, chain.astream),
        )
    return chain


def _link(method: Callable[[Invocation[Any], Any], Any], call_next: Any) -> Callable[[Invocation[Any]], Any]:
    def link(invocation: Invocation[Any]) -> Any:
        return method(invocation, call_next)

    return link
