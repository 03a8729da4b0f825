"""What lists of providers show, kept between processes so that listing a thousand of them reads one file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from mrt._cachedir import as_dict, as_list, read_json, settled, write_json
from mrt.errors import MRTError
from mrt.registry.discovery import cache_name
from mrt.registry.locate import module_of

if TYPE_CHECKING:
    from mrt.entities.provider import ProviderEntity
    from mrt.registry.entry import ProviderEntry

_TYPES = (str, int, int, str, dict, list, list)
_WIDTH = len(_TYPES)


class ProviderSummary(NamedTuple):
    """A provider in a list.

    Args:
        name: Provider name.
        label: Display name by language (``en_US``).
        model_types: Model types as in the YAML (``text-embedding``).
        distribution: Distribution that brings it.
        version: Version of the distribution.
        schema_path: Path of its provider file, where it has one.
        methods: How models get into it, as in the YAML (``customizable-model``).
    """

    name: str
    label: dict[str, str]
    model_types: list[str]
    distribution: str
    version: str
    schema_path: str | None
    methods: list[str]


def summarize(entries: Iterable[ProviderEntry]) -> list[ProviderSummary]:
    """Describe providers; those whose description fails are left out, and their entries say why."""
    file = cache_name("providers")
    kept = as_dict(read_json(file))
    fresh: dict[str, list[Any]] = {}
    changed = False
    summaries: list[ProviderSummary] = []
    names = _NamesAhead()
    for entry in entries:
        key = f"{entry.fact.location}|{entry.fact.value}" if entry.fact is not None else ""
        item = as_list(kept.get(key))
        if key and _is_current(item) and not names.hide(entry):
            entry.schema_path = item[0]
            entry.check_id(item[3])
            fresh[key] = item
            summaries.append(_summary(entry, item[4], item[5], item[6], item[0]))
            continue
        try:
            schema = entry.schema
        except MRTError:
            continue
        types = [kind.value for kind in schema.supported_model_types]
        methods = [method.value for method in schema.configurate_methods]
        summary = _summary(entry, _texts(schema), types, methods, entry.schema_path)
        summaries.append(summary)
        stamp = _stamp(entry.schema_path)
        if key and stamp is not None and settled(stamp[0]):
            changed = True
            fresh[key] = [entry.schema_path, *stamp, schema.provider, summary.label, types, methods]
    if changed:
        # What other programs of this environment found stays, as long as its file does.
        others = ((key, item) for key, item in kept.items() if key not in fresh and _is_current(as_list(item)))
        write_json(file, {**dict(others), **fresh})
    return summaries


def _summary(
    entry: ProviderEntry, label: dict[str, str], types: list[str], methods: list[str], path: str | None
) -> ProviderSummary:
    return ProviderSummary(entry.name, label, types, entry.distribution, entry.version, path, methods)


def _texts(schema: ProviderEntity) -> dict[str, str]:
    return {lang: text for lang, text in schema.label.model_dump().items() if isinstance(text, str)}


def _stamp(path: str | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _is_current(item: list[Any]) -> bool:
    if len(item) != _WIDTH or not all(map(isinstance, item, _TYPES)) or "en_US" not in as_dict(item[4]):
        return False
    stamp = _stamp(item[0])
    return stamp is not None and [*stamp] == item[1:3]


class _NamesAhead:
    """Tells whether a folder earlier in `sys.path` hides a plugin's package, as a checkout in the working folder does.

    Only then may the package be another one than when the list was kept, although no file changed.
    """

    def __init__(self) -> None:
        self._by_location: dict[str, frozenset[str]] = {}

    def hide(self, entry: ProviderEntry) -> bool:
        assert entry.fact is not None
        location = entry.fact.location
        names = self._by_location.get(location)
        if names is None:
            names = self._by_location[location] = frozenset(_names_ahead(location))
        top = module_of(entry.fact.value).partition(".")[0]
        return top in names or f"{top}.py" in names


def _names_ahead(location: str) -> Iterator[str]:
    for entry in sys.path:
        path = os.path.abspath(entry or os.curdir)
        if path == location:
            return
        try:
            yield from os.listdir(path)
        except OSError:
            continue
