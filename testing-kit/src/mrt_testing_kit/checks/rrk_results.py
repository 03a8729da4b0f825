"""RRK: which score belongs to which document."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import mrt
from mrt_testing_kit import seen
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import show
from mrt_testing_kit.outcome import Outcome

QUERY = "red apple pie"
DOCS = (
    "The sky is blue.",
    "An apple that is red.",
    "A pie of the house.",
    "Nothing here fits at all.",
    "red apple pie",
    "Grüße an 世界 🦉",
)


def ranked(
    ctx: Context, query: str, docs: Sequence[str], *, logits: bool = False, zero: bool = False
) -> list[tuple[int, float]]:
    """Return index and score of all documents as they should come back, best first."""
    pairs = [(place, ctx.oracle.score(query, text)) for place, text in enumerate(docs)]
    pairs.sort(key=lambda pair: (-pair[1], pair[0]))
    if logits:
        # Exact, as all of the oracle's numbers are.
        return [(place, score * 16 - 8) for place, score in pairs]
    return [*pairs[:-1], (pairs[-1][0], 0.0)] if zero else pairs


def judge(ctx: Context, got: Outcome, docs: Sequence[str], right: Sequence[tuple[int, float]]) -> None:
    """Fail the check unless a call gave these documents with these scores in this order."""
    found = [(doc.index, doc.score) for doc in got.ok().docs]
    numbers = all(isinstance(score, (int, float)) and not isinstance(score, bool) for _, score in found)
    if found != list(right) or not numbers:
        mend = _mend(found, right)
        ctx.fail(
            "documents, scores or order are wrong",
            expected=show(list(right)),
            came=show(found),
            outcome=got,
            mend=mend if ctx.check.id not in mend else None,
        )
    for doc in got.docs:
        ctx.equal(doc.text, docs[doc.index], f"the text of document {doc.index}", outcome=got)


def _mend(found: Sequence[tuple[int, float]], right: Sequence[tuple[int, float]]) -> str:
    """Return how to mend results that are wrong: one mistake shows in many checks."""
    if sorted(score for _, score in found) != sorted(score for _, score in right):
        return "Return each score as it came, and all that were asked for: see RRK-10, RRK-03 and RRK-09."
    if sorted(found) == sorted(right):
        return "Sort by score, and leave equal ones in their order: see RRK-08."
    return "Take each document by the index that the vendor gives: see RRK-01 and RRK-02."


@check(
    "RRK-01",
    "index map",
    bugs=["run-llama/llama_index#20597", "langgenius/dify#1661"],
    faults=["F55"],
    essential=True,
    fix="Take the document's place from the index of each result, never from the order of the results.",
)
def rrk_01(ctx: Context) -> None:
    """A score on the wrong document sorts the useless to the top, and looks like a bad model."""
    for query, docs in ((QUERY, DOCS), (QUERY, DOCS[::-1]), ("blue sky", DOCS), ("pie", DOCS[:1]), ("sky", DOCS[1:3])):
        judge(ctx, ctx.rerank(query, docs), docs, ranked(ctx, query, docs))
        for what in ("unsorted", "sorted"):
            with ctx.fault("F55", what=what):
                got = ctx.rerank(query, docs)
            judge(ctx, got, docs, ranked(ctx, query, docs))


@check(
    "RRK-02",
    "duplicate documents",
    essential=True,
    bugs=["run-llama/llama_index#20597", "langgenius/dify#1661"],
    faults=["F55"],
    fix="Keep the places of documents that are equal: each has an index of its own.",
)
def rrk_02(ctx: Context) -> None:
    """Removing duplicates, or finding a document by its text, moves every index behind it."""
    for docs in (["b", "a", "b", "a", "c red"], ["same"] * 3, ["x", "apple", "x", "pie", "x", "red"]):
        judge(ctx, ctx.rerank(QUERY, docs), docs, ranked(ctx, QUERY, docs))
        with ctx.fault("F55", what="unsorted"):
            got = ctx.rerank(QUERY, docs)
        judge(ctx, got, docs, ranked(ctx, QUERY, docs))
        judge(ctx, ctx.rerank(QUERY, docs, top_n=2), docs, ranked(ctx, QUERY, docs)[:2])
    for docs in (
        ["pie", " ", "a red apple"],
        ["", "pie", "a red apple"],
        ["pie", "", "", "red", "an apple"],
        ["a", "\n", "b red", ""],
    ):
        for top in (None, 2):
            _beside_blanks(ctx, ctx.rerank(QUERY, docs, top_n=top), docs, top)


def _beside_blanks(ctx: Context, got: Outcome, docs: Sequence[str], top: int | None) -> None:
    """Fail the check unless documents that say something keep their places and scores beside those that do not."""
    if got.error is not None:
        # A vendor may refuse a blank document; leaving it out moves those behind it.
        got.fails(mrt.InvokeBadRequestError)
        return
    right = [pair for pair in ranked(ctx, QUERY, docs) if docs[pair[0]].strip()]
    found = [(doc.index, doc.score) for doc in got.docs if docs[doc.index].strip()]
    wanted = right if top is None else right[: len(found)]
    ctx.equal(found, wanted, "indices and scores beside a blank document", outcome=got)
    ctx.equal(len(got.docs), len(docs) if top is None else top, "the number of documents", outcome=got)


def _judge_read_or_refused(ctx: Context, got: Outcome) -> None:
    if got.error is None:
        judge(ctx, got, DOCS, ranked(ctx, QUERY, DOCS))
    else:
        got.fails(mrt.InvokeError)


@check(
    "RRK-05",
    "odd scores",
    faults=["F55"],
    fix="Raise for a score that is no finite number; do not put 0 in its place.",
)
def rrk_05(ctx: Context) -> None:
    """A score that is not there is not 0: a document is hidden, or shown, by a number that nobody gave."""
    for what in ("null-score", "nan-score", "inf-score", "no-score"):
        for docs, at in ((DOCS, None), (DOCS[:1], None), (DOCS, 0), (DOCS, 2), (DOCS, -1)):
            with ctx.fault("F55", what=what, at=at):
                got = ctx.rerank(QUERY, docs)
            got.fails(mrt.InvokeError)
    with ctx.fault("F55", what="string-score"):
        # A number in quotes may be read as the number that it is.
        _judge_read_or_refused(ctx, ctx.rerank(QUERY, DOCS))


@check(
    "RRK-06",
    "bad index raises",
    essential=True,
    faults=["F55", "F24"],
    fix="Raise for an index that is no place in the documents; results that are passed over are documents lost.",
)
def rrk_06(ctx: Context) -> None:
    """An index that does not exist means that the answer belongs to other documents: none of it can be trusted."""
    for what in ("out-of-range", "negative", "no-index", "twice", "short"):
        for docs in (DOCS, DOCS[:2], DOCS[:1]):
            with ctx.fault("F55", what=what):
                got = ctx.rerank(QUERY, docs)
            got.fails(mrt.InvokeError)
    # The results that are left may not pass for all that reach the threshold, or for the best.
    asked: tuple[tuple[str, dict[str, Any]], ...] = (
        ("out-of-range", {"score_threshold": -1000.0}),
        ("negative", {"score_threshold": -1000.0}),
        ("twice", {"score_threshold": -1000.0}),
        ("out-of-range", {"top_n": 3}),
        ("short", {"top_n": 3}),
    )
    for what, options in asked:
        with ctx.fault("F55", what=what):
            got = ctx.rerank(QUERY, DOCS, **options)
        got.fails(mrt.InvokeError)
    with ctx.fault("F55", what="text-index"):
        # An index in quotes may be read as the number that it is.
        _judge_read_or_refused(ctx, ctx.rerank(QUERY, DOCS))
    with ctx.fault("F55", what="duplicate"):
        # A result that stands twice with one score may be counted once.
        _judge_read_or_refused(ctx, ctx.rerank(QUERY, DOCS))
    for what in ("hollow", "no-items", "null-item"):
        with ctx.fault("F24", what=what):
            got = ctx.rerank(QUERY, DOCS)
        got.fails(mrt.InvokeError)


@check(
    "RRK-07",
    "local text",
    essential=True,
    bugs=["langgenius/dify-official-plugins#1800", "xorbitsai/inference#1780"],
    faults=["F55"],
    fix="Take the text from the caller's documents by the index; vendors echo it, or null, or nothing.",
)
def rrk_07(ctx: Context) -> None:
    """Vendors leave the text out to save bytes; a provider that relies on it breaks when they begin to."""
    for what in ("no-text", "other-text"):
        for docs in (DOCS, DOCS[:1]):
            with ctx.fault("F55", what=what):
                got = ctx.rerank(QUERY, docs)
            judge(ctx, got, docs, ranked(ctx, QUERY, docs))


@check(
    "RRK-08",
    "order, ties stable",
    essential=True,
    faults=["F55"],
    fix="Sort by score, best first, and leave documents of one score in the order in which they were given.",
)
def rrk_08(ctx: Context) -> None:
    """Callers take the first documents as the best; equal ones that swap places make results flicker."""

    def draw(dice: random.Random) -> None:
        docs = [dice.choice(DOCS) for _ in range(dice.randint(1, 12))]
        top = dice.choice([None, len(docs) // 2 + 1])
        with ctx.fault("F55", what=dice.choice(["unsorted", "sorted", "reversed"])):
            got = ctx.rerank(QUERY, docs, top_n=top)
        judge(ctx, got, docs, ranked(ctx, QUERY, docs)[:top])
        scores = [doc.score for doc in got.docs]
        ctx.equal(scores, sorted(scores, reverse=True), "the order of the scores")

    for docs in (["pie", "pie", "red", "pie", "red"], ["same"] * 5):
        for top in (None, 1, 3):
            with ctx.fault("F55", what="reversed"):
                got = ctx.rerank(QUERY, docs, top_n=top)
            judge(ctx, got, docs, ranked(ctx, QUERY, docs)[:top])
    ctx.explore(draw, times=6, deep=80)


@check(
    "RRK-10",
    "scale verbatim or declared, monotone",
    bugs=["langgenius/dify#22139"],
    faults=["F55"],
    fix="Return the vendor's scores as they are; map them to another scale only under an option that says so.",
)
def rrk_10(ctx: Context) -> None:
    """A threshold is set for the vendor's scale: scores that are rescaled in silence make it meaningless."""
    form = ctx.target.entity.credential_form(ctx.model or None)
    named = [*(field.variable for field in form), *ctx.rules, *map(str, ctx.schema.model_properties)]
    declared = any(word in name for name in named for word in ("normali", "sigmoid", "rescale"))

    def draw(dice: random.Random) -> None:
        docs = [f"{dice.choice(DOCS)} {number}" for number in range(dice.randint(1, 9))]
        right = ranked(ctx, QUERY, docs, logits=True)
        with ctx.fault("F55", what="logits"):
            got = ctx.rerank(QUERY, docs)
        if declared:
            ctx.equal([doc.index for doc in got.ok().docs], [place for place, _ in right], "the order")
        else:
            judge(ctx, got, docs, right)
            judge(ctx, ctx.rerank(QUERY, docs), docs, ranked(ctx, QUERY, docs))

    ctx.explore(draw, times=5, deep=60)
    if declared:
        return
    # Scores that are tiny, huge, whole, below zero, and those with many digits.
    places = [place for place, _ in ranked(ctx, QUERY, DOCS)]
    scores = ctx.oracle.odd_scores(len(DOCS))
    with ctx.fault("F55", what="odd"):
        got = ctx.rerank(QUERY, DOCS)
    judge(ctx, got, DOCS, list(zip(places, scores, strict=True)))


def sent_once(ctx: Context, got: Outcome, query: str, docs: Sequence[str]) -> None:
    """Fail the check unless the request holds query and documents as they were given, and in their order."""
    strings = seen.strings(*got.requests)
    ctx.expect(query in strings, "the query is changed on the way", expected=query, came=strings)
    ours = set(docs)
    ctx.equal([text for text in strings if text in ours and text != query], list(docs), "the documents on the wire")
