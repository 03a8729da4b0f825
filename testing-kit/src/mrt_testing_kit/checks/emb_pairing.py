"""EMB: which vector belongs to which text."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from mrt_testing_kit import seen, vectors
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.server import RecordedRequest

_TEXTS: tuple[str, ...] = ("alpha", "beta", "gamma", "delta", "a longer text, to tell lengths apart")
_WORLD = ("Grüße", "世界", "שלום", "🦉", "e\u0301")


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
    for texts in (_TEXTS, _WORLD, ("one text alone",)):
        vectors.judge(ctx, ctx.embed(texts), texts)
    for how in ("reverse", "rotate"):
        for texts in (_TEXTS, _WORLD, _TEXTS[:2]):
            with ctx.fault("F50", how=how):
                got = ctx.embed(texts)
            vectors.judge(ctx, got, texts)
    # Ten and eleven come before two where indices are sorted as words.
    dozen = vectors.many(12)
    for how in ("reverse", "text", "none"):
        with ctx.fault("F50", how=how, times=None):
            got = ctx.embed(dozen)
        if got.error is not None and how != "reverse":
            # An index in quotes, or none, may be refused.
            vectors.refused(ctx, got, f"an answer with indices of the kind {how}")
        else:
            vectors.judge(ctx, got, dozen)


@check(
    "EMB-02",
    "pairing across batch sizes",
    essential=True,
    bugs=["xorbitsai/inference#5240", "run-llama/llama_index#851"],
    faults=["F50"],
    fix="An index counts within its own request: add the place where the batch begins, and empty the buffer after "
    "each batch.",
)
def emb_02(ctx: Context) -> None:
    """Whatever number of texts is given, each is sent once and gets its own vector, also where batches meet."""
    limit, options = vectors.batches(ctx)
    if limit is None or limit > 512:
        sizes = {1, 2, 3, 17, 64, 100, limit + 1 if limit is not None and limit <= 4096 else 200}
    else:
        sizes = {1, 2, limit - 1, limit, limit + 1, 2 * limit, 2 * limit + 1, 3 * limit, 3 * limit + 1} - {0}
    for size in sorted(sizes):
        _all_once(ctx, size, options, is_shuffled=False)
    for size in sorted(sizes)[-3:]:
        _all_once(ctx, size, options, is_shuffled=True)

    def draw(dice: random.Random) -> None:
        most = 3 * limit + 1 if limit is not None and limit <= 64 else 40
        _all_once(ctx, dice.randint(1, most), options, is_shuffled=dice.random() < 0.5)

    ctx.explore(draw, times=3, deep=60)


def _all_once(ctx: Context, size: int, options: dict[str, Any], *, is_shuffled: bool) -> None:
    texts = vectors.many(size)
    if is_shuffled:
        with ctx.fault("F50", how="reverse", times=None):
            got = ctx.embed(texts, **options)
    else:
        got = ctx.embed(texts, **options)
    vectors.judge(ctx, got, texts)
    sent = seen.strings(*got.requests)
    before, after = seen.affix(got.requests, texts)
    counts = {text: sent.count(f"{before}{text}{after}") for text in texts}
    again = [text for text, count in counts.items() if count > 1]
    ctx.expect(
        not again,
        f"texts were sent more than once: {again[:3]}",
        expected=f"each of {size} texts in one request",
        came=f"{len(got.requests)} requests, {sum(counts.values())} texts",
    )


@check(
    "EMB-10",
    "duplicate texts",
    essential=True,
    fix="Give every place of the list its own vector; a dictionary by text loses places.",
)
def emb_10(ctx: Context) -> None:
    """Texts that stand twice keep both their places, whatever the provider saves by asking once."""
    limit, options = vectors.batches(ctx)
    lists = [["same", "other", "same", "same"], ["twin", "twin"], ["b", "a", "b", "a", "c"]]
    # A duplicate in another batch than the first one.
    lists.append(["again", *vectors.many(vectors.several(limit) - 2), "again"])
    for texts in lists:
        vectors.judge(ctx, ctx.embed(texts, **options), texts)
        with ctx.fault("F50", how="reverse", times=None):
            got = ctx.embed(texts, **options)
        vectors.judge(ctx, got, texts)


@check(
    "EMB-19",
    "order under a delayed first batch",
    essential=True,
    faults=["F17"],
    fix="Collect the results of requests that run side by side in the order in which they were made, not in which "
    "they ended.",
)
def emb_19(ctx: Context) -> None:
    """Batches that run side by side end in any order; their vectors must not."""
    limit, options = vectors.batches(ctx)
    texts = vectors.many(vectors.several(limit))
    for slow in (texts[0], texts[len(texts) // 2]):
        with ctx.fault("F17", after=0, seconds=0.15, when=_holds(slow)):
            got = ctx.embed(texts, **options)
        vectors.judge(ctx, got, texts)


def _holds(text: str) -> Callable[[RecordedRequest], bool]:
    return lambda request: text.encode() in request.body
