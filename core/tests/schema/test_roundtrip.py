"""Entities, written as YAML and read again."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings, strategies as st

from mrt.entities.common import I18nObject, ModelType
from mrt.entities.model import (
    PARAMETER_TEMPLATES,
    AIModelEntity,
    ModelFeature,
    ModelPropertyKey,
    ParameterRule,
    PriceConfig,
)
from mrt.entities.provider import CredentialFormSchema, ProviderEntity
from mrt.schema import lint, load_model, load_provider

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"], exclude_characters="\ufeff\x85"),
    min_size=1,
    max_size=12,
) | st.sampled_from(
    ["no", "1.10", "true", "null", "~", "2024-05-13", "0x1F", "- a", "a: b", "#", " lead", "'", "1e6", "12:30"]
)
I18N = st.dictionaries(st.sampled_from(["en_US", "zh_Hans", "ja_JP", "ko_KR"]), TEXT).flatmap(
    lambda texts: TEXT.map(lambda english: I18nObject.model_validate({**texts, "en_US": english}))
)
NUMBER = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6)
MONEY = st.decimals(min_value=0, max_value=10**6, places=12)


@st.composite
def rules(draw: Any) -> ParameterRule:
    kind = draw(st.sampled_from(["float", "int", "string", "boolean", "text"]))
    values: dict[str, Any] = {"name": draw(TEXT), "type": kind, "required": draw(st.booleans())}
    template = draw(st.none() | st.sampled_from(sorted(PARAMETER_TEMPLATES)))
    values |= {"use_template": template} if template else {}
    values |= draw(st.fixed_dictionaries({}, optional={"label": I18N, "help": I18N | st.none()}))
    if kind in ("float", "int"):
        number = NUMBER if kind == "float" else st.integers(-(10**6), 10**6)
        low, high = sorted([draw(number), draw(number)])
        bounds = {"min": low, "max": high, "default": draw(number), "precision": draw(st.integers(0, 6))}
        chosen = draw(st.sets(st.sampled_from(sorted(bounds))))
        values |= {key: draw(st.sampled_from([bounds[key], None])) for key in chosen}
        values.setdefault("default", None)
    elif kind == "string":
        values |= {"options": draw(st.lists(TEXT, max_size=3)), "default": draw(st.none() | TEXT)}
    elif kind == "boolean":
        values["default"] = draw(st.booleans())
    else:
        values["default"] = draw(st.none() | TEXT)
    return ParameterRule.model_validate(values)


@st.composite
def models(draw: Any) -> AIModelEntity:
    tiers = st.lists(st.fixed_dictionaries({"input": MONEY, "output": MONEY | st.none(), "max_tokens": st.integers(1)}))
    pricing = st.fixed_dictionaries(
        {"input": MONEY, "unit": st.sampled_from(["0.001", "0.000001"]), "currency": st.just("USD")},
        optional={"output": MONEY, "cache_read": MONEY, "tiers": tiers},
    )
    values: dict[str, Any] = {
        "model": draw(TEXT),
        "model_type": draw(st.sampled_from(ModelType)),
        "features": draw(st.none() | st.lists(st.sampled_from(ModelFeature), unique=True)),
        "parameter_rules": draw(st.lists(rules(), max_size=4, unique_by=lambda rule: rule.name)),
        "pricing": draw(st.none() | pricing.map(PriceConfig.model_validate)),
        "deprecated": draw(st.booleans()),
        "model_properties": draw(
            st.fixed_dictionaries(
                {}, optional={ModelPropertyKey.MODE: TEXT, ModelPropertyKey.CONTEXT_SIZE: st.integers(1)}
            )
        ),
    }
    if draw(st.booleans()):
        values["label"] = draw(I18N)
    return AIModelEntity.model_validate(values)


def write(path: Path, entity: Any, **options: Any) -> Path:
    text = yaml.safe_dump(entity.model_dump(mode="json", **options), allow_unicode=True, sort_keys=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(entity=models())
def test_models(tmp_path_factory: pytest.TempPathFactory, entity: AIModelEntity) -> None:
    path = write(tmp_path_factory.mktemp("m") / "m.yaml", entity)
    assert load_model(path) == entity
    assert not [finding for finding in lint(path) if finding.severity == "error"]
    again = load_model(path)
    assert again.model_dump() == entity.model_dump()
    assert AIModelEntity.model_validate_json(entity.model_dump_json()) == entity
    assert AIModelEntity.model_validate(json.loads(json.dumps(entity.model_dump(mode="json")))) == entity


@given(entity=models())
@relaxed
def test_what_is_left_out_of_the_text_comes_back_by_itself(
    tmp_path_factory: pytest.TempPathFactory, entity: AIModelEntity
) -> None:
    path = write(tmp_path_factory.mktemp("m") / "m.yaml", entity, exclude_unset=True)
    assert load_model(path) == entity


CONDITIONS = st.lists(st.fixed_dictionaries({"variable": TEXT, "value": TEXT}), max_size=2)
FIELDS = st.fixed_dictionaries(
    {"variable": TEXT, "type": st.sampled_from(["text-input", "secret-input", "select", "radio", "switch"])},
    optional={
        "label": I18N,
        "required": st.booleans(),
        "default": TEXT,
        "options": st.lists(st.fixed_dictionaries({"value": TEXT, "label": I18N, "show_on": CONDITIONS}), max_size=3),
        "placeholder": I18N,
        "max_length": st.integers(0, 99),
        "show_on": CONDITIONS,
        "help": I18N,
    },
).map(CredentialFormSchema.model_validate)


@st.composite
def providers(draw: Any) -> ProviderEntity:
    form = st.lists(FIELDS, max_size=3).map(lambda fields: {"credential_form_schemas": fields})
    values = {
        "provider": draw(TEXT.filter(lambda text: "/" not in text)),
        "label": draw(I18N),
        "supported_model_types": draw(st.lists(st.sampled_from(ModelType), min_size=1, unique=True)),
        "configurate_methods": ["predefined-model", "customizable-model"],
        **draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "description": I18N,
                    "background": TEXT,
                    "help": st.fixed_dictionaries({"title": I18N, "url": I18N}),
                    "provider_credential_schema": form,
                    "model_credential_schema": form.flatmap(
                        lambda form: I18N.map(lambda label: {**form, "model": {"label": label}})
                    ),
                },
            )
        ),
    }
    return ProviderEntity.model_validate(values)


@relaxed
@given(
    entity=providers(), listed=st.lists(models(), max_size=5, unique_by=lambda model: (model.model_type, model.model))
)
def test_providers(
    tmp_path_factory: pytest.TempPathFactory, entity: ProviderEntity, listed: list[AIModelEntity]
) -> None:
    folder = tmp_path_factory.mktemp("p")
    order = {kind: index for index, kind in enumerate([*entity.supported_model_types, *ModelType])}
    listed.sort(key=lambda model: [*entity.supported_model_types, *ModelType].index(model.model_type))
    assert order
    position: dict[str, list[str]] = {}
    for number, model in enumerate(listed):
        write(folder / "models" / f"{number}.yaml", model)
        position.setdefault(model.model_type.value, []).append(model.model)
    plain = entity.model_dump(mode="json", exclude={"models", "position"})
    plain["models"] = {"llm": {"predefined": ["models/*.yaml"]}}
    plain["position"] = position
    path = folder / "provider.yaml"
    path.write_text(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False), "utf-8")
    expected = entity.model_copy(update={"models": listed, "position": position})
    assert load_provider(path) == expected
    assert load_provider(path) == expected
    assert not [finding for finding in lint(path) if finding.severity == "error"]


def test_a_loaded_provider_as_data_is_a_provider_again(small_corpus: Any) -> None:
    for path in small_corpus.providers:
        provider = load_provider(path)
        plain = json.loads(provider.model_dump_json())
        assert ProviderEntity.model_validate(plain) == provider
        assert ProviderEntity.model_validate(provider.model_dump()) == provider


def test_prices_come_back_to_the_last_digit(write: Any, model: Any) -> None:
    entity = load_model(write("m.yaml", model("input: '0.50'", "input: '0.500000000000000000000000000001'")))
    plain = entity.model_dump(mode="json")
    assert plain["pricing"]["input"] == "0.500000000000000000000000000001"
    again = AIModelEntity.model_validate(plain)
    assert again.pricing is not None
    assert again.pricing.input == Decimal("0.500000000000000000000000000001")
