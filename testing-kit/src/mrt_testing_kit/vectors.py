"""Judging embeddings: each vector is the one that the oracle gives for the text in its place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import mrt
from mrt_testing_kit import seen
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import show
from mrt_testing_kit.outcome import Outcome

# The oracle's numbers are exact in single precision, and so in JSON and base64: nothing is lost but by a mistake. Who
# is asked to normalise vectors gets others, by as much as the oracle's differ from a length of one.
TOLERANCE = 2e-6


def near(vector: Sequence[float], right: Sequence[float], tolerance: float = 0.0) -> bool:
    """Tell whether two vectors are the same, number by number."""
    return len(vector) == len(right) > 0 and all(
        isinstance(a, float) and abs(a - b) <= tolerance for a, b in zip(vector, right, strict=True)
    )


def tolerance(ctx: Context) -> float:
    """Return how far numbers may be from the vendor's: not at all, unless normalising is an option that is declared."""
    form = ctx.target.entity.credential_form(ctx.model or None)
    named = [*(field.variable for field in form), *ctx.rules, *map(str, ctx.schema.model_properties)]
    return TOLERANCE if any("normali" in name for name in named) else 0.0


def judge(ctx: Context, got: Outcome, texts: Sequence[str], *, factor: float = 1.0) -> None:
    """Fail the check unless a call gave every text its own vector.

    Args:
        ctx: The check.
        got: The call.
        texts: What was embedded.
        factor: What the server multiplied its vectors with.
    """
    vectors = got.ok().vectors
    ctx.equal(len(vectors), len(texts), f"the number of vectors for {len(texts)} texts", outcome=got)
    before, after = seen.affix(got.requests, texts)
    within = tolerance(ctx)
    for place, (text, vector) in enumerate(zip(texts, vectors, strict=True)):
        right = [value * factor for value in ctx.oracle.embedding(f"{before}{text}{after}", len(vector))]
        if not near(vector, right, within):
            whose, mend = _whose(ctx, vector, texts)
            ctx.fail(
                f"vector {place} of {len(texts)} is not the one of texts[{place}]",
                expected=f"the vector of {show(text, 80)}: {show(right[:4])}...",
                came=f"{show(vector[:4])}..., {whose}",
                outcome=got,
                mend=mend if ctx.check.id not in mend else None,
            )


def _whose(ctx: Context, vector: Sequence[float], texts: Sequence[str]) -> tuple[str, str]:
    """Return whose vector it is, and how to mend that: one mistake shows in many checks."""
    for place, text in enumerate(texts):
        right = ctx.oracle.embedding(text, len(vector))
        if near(vector, right):
            return f"the vector of texts[{place}]", "Put each vector in its text's place: see EMB-01 and EMB-02."
        if near(vector, right, 1e-2):
            return f"the vector of texts[{place}], rounded", "Return every number as it came: see EMB-05."
    mend = "Send each text as it is given, whole, and return its vector as it came: see EMB-17, EMB-11 and EMB-05."
    return "the vector of no text", mend


def refused(ctx: Context, got: Outcome, what: str) -> None:
    """Fail the check unless a call raised because of a wrong answer."""
    ctx.expect(
        isinstance(got.error, mrt.InvokeError),
        f"{what} was taken for a right answer" if got.error is None else f"{what} ended as a foreign error",
        expected="InvokeBadResponseError",
        outcome=got,
    )


def is_sound(vector: Sequence[Any]) -> bool:
    """Tell whether a vector is made of finite floats, and of at least one."""
    return len(vector) > 0 and all(isinstance(value, float) and math.isfinite(value) for value in vector)


def batches(ctx: Context) -> tuple[int | None, dict[str, Any]]:
    """Return how many texts the provider says that one request takes, and the options of calls for which that holds.

    Where the credentials can declare it, it is five, so that few texts make many batches.
    """
    small = seen.with_form_field(ctx, "max_chunks", "5")
    if small is not None and seen.number(ctx, "max_chunks", small) == 5:
        return 5, {"credentials": small}
    return seen.number(ctx, "max_chunks"), {}


def many(count: int, word: str = "text") -> list[str]:
    """Return so many different texts, no one a part of another."""
    return [f"{word} {number:05} end" for number in range(count)]


def several(limit: int | None) -> int:
    """Return a number of texts that needs three requests where the limit is known."""
    return 2 * limit + 1 if limit is not None and limit <= 1024 else 40
