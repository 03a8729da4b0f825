"""Reading the files of mutants.

A mutant is a block of lines; a blank line ends it::

    M001 usage is read only beside choices
    kills USG-02
    in openai_http/answer.py
    -        self._usage = body.get("usage") or self._usage
    +        self._usage = body.get("usage") if choices else None

``-`` lines stand in the file, exactly once; ``+`` lines take their place; lines that begin with a space stay. ``@@``
begins another place of the same file, and ``in`` another file; the first file's folder names the reference. Further
words: ``equivalent`` with the reason why nobody can notice, ``tier``, ``refused`` where loading has to fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mutants.mutant import Edit, Mutant

FOLDER = Path(__file__).resolve().parent / "lists"


def read_all() -> tuple[Mutant, ...]:
    """Return the mutants of all files, in the order of their names.

    Raises:
        ValueError: A block cannot be read, or two mutants have one id.
    """
    found = [mutant for file in sorted(FOLDER.glob("*.mutants")) for mutant in read(file)]
    ids = [mutant.id for mutant in found]
    if len(set(ids)) < len(ids):
        raise ValueError(f"ids that stand twice: {sorted({id for id in ids if ids.count(id) > 1})}")
    return tuple(found)


def read(file: Path) -> Iterator[Mutant]:
    """Return the mutants of a file."""
    block: list[str] = []
    for line in [*file.read_text("utf-8").splitlines(), ""]:
        if line.startswith("#"):
            continue
        if line:
            block.append(line)
        elif block:
            yield _mutant(block)
            block = []


def _mutant(block: list[str]) -> Mutant:
    id, _, title = block[0].partition(" ")
    words: dict[str, Any] = {}
    edits: list[Edit] = []
    file = ""
    old: list[str] = []
    new: list[str] = []

    def settle() -> None:
        if old or new:
            edits.append(Edit(file, *("".join(f"{line}\n" for line in lines) for lines in (old, new))))
        old.clear()
        new.clear()

    for line in block[1:]:
        if line[0] in "-+ ":
            if line[0] != "+":
                old.append(line[1:])
            if line[0] != "-":
                new.append(line[1:])
            continue
        settle()
        word, _, value = line.partition(" ")
        if word == "in":
            file = value
        elif word == "without":
            edits.append(Edit(value, "", ""))
        elif word in ("kills", "equivalent", "tier", "refused"):
            words[word] = value or True
        elif word != "@@":
            raise ValueError(f"{id}: what is {word!r}?")
    settle()
    if not title or "kills" not in words or not edits:
        raise ValueError(f"{id}: title, checks or places are missing")
    reference = edits[0].file.partition("/")[0]
    kills = tuple(words.pop("kills").split())
    return Mutant(id, title, reference, kills, tuple(edits), words.pop("equivalent", ""), words)
