"""Keeps the data of providers, so that the next process need not parse their YAML, nor import the parser.

One file per provider in the user's cache folder: a line with magic and digest, a line of JSON about the files, then the
data of each model as JSON of its own, which is parsed when the model is looked at. What is kept is plain data and not
objects. A file that is broken, foreign, out of date or not writable is as good as none: the YAML is read instead.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from mrt._cachedir import cache_dir, settled
from mrt.entities.common import ModelType
from mrt.entities.model import AIModelEntity
from mrt.schema.reach import Reach, reach

FORMAT = b"mrt-schema-1"
_MOST_FILES = 2048

_KINDS = {kind.value: kind for kind in ModelType}


@dataclass(frozen=True)
class Kept:
    """A provider as it was parsed.

    Args:
        data: The provider file's data.
        positions: Model type to names.
        kinds: Type of each model, in order.
        names: Name of each model.
        files: The file of each model.
        model_data: Parses the data of the model at an index.
    """

    data: Any
    positions: dict[str, list[str]]
    kinds: list[ModelType]
    names: list[str]
    files: list[str]
    model_data: Callable[[int], Any]


def fetch(file: Path, base: Path) -> Kept | None:
    """Return a provider that was kept, if nothing about its files has changed since."""
    place = _place(file)
    if place is None:
        return None
    try:
        content = _read_own(place)
        head, _, rest = content.partition(b"\n")
        if head != _head(rest):
            return None
        about, _, blobs = rest.partition(b"\n")
        kept = from_json(about)
        if kept["file"] != _stamp(str(file)) or kept["files"] != _digest(reach(file, base, kept["data"])):
            return None
        kinds = list(map(_KINDS.__getitem__, kept["kinds"]))
        names, files, ends = kept["names"], kept["models"], [*kept["ends"], 0]
    except (OSError, ValueError, KeyError, TypeError):
        return None

    def model_data(index: int) -> Any:
        return from_json(blobs[ends[index - 1] : ends[index]])

    return Kept(kept["data"], kept["positions"], kinds, names, files, model_data)


class Recorder:
    """Notes the files' stamps before they are read, so that a change in between shows later; then keeps the data."""

    def __init__(self, file: Path, found: Reach) -> None:
        self._place = _place(file)
        if self._place is not None:
            try:
                self._file, self._files = _stamp(str(file)), _digest(found)
                settled_all = all(_is_settled(path) for path in (str(file), *_files(found)))
            except OSError:
                settled_all = False
            if not settled_all:
                self._place = None

    def keep(
        self, data: Any, positions: dict[str, list[str]], models: Sequence[tuple[AIModelEntity, str, Any]]
    ) -> None:
        """Keep a provider; models are entity, file and data, in order."""
        if self._place is None:
            return
        try:
            blobs = [to_json(model) for _, _, model in models]
            about = {
                "file": self._file,
                "files": self._files,
                "data": data,
                "positions": positions,
                "kinds": [entity.model_type.value for entity, _, _ in models],
                "names": [entity.model for entity, _, _ in models],
                "models": [path for _, path, _ in models],
                "ends": list(accumulate(map(len, blobs))),
            }
            rest = b"\n".join([to_json(about), b"".join(blobs)])
        except ValueError:  # text that is no Unicode
            return
        _write(self._place, b"\n".join([_head(rest), rest]))


def _stamp(path: str) -> str:
    """Return what changes when a file changes.

    The time of the last change of the inode is part of it, as installers give files any time of modification they like.
    """
    state = os.stat(path)
    return f"{path} {state.st_size} {state.st_mtime_ns} {state.st_ctime_ns} {state.st_ino}"


def _digest(found: Reach) -> str:
    stamps = "\n".join(map(_stamp, _files(found)))
    return hashlib.blake2b(stamps.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _is_settled(path: str) -> bool:
    # A file that was written just now could be written again unnoticed.
    state = os.stat(path)
    return settled(state.st_mtime_ns) and settled(state.st_ctime_ns)


def _files(found: Reach) -> Iterator[str]:
    yield from found.models
    yield from found.positions.values()


def _head(rest: bytes) -> bytes:
    return b"%s %s" % (FORMAT, hashlib.blake2b(rest, digest_size=16).hexdigest().encode())


def _place(file: Path) -> Path | None:
    folder = cache_dir()
    if folder is None:
        return None
    name = hashlib.blake2b(os.path.abspath(file).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    return Path(folder, "schema", name)


def _read_own(place: Path) -> bytes:
    """Read a file that nobody else can have written.

    Raises:
        OSError: It cannot be read, or it belongs to somebody else.
    """
    with place.open("rb") as file:
        _refuse_foreign(os.fstat(file.fileno()))
        return file.read()


def _refuse_foreign(state: os.stat_result) -> None:
    if hasattr(os, "geteuid") and (state.st_uid != os.geteuid() or state.st_mode & 0o022):
        raise PermissionError("belongs to another user, or others may write to it")


def _write(place: Path, content: bytes) -> None:
    draft = ""
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_foreign(place.parent.stat())
        handle, draft = tempfile.mkstemp(dir=place.parent, prefix=".draft-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(draft, place)
        _drop_oldest(place.parent)
    except OSError:
        if draft:
            with suppress(OSError):
                os.unlink(draft)


def _drop_oldest(folder: Path) -> None:
    with os.scandir(folder) as entries:
        files = list(entries)
    if len(files) > _MOST_FILES:
        for entry in sorted(files, key=lambda entry: entry.stat().st_mtime_ns)[: _MOST_FILES // 4]:
            os.unlink(entry.path)
