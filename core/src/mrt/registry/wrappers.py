"""Middleware for all providers: hook wrappers from entry points and from the program itself."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from mrt.errors import PluginError
from mrt.registry.discovery import EntryPointFact
from mrt.registry.failure import Broken, PluginFailure

if TYPE_CHECKING:
    from mrt.registry.relay import HookManager


class Wrappers:
    """The hook wrappers of a registry, put around every provider, also around those that were called before.

    Later ones surround earlier ones.

    Args:
        facts: Gives the entry points; asked, and their modules imported, at the first call of any provider.
    """

    def __init__(self, facts: Callable[[], Iterable[EntryPointFact]]) -> None:
        self._facts = facts
        self._lock = threading.RLock()
        self._loaded = False
        self._objects: dict[str, Any] = {}
        self._managers: weakref.WeakSet[HookManager] = weakref.WeakSet()
        self.failures: list[PluginFailure] = []

    def add(self, middleware: Any, name: str | None = None) -> str:
        """Put an object's or a module's hook wrappers around every provider and return its name.

        Raises:
            PluginError: It has no wrappers, or other hooks as well, or is there already.
        """
        with self._lock:
            if any(known is middleware for known in self._objects.values()):
                raise PluginError("this middleware is registered already")
            name = name or f"{getattr(middleware, '__name__', type(middleware).__name__)}#{len(self._objects) + 1}"
            if name in self._objects:
                raise PluginError(f"a middleware named '{name}' is registered already")
            try:
                self._accept(middleware, name)
            except Broken as broken:
                raise PluginError(f"middleware {name}: {broken.error}") from broken.error
            return name

    def remove(self, name: str) -> None:
        """Take a middleware off every provider.

        Raises:
            LookupError: There is none of this name.
        """
        with self._lock:
            self._objects.pop(name)
            for manager in self._managers:
                manager.unregister(name=_plugin_name(name))

    def attach(self, manager: HookManager) -> None:
        """Put all wrappers around a provider that is called for the first time."""
        with self._lock:
            self.load()
            for name, middleware in self._objects.items():
                manager.register(middleware, name=_plugin_name(name))
            self._managers.add(manager)

    def load(self) -> None:
        """Import the installed middleware; what fails is recorded and left out."""
        from mrt.registry.loading import check_api, load_object

        with self._lock:
            if self._loaded:
                return
            self._loaded = True
            for fact in self._facts():
                try:
                    middleware = load_object(fact.value)
                    check_api(middleware, fact.distribution)
                    self._accept(middleware, f"{fact.distribution}:{fact.name}")
                except Broken as broken:
                    failure = PluginFailure(
                        fact.name, fact.distribution, fact.version, broken.phase, broken.error, fact.group
                    )
                    self.failures.append(failure)

    def _accept(self, middleware: Any, name: str) -> None:
        from mrt.registry.relay import HookManager

        HookManager().add(middleware, name, wrappers_only=True)
        self._objects[name] = middleware
        for manager in self._managers:
            manager.register(middleware, name=_plugin_name(name))


def _plugin_name(name: str) -> str:
    return f"middleware {name}"
