"""Token counts that betray a mix-up: primes, and no two fields share one."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Literal

from mrt_testing_kit.server.answer import Usage, tokens

Field = Literal["prompt", "completion", "cached", "cache_write", "reasoning"]

_RANGES: dict[Field, tuple[int, int]] = {
    "prompt": (1500, 2500),
    "completion": (600, 1400),
    "cached": (30, 100),
    "cache_write": (110, 190),
    "reasoning": (200, 500),
}


@cache
def prime_table(field: Field) -> tuple[int, ...]:
    """Return the primes from which a field's count is taken; the tables of two fields have nothing in common."""
    low, high = _RANGES[field]
    return tuple(n for n in range(low, high) if all(n % d for d in range(2, int(n**0.5) + 1)))


def usage(text: str, *, cached: bool = True, reasoning: bool = False, cache_write: bool = False) -> Usage:
    """Return the token counts of a call.

    Args:
        text: the last user message, or the prompt; for embeddings and rerank all texts joined with newlines.
        cached: count input tokens read from the cache.
        reasoning: count output tokens spent on reasoning.
        cache_write: count input tokens written to the cache.

    Returns:
        Counts that are primes from tables of their own, and depend on the text alone. ``prompt`` includes the cached
        ones, ``completion`` the reasoning.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

    def pick(field: Field, at: int) -> int:
        table = prime_table(field)
        return table[int.from_bytes(digest[at : at + 4], "big") % len(table)]

    return Usage(
        prompt=pick("prompt", 0),
        completion=pick("completion", 4),
        cached=pick("cached", 8) if cached else None,
        cache_write=pick("cache_write", 12) if cache_write else None,
        reasoning=pick("reasoning", 16) if reasoning else None,
    )


def count(text: str) -> int:
    """Return how many of the oracle's tokens a text has."""
    return len(tokens(text))
