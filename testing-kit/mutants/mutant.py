"""What a mutant is, and how one is made."""

from __future__ import annotations

import importlib
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mrt_testing_kit.references as references

HOME = Path(references.__file__).parent

OPENAI = {"base_url": "{server}", "api_key": "{canary}"}
MESSAGES = {"api_url": "{server}", "api_key": "{canary}"}
REFERENCES: dict[str, tuple[str, dict[str, str]]] = {
    "openai_http": ("openai", OPENAI),
    "openai_client": ("openai", OPENAI),
    "anthropic_http": ("anthropic", MESSAGES),
}
"""Reference to its dialect and credentials; mutants of ``wheel`` and ``source`` are distributions, built and not."""


class BrokenMutantError(Exception):
    """The mutant cannot be made: its reference has changed, or the patched text is no program."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement in a file of a reference.

    Args:
        file: Path below the folder of the references: ``openai_http/answer.py``.
        old: Text that stands there exactly once; empty for a file that is new.
        new: What stands there in the mutant; empty as well for a file that is left out.
    """

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A reference with one mistake more.

    Args:
        id: ``M`` and the number of the bug in the contract's list, or ``N`` and a number for mistakes of our own.
        title: The mistake, in a few words.
        reference: Name of the reference.
        kills: Checks that are meant to catch it; the first is the one.
        edits: The mistake.
        equivalent: Why nobody can notice, where that is so.
        options: ``tier`` for a run beyond the wire tier; ``refused`` where the provider must not even load.
    """

    id: str
    title: str
    reference: str
    kills: tuple[str, ...]
    edits: tuple[Edit, ...]
    equivalent: str = ""
    options: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def group(self) -> str:
        """The group of the check that is meant to catch it."""
        return self.kills[0].partition("-")[0]


@contextmanager
def made(wrong: Mutant) -> Generator[str]:
    """Write a mutant into a folder of its own, import it, and say where its plugin is: ``module:attribute``.

    Raises:
        BrokenMutantError: It cannot be made.
    """
    package = f"mutant_{wrong.id.lower().replace('-', '_')}"
    with tempfile.TemporaryDirectory(prefix=f"{package}_") as folder:
        copy = Path(folder) / package
        shutil.copytree(HOME, copy, ignore=shutil.ignore_patterns("__pycache__"))
        patched(wrong, copy)
        for file in copy.rglob("*.py"):
            file.write_text(file.read_text("utf-8").replace(references.__name__, package), "utf-8")
        before = set(sys.modules)
        sys.path.insert(0, folder)
        try:
            importlib.invalidate_caches()
            module = f"{package}.{wrong.reference}"
            try:
                importlib.import_module(module)
            except Exception as error:
                raise BrokenMutantError(f"{wrong.id}: it cannot be imported: {error!r}") from error
            yield f"{module}:plugin"
        finally:
            sys.path.remove(folder)
            for name in set(sys.modules) - before:
                if name.partition(".")[0] == package:
                    del sys.modules[name]


def patched(wrong: Mutant, folder: Path) -> None:
    """Put the mistake into files.

    Raises:
        BrokenMutantError: They are not as they were when the mutant was written.
    """
    for name in sorted({edit.file for edit in wrong.edits}):
        file, edits = folder / name, [edit for edit in wrong.edits if edit.file == name]
        if edits[0].old:
            _apply(wrong, file, edits)
        elif edits[0].new:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(edits[0].new, "utf-8")
        else:
            file.unlink()


def _apply(wrong: Mutant, file: Path, edits: list[Edit]) -> None:
    text = file.read_text("utf-8")
    places: list[tuple[int, Edit]] = []
    for edit in edits:
        found = text.count(edit.old)
        if found != 1:
            raise BrokenMutantError(f"{wrong.id}: {edit.file} has {found} times: {edit.old!r}")
        places.append((text.index(edit.old), edit))
    for at, edit in sorted(places, key=lambda place: -place[0]):
        text = text[:at] + edit.new + text[at + len(edit.old) :]
    if file.suffix == ".py":
        try:
            compile(text, str(file), "exec")
        except SyntaxError as error:
            raise BrokenMutantError(f"{wrong.id}: {file.name} is no program: {error}") from error
    file.write_text(text, "utf-8")
