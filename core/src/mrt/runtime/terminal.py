"""The end of the middleware chain: one attempt at one call, by the plugin."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from contextvars import copy_context
from typing import Any

from mrt.entities.invocation import Invocation
from mrt.entities.results import SpeechAudio
from mrt.errors import PluginError
from mrt.http.context import use_context
from mrt.registry import ProviderEntry, Registry
from mrt.runtime.error_map import to_caller


class Terminal:
    """Makes calls through the hook relay of the invocation's provider, and maps the errors."""

    __slots__ = ("_registry",)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def call(self, invocation: Invocation[Any]) -> Any:
        """Return the plugin's result."""
        entry = self._registry.get(invocation.provider)
        try:
            with use_context(invocation.context):
                return entry.relay.invoke(invocation=invocation)
        except Exception as error:
            mapped = _mapped(error, entry, invocation)
            raise mapped from mapped.__cause__

    async def acall(self, invocation: Invocation[Any]) -> Any:
        """Return the plugin's result."""
        entry = self._registry.get(invocation.provider)
        try:
            with use_context(invocation.context):
                result = entry.relay.ainvoke(invocation=invocation)
                return await result if inspect.isawaitable(result) else result
        except Exception as error:
            mapped = _mapped(error, entry, invocation)
            raise mapped from mapped.__cause__

    def stream(self, invocation: Invocation[Any]) -> Iterator[Any]:
        """Yield the plugin's chunks; errors are mapped while they are read, too."""
        entry = self._registry.get(invocation.provider)
        try:
            with use_context(invocation.context):
                source = _iterator(entry.relay.invoke(invocation=invocation), entry)
                # A generator runs when it is read, and has to find the call's time limits and connections then, too.
                step = copy_context().run
            try:
                while True:
                    try:
                        chunk = step(next, source)
                    except StopIteration:
                        return
                    yield chunk
            finally:
                # Frees the connection of a stream that is left.
                close = getattr(source, "close", None)
                if close is not None:
                    step(close)
        except Exception as error:
            mapped = _mapped(error, entry, invocation)
            raise mapped from mapped.__cause__

    async def astream(self, invocation: Invocation[Any]) -> AsyncIterator[Any]:
        """Yield the plugin's chunks; errors are mapped while they are read, too."""
        entry = self._registry.get(invocation.provider)
        try:
            with use_context(invocation.context):
                source: Any = entry.relay.ainvoke(invocation=invocation)
            if not hasattr(source, "__aiter__") and inspect.isawaitable(source):
                source = await source
            if isinstance(source, (bytes, bytearray)):
                yield source
                return
            if not hasattr(source, "__aiter__"):
                raise PluginError(f"ainvoke of '{entry.name}' returned {type(source).__name__} for a stream")
            iterator = source.__aiter__()
            async with aclosing(_AsyncClosable(iterator)):
                async for chunk in iterator:
                    yield chunk
        except Exception as error:
            mapped = _mapped(error, entry, invocation)
            raise mapped from mapped.__cause__


def _iterator(source: Any, entry: ProviderEntry) -> Iterator[Any]:
    if isinstance(source, (bytes, bytearray)):
        return iter((source,))
    if hasattr(source, "__iter__") and not isinstance(source, (str, SpeechAudio)):
        return iter(source)
    raise PluginError(f"invoke of '{entry.name}' returned {type(source).__name__} for a stream: an iterator is wanted")


class _AsyncClosable:
    __slots__ = ("aclose",)

    def __init__(self, source: AsyncIterator[Any]) -> None:
        self.aclose = getattr(source, "aclose", _anothing)


async def _anothing() -> None:
    return None


def _mapped(error: Exception, entry: ProviderEntry, invocation: Invocation[Any]) -> Exception:
    return to_caller(error, entry, invocation.model_type, invocation.model, invocation.credentials)
