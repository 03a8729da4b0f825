"""A list of providers as it was finished, kept while nothing has changed that it was made from.

`listing` keeps what it read of each provider file. To put a list together from that, entries are made, and metadata is
gone through: with a thousand plugins that takes two thirds of the time. So a list in which nothing was wrong is kept as
a whole, with the state of the folders that hold metadata or packages of plugins; one `stat` per provider file tells
whether it is still true.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mrt._cachedir import as_dict, as_list, read_json, write_json
from mrt.registry.discovery import cache_name, look_into, search_path, stamp
from mrt.registry.listing import ProviderSummary
from mrt.registry.locate import module_of

if TYPE_CHECKING:
    from mrt.registry.entry import ProviderEntry

# Names, distributions, versions, paths, their times and sizes, labels, indexes of what stands in `kinds`.
_COLUMN_TYPES = (str, str, str, str, int, int, dict, int)

_MOST_FILES = 32


def fetch(disabled: Iterable[str]) -> list[ProviderSummary] | None:
    """Return the list that was kept for this `sys.path`, if it still holds."""
    kept = as_dict(read_json(_file()))
    if kept.get("disabled") != sorted(disabled) or not _holds(kept):
        return None
    columns = list(map(as_list, as_list(kept.get("columns"))))
    kinds = as_list(kept.get("kinds"))
    if not _is_whole(columns, kinds):
        return None
    summaries: list[ProviderSummary] = []
    for name, distribution, version, path, mtime, size, label, kind in zip(*columns, strict=True):
        if stamp(path) != [path, mtime, size]:
            return None
        types, methods = kinds[kind]
        summaries.append(ProviderSummary(name, label, types[:], distribution, version, path, methods[:]))
    return summaries


def keep(
    disabled: Iterable[str], entries: list[ProviderEntry], summaries: list[ProviderSummary], stamps: list[list[Any]]
) -> None:
    """Keep a list in which nothing was wrong.

    Args:
        disabled: Names that are left out.
        entries: The providers.
        summaries: Their descriptions, in the same order.
        stamps: State of the folders before anything was read: what changed since then shows as a difference next time.
    """
    packages = frozenset(module_of(entry.fact.value).partition(".")[0] for entry in entries if entry.fact)
    kinds: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    rows: list[tuple[Any, ...]] = []
    for entry, item in zip(entries, summaries, strict=True):
        if entry.file_stamp is None:
            return
        kind = kinds.setdefault((tuple(item.model_types), tuple(item.methods)), len(kinds))
        rows.append((item.name, item.distribution, item.version, *entry.file_stamp, item.label, kind))
    paths = [path for path in search_path() if _matters(path, packages)]
    folders = [found for found in stamps if found[0] in paths]
    if not rows or len(folders) != len(paths):
        return
    value = {"disabled": sorted(disabled), "folders": folders, "packages": sorted(packages)}
    write_json(_file(), {**value, "kinds": list(kinds), "columns": list(zip(*rows, strict=True))})


def _file() -> str:
    # The first entry is the script's folder or the working folder: it differs from program to program, and matters to
    # few. Programs whose paths fall on the same number overwrite each other's list, so that the files stay few.
    number = zlib.crc32(os.pathsep.join(sys.path[1:]).encode("utf-8", "surrogatepass")) % _MOST_FILES
    return cache_name(f"list-{number}")


def _holds(kept: dict[str, Any]) -> bool:
    """Tell whether the folders that matter are the same, unchanged, and in the same order."""
    folders = list(map(as_list, as_list(kept.get("folders"))))
    known = {found[0]: found for found in folders if len(found) == 3 and isinstance(found[0], str)}
    packages = frozenset(name for name in as_list(kept.get("packages")) if isinstance(name, str))
    current: list[Any] = []
    for path in search_path():
        if path in known:
            current.append(stamp(path))
        elif _matters(path, packages):
            return False
    return current == folders


def _matters(path: str, packages: frozenset[str]) -> bool:
    """Tell whether a folder holds metadata, or a package of a plugin, or one that hides it."""
    has_metadata, names = look_into(path)
    return has_metadata or not packages.isdisjoint(name.partition(".")[0] for name in names)


def _is_whole(columns: list[list[Any]], kinds: list[Any]) -> bool:
    types = tuple({*map(type, column)} for column in columns)
    if types != tuple({kind} for kind in _COLUMN_TYPES) or len({*map(len, columns)}) != 1:
        return False
    texts = list(_texts(kinds))
    return (
        all("en_US" in label for label in columns[6])
        and all(0 <= kind < len(kinds) for kind in columns[7])
        and all(isinstance(text, str) for text in texts)
    )


def _texts(kinds: list[Any]) -> Iterator[Any]:
    for pair in kinds:
        lists = as_list(pair)
        if len(lists) != 2 or not all(isinstance(item, list) for item in lists):
            yield None
        for item in lists:
            yield from as_list(item)
