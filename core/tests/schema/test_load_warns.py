"""What loads with a warning: keys without an effect, and defects in the data."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mrt.entities.model import ParameterType, PriceTier
from mrt.schema import lint, load_model, load_provider


def warnings(path: Any) -> list[tuple[str, str]]:
    return [(finding.code, finding.key_path) for finding in lint(path) if finding.severity == "warning"]


@pytest.mark.parametrize("key", ["icon", "metadata", "name", "provider", "visible", "description"])
def test_unknown_keys_of_models(write: Any, model: Any, key: str) -> None:
    path = write("m.yaml", model() + f"{key}: x\n")
    assert load_model(path).model == "acme-1"
    assert warnings(path) == [("unknown-key", key)]


@pytest.mark.parametrize("key", ["show_on", "placeholder"])
def test_unknown_keys_of_rules(write: Any, model: Any, key: str) -> None:
    path = write("m.yaml", model("    use_template: temperature\n", f"    use_template: temperature\n    {key}: x\n"))
    assert load_model(path).parameter_rules[0].name == "temperature"
    assert warnings(path) == [("unknown-key", f"parameter_rules[0].{key}")]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("identity: x\n", "identity"),
        ("author: x\n", "author"),
        ("model_credential_schema:\n  model:\n    help: x\n", "model_credential_schema.model.help"),
    ],
)
def test_unknown_keys_of_providers(vendor: Any, provider_text: Any, text: str, key: str) -> None:
    path = vendor(provider=provider_text("predefined-model", "customizable-model").split("models:")[0] + text)
    assert load_provider(path).provider == "acme"
    assert warnings(path) == [("unknown-key", key)]


def test_keys_of_other_runtimes_are_silent(vendor: Any, provider_text: Any) -> None:
    extra = "extra:\n  python:\n    provider_source: a.py\n    source: b\n"
    path = vendor(provider=provider_text() + extra, position="- acme-1\n")
    assert load_provider(path).provider == "acme"
    assert warnings(path) == []


def test_the_nearest_known_key_is_named(write: Any, model: Any) -> None:
    path = write("m.yaml", model("parameter_rules:", "parameter_rule:"))
    (finding,) = lint(path)
    assert finding.message == "is no key of a model and has no effect; did you mean 'parameter_rules'?"
    assert finding.line == 11


TIERS = """
  tiered_pricing:
    - input: '0.8'
      output: '2'
      max_tokens: 32000
    - input: '1.6'
      output: '4'
"""


def test_tiers_are_read(write: Any, model: Any) -> None:
    pricing = load_model(write("m.yaml", model("  currency: USD\n", "  currency: USD" + TIERS))).pricing
    assert pricing is not None
    assert pricing.tiers == [
        PriceTier(input=Decimal("0.8"), output=Decimal(2), max_tokens=32000),
        PriceTier(input=Decimal("1.6"), output=Decimal(4)),
    ]


@pytest.mark.parametrize("tiers", ["free", "[{price: 1}]", "[{input: cheap}]", "{a: b}"])
def test_tiers_in_another_shape_do_not_count(write: Any, model: Any, tiers: str) -> None:
    path = write("m.yaml", model("  currency: USD\n", f"  currency: USD\n  tiered_pricing: {tiers}\n"))
    pricing = load_model(path).pricing
    assert pricing is not None
    assert (pricing.tiers, pricing.input) == ([], Decimal("0.50"))
    assert warnings(path)


FIELD = "        - variable: api_key\n"


@pytest.mark.parametrize(
    "text",
    [
        "{en_US: Look here, zh_Hans: 看这里}",
        "{text: {en_US: Look here, zh_Hans: 看这里}}",
        "{title: {en_US: Look here}}",
    ],
)
def test_help_of_a_field_in_its_shapes(vendor: Any, provider_text: Any, text: str) -> None:
    path = vendor(provider=provider_text("      required: true\n", f"      help: {text}\n"), position="- acme-1\n")
    form = load_provider(path).credential_form()
    assert form[0].help is not None
    assert form[0].help.en_US == "Look here"
    assert warnings(path) == []


def test_duplicate_models_load_and_the_first_counts(vendor: Any, model: Any) -> None:
    path = vendor({"a": model(model="twin"), "b": model("One", "Two", model="twin")}, position="- twin\n")
    provider = load_provider(path)
    assert [entity.label.en_US for entity in provider.models] == ["Acme One", "Acme Two"]
    assert provider.model_entity(provider.models[0].model_type, "twin") is provider.models[0]
    assert warnings(path) == [("duplicate-model", "model")]


def test_a_key_given_twice_is_an_error_of_the_lint_and_loads(write: Any, model: Any) -> None:
    path = write("m.yaml", model() + "model: acme-2\n")
    assert load_model(path).model == "acme-2"
    (finding,) = lint(path)
    assert (finding.severity, finding.code, finding.line) == ("error", "duplicate-key", 22)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("    max: 4096\n", "    max: 4096\n    default: 5000\n", "default-out-of-range"),
        ("    max: 4096\n", "    max: 9999\n", "above-context"),
        ("unit: '0.000001'", "unit: '0.000'", "price-unit"),
        ("unit: '0.000001'", "unit: '1000000'", "price-unit"),
        ("  - tool-call\n", "", "features"),
    ],
)
def test_defects_load(write: Any, model: Any, old: str, new: str, code: str) -> None:
    path = write("m.yaml", model(old, new))
    assert load_model(path).model == "acme-1"
    assert [found for found, _ in warnings(path)] == [code]


def test_a_default_between_the_decimal_places_is_a_hint(write: Any, model: Any) -> None:
    path = write(
        "m.yaml", model("    use_template: temperature\n", "    use_template: temperature\n    default: 0.125\n")
    )
    assert load_model(path).parameter_rules[0].default == 0.125
    assert [(finding.severity, finding.code) for finding in lint(path)] == [("info", "default-precision")]


# What published files never hold, and what loads all the same.


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("    min: '1'\n", "number-as-text"),
        ("    max: '100'\n", "number-as-text"),
        ("    max: 1e6\n", "number-as-text"),
        ("    default: 1e6\n", "default-as-text"),
        ("    precision: '0'\n", "number-as-text"),
        ("    default: '12'\n", "default-as-text"),
        ("    required: 'false'\n", "boolean-as-text"),
        ("    use_template: maxtokens\n    type: int\n", "unknown-template"),
        ("    type: integer\n", "type-spelling"),
    ],
)
def test_scalars_of_another_kind(write: Any, new: str, code: str) -> None:
    head = "model: a\nmodel_type: rerank\nparameter_rules:\n  - name: n\n"
    path = write("m.yaml", head + ("" if "type:" in new else "    type: int\n") + new)
    rule = load_model(path).parameter_rules[0]
    assert rule.type is ParameterType.INT
    values = (rule.min, rule.max, rule.precision, rule.default)
    assert all(value is None or value == int(value) for value in values)
    assert rule.required is False
    assert [found for found, _ in warnings(path)] == [code]


@pytest.mark.parametrize(("text", "value"), [("'true'", True), ("'no'", False), ("yes", True), ("off", False)])
def test_booleans_as_text(write: Any, text: str, value: bool) -> None:
    head = "model: a\nmodel_type: rerank\nparameter_rules:\n  - name: n\n    type: boolean\n"
    path = write("m.yaml", f"{head}    default: {text}\n    required: {text}\n")
    rule = load_model(path).parameter_rules[0]
    assert rule.default is value
    assert rule.required is value
    expected = ["default-as-text", "boolean-as-text"] if "'" in text else []
    assert [code for code, _ in warnings(path)] == expected


def test_unquoted_prices_keep_their_digits(write: Any, model: Any) -> None:
    path = write("m.yaml", model("input: '0.50'", "input: 0.10000000000000000001"))
    pricing = load_model(path).pricing
    assert pricing is not None
    assert pricing.input == Decimal("0.10000000000000000001")
    assert warnings(path) == [("unquoted-price", "pricing.input")]


def test_unknown_features_are_left_out(write: Any, model: Any) -> None:
    path = write("m.yaml", model("  - tool-call\n", "  - tool-call\n  - visionn\n"))
    assert load_model(path).features == ["tool-call", "stream-tool-call"]
    (finding,) = lint(path)
    assert (finding.code, finding.severity, finding.key_path) == ("unknown-feature", "warning", "features[1]")
    assert finding.message == "'visionn' is no feature; did you mean 'vision'?"


def test_unknown_properties_are_left_out(write: Any, model: Any) -> None:
    path = write("m.yaml", model("  mode: chat\n", "  mode: chat\n  contextsize: 1\n"))
    assert list(load_model(path).model_properties) == ["mode", "context_size"]
    assert warnings(path) == [("unknown-key", "model_properties.contextsize")]


def test_a_size_as_text_is_a_number(write: Any, model: Any) -> None:
    path = write("m.yaml", model("context_size: 8192", "context_size: '8192'"))
    assert load_model(path).context_size == 8192
    assert warnings(path) == [("number-as-text", "model_properties.context_size")]


def test_labels_of_one_text(write: Any, model: Any) -> None:
    path = write("m.yaml", model("label:\n  en_US: Acme One\n", "label: Acme One\n"))
    assert load_model(path).label.get("zh_Hans") == "Acme One"
    assert [(finding.severity, finding.code) for finding in lint(path)] == [("info", "plain-text")]


def test_images_are_a_type_without_calls(vendor: Any, provider_text: Any) -> None:
    path = vendor(provider=provider_text("  - llm\n", "  - llm\n  - text2img\n"), position="- acme-1\n")
    assert load_provider(path).supported_model_types == ["llm"]
    assert warnings(path) == [("ignored-word", "supported_model_types[1]")]


@pytest.mark.parametrize("methods", ["", "configurate_methods:\n", "configurate_methods: []\n"])
def test_methods_may_be_missing(vendor: Any, provider_text: Any, methods: str) -> None:
    text = provider_text("configurate_methods:\n  - predefined-model\n", methods)
    path = vendor(provider=text, position="- acme-1\n")
    assert load_provider(path).configurate_methods == []
    assert ("missing-key", "configurate_methods") in warnings(path)


def test_fetch_from_remote_is_a_known_method(vendor: Any, provider_text: Any) -> None:
    text = provider_text("  - predefined-model\n", "  - predefined-model\n  - fetch-from-remote\n")
    path = vendor(provider=text, position="- acme-1\n")
    assert load_provider(path).configurate_methods == ["predefined-model", "fetch-from-remote"]
    assert warnings(path) == []


def test_a_written_origin_loads(write: Any, model: Any) -> None:
    assert load_model(write("m.yaml", model() + "fetch_from: predefined-model\n")).fetch_from == "predefined-model"


def test_texts_that_look_like_booleans_and_numbers(vendor: Any, provider_text: Any) -> None:
    field = """
    - variable: region
      type: select
      label:
        en_US: Region
      default: no
      options:
        - value: no
          label:
            en_US: Norway
        - value: 1.10
        - value: true
"""
    path = vendor(
        provider=provider_text("    models:\n".strip(), field.lstrip("\n") + "models:"), position="- acme-1\n"
    )
    form = load_provider(path).credential_form()
    assert [option.value for option in form[1].options] == ["no", "1.10", "true"]
    assert form[1].default == "no"
    assert [option.label.en_US for option in form[1].options] == ["Norway", "1.10", "true"]
    codes = [code for code, _ in warnings(path)]
    assert codes == ["yaml-boolean", "yaml-boolean", "missing-label", "yaml-number", "missing-label", "yaml-boolean"]
