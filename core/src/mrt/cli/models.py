"""``mrt models``: list a provider's models."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import click

from mrt.cli.arguments import ModelTypeName, ProviderName
from mrt.cli.options import verb
from mrt.cli.output import table, write, write_json
from mrt.cli.session import Session

if TYPE_CHECKING:
    from mrt.entities.model import AIModelEntity, PriceConfig

LONG_NAME = 30


@verb("models", credentials=True)
@click.argument("provider", type=ProviderName())
@click.option("--live", is_flag=True, help="Ask the vendor, with credentials.")
@click.option("--type", "--model-type", "type_name", type=ModelTypeName(), help="Only models of this type.")
def command(session: Session, provider: str, live: bool, type_name: str | None) -> None:
    """List a provider's models.

    Each with its context size in tokens, its features, and its prices for a million tokens: of the prompt, of the
    answer, and of prompt tokens that come from the vendor's cache.
    """
    from mrt.entities.common import ModelType

    entry = session.provider(provider.rstrip("/"))
    kind = ModelType(type_name) if type_name else None
    if live:
        found = session.runtime.models(entry.name, kind, session.listing_credentials(entry))
    else:
        found = session.runtime.models(entry.name, kind)
    if session.as_json:
        write_json(found)
        return
    if not found:
        what = f"{kind.value} models" if kind else "models"
        hint = "" if live else "; --live asks the vendor"
        session.reporter.note(f"{entry.name} lists no {what}{hint}")
    types = list(dict.fromkeys([*entry.schema.supported_model_types, *(model.model_type for model in found)]))
    groups = [(kind, [model for model in found if model.model_type == kind]) for kind in types]
    for place, (name, models) in enumerate((name, models) for name, models in groups if models):
        write(f"{chr(10) if place else ''}{name.value}\n{_table(models)}")


def _table(models: list[AIModelEntity]) -> str:
    rows: list[tuple[str, ...]] = []
    for model in models:
        context = str(model.context_size) if model.context_size else "-"
        features = ", ".join(feature.value for feature in model.features or ()) or "-"
        rows.append((model.model, context, price(model.pricing), features))
    return table(rows, ("MODEL", "CONTEXT", "PRICE PER MILLION", "FEATURES"), indent="  ", first=LONG_NAME)


def price(pricing: PriceConfig | None) -> str:
    """Return the prices of one million tokens in a few letters."""
    if pricing is None:
        return "-"
    amounts = [pricing.input, pricing.output, pricing.cache_read]
    while amounts[-1] is None:
        del amounts[-1]
    parts = ["-" if amount is None else _million(amount, pricing.unit) for amount in amounts]
    return f"{' / '.join(parts)} {pricing.currency}"


def _million(amount: Decimal, unit: Decimal) -> str:
    exact = (amount * unit * 1_000_000).normalize()
    return format(exact, "f")
