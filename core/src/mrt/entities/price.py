"""Prices of a model."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field, model_validator

from mrt.entities.common import SchemaModel
from mrt.entities.plain import given, is_list, is_mapping


class PriceTier(SchemaModel):
    """Prices for prompts of up to `max_tokens` tokens; None means no upper end."""

    input: Decimal
    output: Decimal | None = None
    max_tokens: int | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None


class PriceConfig(SchemaModel):
    """Prices of a model: money = tokens x price x unit.

    Args:
        input: Price of `1 / unit` prompt tokens.
        output: Price of `1 / unit` answer tokens; None when the vendor names none.
        unit: Size of the step, for example ``0.000001`` for prices per million tokens.
        currency: ``USD``, ``RMB``, ``EUR`` as the vendor writes it.
        cache_read: Price of prompt tokens read from the vendor's cache; `input` when None.
        cache_write: Price of prompt tokens written to the vendor's cache; `input` when None.
        tiers: Prices that depend on the size of the prompt, smallest first; ``tiered_pricing`` in YAML.
    """

    input: Decimal
    output: Decimal | None = None
    unit: Decimal
    currency: str = Field(min_length=1)
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    tiers: list[PriceTier] = Field(default_factory=list[PriceTier])

    @model_validator(mode="before")
    @classmethod
    def _published_tiers(cls, value: Any) -> Any:
        if not is_mapping(value):
            return value
        filled = given(value)
        if "tiered_pricing" in filled:
            filled.setdefault("tiers", readable_tiers(filled["tiered_pricing"]))
        return filled


def readable_tiers(tiers: Any) -> list[Any]:
    """Return tiers of a published file, or none at all when they are not in the known shape."""
    found: list[Any] = []
    for tier in tiers if is_list(tiers) else []:
        try:
            found.append(PriceTier.model_validate(tier))
        except ValueError:
            return []
    return found
