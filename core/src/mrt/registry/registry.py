"""All providers of a program: installed ones by their entry points, and objects that were registered by hand."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from mrt.errors import MRTError, PluginError
from mrt.registry import finished
from mrt.registry.discovery import EntryPointFact, discover, discovery_problems, folder_stamps
from mrt.registry.entry import ProviderEntry
from mrt.registry.failure import PluginFailure, origin
from mrt.registry.listing import ProviderSummary, summarize
from mrt.registry.lookup import bad_name, not_found
from mrt.registry.providers import Providers
from mrt.registry.wrappers import Wrappers

if TYPE_CHECKING:
    from mrt.entities.provider import ProviderEntity

DISABLED_VARIABLE = "MRT_DISABLED_PLUGINS"


class Registry:
    """Finds, checks and keeps providers; safe for threads.

    Nothing is read before the first question, and no plugin is imported before its first call, unless it has no
    ``provider.yaml`` to describe it.

    Args:
        load_entry_points: Whether installed plugins and middleware are seen.
    """

    def __init__(self, load_entry_points: bool = True) -> None:
        self._lock = threading.RLock()
        self._load_entry_points = load_entry_points
        self._claims: dict[str, list[ProviderEntry]] | None = None
        self._problems: list[PluginFailure] = []
        self._stamps: list[list[Any]] = []
        self._listed = False
        off = os.environ.get(DISABLED_VARIABLE, "").split(",")
        self._disabled = {name.strip() for name in off if name.strip()}
        self.wrappers = Wrappers(self._middleware_facts)

    def names(self) -> list[str]:
        """Return the names of the providers that can be used, as far as was tried; no description is read."""
        return [entry.name for entry in self._entries()]

    def listing(self) -> list[ProviderSummary]:
        """Return what a list of providers shows; warm, this reads one cached file and one `stat` per plugin."""
        with self._lock:
            untouched = self._claims is None and self._load_entry_points
            kept = finished.fetch(self._disabled) if untouched else None
            if kept is not None:
                self._listed = True
                return kept
            entries = self._entries()
        summaries = summarize(entries)
        self._listed = True
        if untouched and len(summaries) == len(entries) and not self._provider_failures():
            finished.keep(self._disabled, entries, summaries, self._stamps)
        return summaries

    def providers(self) -> dict[str, ProviderEntity]:
        """Return the providers by name; descriptions come from YAML, and are read when looked at."""
        names = [summary.name for summary in self.listing()]
        found = {entry.name: entry for entry in self._entries()}
        return Providers({name: found[name] for name in names if name in found})

    def get(self, name: str) -> ProviderEntry:
        """Return a provider.

        Raises:
            ProviderNotFoundError: There is none of this name, or it is disabled, failed, or claimed by two
                distributions; the message says which, and how to get it.
        """
        entries = self._active(name)
        if len(entries) == 1 and entries[0].broken is None:
            return entries[0]
        raise not_found(
            name, self.names(), entries, is_installed=name in self._all_claims(), is_disabled=self.is_disabled(name)
        )

    def register(self, plugin: Any, name: str | None = None) -> str:
        """Add a plugin that is not installed: an object or a module with hooks.

        Args:
            plugin: A `Provider`, or anything with `@hookimpl` functions.
            name: Provider name; the one in the plugin's description when left out.

        Returns:
            The provider name.

        Raises:
            PluginError: It breaks the hook contract, or the name is taken.
            SchemaError: Its description is wrong.
        """
        entry = ProviderEntry(name or "", self.wrappers, plugin=plugin)
        if not name:
            entry.name = _describe(plugin)
            entry.relay  # noqa: B018  # a plugin that breaks the contract is refused at once
            entry.name = entry.relay.name = entry.schema.provider
        else:
            entry.relay  # noqa: B018
        if (problem := bad_name(entry.name)) is not None:
            raise PluginError(problem)
        with self._lock:
            for known in self._active(entry.name):
                whose = origin(entry.name, known.distribution, known.version)
                how = f"give another name, or call runtime.registry.unregister('{entry.name}') first"
                raise PluginError(f"provider {whose} is there already: {how}")
            self._all_claims().setdefault(entry.name, []).append(entry)
        return entry.name

    def unregister(self, name: str) -> None:
        """Take a provider out; handles that exist keep working.

        Raises:
            ProviderNotFoundError: There is none of this name.
        """
        with self._lock:
            if name not in self._all_claims():
                raise not_found(name, self.names(), [], is_installed=False, is_disabled=False)
            del self._all_claims()[name]

    def disable(self, name: str) -> None:
        """Hide a provider by its name, or all that a distribution brings by the distribution's name."""
        with self._lock:
            self._disabled.add(name)

    def enable(self, name: str) -> None:
        """Undo `disable` and ``MRT_DISABLED_PLUGINS`` for a name, and give a failed plugin another try."""
        with self._lock:
            self._disabled.discard(name)
            self._listed = False
            for entry in self._all_claims().get(name, ()):
                if entry.broken is not None:
                    entry.reset()

    def is_disabled(self, name: str) -> bool:
        """Tell whether a provider is disabled, by its own name or by its distribution's."""
        if name in self._disabled:
            return True
        entries = self._all_claims().get(name, [])
        return bool(entries) and all(entry.distribution in self._disabled for entry in entries)

    def disabled(self) -> list[str]:
        """Return the names of the providers that are there, but disabled."""
        return sorted(name for name in self._all_claims() if self.is_disabled(name))

    def add_middleware(self, middleware: Any, name: str | None = None) -> str:
        """Put an object's or a module's hook wrappers around every provider, present and later.

        Raises:
            PluginError: It has no hook wrappers, or other hooks as well.
        """
        return self.wrappers.add(middleware, name)

    @property
    def failures(self) -> list[PluginFailure]:
        """What does not work, as far as it shows without importing plugins that describe themselves; see `check`."""
        if not self._listed:
            self.listing()
        return self._known_failures()

    def check(self) -> list[PluginFailure]:
        """Import every plugin and every middleware, each on its own, and return what does not work."""
        self.wrappers.load()
        for entry in self._entries():
            for part in ("schema", "relay"):
                try:
                    getattr(entry, part)
                except MRTError:
                    # The entry keeps the failure.
                    break
        return self._known_failures()

    def _known_failures(self) -> list[PluginFailure]:
        return self._provider_failures() + self.wrappers.failures

    def _provider_failures(self) -> list[PluginFailure]:
        with self._lock:
            if self._listed and self._claims is None:
                return []  # or else the list would not have been kept
            found = list(self._problems)
            for name, entries in sorted(self._all_claims().items()):
                active = self._active(name)
                found += _conflict(active) if len(active) > 1 else []
                found += [failure for entry in entries if entry in active for failure in entry.failures]
            return found

    def _entries(self) -> list[ProviderEntry]:
        with self._lock:
            claims = sorted(self._all_claims().items())
            active = [self._active(name) for name, _ in claims] if self._disabled else [one for _, one in claims]
            return [entries[0] for entries in active if len(entries) == 1 and entries[0].broken is None]

    def _active(self, name: str) -> list[ProviderEntry]:
        entries = self._all_claims().get(name, [])
        if not self._disabled:
            return entries
        if name in self._disabled:
            return []
        return [entry for entry in entries if entry.distribution not in self._disabled]

    def _all_claims(self) -> dict[str, list[ProviderEntry]]:
        claims = self._claims
        if claims is None:
            with self._lock:
                claims = self._claims
                if claims is None:
                    claims = self._claims = self._discover() if self._load_entry_points else {}
        return claims

    def _discover(self) -> dict[str, list[ProviderEntry]]:
        self._stamps = folder_stamps()
        self._problems += discovery_problems()
        claims: dict[str, list[ProviderEntry]] = {}
        for fact in discover("mrt.providers"):
            claimed = claims.get(fact.name)
            if claimed is None:
                problem = bad_name(fact.name)
                if problem is None:
                    claims[fact.name] = [ProviderEntry(fact.name, self.wrappers, fact=fact)]
                    continue
                error = PluginError(problem, provider=fact.name, distribution=fact.distribution)
                self._problems.append(PluginFailure(fact.name, fact.distribution, fact.version, "discover", error))
            # A distribution that says the same twice makes one claim.
            elif all(entry.fact != fact for entry in claimed):
                claimed.append(ProviderEntry(fact.name, self.wrappers, fact=fact))
        return claims

    def _middleware_facts(self) -> list[EntryPointFact]:
        if not self._load_entry_points:
            return []
        facts = sorted(dict.fromkeys(discover("mrt.middleware")))
        return [fact for fact in facts if not {fact.name, fact.distribution} & self._disabled]


def _conflict(entries: list[ProviderEntry]) -> list[PluginFailure]:
    whose = " and ".join(
        f"{entry.distribution} {entry.version} ({entry.fact.value})" for entry in entries if entry.fact
    )
    told = f"{whose} all bring a provider of this name, so none is used: uninstall or disable all but one"
    told = told.replace(" all bring", " both bring", 1) if len(entries) == 2 else told
    return [
        PluginFailure(
            entry.name,
            entry.distribution,
            entry.version,
            "discover",
            PluginError(told, provider=entry.name, distribution=entry.distribution),
        )
        for entry in entries
    ]


def _describe(plugin: Any) -> str:
    name = getattr(plugin, "__name__", None) or getattr(plugin, "package", None)
    return name if isinstance(name, str) else type(plugin).__name__
