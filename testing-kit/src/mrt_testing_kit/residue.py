"""What is left behind in folders: a folder of temporary files of one's own, and files that are opened twice."""

from __future__ import annotations

import builtins
import io
import os
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_VARIABLES = ("TMPDIR", "TEMP", "TMP")


@dataclass
class Folder:
    """The folder.

    Attributes:
        path: Where it is.
        twice: Files in it that were opened while they were open.
    """

    path: Path
    twice: list[str] = field(default_factory=list[str])

    def left(self) -> list[str]:
        """Return the names of what is in it."""
        return sorted(str(path.relative_to(self.path)) for path in self.path.rglob("*"))


@contextmanager
def own_temporary_folder() -> Generator[Folder]:
    """Let temporary files go to a folder of one's own, and notice files in it that are opened a second time."""
    kept, variables = tempfile.tempdir, {name: os.environ.get(name) for name in _VARIABLES}
    with tempfile.TemporaryDirectory(prefix="mrt-kit-") as name:
        folder = Folder(Path(name).resolve())
        openers: list[tuple[Any, str, Callable[..., Any]]] = [
            (module, function, getattr(module, function))
            for module, function in ((builtins, "open"), (io, "open"), (os, "open"))
        ]
        try:
            tempfile.tempdir = str(folder.path)
            os.environ.update(dict.fromkeys(_VARIABLES, str(folder.path)))
            for module, function, original in openers:
                setattr(module, function, _watching(folder, original))
            yield folder
        finally:
            for module, function, original in openers:
                setattr(module, function, original)
            tempfile.tempdir = kept
            for variable, value in variables.items():
                if value is None:
                    os.environ.pop(variable, None)
                else:
                    os.environ[variable] = value


def _watching(folder: Folder, original: Callable[..., Any]) -> Callable[..., Any]:
    def opened(file: Any, *arguments: Any, **options: Any) -> Any:
        if not isinstance(file, int):
            path = os.path.realpath(os.fsdecode(file))
            if path.startswith(f"{folder.path}{os.sep}") and path in _open_files():
                folder.twice.append(os.path.relpath(path, folder.path))
        return original(file, *arguments, **options)

    return opened


def _open_files() -> set[str]:
    """Return the paths of this process's open files; empty where the system does not tell."""
    if not sys.platform.startswith("linux"):
        return set()
    found: set[str] = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            # The listing itself had one open.
            continue
    return found
