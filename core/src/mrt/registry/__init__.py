"""Which plugins there are, which of them work, and how to call one."""

from __future__ import annotations

from mrt.registry.discovery import EntryPointFact, discover
from mrt.registry.entry import ProviderEntry
from mrt.registry.failure import PluginFailure
from mrt.registry.listing import ProviderSummary
from mrt.registry.registry import Registry

__all__ = ["EntryPointFact", "PluginFailure", "ProviderEntry", "ProviderSummary", "Registry", "discover"]
