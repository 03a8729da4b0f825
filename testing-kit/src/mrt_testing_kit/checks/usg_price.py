"""USG: money, time, and asking for counts."""

from __future__ import annotations

from decimal import Context as DecimalContext, Decimal
from typing import Any

from mrt import LLMUsage
from mrt.entities.plain import is_mapping
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.company import beside
from mrt_testing_kit.context import Context
from mrt_testing_kit.server import Answer, Usage

_EXACT = DecimalContext(prec=200)


def _price(pricing: Any, usage: LLMUsage) -> Decimal | None:
    """Return what a call costs: tokens x price x unit, for each kind of token."""
    tier: Any = pricing
    if pricing.tiers:
        fitting = [item for item in pricing.tiers if not item.max_tokens or usage.prompt_tokens <= item.max_tokens]
        tier = fitting[0] if fitting else pricing.tiers[-1]
    read, written = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    parts = (
        (usage.prompt_tokens - read - written, tier.input),
        (read, tier.cache_read if tier.cache_read is not None else tier.input),
        (written, tier.cache_write if tier.cache_write is not None else tier.input),
        (usage.completion_tokens, tier.output),
    )
    total = Decimal(0)
    for tokens, price in parts:
        if price is None:
            if tokens:
                return None
            continue
        total = _EXACT.add(total, _EXACT.multiply(_EXACT.multiply(Decimal(tokens), price), pricing.unit))
    return total


@check(
    "USG-11",
    "exact decimal price",
    essential=True,
    bugs=["langgenius/dify-official-plugins#3556", "langgenius/dify-official-plugins#3567"],
    fix="Leave prices to the runtime: it multiplies decimals by the price of the model's file.",
)
def usg_11(ctx: Context) -> None:
    """Cents are counted exactly; floats, wrong units and stale tables make bills that nobody can check."""
    for model in ctx.models["llm"]:
        for counts in (Usage(1000003, 2000003), Usage(7, 11), Usage(3000017, 13, cached=1000003, cache_write=200003)):
            ctx.server.next_answer(Answer("Some text.", usage=counts))
            got = ctx.chat("Go on.", model=model.name).ok()
            usage = got.usage
            if usage is None:
                ctx.fail("the answer has no usage", expected="usage", outcome=got)
            pricing = model.schema.pricing
            if pricing is None:
                unpriced = usage.total_price is None or usage.total_price > 0
                ctx.expect(unpriced, "a price that nobody knows became 0", expected="None", came=usage.total_price)
                continue
            ctx.expect(
                usage.total_price is None or type(usage.total_price) is Decimal,
                "the price is no Decimal", expected="Decimal", came=repr(usage.total_price), outcome=got,
            )  # fmt: skip
            if usage.source == "reported":
                ctx.equal(
                    usage.total_price, _price(pricing, usage), f"the price of a call of {model.name}", outcome=got
                )
                ctx.equal(usage.currency, pricing.currency, "the currency", outcome=got)


@check(
    "USG-12",
    "latency at least the server's delay",
    essential=True,
    fix="Leave latency to the runtime; measure from the call's beginning, not from the answer's.",
)
def usg_12(ctx: Context) -> None:
    """A latency that leaves the waiting out shows a slow vendor as a quick one."""
    delay = 0.15
    ctx.server.next_answer(Answer(["One", " two"], delay=delay, usage=Usage(1000003, 2000003)))
    got = ctx.chat("Go on.").ok()
    usage = got.usage
    if usage is None:
        ctx.fail("the answer has no usage", expected="usage", outcome=got)
    fine = delay * 0.9 <= usage.latency <= got.elapsed + 0.05
    expected = f"from {delay} to {got.elapsed:.3f} seconds"
    ctx.expect(
        fine, "the latency is not the time that the call took", expected=expected, came=usage.latency, outcome=got
    )
    if got.way in ("stream", "astream"):
        first = usage.time_to_first_chunk
        ctx.expect(
            first is not None and delay * 0.9 <= first <= usage.latency,
            "the time to the first chunk is wrong",
            expected=f"from {delay} to {usage.latency:.3f} seconds", came=first, outcome=got,
        )  # fmt: skip


@check(
    "USG-13",
    "usage flag with opt-out",
    bugs=["mozilla-ai/any-llm#1180", "langgenius/dify-official-plugins#3655"],
    fix="Send stream_options.include_usage with every stream, and with nothing else; let a credential switch it off.",
)
def usg_13(ctx: Context) -> None:
    """Vendors count streams only when asked to, and refuse the flag elsewhere."""
    if not ctx.server.dialect.usage_flag:
        ctx.not_applicable("the vendor counts streams unasked", by_dialect=True)
    ctx.strict("S1")
    got = ctx.chat("Say hello.").ok()
    options: Any = got.body.get("stream_options")
    if got.way in ("stream", "astream"):
        ctx.expect(
            is_mapping(options) and options.get("include_usage") is True,
            "the stream does not ask for token counts",
            expected='"stream_options": {"include_usage": true}', came=repr(options), outcome=got,
        )  # fmt: skip
        ctx.expect(
            got.usage is not None and got.usage.source == "reported", "the counts are not the vendor's", outcome=got
        )
        ctx.server.strict = frozenset()
        for name, got in beside(ctx):
            told: Any = got.body.get("stream_options")
            with ctx.case(name):
                ctx.expect(
                    is_mapping(told) and told.get("include_usage") is True,
                    "the stream does not ask for token counts",
                    expected='"stream_options": {"include_usage": true}', came=repr(told), outcome=got,
                )  # fmt: skip
    else:
        ctx.expect(
            "stream_options" not in got.body, "a whole answer is asked for with stream_options", came=repr(options)
        )
