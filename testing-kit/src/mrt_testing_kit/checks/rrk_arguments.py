"""RRK: what the caller asks for."""

from __future__ import annotations

import random
from collections.abc import Sequence

import mrt
from mrt_testing_kit import seen
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.checks.rrk_results import DOCS, QUERY, judge, ranked, sent_once
from mrt_testing_kit.context import Context

# One token for every tokenizer that knows English, and more characters than tokens.
_WORDS = ("morning", "kitchen", "windows", "teacher", "forests", "quickly", "million", "science")
_SIGNS = "abc xyz ÄÖß  \n\t\"'\\/{}[]<>&%é日本語العربية🙂👩\u200d👧\u2028\u0085"


@check(
    "RRK-03",
    "top_n None, 0, 1, n, n+5, -1",
    bugs=[
        "langgenius/dify-official-plugins#1536",
        "langgenius/dify-official-plugins#931",
        "deepset-ai/haystack-core-integrations#3747",
        "deepset-ai/haystack-core-integrations#3503",
    ],
    fix="Ask 'top_n is not None'; without one send none and return all, and never send more than there are documents.",
)
def rrk_03(ctx: Context) -> None:
    """None means all, 0 means none, more than there are means all; a negative number is a mistake to be told."""
    for strict in (False, True):
        if strict:
            ctx.strict("S1", "S3")
        for docs in (DOCS, DOCS[:1]):
            right = ranked(ctx, QUERY, docs)
            for top in (None, 0, 1, 2, len(docs) - 1, len(docs), len(docs) + 5):
                got = ctx.rerank(QUERY, docs, top_n=top)
                judge(ctx, got, docs, right if top is None else right[:top])
                nulls = seen.nulls(*got.requests)
                ctx.expect(not nulls, f"null is sent for {nulls}", expected="fields without a value are left out")
        got = ctx.rerank(QUERY, DOCS, top_n=-1)
        got.fails(mrt.InvokeBadRequestError, ValueError)
        ctx.equal(len(got.requests), 0, "the number of requests for a negative top_n")


@check(
    "RRK-04",
    "empty list without I/O",
    essential=True,
    fix="Return an empty result before anything is sent.",
)
def rrk_04(ctx: Context) -> None:
    """A search that found nothing has nothing to sort; vendors answer 400 to it."""
    nothing: tuple[Sequence[str], ...] = ([], ())
    for docs in nothing:
        for top in (None, 3):
            got = ctx.rerank(QUERY, docs, top_n=top).ok()
            ctx.equal(got.docs, [], "the documents")
            ctx.equal(len(got.requests), 0, "the number of requests for no document")
    judge(ctx, ctx.rerank(QUERY, DOCS), DOCS, ranked(ctx, QUERY, DOCS))


@check(
    "RRK-09",
    "threshold inclusive, 0.0 kept",
    essential=True,
    faults=["F55"],
    fix="Keep score >= threshold; ask 'threshold is not None', since 0.0 is a threshold and a score like others.",
)
def rrk_09(ctx: Context) -> None:
    """The score at the threshold belongs to the results, and a score of 0.0 is a score."""
    right = ranked(ctx, QUERY, DOCS)
    ctx.strict("S1")
    for place, (_, score) in enumerate(right):
        for top in (None, 1, len(DOCS)):
            got = ctx.rerank(QUERY, DOCS, score_threshold=score, top_n=top)
            judge(ctx, got, DOCS, right[: place + 1][:top])
    for threshold, expected in ((None, right), (0.0, right), (-1.0, right), (2.0, [])):
        judge(ctx, ctx.rerank(QUERY, DOCS, score_threshold=threshold), DOCS, expected)
    zero = ranked(ctx, QUERY, DOCS, zero=True)
    for threshold in (None, 0.0):
        with ctx.fault("F55", what="zero"):
            got = ctx.rerank(QUERY, DOCS, score_threshold=threshold)
        judge(ctx, got, DOCS, zero)
    logits = ranked(ctx, QUERY, DOCS, logits=True)
    for threshold in (0.0, logits[-1][1]):
        with ctx.fault("F55", what="logits"):
            got = ctx.rerank(QUERY, DOCS, score_threshold=threshold)
        judge(ctx, got, DOCS, [pair for pair in logits if pair[1] >= threshold])


@check(
    "RRK-11",
    "odd query",
    fix="Send the query as it is; refuse an empty one before sending anything.",
)
def rrk_11(ctx: Context) -> None:
    """An empty query sorts by nothing, and a query in another script, or a long one, is a query like others."""
    for query in ("", "  \n"):
        got = ctx.rerank(query, DOCS)
        got.fails(mrt.InvokeBadRequestError)
        ctx.equal(len(got.requests), 0, "the number of requests for an empty query")
    ctx.strict("S1", "S3")
    odd = (
        "?",
        "0",
        "null",
        "红苹果 في 🦉",
        "  red  apple  ",
        "line\nbreak\ttab",
        '"quoted" \\ {json}',
        "red " * 2000,
        "http://127.0.0.1/red",
    )
    for query in odd:
        got = ctx.rerank(query, DOCS)
        judge(ctx, got, DOCS, ranked(ctx, query, DOCS))
        sent_once(ctx, got, query, DOCS)


@check(
    "RRK-12",
    "batches comparable or refused",
    fix="Send all documents in one request, or sort over all batches before cutting to top_n; else refuse.",
)
def rrk_12(ctx: Context) -> None:
    """The best of each batch are not the best of all: top_n has to be cut from the whole."""
    limit = seen.number(ctx, "max_chunks")
    for count in (100, 301, 1200) if limit is None else (limit, min(3 * limit + 1, 1500)):
        docs = [f"document {number} {'red apple' if number % 37 == 5 else 'about nothing'}" for number in range(count)]
        right = ranked(ctx, QUERY, docs)
        for top in (None, 7):
            got = ctx.rerank(QUERY, docs, top_n=top)
            if got.error is not None:
                got.fails(mrt.InvokeBadRequestError)
                continue
            judge(ctx, got, docs, right[:top])


@check(
    "RRK-13",
    "inputs untouched",
    essential=True,
    fix="Send query and documents as they are given, in their order; sort a copy.",
)
def rrk_13(ctx: Context) -> None:
    """A list that is sorted in place no longer fits the indices; a text that is changed has another score."""

    def draw(dice: random.Random) -> None:
        signs = ["".join(dice.choices(_SIGNS, k=dice.randint(1, 40))) for _ in range(dice.randint(1, 8))]
        docs = [f"{number}{text}." for number, text in enumerate(signs)]
        query = f"q{''.join(dice.choices(_SIGNS, k=20))}?"
        kept = list(docs)
        got = ctx.rerank(query, docs, top_n=dice.choice([None, 2]))
        ctx.equal(docs, kept, "the caller's list after the call")
        ctx.expect(got.ok().docs, "nothing came back", expected="documents")
        sent_once(ctx, got, query, docs)
        for doc in got.docs:
            ctx.equal(doc.text, kept[doc.index], f"the text of document {doc.index}")

    ctx.explore(draw, times=5, deep=80)
    judge(ctx, ctx.rerank(QUERY, tuple(DOCS)), DOCS, ranked(ctx, QUERY, DOCS))
    for count in _sizes(ctx):
        long = " ".join(_WORDS[place % len(_WORDS)] for place in range(count))
        docs = [DOCS[0], f"{long} red apple", f"pie {long}", DOCS[1]]
        got = ctx.rerank(QUERY, docs)
        if got.error is not None:
            # What the model cannot read may be refused; it may not be cut in silence.
            got.fails(mrt.InvokeBadRequestError)
            continue
        sent_once(ctx, got, QUERY, docs)
        judge(ctx, got, docs, ranked(ctx, QUERY, docs))


def _sizes(ctx: Context) -> list[int]:
    """Return lengths of documents in words, of which two fit where a context size is declared."""
    limit = seen.number(ctx, "context_size")
    return [600, 1200, 9000] if limit is None else [min(limit // 5, 9000), min(limit * 9 // 20, 9000)]


@check(
    "RRK-14",
    "paths",
    fix="Build the URL from the base URL without its last slashes, and the vendor's path for this endpoint.",
)
def rrk_14(ctx: Context) -> None:
    """Rerank lives at another path than the rest with many vendors; one slash too many there is a 404."""
    ctx.strict("S1", "S4", "S5")
    got = ctx.rerank(QUERY, DOCS)
    judge(ctx, got, DOCS, ranked(ctx, QUERY, DOCS))
    ctx.equal([request.method for request in got.requests], ["POST"], "the requests of one rerank")
    url = ctx.server.url
    given = {name: value for name, value in ctx.credentials().items() if value == url}
    for name in given:
        slashed = ctx.rerank(QUERY, DOCS, credentials=seen.with_fields(ctx, {name: f"{url}/"}))
        judge(ctx, slashed, DOCS, ranked(ctx, QUERY, DOCS))
        ctx.equal(slashed.request.target, got.request.target, f"the path when {name} ends in a slash")
