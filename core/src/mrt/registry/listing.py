"""What lists of providers show, kept between processes so that listing a thousand of them reads one file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from mrt._cachedir import as_dict, as_list, read_json, write_json
from mrt.errors import MRTError
from mrt.registry.discovery import cache_name, stamp
from mrt.registry.locate import module_of

if TYPE_CHECKING:
    from mrt.entities.provider import ProviderEntity
    from mrt.registry.entry import ProviderEntry

_TYPES = (str, int, int, str, dict, list, list)
_INSIDE = "./"


class ProviderSummary(NamedTuple):
    """A provider in a list.

    Args:
        name: Provider name.
        label: Display name by language: ``en_US``, and those that differ from it.
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
    read: dict[str, dict[str, list[Any]]] = {}
    places: dict[str, _Place] = {}
    summaries: list[ProviderSummary] = []
    for entry in entries:
        fact = entry.fact
        if fact is not None:
            place = places.get(fact.location)
            if place is None:
                place = places[fact.location] = _Place(fact.location, kept)
            item: Any = place.items.get(fact.value)
            path = _current_path(place.prefix, item)
            if path is not None:
                entry.schema_path = path
                entry.file_stamp = [path, item[1], item[2]]
                entry.check_id(item[3])
                known = ProviderSummary(entry.name, item[4], item[5], fact.distribution, fact.version, path, item[6])
                summaries.append(known)
                continue
        try:
            schema = entry.schema
        except MRTError:
            continue
        path = entry.schema_path
        types = [kind.value for kind in schema.supported_model_types]
        methods = [method.value for method in schema.configurate_methods]
        summary = ProviderSummary(entry.name, _texts(schema), types, entry.distribution, entry.version, path, methods)
        summaries.append(summary)
        if fact is not None and path is not None and entry.file_stamp is not None:
            short = path.removeprefix(fact.location + os.sep)
            state = entry.file_stamp[1:]
            item = [path if short == path else _INSIDE + short, *state, schema.provider, summary.label, types, methods]
            read.setdefault(fact.location, {})[fact.value] = item
    if read:
        _keep(file, kept, read)
    return summaries


def _keep(file: str, kept: dict[str, Any], read: dict[str, dict[str, list[Any]]]) -> None:
    # What other programs of this environment found stays, as long as its file does.
    for location, items in kept.items():
        fresh = read.setdefault(location, {})
        for value, item in as_dict(items).items():
            if value not in fresh and _current_path(location + os.sep, item) is not None:
                fresh[value] = item
    write_json(file, {location: items for location, items in read.items() if items})


def _texts(schema: ProviderEntity) -> dict[str, str]:
    english = schema.label.en_US
    texts = schema.label.model_dump().items()
    return {"en_US": english, **{lang: text for lang, text in texts if isinstance(text, str) and text != english}}


def _current_path(prefix: str, item: Any) -> str | None:
    """Return the path of an item's file if the item is whole and the file has not changed since."""
    item = as_list(item)
    if tuple(map(type, item)) != _TYPES or "en_US" not in item[4]:
        return None
    path: str = item[0]
    if path[:2] == _INSIDE:
        path = prefix + path[2:]
    return path if stamp(path) == [path, item[1], item[2]] else None


class _Place:
    """A folder with distributions: what is kept of it, and what hides its packages.

    A folder earlier in `sys.path` may hide a plugin's package, as a checkout in the working folder does. Only then may
    the package be another one than when the list was kept, although no file changed.

    Args:
        location: The folder.
        kept: What is kept, by folder.
    """

    def __init__(self, location: str, kept: dict[str, Any]) -> None:
        self.prefix = location + os.sep
        items = as_dict(kept.get(location))
        packages = {value: module_of(value).partition(".")[0] for value in items}
        hidden = _hidden(location, frozenset(packages.values()))
        self.items = (
            {value: item for value, item in items.items() if packages[value] not in hidden} if hidden else items
        )


def _hidden(location: str, packages: frozenset[str]) -> set[str]:
    """Return those of a folder's packages that a folder before it has, too."""
    hidden: set[str] = set()
    for entry in sys.path:
        path = os.path.abspath(entry or os.curdir)
        if path == location:
            break
        try:
            names = os.listdir(path)
        except (OSError, ValueError):
            continue
        hidden |= packages.intersection(names)
        hidden |= packages.intersection([name.partition(".")[0] for name in names if "." in name])
    return hidden
