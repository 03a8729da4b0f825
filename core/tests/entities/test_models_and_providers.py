from __future__ import annotations

import copy
import json
import pickle
import threading
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from mrt.entities.common import ConfigurateMethod, ModelType
from mrt.entities.model import AIModelEntity, PriceConfig
from mrt.entities.model_list import ModelList
from mrt.entities.provider import CredentialFormSchema, FormOption, ProviderEntity


def model(name: str = "a", kind: str = "llm", **keys: Any) -> AIModelEntity:
    return AIModelEntity.model_validate({"model": name, "model_type": kind, **keys})


def provider(**keys: Any) -> ProviderEntity:
    return ProviderEntity.model_validate({"provider": "acme", **keys})


def test_two_rules_of_one_name_are_refused() -> None:
    rule = {"name": "seed", "type": "int"}
    with pytest.raises(ValidationError, match="two rules are named 'seed'"):
        model(parameter_rules=[rule, rule])


@pytest.mark.parametrize("name", ["", None, 5])
def test_a_model_has_a_name(name: Any) -> None:
    with pytest.raises(ValidationError):
        AIModelEntity.model_validate({"model": name, "model_type": "llm"})


@pytest.mark.parametrize(
    ("size", "value"), [(8192, 8192), ("8192", 8192), (8192.0, 8192), ("8k", None), (0, None), (-5, None), (True, None)]
)
def test_context_size(size: Any, value: int | None) -> None:
    assert model(model_properties={"context_size": size}).context_size == value


def test_unknown_features_and_properties_are_left_out() -> None:
    made = model(
        features=["vision", "telepathy"], model_properties={"mode": "chat", "mood": "good", "max_chunks": None}
    )
    assert made.features == ["vision"]
    assert made.model_properties == {"mode": "chat"}


@pytest.mark.parametrize(
    ("given", "value"),
    [("0.10", "0.10"), (0.1, "0.1"), (1e-6, "0.000001"), (3, "3"), (Decimal("0.5"), "0.5"), ("1e-6", "0.000001")],
)
def test_prices_are_what_was_written(given: Any, value: str) -> None:
    price = PriceConfig(input=given, unit=given, currency="USD")
    assert price.input == Decimal(value)
    assert (price.output, price.cache_read, price.tiers) == (None, None, [])


@pytest.mark.parametrize("given", ["", "free", "0,5", True, float("nan"), "inf", None])
def test_what_is_no_price(given: Any) -> None:
    with pytest.raises(ValidationError):
        PriceConfig(input=given, unit=Decimal(1), currency="USD")


def test_options_and_defaults_of_forms_are_texts() -> None:
    field = CredentialFormSchema.model_validate(
        {
            "variable": "x",
            "type": "select",
            "default": 60,
            "options": [{"value": True}, {"value": 1.5, "show_on": None}],
        }
    )
    assert [option.value for option in field.options] == ["true", "1.5"]
    assert field.options[1].label.en_US == "1.5"
    assert (field.default, field.required, field.label.en_US) == ("60", True, "x")
    assert FormOption.model_validate({"value": ""}).value == ""


@pytest.mark.parametrize("name", ["", "a/b", None])
def test_a_provider_has_a_name_without_a_slash(name: Any) -> None:
    with pytest.raises(ValidationError):
        ProviderEntity.model_validate({"provider": name})


def test_types_of_a_provider() -> None:
    made = provider(supported_model_types=["text_embedding", "llm", "text2img", "embeddings"])
    assert made.supported_model_types == [ModelType.TEXT_EMBEDDING, ModelType.LLM]
    with pytest.raises(ValidationError):
        provider(supported_model_types=["images"])


FORM = {"credential_form_schemas": [{"variable": "own", "type": "text-input"}]}
MODEL_FORM = {"credential_form_schemas": [{"variable": "models", "type": "text-input"}]}


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        ([], "models"),
        (["customizable-model"], "models"),
        (["predefined-model", "customizable-model"], "models"),
        (["fetch-from-remote"], "models"),
        (["predefined-model"], "own"),
    ],
)
def test_the_form_for_a_model(methods: list[str], expected: str) -> None:
    both = provider(provider_credential_schema=FORM, model_credential_schema=MODEL_FORM, configurate_methods=methods)
    assert [field.variable for field in both.credential_form("m")] == [expected]
    assert [field.variable for field in both.credential_form()] == ["own"]


def test_the_only_form_counts_whatever_the_methods_say() -> None:
    one = provider(model_credential_schema=MODEL_FORM, configurate_methods=[ConfigurateMethod.PREDEFINED_MODEL])
    assert [field.variable for field in one.credential_form("m")] == ["models"]
    assert one.credential_form() == []
    assert provider(provider_credential_schema={"credential_form_schemas": None}).credential_form("m") == []


def lazy() -> tuple[ModelList, list[int]]:
    made: list[int] = []
    names = ["a", "b", "a"]
    kinds = [ModelType.LLM, ModelType.RERANK, ModelType.LLM]

    def make(index: int) -> AIModelEntity:
        made.append(index)
        return model(names[index], kinds[index].value, deprecated=index == 2)

    return ModelList(kinds, names, make), made


def test_a_list_makes_models_when_they_are_looked_at() -> None:
    models, made = lazy()
    assert len(models) == 3
    assert bool(models)
    assert models[1].model == "b"
    assert models[1] is models[-2]
    assert made == [1]
    found = models.find(ModelType.LLM, "a")
    assert found is models[0]
    assert not found.deprecated
    assert made == [1, 0]
    assert models.find(ModelType.TTS, "a") is None
    assert models.of_type(ModelType.RERANK) == [models[1]]
    assert made == [1, 0]
    assert [entity.model for entity in models] == ["a", "b", "a"]
    assert made == [1, 0, 2]


def test_a_list_behaves_like_one() -> None:
    models, _ = lazy()
    plain = list(models)
    assert models == plain
    assert models == ModelList.of(plain)
    assert models != plain[:1]
    assert models != 5
    assert models[1:] == plain[1:]
    assert models[::-1] == plain[::-1]
    assert models + plain == plain + plain
    assert plain[0] in models
    assert list(reversed(models)) == plain[::-1]
    assert models.index(plain[1]) == 1
    assert repr(models) == repr(plain)
    with pytest.raises(IndexError):
        models[3]
    assert copy.deepcopy(models) == pickle.loads(pickle.dumps(models)) == plain


def test_a_model_is_made_once_by_all_threads() -> None:
    models, made = lazy()
    start = threading.Barrier(16)
    seen: list[AIModelEntity] = []

    def look() -> None:
        start.wait()
        seen.append(models[1])

    threads = [threading.Thread(target=look) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert all(entity is seen[0] for entity in seen)


@pytest.mark.parametrize("as_list", [True, False])
def test_a_provider_with_either_kind_of_list(as_list: bool) -> None:
    models, _ = lazy()
    made = provider()
    made.models = list(models) if as_list else models
    plain = made.model_dump(mode="json")
    assert [entry["model"] for entry in plain["models"]] == ["a", "b", "a"]
    assert json.loads(made.model_dump_json()) == plain
    assert ProviderEntity.model_validate(plain) == made
    assert [entity.model for entity in made.model_entities(ModelType.LLM)] == ["a", "a"]
    assert len(made.model_entities()) == 3
    found = made.model_entity(ModelType.LLM, "a")
    assert found is not None
    assert not found.deprecated
    assert made.model_entity(ModelType.TTS, "a") is None
    assert copy.deepcopy(made) == made
