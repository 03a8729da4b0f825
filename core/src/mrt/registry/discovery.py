"""Which entry points are installed.

Reading the metadata of a thousand distributions takes 50 ms, so the answer is kept per folder of `sys.path`, together
with the folder's time of change: installing or removing a distribution adds or removes a folder there and so changes
it. Not seen are: an ``entry_points.txt`` that is edited in place, and distributions that only an import hook of
somebody else knows (``find_distributions`` of a finder in `sys.meta_path`).
"""

from __future__ import annotations

import os
import sys
import threading
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

from mrt._cachedir import as_dict, as_list, read_json, settled, write_json
from mrt.errors import PluginError
from mrt.registry.failure import PluginFailure

GROUPS = ("mrt.providers", "mrt.middleware")

_FORMAT = 2
_MOST_FOLDERS = 64
_METADATA = (".dist-info", ".egg-info", ".egg")
_ARCHIVES = (".zip", ".egg", ".whl")


class EntryPointFact(NamedTuple):
    """An entry point as the metadata has it; nothing is imported.

    Args:
        name: Its name: the provider id.
        value: ``module:attribute``, or ``module`` alone.
        distribution: Name of the distribution.
        version: Version of the distribution.
        location: Folder or archive that holds the distribution's metadata.
        group: Entry-point group.
    """

    name: str
    value: str
    distribution: str
    version: str
    location: str
    group: str = "mrt.providers"


_WIDTH = len(EntryPointFact._fields)


class _Found(NamedTuple):
    facts: list[EntryPointFact]
    problems: list[PluginFailure]
    stamps: list[list[Any]]


_lock = threading.Lock()
_last: tuple[list[list[Any]], _Found] | None = None


def discover(group: str) -> list[EntryPointFact]:
    """Return the entry points of a group, read again only when `sys.path` or a folder in it has changed."""
    return [fact for fact in _read().facts if fact.group == group]


def discovery_problems() -> list[PluginFailure]:
    """Return the distributions that seem to bring a plugin, but whose metadata cannot be read."""
    return list(_read().problems)


def folder_stamps() -> list[list[Any]]:
    """Return the stamps of `sys.path` as they were before the facts were read, without what had just changed."""
    return _read().stamps


def cache_name(kind: str) -> str:
    """Return the name of the cache file of this environment for a kind of facts."""
    environment = f"{sys.prefix}|{sys.version_info[:2]}|{_FORMAT}"
    return f"{kind}-{zlib.crc32(environment.encode('utf-8', 'surrogatepass')):08x}.json"


def _read() -> _Found:
    global _last
    with _lock:
        stamps = [found for found in map(stamp, search_path()) if found is not None]
        if _last is None or _last[0] != stamps:
            _last = (stamps, _scan(stamps))
        return _last[1]


def search_path() -> list[str]:
    """Return `sys.path` as absolute paths, each once."""
    # An empty entry is the working folder, which may be there under its own name, too.
    return list(dict.fromkeys(os.path.abspath(entry or os.curdir) for entry in sys.path))


def stamp(path: str) -> list[Any] | None:
    """Return a path with its time of change and size, None when it is not there."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return [path, status.st_mtime_ns, status.st_size]


def _scan(stamps: list[list[Any]]) -> _Found:
    name = cache_name("plugins")
    kept = _kept_folders(read_json(name))
    found = _Found([], [], [item for item in stamps if settled(item[1])])
    known: set[str] = set()
    new: dict[str, list[Any]] = {}
    for path, mtime, size in stamps:
        items = kept.get(path)
        if items is not None and items[:2] == [mtime, size]:
            facts = list(map(EntryPointFact._make, items[2]))
        elif not look_into(path)[0]:
            continue
        else:
            facts, problems = _facts_of(path)
            found.problems.extend(problems)
            if settled(mtime) and not problems:
                new[path] = [mtime, size, facts]
        # As for modules, the first folder that has a distribution hides the later ones.
        found.facts.extend(fact for fact in facts if not known or _normalized(fact.distribution) not in known)
        known.update(_normalized(fact.distribution) for fact in facts)
    if new:
        current = {path: items for path, items in {**kept, **new}.items() if os.path.exists(path)}
        folders = dict(list(current.items())[-_MOST_FOLDERS:])
        write_json(name, {"format": _FORMAT, "folders": folders})
    return found


def _kept_folders(value: object) -> dict[str, list[Any]]:
    """Return what a cache file holds, without whatever does not look as it should."""
    kept = as_dict(value)
    if kept.get("format") != _FORMAT:
        return {}
    return {path: items for path, items in as_dict(kept.get("folders")).items() if _is_folder(as_list(items))}


def _is_folder(items: list[Any]) -> bool:
    if len(items) != 3 or as_list(items[2]) != items[2]:
        return False
    facts = list(map(as_list, items[2]))
    # All at once: a thousand of them are read at every start.
    return {*map(len, facts)} <= {_WIDTH} and {*map(type, chain.from_iterable(facts))} <= {str}


def look_into(path: str) -> tuple[bool, list[str]]:
    """Tell whether a folder or archive of `sys.path` may hold metadata, and which names a folder holds."""
    try:
        names = os.listdir(path)
    except NotADirectoryError:
        return path.endswith(_ARCHIVES), []
    except (OSError, ValueError):
        return False, []
    return any(name.endswith(_METADATA) for name in names), names


def _facts_of(path: str) -> tuple[list[EntryPointFact], list[PluginFailure]]:
    # Costs 30 ms to import, and the cache makes it unnecessary.
    import importlib.metadata

    facts: list[EntryPointFact] = []
    problems: list[PluginFailure] = []
    names: set[str] = set()
    for distribution in importlib.metadata.distributions(path=[path]):
        try:
            found = list(_facts_of_distribution(distribution, path))
        except Exception as error:
            if _may_be_ours(distribution):
                problems.append(_unreadable(distribution, error))
            continue
        # Two versions side by side are left by an interrupted upgrade; the first counts, as for importlib.
        if found and _normalized(found[0].distribution) not in names:
            names.add(_normalized(found[0].distribution))
            facts.extend(found)
    return facts, problems


def _facts_of_distribution(distribution: Any, path: str) -> Iterator[EntryPointFact]:
    entry_points = [point for point in distribution.entry_points if point.group in GROUPS]
    if not entry_points:
        return
    name, version = str(distribution.name), str(distribution.version)
    for point in entry_points:
        yield EntryPointFact(point.name, point.value.partition("[")[0].strip(), name, version, path, point.group)


def _may_be_ours(distribution: Any) -> bool:
    try:
        text = distribution.read_text("entry_points.txt") or ""
    except Exception:
        return False
    return any(f"[{group}]" in text for group in GROUPS)


def _unreadable(distribution: Any, error: Exception) -> PluginFailure:
    try:
        name, version = str(distribution.name), str(distribution.version)
    except Exception:
        name, version = str(getattr(distribution, "_path", distribution)), ""
    problem = PluginError(f"its metadata cannot be read ({error!r}): install it again", distribution=name)
    problem.__cause__ = error
    return PluginFailure(name, name, version, "discover", problem)


def _normalized(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
