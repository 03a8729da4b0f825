"""Finds a provider's files: the provider file itself, and what its globs reach."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from pathlib import Path
from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.plain import is_list, is_mapping
from mrt.schema.findings import KeyPath

_PROVIDER_KEY = re.compile(rb"^(?:\xef\xbb\xbf)?provider[ \t]*:", re.MULTILINE)
_MAGIC = re.compile(r"[*?[]")
_TYPE_OF_FOLDER = {kind.key: kind for kind in ModelType}
SUFFIXES = (".yaml", ".yml")


@dataclass
class Reach:
    """What a provider file reaches.

    Args:
        base: Folder to which its paths are relative.
        models: Model files, by name.
        positions: Model type to its position file; the ``position`` key wins over a file that a glob matches.
        empty: Key paths of globs that match no model file.
        missing: Key paths of position files that do not exist.
        outside: Key paths of globs and positions that lead out of the folder.
        malformed: Whether ``models`` holds something else than patterns and paths.
    """

    base: str
    models: list[str] = field(default_factory=list[str])
    positions: dict[ModelType, str] = field(default_factory=dict[ModelType, str])
    empty: list[KeyPath] = field(default_factory=list[KeyPath])
    missing: list[KeyPath] = field(default_factory=list[KeyPath])
    outside: list[KeyPath] = field(default_factory=list[KeyPath])
    malformed: bool = False


def is_position(path: str | os.PathLike[str]) -> bool:
    """Tell by the name whether a file holds the order of models."""
    return os.fspath(path).endswith(("_position.yaml", "_position.yml"))


def provider_files(folder: Path) -> list[Path]:
    """Return the provider files of a folder: its ``provider.yaml``, or else what looks like one in the usual places."""
    usual = folder / "provider.yaml"
    if usual.is_file():
        return [usual]
    for place in (folder, folder / "provider"):
        names = sorted(os.listdir(place)) if place.is_dir() else []
        files = [place / name for name in names if name.endswith(SUFFIXES) and not is_position(name)]
        if found := [file for file in files if file.is_file() and _PROVIDER_KEY.search(file.read_bytes())]:
            return found
    return []


def base_of(file: Path) -> Path:
    """Return the folder to which a provider file's paths are relative.

    It is the file's own folder. In published plugins the file lies in ``provider/``, and its paths start one level
    higher, where the manifest is.
    """
    folder = file.parent
    above = folder.parent
    marks = ("models", "_assets", "manifest.yaml")
    if folder.name != "provider" or any((folder / mark).exists() for mark in marks[:2]):
        return folder
    return above if any((above / mark).exists() for mark in marks) else folder


def globs_of(data: Any) -> Iterator[tuple[ModelType, KeyPath, Any, bool]]:
    """Yield model type, key path, pattern, and whether it names a position file.

    Of what is malformed the value is yielded in place of a pattern, which is then no text.
    """
    models = data.get("models") if is_mapping(data) else None
    if models is not None and not is_mapping(models):
        yield ModelType.LLM, ("models",), None, False
        return
    for key, entry in (models or {}).items():
        try:
            kind = ModelType(key)
        except ValueError:
            continue
        if entry is None:
            continue
        if not is_mapping(entry):
            yield kind, ("models", key), None, False
            continue
        patterns = entry.get("predefined")
        if patterns is not None and not is_list(patterns):
            yield kind, ("models", key, "predefined"), None, False
        for index, pattern in enumerate(patterns if is_list(patterns) else ()):
            if pattern is not None:
                yield kind, ("models", key, "predefined", index), pattern, False
        if (position := entry.get("position")) is not None:
            yield kind, ("models", key, "position"), position, True


def homes_of(file: Path, base: Path) -> tuple[str, ...]:
    """Return the folders that files may lie in, links followed.

    Beside the base this is the same folder as seen from where the provider file really lies: some installers keep
    packages in a store and link every single file.
    """
    real = Path(os.path.realpath(file)).parent
    return (os.path.realpath(base), str(real if base == file.parent else real.parent))


def reach(file: Path, base: Path, data: Mapping[str, Any] | Any) -> Reach:
    """Follow the globs and position paths of a provider file's data."""
    found = Reach(str(base))
    homes: tuple[str, ...] = ()
    folders = _Folders()
    models: set[str] = set()
    by_key: dict[ModelType, str] = {}
    for kind, path, pattern, is_key in globs_of(data):
        if not isinstance(pattern, str):
            found.malformed = True
            continue
        parts = pattern.replace("\\", "/").split("/")
        if ".." in parts or os.path.isabs(pattern) or ":" in parts[0]:
            found.outside.append(path)
            continue
        matched = 0
        for match, linked in folders.matches(found.base, [part for part in parts if part not in ("", ".")]):
            homes = homes or (homes_of(file, base) if linked else ())
            if linked and not is_within(match, homes):
                found.outside.append(path)
            elif is_key:
                by_key[kind] = match
                matched += 1
            elif is_position(match):
                found.positions.setdefault(_TYPE_OF_FOLDER.get(Path(match).parent.name, kind), match)
            elif match.endswith(SUFFIXES):
                models.add(match)
                matched += 1
        if not matched and path not in found.outside:
            (found.missing if is_key else found.empty).append(path)
    found.models = sorted(models)
    found.positions |= by_key
    return found


def is_within(file: str, homes: Iterable[str]) -> bool:
    """Tell whether a file, links followed, lies below one of these folders."""
    real = Path(os.path.realpath(file))
    return any(real.is_relative_to(home) for home in homes)


class _Folders:
    """Expands patterns; each folder is listed once. Links to folders are followed, but not below ``**``."""

    def __init__(self) -> None:
        self._listed: dict[str, list[os.DirEntry[str]]] = {}

    def _list(self, folder: str) -> list[os.DirEntry[str]]:
        if folder not in self._listed:
            try:
                with os.scandir(folder) as entries:
                    self._listed[folder] = list(entries)
            except OSError:
                self._listed[folder] = []
        return self._listed[folder]

    def matches(self, folder: str, parts: list[str], linked: bool = False) -> Iterator[tuple[str, bool]]:
        """Yield files, and whether a link was followed on the way."""
        if not parts:
            return
        part, rest = parts[0], parts[1:]
        if part == "**":
            yield from self.matches(folder, rest or ["*"], linked)
            for entry in self._list(folder):
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                    yield from self.matches(entry.path, parts, linked)
            return
        match = _pattern(part) if _MAGIC.search(part) else None
        for entry in self._list(folder):
            if match(entry.name) if match else entry.name == part:
                through = linked or entry.is_symlink()
                if rest and entry.is_dir():
                    yield from self.matches(entry.path, rest, through)
                elif not rest and entry.is_file():
                    yield entry.path, through


@lru_cache(maxsize=256)
def _pattern(part: str) -> Any:
    """Compile one part of a glob; as in a shell, it matches hidden names only when it starts with a dot itself."""
    return re.compile(("" if part.startswith(".") else r"(?!\.)") + translate(part)).match
