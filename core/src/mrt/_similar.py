"""Names that are meant: what a message of a wrong name suggests."""

from __future__ import annotations

from collections.abc import Iterable


def most_like(word: str, names: Iterable[str], most: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return the names that are most like a word, the nearest first.

    Args:
        word: What was given.
        names: What there is.
        most: How many may be returned.
        cutoff: How alike they must be, from 0 to 1.
    """
    # Only a mistake needs it, so nobody else pays for its import.
    from difflib import get_close_matches

    return get_close_matches(word, list(names), most, cutoff)
