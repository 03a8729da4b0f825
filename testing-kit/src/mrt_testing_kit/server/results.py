"""What the oracle answers beside conversations, in no vendor's words: vectors, scores, verdicts and names, row by row.

A dialect asks its call for them (``call.vectors``, ``call.ranks``, ``call.verdicts``, ``call.listing``) and writes each
row in the vendor's words. Faults change the rows before the dialect sees them, so they work in every shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Self, TypeVar

from mrt_testing_kit.server.answer import Usage


@dataclass
class Row:
    """A part of an answer. It notes which of its fields are read: a fault in a field that nobody reads is not seen."""

    _read: set[str] = field(default_factory=set[str], init=False, repr=False, compare=False)

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_"):
            object.__getattribute__(self, "_read").add(name)
        return object.__getattribute__(self, name)

    def copy(self, **changes: Any) -> Self:
        """Return a row like this one."""
        return replace(self, **changes)


@dataclass
class Vector(Row):
    """The vector of one text.

    Attributes:
        index: the place of the text in the request.
        vector: numbers, or base64 where that was asked for. After faults also null, or with other things in it.
    """

    index: Any
    vector: Any


@dataclass
class Rank(Row):
    """The score of one document.

    Attributes:
        index: the place of the document in the request.
        score: how well it fits.
        text: the document; None where it was not asked for. A fault may put another one here.
    """

    index: Any
    score: Any
    text: Any = None


@dataclass
class Verdict(Row):
    """What is wrong with one text.

    Attributes:
        flagged: whether it offends.
        categories: category to whether it offends there.
        scores: category to a number between 0 and 1.
    """

    flagged: Any
    categories: Any
    scores: Any


@dataclass
class Listed(Row):
    """One model of a list.

    Attributes:
        name: its id.
    """

    name: Any


R = TypeVar("R", bound=Row)


@dataclass
class Rows(Generic[R]):
    """The rows of an answer, in the order in which they are to be sent.

    Attributes:
        rows: the rows.
        usage: the token counts of the call.
        asked: how many texts or documents the request has.
        indexed: whether the vendor's rows tell their index; else their order is that of the request.
        coded: whether vectors are base64; None where the vendor has one form only.
    """

    rows: list[R]
    usage: Usage
    asked: int
    indexed: bool = True
    coded: bool | None = None

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def forget_reads(self) -> None:
        """Forget what was read so far; what a dialect reads counts from here."""
        for row in self.rows:
            object.__getattribute__(row, "_read").clear()

    def was_read(self, *names: str) -> bool:
        """Say whether one of these fields was read in any row; true when there are no rows."""
        return not self.rows or any(
            name in object.__getattribute__(row, "_read") for row in self.rows for name in names
        )
