"""Tokens into money, to the last decimal place."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, strategies as st

from mrt.entities.model import PriceConfig
from mrt.entities.usage import EmbeddingUsage, LLMUsage
from mrt.schema import price_embedding_usage, price_usage


def pricing(**keys: Any) -> PriceConfig:
    return PriceConfig.model_validate({"input": "3", "output": "15", "unit": "0.000001", "currency": "USD", **keys})


def test_tokens_times_price_times_unit() -> None:
    usage = LLMUsage(prompt_tokens=1013, completion_tokens=211, latency=1.5)
    priced = price_usage(pricing(), usage)
    assert priced.prompt_price == Decimal("0.003039")
    assert priced.completion_price == Decimal("0.003165")
    assert priced.total_price == Decimal("0.006204")
    assert (priced.prompt_unit_price, priced.completion_unit_price) == (3, 15)
    assert (priced.prompt_price_unit, priced.completion_price_unit) == (Decimal("0.000001"), Decimal("0.000001"))
    assert (priced.currency, priced.latency, priced.total_tokens) == ("USD", 1.5, 1224)
    assert usage == LLMUsage(prompt_tokens=1013, completion_tokens=211, latency=1.5)


def test_without_prices_nothing_is_known() -> None:
    usage = LLMUsage(prompt_tokens=5, completion_tokens=7)
    assert price_usage(None, usage) is usage
    assert usage.total_price is None


def test_tokens_that_nobody_counted_have_no_price() -> None:
    assert price_usage(pricing(), LLMUsage.empty_usage()).total_price is None
    assert price_embedding_usage(pricing(), EmbeddingUsage.empty_usage()).total_price is None


def test_estimated_tokens_have_a_price() -> None:
    assert price_usage(pricing(), LLMUsage(prompt_tokens=1, source="estimated")).total_price == Decimal("0.000003")


def test_a_price_that_is_there_stays() -> None:
    usage = LLMUsage(prompt_tokens=5, total_price=Decimal("9.99"), currency="EUR")
    assert price_usage(pricing(), usage) is usage
    embedded = EmbeddingUsage(tokens=5, total_price=Decimal(0))
    assert price_embedding_usage(pricing(), embedded) is embedded


def test_an_answer_without_a_price_leaves_the_total_open() -> None:
    priced = price_usage(pricing(output=None), LLMUsage(prompt_tokens=1000, completion_tokens=1))
    assert (priced.prompt_price, priced.completion_price, priced.total_price) == (Decimal("0.003"), None, None)
    assert price_usage(pricing(output=None), LLMUsage(prompt_tokens=1000)).total_price == Decimal("0.003")


def test_free_is_zero_and_not_unknown() -> None:
    priced = price_usage(
        pricing(input="0", output="0.00", unit="0.000"), LLMUsage(prompt_tokens=5, completion_tokens=7)
    )
    assert (priced.prompt_price, priced.total_price) == (0, 0)
    assert priced.total_price is not None


@pytest.mark.parametrize("unit", ["0", "0.000", "-0.001", "1000000", "1.5"])
def test_units_that_cannot_be_right_leave_prices_unknown(unit: str) -> None:
    priced = price_usage(pricing(unit=unit), LLMUsage(prompt_tokens=5, completion_tokens=7))
    assert (priced.prompt_price, priced.completion_price, priced.total_price) == (None, None, None)


def test_the_unit_may_be_one_token() -> None:
    assert price_usage(pricing(unit="1"), LLMUsage(prompt_tokens=2)).total_price == 6


def test_cached_tokens_have_their_own_prices() -> None:
    usage = LLMUsage(prompt_tokens=1000, completion_tokens=10, cache_read_tokens=700, cache_write_tokens=200)
    priced = price_usage(pricing(cache_read="0.30", cache_write="3.75"), usage)
    assert priced.prompt_price == Decimal("0.000001") * (100 * 3 + 700 * Decimal("0.30") + 200 * Decimal("3.75"))
    assert price_usage(pricing(), usage).prompt_price == Decimal("0.003")
    free = price_usage(pricing(cache_read="0"), usage)
    assert free.prompt_price == Decimal("0.0009")


def test_more_cached_tokens_than_prompt_tokens_do_not_make_money() -> None:
    usage = LLMUsage(prompt_tokens=10, cache_read_tokens=20)
    assert price_usage(pricing(cache_read="1"), usage).prompt_price == Decimal("0.00002")


TIERED = pricing(
    tiers=[
        {"input": "1", "output": "2", "max_tokens": 100},
        {"input": "3", "output": "4", "max_tokens": 200, "cache_read": "0.5"},
    ]
)


@pytest.mark.parametrize(("prompt", "unit_price"), [(0, 1), (1, 1), (100, 1), (101, 3), (200, 3), (201, 3), (10**9, 3)])
def test_tiers_go_by_the_size_of_the_prompt(prompt: int, unit_price: int) -> None:
    priced = price_usage(TIERED, LLMUsage(prompt_tokens=prompt, completion_tokens=1))
    assert priced.prompt_unit_price == unit_price
    assert priced.prompt_price == prompt * unit_price * Decimal("0.000001")
    assert priced.completion_price == (unit_price + 1) * Decimal("0.000001")


@pytest.mark.parametrize("end", [None, 0, -1])
def test_a_last_tier_may_be_open(end: int | None) -> None:
    tiers = [{"input": "1", "max_tokens": 100}, {"input": "2", "max_tokens": end}]
    assert price_usage(pricing(tiers=tiers), LLMUsage(prompt_tokens=500)).prompt_unit_price == 2


def test_cached_tokens_in_tiers() -> None:
    usage = LLMUsage(prompt_tokens=150, cache_read_tokens=100)
    assert price_usage(TIERED, usage).prompt_price == Decimal("0.000001") * (50 * 3 + 50)


def test_embeddings() -> None:
    usage = EmbeddingUsage(tokens=7919)
    priced = price_embedding_usage(pricing(input="0.02"), usage)
    assert priced.total_price == Decimal("0.00015838")
    assert (priced.unit_price, priced.price_unit, priced.currency) == (Decimal("0.02"), Decimal("0.000001"), "USD")
    assert usage.total_price is None
    assert price_embedding_usage(None, usage) is usage


def test_the_callers_decimal_context_does_not_matter() -> None:
    long = "0.12345678901234567890123456789012345"
    with decimal.localcontext() as context:
        context.prec = 3
        context.traps[decimal.Inexact] = True
        priced = price_usage(pricing(input=long), LLMUsage(prompt_tokens=999_999_999))
    assert priced.prompt_price is not None
    assert Fraction(priced.prompt_price) == Fraction(long) * 999_999_999 / 10**6


MONEY = st.decimals(min_value=0, max_value=1000, places=9)
COUNTS = st.integers(0, 10**9)


@given(
    prices=st.tuples(MONEY, MONEY, MONEY, MONEY),
    counts=st.tuples(COUNTS, COUNTS, COUNTS, COUNTS),
    zeros=st.integers(0, 9),
)
def test_prices_are_exact(prices: Any, counts: Any, zeros: int) -> None:
    unit = Decimal(1).scaleb(-zeros)
    plain, read, write, answer = counts
    usage = LLMUsage(
        prompt_tokens=plain + read + write, completion_tokens=answer, cache_read_tokens=read, cache_write_tokens=write
    )
    table = PriceConfig(
        input=prices[0], output=prices[1], cache_read=prices[2], cache_write=prices[3], unit=unit, currency="USD"
    )
    total = price_usage(table, usage).total_price
    assert total is not None
    products = zip((plain, answer, read, write), prices, strict=True)
    assert Fraction(total) == sum(count * Fraction(price) for count, price in products) * Fraction(unit)
