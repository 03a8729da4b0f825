"""One provider: what is known without its code, and its hooks once they are needed."""

from __future__ import annotations

import os
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from mrt._cachedir import settled
from mrt.errors import PluginError, SchemaError
from mrt.registry.discovery import EntryPointFact, stamp
from mrt.registry.failure import Broken, Phase, PluginFailure
from mrt.registry.locate import FILE_NAME, find_schema, module_of
from mrt.registry.wrappers import Wrappers

if TYPE_CHECKING:
    from mrt.entities.provider import ProviderEntity
    from mrt.registry.relay import Relay

_UNSEARCHED: Any = object()


class ProviderEntry:
    """A provider of a registry.

    Its parts are made when they are first read, once, whichever thread comes first: `schema` from the plugin's
    ``provider.yaml``, and `relay` by importing the plugin.

    Args:
        name: Provider name: the entry point's, which rules over the one in ``provider.yaml``.
        wrappers: Middleware to put around the hooks.
        fact: The entry point; None for an object that was registered by hand.
        plugin: That object.
    """

    # State of the provider file before it was read, for who keeps what was read; None when it had just changed.
    file_stamp: list[Any] | None = None
    _broken: PluginFailure | None = None
    _relay: Relay | None = None
    _schema: ProviderEntity | None = None
    _schema_path: str | None = _UNSEARCHED
    _loading = False

    def __init__(
        self, name: str, wrappers: Wrappers, *, fact: EntryPointFact | None = None, plugin: Any = None
    ) -> None:
        self.name = name
        self.fact = fact
        self.distribution = fact.distribution if fact else ""
        self.version = fact.version if fact else ""
        self.failures: list[PluginFailure] = []
        self._wrappers = wrappers
        self._plugin = plugin
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"ProviderEntry({self.name!r}, distribution={self.distribution!r}, version={self.version!r})"

    def reset(self) -> None:
        """Forget what was made and what failed, so that the next use tries again."""
        with self._lock:
            self.failures.clear()
            self._broken = self._relay = self._schema = None
            self._schema_path = _UNSEARCHED

    @property
    def broken(self) -> PluginFailure | None:
        """Why the provider cannot be used, as far as was tried; None when nothing failed."""
        return self._broken

    @property
    def schema_path(self) -> str | None:
        """Path of the provider file, found without importing the plugin; None when there is none."""
        if self._schema_path is _UNSEARCHED:
            self._schema_path = self._find_schema()
        return self._schema_path

    @schema_path.setter
    def schema_path(self, path: str) -> None:
        self._schema_path = path

    @property
    def schema(self) -> ProviderEntity:
        """The provider's description: of its file, else of its `provide_schema` hook, which imports it.

        Raises:
            SchemaError: The file is wrong.
            PluginError: The plugin cannot be used, or describes itself neither way.
        """
        schema = self._schema
        if schema is None:
            with self._lock:
                schema = self._schema
                if schema is None:
                    schema = self._schema = self._load_schema()
        return schema

    @property
    def relay(self) -> Relay:
        """The provider's hooks; the first use imports the plugin.

        Raises:
            PluginError: The plugin cannot be used; the cause is what it raised.
        """
        relay = self._relay
        if relay is None:
            with self._lock:
                relay = self._relay
                if relay is None:
                    relay = self._relay = self._load_relay()
        return relay

    def icon(self, key: str, lang: str = "en_US") -> tuple[bytes, str]:
        """Return an icon's bytes and media type.

        Args:
            key: ``icon_small``, ``icon_large``, ``icon_small_dark`` or ``icon_large_dark``.
            lang: Language.

        Raises:
            ValueError: There is no such key.
            PluginError: The provider has no such icon.
        """
        from mrt.registry.icons import read_icon

        schema, path = self.schema, self.schema_path
        if path is None:
            raise PluginError(f"{self.name} has no folder with icons", provider=self.name)
        return read_icon(schema, os.path.dirname(path), key, lang)

    def check_id(self, provider: str) -> None:
        """Record that the provider file names another provider; the entry point's name stays in use."""
        if self.fact is None or provider == self.name:
            return
        told = f"{FILE_NAME} says provider: {provider}, but the entry point is named {self.name}, which is used"
        with self._lock:
            if not any(failure.phase == "schema" for failure in self.failures):
                self._record("schema", PluginError(told, provider=self.name, distribution=self.distribution))

    def _find_schema(self) -> str | None:
        if self.fact is not None:
            return find_schema(module_of(self.fact.value))
        name = getattr(self._plugin, "package", None)
        if not isinstance(name, str):
            name = self._plugin.__name__ if isinstance(self._plugin, ModuleType) else type(self._plugin).__module__
        return find_schema(name)

    def _load_schema(self) -> ProviderEntity:
        self._raise_if_broken()
        path = self.schema_path
        found = None if path is None else stamp(path)
        self.file_stamp = found if found is not None and settled(found[1]) else None
        try:
            schema = self._ask_plugin() if path is None else _read(path)
        except Broken as broken:
            self._fail(broken.phase, broken.error)
        self.check_id(schema.provider)
        return schema

    def _ask_plugin(self) -> ProviderEntity:
        relay = self.relay
        try:
            schema = relay.provide_schema()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise Broken("schema", error) from error
        if schema is None:
            where = module_of(self.fact.value) if self.fact else type(self._plugin).__name__
            raise Broken("schema", PluginError(f"{where} has neither a {FILE_NAME} nor a provide_schema hook"))
        return schema

    def _load_relay(self) -> Relay:
        from mrt.registry.loading import check_api, load_object
        from mrt.registry.relay import Relay

        self._raise_if_broken()
        if self._loading:
            raise PluginError(f"{self.name} calls itself while it is being imported", provider=self.name)
        self._loading = True
        try:
            plugin = self._plugin if self.fact is None else load_object(self.fact.value)
            check_api(plugin, self.distribution)
            relay = Relay(plugin, self.name, self.distribution)
        except Broken as broken:
            self._fail(broken.phase, broken.error)
        finally:
            self._loading = False
        self._wrappers.attach(relay.manager)
        return relay

    def _record(self, phase: Phase, error: BaseException) -> PluginFailure:
        failure = PluginFailure(self.name, self.distribution, self.version, phase, error)
        self.failures.append(failure)
        return failure

    def _fail(self, phase: Phase, error: BaseException) -> NoReturn:
        self._broken = self._record(phase, error)
        self._raise_if_broken()
        raise AssertionError("unreachable")

    def _raise_if_broken(self) -> None:
        failure = self._broken
        if failure is None:
            return
        if isinstance(failure.error, SchemaError):
            raise failure.error
        message = str(failure)
        raise PluginError(message, provider=self.name, distribution=self.distribution or None) from failure.error


def _read(path: str) -> ProviderEntity:
    from mrt.schema import load_provider

    try:
        return load_provider(path)
    except Exception as error:
        raise Broken("schema", error) from error
