"""EMB: several requests for one list of texts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import mrt
from mrt_testing_kit import seen, vectors
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import was_sent
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import RecordedRequest


def _items(requests: Sequence[RecordedRequest], texts: Sequence[str]) -> list[list[str]]:
    """Return for each request the texts as it holds them, in its order."""
    before, after = seen.affix(requests, texts)
    ours = {f"{before}{text}{after}" for text in texts}
    return [[text for text in seen.strings(request) if text in ours] for request in requests]


@check(
    "EMB-14",
    "item and token limits obeyed",
    essential=True,
    bugs=["run-llama/llama_index#698"],
    fix="Cut the list into requests of at most max_chunks texts.",
)
def emb_14(ctx: Context) -> None:
    """Vendors refuse a request with too many texts; whoever embeds a book finds out on the last page."""
    limit, options = vectors.batches(ctx)
    if limit is None:
        ctx.not_applicable("the model declares no max_chunks")
    ctx.server.max_items = limit
    for count in {1, limit, limit + 1, min(3 * limit + 2, 3000 + limit)}:
        texts = vectors.many(count)
        got = ctx.embed(texts, **options)
        vectors.judge(ctx, got, texts)
        sizes = [len(batch) for batch in _items(got.requests, texts)]
        ctx.expect(max(sizes) <= limit, f"a request has {max(sizes)} texts", expected=f"at most {limit}", came=sizes)
        ctx.expect(min(sizes) > 0, "a request has no text", expected="no empty requests", came=sizes)


@check(
    "EMB-15",
    "usage summed, int",
    bugs=["xorbitsai/inference#4054", "infiniflow/ragflow#15424", "langgenius/dify-official-plugins#681"],
    faults=["F30"],
    fix="Add up the vendor's counts of all requests; where one is missing, return empty_usage() and let core count.",
)
def emb_15(ctx: Context) -> None:
    """Costs are counted from this: the sum of what the vendor counted, and no invented number."""
    limit, options = vectors.batches(ctx)
    first = ctx.embed(["alpha"])
    if not was_sent(first.ok(), str(_right(ctx, first, ["alpha"]))):
        _not_reported(ctx, first, "the vendor tells no counts")
        return
    for texts in (["alpha"], ["alpha", "beta", "gamma"], ["a long text " * 40, "ü"]):
        _counted(ctx, ctx.embed(texts), texts)
    texts = vectors.many(vectors.several(limit))
    _counted(ctx, ctx.embed(texts, **options), texts)
    for what in ("usage", "counts", "missing"):
        with ctx.fault("F30", what=what):
            got = ctx.embed(["alpha", "beta"])
        _not_reported(ctx, got, "the vendor told no count")
    if limit is not None and limit <= 1024:
        with ctx.fault("F30", what="usage", skip=1):
            got = ctx.embed(texts, **options)
        _not_reported(ctx, got, "the vendor told no count for one of the requests")


def _right(ctx: Context, got: Outcome, texts: Sequence[str]) -> int:
    # The server counts by what each request holds.
    return sum(ctx.oracle.usage("\n".join(batch)).prompt for batch in _items(got.requests, texts))


def _counted(ctx: Context, got: Outcome, texts: Sequence[str]) -> None:
    vectors.judge(ctx, got, texts)
    usage = got.result.usage
    right = _right(ctx, got, texts)
    ctx.equal(type(usage.tokens), int, "the type of the token count")
    ctx.equal(usage.tokens, right, f"the tokens of {len(texts)} texts in {len(got.requests)} requests")
    ctx.equal(usage.total_tokens, right, "the total of tokens")
    ctx.equal(usage.source, "reported", "the source of the count")
    ctx.expect(
        usage.total_price is None or isinstance(usage.total_price, Decimal),
        f"the price is a {type(usage.total_price).__name__}",
        expected="a Decimal, or None where no price is known",
    )


def _not_reported(ctx: Context, got: Outcome, why: str) -> None:
    usage = got.ok().result.usage
    ctx.equal(type(usage.tokens), int, "the type of the token count")
    ctx.expect(usage.tokens >= 0, "the token count is negative", expected="0 or more", came=usage)
    ctx.expect(
        usage.source != "reported",
        f"{why}, and a number is shown as the vendor's",
        expected="an estimate that says so: EmbeddingUsage.empty_usage()",
        came=usage,
    )


@check(
    "EMB-16",
    "partial failure raises, nothing orphaned",
    essential=True,
    bugs=["deepset-ai/haystack-core-integrations#3683"],
    faults=["F41", "F21", "F24"],
    fix="Let the error of one batch fail the call, and wait for or cancel the requests that still run before raising.",
)
def emb_16(ctx: Context) -> None:
    """Half of the vectors is no result, and requests that go on after the error are paid for by nobody's wish."""
    limit, options = vectors.batches(ctx)
    texts = vectors.many(vectors.several(limit))
    several = limit is not None and limit <= 1024
    troubles: tuple[tuple[str, dict[str, Any], type[mrt.InvokeError]], ...] = (
        ("F41", {"status": 500}, mrt.InvokeServerUnavailableError),
        ("F41", {"status": 429}, mrt.InvokeRateLimitError),
        ("F21", {}, mrt.InvokeError),
        ("F24", {"what": "no-items"}, mrt.InvokeError),
    )
    for id, given, kind in troubles:
        for skip in (0, 1, 2) if several else (0,):
            with ctx.fault(id, skip=skip, **given):
                got = ctx.embed(texts, **options)
            got.fails(kind)
    # The first fails at once, and all others take their time.
    mark = texts[0].encode()
    failing = ctx.server.fault("F41", status=500, when=lambda request: mark in request.body)
    others = ctx.server.fault("F17", after=0, seconds=0.3, times=None, when=lambda request: mark not in request.body)
    got = ctx.embed(texts, **options)
    ended = time.monotonic()
    failing.remove()
    others.remove()
    got.fails(mrt.InvokeServerUnavailableError)
    _nothing_goes_on(ctx, ended)
    vectors.judge(ctx, ctx.embed(texts, **options), texts)


def _nothing_goes_on(ctx: Context, ended: float) -> None:
    if ctx.way == "async":
        left = ctx.run(_tasks())
        ctx.expect(not left, f"{len(left)} tasks go on after the error", expected="none", came="\n".join(left))
    time.sleep(0.05)
    running = [request.id for request in ctx.server.requests if request.outcome == "pending"]
    ctx.server.wait_for(lambda: all(r.outcome != "pending" for r in ctx.server.requests), ctx.seconds(2))
    late = [request for request in ctx.server.requests if request.time > ended]
    ctx.expect(not late, f"{len(late)} requests were made after the error", expected="none")
    paid = [r.id for r in ctx.server.requests if r.id in running and r.outcome == "answered"]
    ctx.expect(not paid, f"{len(paid)} requests went on after the error", expected="requests that are cancelled")


async def _tasks() -> list[str]:
    # A task that was cancelled ends in the next round of the loop.
    await asyncio.sleep(0)
    mine = asyncio.current_task()
    return [repr(task) for task in asyncio.all_tasks() if task is not mine and not task.done()]
