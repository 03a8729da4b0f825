from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

import mrt_anthropic
from mrt import Runtime
from mrt.entities.model import AIModelEntity, ModelFeature
from mrt.schema import lint
from mrt_anthropic.catalogue import predefined

FOLDER = Path(mrt_anthropic.__file__).parent
README = Path(__file__).parents[1] / "README.md"


def test_lint_finds_nothing() -> None:
    assert lint(FOLDER) == []


def test_models_stand_in_the_order_of_the_position_file(runtime: Runtime) -> None:
    order = re.findall(r"^- (.+)$", (FOLDER / "models/llm/_position.yaml").read_text(), re.MULTILINE)
    assert list(predefined()) == order
    assert [entity.model for entity in runtime.models("anthropic")] == [
        name for name in order if not predefined()[name].deprecated
    ]


def test_the_readme_names_every_model_with_its_prices() -> None:
    rows: dict[str, list[str]] = {}
    for row in re.findall(r"^\| `(claude-[^`]+)`[^|]*\|(.+)\|$", README.read_text(), re.MULTILINE):
        rows.setdefault(row[0], []).append(row[1])
    assert rows.keys() == predefined().keys()
    for name, entity in predefined().items():
        assert entity.pricing is not None
        tiers = entity.pricing.tiers or [entity.pricing]
        told = [[Decimal(cell) for cell in row.split("|")[2:6]] for row in rows[name]]
        assert told == [[tier.input, tier.output, tier.cache_read, tier.cache_write] for tier in tiers]


@pytest.mark.parametrize("entity", predefined().values(), ids=lambda entity: entity.model)
def test_every_model_file(entity: AIModelEntity) -> None:
    assert entity.context_size in (200_000, 1_000_000)
    assert entity.supports(ModelFeature.TOOL_CALL)
    rules = {rule.name: rule for rule in entity.parameter_rules}
    assert rules["max_tokens"].max in (64_000, 128_000)
    # One way to control thinking per model, and sampling never beside a forced way of thinking.
    assert ("thinking_budget" in rules) != ("effort" in rules)
    assert ("temperature" in rules) <= ("thinking_display" not in rules)
    pricing = entity.pricing
    assert pricing is not None
    assert (pricing.unit, pricing.currency) == (Decimal("0.000001"), "USD")
    assert pricing.cache_write == pricing.input * Decimal("1.25")
    for rule in entity.parameter_rules:
        assert rule.label.zh_Hans


@pytest.mark.parametrize("key", ["icon_small", "icon_large"])
def test_icons(runtime: Runtime, key: str) -> None:
    data, media_type = runtime.icon("anthropic", key)
    assert media_type == "image/svg+xml"
    assert b"<script" not in data
