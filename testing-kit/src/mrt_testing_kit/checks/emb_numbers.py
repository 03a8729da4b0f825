"""EMB: what the vectors are made of."""

from __future__ import annotations

from typing import Any

import mrt
from mrt_testing_kit import seen, vectors
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import NotApplicable
from mrt_testing_kit.vectors import refused

_TEXTS = ("alpha", "beta", "gamma", "delta")
_ODD_INDEX = {"twice": "stands twice", "beyond": "is behind the last text", "negative": "is negative"}


@check(
    "EMB-03",
    "count mismatch raises",
    essential=True,
    bugs=["langgenius/dify-official-plugins#3593"],
    faults=["F50", "F51"],
    fix="Compare the number of vectors in each answer with the number of texts in its request, see that each index is "
    "there once, and raise.",
)
def emb_03(ctx: Context) -> None:
    """A missing vector shifts all behind it, or leaves a text without one; neither may look like success."""
    for count in (1, 2, 7):
        vectors.judge(ctx, ctx.embed(_many(count)), _many(count))
    identified = ctx.embed(_TEXTS).ok().result.request_id is not None
    for by in (1, 2, -1, -2):
        with ctx.fault("F51", by=by):
            got = ctx.embed(_TEXTS)
        refused(ctx, got, f"an answer with {len(_TEXTS) - by} vectors for {len(_TEXTS)} texts")
        if identified:
            named = getattr(got.error, "request_id", None)
            ctx.expect(named, "the error lacks the request id, which results have", expected="a request_id")
    # One too few in one batch and one too many in the next add up.
    limit, options = vectors.batches(ctx)
    entries = [ctx.server.fault("F51", by=1), ctx.server.fault("F51", by=-1)]
    got = ctx.embed(vectors.many(vectors.several(limit)), **options)
    for entry in entries:
        entry.remove()
    refused(ctx, got, "a batch with one vector too few")
    for how in ("twice", "beyond", "negative"):
        _odd_index(ctx, how)


def _odd_index(ctx: Context, how: str) -> None:
    """Answer with as many vectors as texts, of which one text has none."""
    limit, options = vectors.batches(ctx)
    told = f"an index that {_ODD_INDEX[how]}"
    try:
        for texts in (_TEXTS, _TEXTS[:2]):
            with ctx.fault("F50", how=how):
                got = ctx.embed(texts)
            refused(ctx, got, f"an answer with {told}")
        if limit is not None and limit <= 1024:
            with ctx.fault("F50", how=how, skip=1):
                got = ctx.embed(vectors.many(2 * limit + 1), **options)
            refused(ctx, got, f"a later answer with {told}")
    except NotApplicable:
        # The vendor's vectors have no index.
        return


def _many(count: int) -> tuple[str, ...]:
    return tuple(vectors.many(count))


@check(
    "EMB-04",
    "constant dimension, as declared",
    essential=True,
    bugs=["langchain-ai/langchain#7070"],
    faults=["F54"],
    fix="Compare the length of every vector with the declared dimensions, or with the first vector.",
)
def emb_04(ctx: Context) -> None:
    """Stores refuse vectors of another length long after the call, or compare them as if nothing were wrong."""
    declared = seen.number(ctx, "dimensions")
    limit, options = vectors.batches(ctx)
    texts = [*_TEXTS, "x" * 900, *vectors.many(vectors.several(limit))]
    got = ctx.embed(texts, **options)
    vectors.judge(ctx, got, texts)
    sizes = {len(vector) for vector in got.vectors}
    ctx.equal(len(sizes), 1, f"the number of different vector lengths ({sizes})")
    if declared is not None:
        ctx.equal(sizes, {declared}, "the length of the vectors, against the declared dimensions")
    odd: tuple[dict[str, Any], ...] = ({"by": -1}, {"by": 2}, {"by": 1 - min(sizes)}, {"which": "empty"})
    for options_of_fault in odd:
        with ctx.fault("F54", **options_of_fault):
            got = ctx.embed(_TEXTS)
        refused(ctx, got, "an answer with a vector of another length")
    # A description that comes from the server may be off where the model was launched to cut its vectors.
    if declared is not None and ctx.schema.fetch_from == mrt.FetchFrom.PREDEFINED_MODEL:
        for by in (-1, 1):
            with ctx.fault("F54", which="all", by=by):
                got = ctx.embed(_TEXTS)
            refused(ctx, got, f"vectors of {declared + by} numbers where {declared} are declared")
    if limit is not None and limit <= 1024:
        with ctx.fault("F54", which="all", by=-1, skip=1):
            got = ctx.embed(vectors.many(2 * limit), **options)
        refused(ctx, got, "a second batch with vectors of another length")


@check(
    "EMB-05",
    "floats, finite, all elements",
    essential=True,
    faults=["F53"],
    fix="Return plain floats, all that the vendor sent, unrounded.",
)
def emb_05(ctx: Context) -> None:
    """Numbers as text, arrays of a library, or the first few numbers alone fail later, far from here."""
    scaled = vectors.tolerance(ctx) > 0
    for texts in (_TEXTS, ("0",), ("a b c", "A B C", "a  b c")):
        got = ctx.embed(texts)
        vectors.judge(ctx, got, texts)
        for place, vector in enumerate(got.vectors):
            ctx.expect(type(vector) is list, f"vector {place} is a {type(vector).__name__}", expected="a list")
            kinds = {type(value).__name__ for value in vector}
            ctx.equal(kinds, {"float"}, f"the types in vector {place}")
            ctx.expect(vectors.is_sound(vector), f"vector {place} is empty or not finite", expected="finite floats")
    with ctx.fault("F53", value="odd"):
        got = ctx.embed(_TEXTS).ok()
    for place, vector in enumerate(got.vectors):
        right = ctx.oracle.odd_numbers(place, len(vector))
        # Whole numbers may stay whole.
        ctx.expect(
            scaled or vector == right,
            f"numbers of vector {place} are not the vendor's",
            expected=repr(right),
            came=repr(vector),
        )
    with ctx.fault("F53", value="zero"):
        got = ctx.embed(_TEXTS)
    if got.error is not None:
        # A vector without a length may be refused; it may not become NaN, or a crash.
        refused(ctx, got, "an answer with vectors of zeros")
    else:
        numbers = {number for vector in got.vectors for number in vector}
        ctx.equal(numbers, {0.0}, "the numbers of vectors of zeros")


@check(
    "EMB-06",
    "NaN and null raise",
    essential=True,
    bugs=["langchain-ai/langchain#7070"],
    faults=["F53"],
    fix="Look at every number of every vector before returning: no NaN, no infinity, no null.",
)
def emb_06(ctx: Context) -> None:
    """One NaN in a store makes every comparison with that vector undefined; found months later."""
    for value in ("nan", "inf", "minus-inf", "null", "null-vector", "nested"):
        for at, place in ((0, 0), (1, 3), (-1, -1)):
            with ctx.fault("F53", value=value, at=at, place=place):
                got = ctx.embed(_TEXTS)
            refused(ctx, got, f"an answer with {value} in vector {at} (number {place})")
    limit, options = vectors.batches(ctx)
    if limit is not None and limit <= 1024:
        for value in ("nan", "null"):
            with ctx.fault("F53", value=value, skip=1, place=-1):
                got = ctx.embed(vectors.many(2 * limit + 1), **options)
            refused(ctx, got, f"a later answer with {value}")
    with ctx.fault("F53", value="nan"):
        got = ctx.embed(("alone",))
    refused(ctx, got, "an answer with nan in its only vector")
    with ctx.fault("F53", value="text"):
        got = ctx.embed(_TEXTS)
    # A number in quotes may be read as the number that it is.
    if got.error is None:
        ctx.expect(all(map(vectors.is_sound, got.vectors)), "a vector holds a text", expected="floats or an error")
    else:
        refused(ctx, got, "an answer with a number as text")


@check(
    "EMB-07",
    "base64 and float",
    bugs=["openai/openai-python#1490", "mem0ai/mem0#4058", "langgenius/dify-official-plugins#3091"],
    faults=["F52"],
    fix="Look at what came, text or list, and not at what was asked for: many servers ignore encoding_format.",
)
def emb_07(ctx: Context) -> None:
    """Servers answer with lists where base64 was asked for; read the wrong way that is garbage, or 'no data'."""
    for texts in (_TEXTS, ("alone",)):
        vectors.judge(ctx, ctx.embed(texts), texts)
        with ctx.fault("F52"):
            got = ctx.embed(texts)
        # Base64 that nobody asked for may be refused; it may not become numbers that mean nothing.
        asked = "base64" in seen.strings(*got.requests)
        if got.error is not None and not asked:
            refused(ctx, got, "base64 that was not asked for")
        else:
            vectors.judge(ctx, got, texts)
        for what in ("torn", "words"):
            with ctx.fault("F52", what=what):
                got = ctx.embed(texts)
            refused(ctx, got, "a vector in base64 that lacks bytes" if what == "torn" else "a word for a vector")


@check(
    "EMB-21",
    "normalise flag",
    faults=["F53"],
    fix="Return the vendor's vectors as they are; normalise them only under an option that says so.",
)
def emb_21(ctx: Context) -> None:
    """Some models put meaning into a vector's length; scaling it to one without being asked loses that."""
    with ctx.fault("F53", value="double"):
        got = ctx.embed(_TEXTS).ok()
    lengths = [sum(value * value for value in vector) ** 0.5 for vector in got.vectors]
    if vectors.tolerance(ctx) and all(abs(length - 1) < 1e-3 for length in lengths):
        vectors.judge(ctx, got, _TEXTS)
        return
    vectors.judge(ctx, got, _TEXTS, factor=2.0)
