"""Turns tokens into money, exactly."""

from __future__ import annotations

from dataclasses import replace
from decimal import Context, Decimal

from mrt.entities.model import PriceConfig, PriceTier
from mrt.entities.usage import EmbeddingUsage, LLMUsage

# Wide enough that no product of a token count and a price is ever rounded; the caller's own context may be narrow.
_EXACT = Context(prec=200)
_NOTHING = Decimal(0)


def price_usage(pricing: PriceConfig | None, usage: LLMUsage) -> LLMUsage:
    """Return a usage with prices: tokens x price x unit, to the last decimal place.

    Tokens read from and written to the vendor's cache, which are part of the prompt, have prices of their own where the
    model has such. Of tiers the first one counts that is large enough for the prompt, and above all of them the last.

    A price that is not known is None: without `pricing`; when nobody counted the tokens; when an answer has tokens but
    the model no output price; when the unit is no part of one (0, or above 1). A usage that has a price keeps it.
    """
    if pricing is None or usage.source == "unknown" or usage.total_price is not None:
        return usage
    tier = _tier(pricing, usage.prompt_tokens)
    read, written = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    plain = max(usage.prompt_tokens - read - written, 0)
    prompt = _sum(
        _money(plain, tier.input, pricing.unit),
        _money(read, tier.input if tier.cache_read is None else tier.cache_read, pricing.unit),
        _money(written, tier.input if tier.cache_write is None else tier.cache_write, pricing.unit),
    )
    completion = _money(usage.completion_tokens, tier.output, pricing.unit)
    return replace(
        usage,
        prompt_unit_price=tier.input,
        prompt_price_unit=pricing.unit,
        prompt_price=prompt,
        completion_unit_price=tier.output,
        completion_price_unit=None if tier.output is None else pricing.unit,
        completion_price=completion,
        total_price=_sum(prompt, completion),
        currency=pricing.currency,
    )


def price_embedding_usage(pricing: PriceConfig | None, usage: EmbeddingUsage) -> EmbeddingUsage:
    """Return a usage of an embedding call with prices; see `price_usage`."""
    if pricing is None or usage.source == "unknown" or usage.total_price is not None:
        return usage
    tier = _tier(pricing, usage.tokens)
    return replace(
        usage,
        unit_price=tier.input,
        price_unit=pricing.unit,
        total_price=_money(usage.tokens, tier.input, pricing.unit),
        currency=pricing.currency,
    )


def _tier(pricing: PriceConfig, tokens: int) -> PriceTier | PriceConfig:
    for tier in pricing.tiers:
        if not tier.max_tokens or tier.max_tokens < 0 or tokens <= tier.max_tokens:
            return tier
    return pricing.tiers[-1] if pricing.tiers else pricing


def _money(tokens: int, price: Decimal | None, unit: Decimal) -> Decimal | None:
    if tokens == 0:
        return _NOTHING
    if price is None:
        return None
    if price == 0:
        return _NOTHING
    if not 0 < unit <= 1:
        return None
    return _EXACT.multiply(_EXACT.multiply(Decimal(tokens), price), unit)


def _sum(*parts: Decimal | None) -> Decimal | None:
    total = _NOTHING
    for part in parts:
        if part is None:
            return None
        total = _EXACT.add(total, part)
    return total
