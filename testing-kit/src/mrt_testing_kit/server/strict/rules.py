"""What a strict server refuses, and how it says so."""

from __future__ import annotations

from dataclasses import dataclass


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    Attributes:
        rule: ``S1`` to ``S6``.
        sentence: what is wrong.
        param: the field at fault, where it is one.
        status: the status of the refusal.
    """

    rule: str
    sentence: str
    param: str | None = None
    status: int = 400

    def __str__(self) -> str:
        return f"{self.rule}: {self.sentence}"
