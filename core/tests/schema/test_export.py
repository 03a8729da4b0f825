"""JSON Schemas: that they are such, and that they say what the loader and the checks say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from jsonschema import Draft202012Validator

from mrt.entities.common import ModelType
from mrt.entities.model import AIModelEntity
from mrt.entities.provider import ProviderEntity
from mrt.errors import CredentialsValidateFailedError, InvokeBadRequestError
from mrt.schema import (
    ParameterValidator,
    credential_json_schema,
    load_model,
    load_provider,
    model_json_schema,
    parameter_json_schema,
    provider_json_schema,
    validate_credentials_form,
)
from mrt.schema.yamldoc import Document

EXPORTS = {"provider": provider_json_schema, "model": model_json_schema}


def errors(schema: dict[str, Any], value: Any) -> list[str]:
    Draft202012Validator.check_schema(schema)
    return [error.json_path for error in Draft202012Validator(schema).iter_errors(value)]


@pytest.mark.parametrize("name", EXPORTS)
def test_they_are_json_schemas_with_a_sentence_for_each_key(name: str) -> None:
    schema = EXPORTS[name]()
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert all(key["description"].endswith((".", "...")) for key in schema["properties"].values())


def test_published_files_fit(corpus: Any) -> None:
    odd = {path for name in ("icon-key", "metadata", "rule-show_on") for path in corpus.oddities[name]}
    model = Draft202012Validator(model_json_schema())
    for path in corpus.models[::9]:
        if path not in odd:
            assert [error.message for error in model.iter_errors(Document(path).data)] == []
    provider = Draft202012Validator(provider_json_schema())
    for path in corpus.providers:
        assert [error.message for error in provider.iter_errors(Document(path).data)] == []
    assert not model.is_valid(Document(corpus.oddities["icon-key"][0]).data)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("model_type: llm\n", "", "$"),
        ("model_type: llm\n", "model_type: lmm\n", "$.model_type"),
        ("  - tool-call\n", "  - tool-cal\n", "$.features[0]"),
        ("features:\n", "feature:\n", "$"),
        ("    max: 4096\n", "    max: many\n", "$.parameter_rules[1].max"),
        ("    max: 4096\n", "    maximum: 4096\n", "$.parameter_rules[1]"),
        ("input: '0.50'", "input: cheap", "$.pricing.input"),
        ("  en_US: Acme One\n", "  en_US: [a]\n", "$.label"),
        ("  en_US: Acme One\n", "  english: a\n", "$.label"),
        ("context_size: 8192", "context_size: 8k", "$.model_properties.context_size"),
    ],
)
def test_wrong_models_do_not_fit(write: Any, model: Any, old: str, new: str, place: str) -> None:
    assert errors(model_json_schema(), Document(write("m.yaml", model(old, new))).data) == [place]
    assert errors(model_json_schema(), Document(write("m.yaml", model())).data) == []


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("provider: acme\n", "", "$"),
        ("  - llm\n", "  - llms\n", "$.supported_model_types[0]"),
        ("  llm:\n", "  lmm:\n", "$.models"),
        ("      type: secret-input\n", "      type: password\n",
         "$.provider_credential_schema.credential_form_schemas[0].type"),
        ("      required: true\n", "      mandatory: true\n",
         "$.provider_credential_schema.credential_form_schemas[0]"),
    ],
)  # fmt: skip
def test_wrong_providers_do_not_fit(write: Any, provider_text: Any, old: str, new: str, place: str) -> None:
    assert errors(provider_json_schema(), Document(write("p.yaml", provider_text(old, new))).data) == [place]
    assert errors(provider_json_schema(), Document(write("p.yaml", provider_text())).data) == []


MODEL = AIModelEntity.model_validate(
    {
        "model": "a",
        "model_type": "llm",
        "parameter_rules": [
            {"name": "temperature", "use_template": "temperature", "max": 2},
            {"name": "n", "type": "int", "min": 1, "max": 8, "required": True},
            {"name": "m", "type": "int", "required": True, "default": 1},
            {"name": "endless", "type": "float", "max": float("inf")},
            {"name": "effort", "type": "string", "options": ["low", "high"]},
            {"name": "flag", "type": "boolean"},
            {"name": "json_schema", "use_template": "json_schema"},
        ],
    }
)


def test_parameters_in_a_language() -> None:
    schema = parameter_json_schema(MODEL, "zh_Hans")
    temperature = schema["properties"]["temperature"]
    assert temperature == {
        "title": "温度",
        "type": "number",
        "description": temperature["description"],
        "default": 0.0,
        "minimum": 0.0,
        "maximum": 2,
    }
    assert "随机" in temperature["description"]
    assert schema["required"] == ["n"]
    assert schema["properties"]["effort"]["enum"] == ["low", "high"]
    assert schema["properties"]["endless"] == {"title": "endless", "type": "number"}


VALUES = (
    st.booleans() | st.integers(-2, 10) | st.floats(-1, 9, width=16) | st.sampled_from(["low", "", "x"])
    | st.just({"type": "object"}) | st.just([1])
)  # fmt: skip
NAMES = st.sampled_from(["temperature", "n", "m", "endless", "effort", "flag", "json_schema", "other"])


@given(params=st.dictionaries(NAMES, VALUES))
def test_parameters_fit_the_schema_when_they_pass_the_check(params: dict[str, Any]) -> None:
    schema = parameter_json_schema(MODEL)
    params = {name: value for name, value in params.items() if not (name == "json_schema" and value == [1])}
    try:
        ParameterValidator(MODEL.parameter_rules).validate(params)
        passes = True
    except InvokeBadRequestError:
        passes = False
    assert Draft202012Validator(schema).is_valid(params) is passes


def shown_when(**values: str) -> list[dict[str, str]]:
    return [{"variable": name, "value": value} for name, value in values.items()]


FIELDS: list[dict[str, Any]] = [
    {"variable": "key", "type": "secret-input", "max_length": 8, "label": {"en_US": "Key", "zh_Hans": "钥匙"}},
    {"variable": "mode", "type": "select", "default": "chat", "options": [{"value": "chat"}, {"value": "plain"}]},
    {"variable": "tools", "type": "switch", "required": False, "show_on": shown_when(mode="chat")},
    {"variable": "limit", "type": "text-input", "show_on": shown_when(tools="true")},
    {"variable": "prompt", "type": "text-input", "show_on": shown_when(mode="plain")},
    {"variable": "size", "type": "text-input", "default": "1", "show_on": shown_when(__model_type="llm")},
    {"variable": "size", "type": "text-input", "show_on": shown_when(__model_type="rerank")},
    {
        "variable": "base",
        "type": "select",
        "required": False,
        "options": [
            {"value": "any"},
            {"value": "special", "show_on": shown_when(mode="plain")},
            {"value": "deep", "show_on": shown_when(__model_type="rerank")},
        ],
    },
]
FORM = ProviderEntity.model_validate(
    {
        "provider": "acme",
        "label": {"en_US": "Acme", "zh_Hans": "极致"},
        "supported_model_types": ["llm", "rerank"],
        "model_credential_schema": {"credential_form_schemas": FIELDS},
    }
)


def test_credentials_in_a_language() -> None:
    schema = credential_json_schema(FORM, ModelType.LLM, "zh_Hans")
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == "极致"
    assert schema["properties"]["key"] == {
        "title": "钥匙",
        "type": "string",
        "minLength": 1,
        "maxLength": 8,
        "writeOnly": True,
        "format": "password",
    }
    assert schema["properties"]["mode"]["oneOf"][0] == {"const": "chat", "title": "chat"}
    assert schema["required"] == ["key"]
    assert "__model_type" not in schema["properties"]


def test_what_fields_say_about_themselves() -> None:
    fields = [
        {"variable": "fast", "type": "switch", "default": "True", "help": "Quicker, and dearer."},
        {"variable": "url", "type": "text-input", "placeholder": {"en_US": "https://example.com"}},
        {"variable": "odd", "type": "text-input", "show_on": shown_when(__model_type="images")},
    ]
    form = ProviderEntity.model_validate(
        {"provider": "acme", "provider_credential_schema": {"credential_form_schemas": fields}}
    )
    schema = credential_json_schema(form)
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["fast"] == {
        "title": "fast",
        "description": "Quicker, and dearer.",
        "type": "boolean",
        "default": True,
    }
    assert schema["properties"]["url"]["examples"] == ["https://example.com"]
    assert schema["allOf"][0]["if"]["properties"] == {"__model_type": {"const": "images"}}


def test_a_provider_form_and_a_form_for_all_types() -> None:
    schema = credential_json_schema(FORM)
    assert schema["properties"]["__model_type"]["enum"] == ["llm", "rerank"]
    given = {"key": "k", "__model_type": "rerank"}
    assert errors(schema, {**given, "size": "3", "base": "deep"}) == []
    assert errors(schema, given) == ["$"]
    assert errors(schema, {"key": "k", "__model_type": "llm"}) == []
    assert errors(schema, {"key": "k", "__model_type": "llm", "base": "deep"}) == ["$"]
    own = FORM.model_copy(update={"provider_credential_schema": FORM.model_credential_schema})
    own.model_credential_schema = None
    assert credential_json_schema(own)["properties"].keys() == schema["properties"].keys()


CREDENTIALS = st.fixed_dictionaries(
    {},
    optional={
        "key": st.sampled_from(["k", "too long for it", 5, True]),
        "mode": st.sampled_from(["chat", "plain", "other"]),
        "tools": st.sampled_from([True, False, "maybe"]),
        "limit": st.sampled_from(["9", []]),
        "prompt": st.just("p"),
        "size": st.just("7"),
        "base": st.sampled_from(["any", "special", "deep"]),
    },
)


@settings(max_examples=400)
@given(given_values=CREDENTIALS, kind=st.sampled_from([ModelType.LLM, ModelType.RERANK, ModelType.TTS]))
def test_credentials_fit_the_schema_when_they_pass_the_check(given_values: dict[str, Any], kind: ModelType) -> None:
    schema = credential_json_schema(FORM, kind)
    # The check is wider in one thing: it takes a number as its text.
    values = {name: value for name, value in given_values.items() if type(value) is not int}
    try:
        validate_credentials_form(FORM, values, model_type=kind, model="m")
        passes = True
    except CredentialsValidateFailedError:
        passes = False
    assert Draft202012Validator(schema).is_valid(values) is passes


def test_exports_of_real_files(vendor: Any, model: Any, write: Any) -> None:
    provider = load_provider(vendor())
    assert errors(credential_json_schema(provider), {"api_key": "k"}) == []
    assert errors(credential_json_schema(provider), {}) == ["$"]
    entity = load_model(write("m.yaml", model()))
    assert errors(parameter_json_schema(entity), {"max_tokens": 9999, "temperature": 0}) == ["$.max_tokens"]
