"""EMB: which vector belongs to which text."""

from __future__ import annotations

from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import show

_TEXTS = ("alpha", "beta", "gamma", "delta", "a longer text, to tell lengths apart")


@check(
    "EMB-01",
    "pairing under shuffle",
    bugs=["pydantic/pydantic-ai#7284", "chroma-core/chroma#344"],
    faults=["F50"],
    essential=True,
    fix="Put the vectors in order by the index that the vendor gives with each.",
)
def emb_01(ctx: Context) -> None:
    """A store filled with vectors of other texts answers every search wrongly, and nobody sees why."""
    _compare(ctx)
    with ctx.fault("F50"):
        _compare(ctx)


def _compare(ctx: Context) -> None:
    got = ctx.embed(_TEXTS).ok()
    ctx.equal(len(got.vectors), len(_TEXTS), "the number of vectors")
    for place, (text, vector) in enumerate(zip(_TEXTS, got.vectors, strict=True)):
        right = ctx.oracle.embedding(text, len(vector))
        near = len(vector) > 0 and max(abs(a - b) for a, b in zip(vector, right, strict=True)) < 1e-6
        ctx.expect(
            near,
            f"vector {place} is not the one of texts[{place}]",
            expected=f"the vector of {text!r}: {show(right[:3])}...",
            came=f"{show(vector[:3])}..., {_whose(ctx, vector)}",
        )


def _whose(ctx: Context, vector: list[float]) -> str:
    for place, text in enumerate(_TEXTS):
        if vector and abs(vector[0] - ctx.oracle.embedding(text, len(vector))[0]) < 1e-6:
            return f"the vector of texts[{place}]"
    return "the vector of no text"
