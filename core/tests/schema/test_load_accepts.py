"""What published files hold and what is read without a word; numbered as in the study of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mrt.entities.common import FetchFrom, I18nObject, ModelType
from mrt.entities.model import ModelFeature, ModelPropertyKey, ParameterType
from mrt.schema import lint, load_model, load_provider


def silent(path: Any) -> bool:
    return not [finding for finding in lint(path) if finding.severity != "info"]


@pytest.mark.parametrize(
    "gone",
    ["label:\n  en_US: Acme One\n", "features:\n  - tool-call\n  - stream-tool-call\n"],
    ids=["label", "features"],
)
def test_1_a_model_may_leave_things_out(write: Any, model: Any, gone: str) -> None:
    path = write("m.yaml", model(gone, ""))
    entity = load_model(path)
    assert silent(path)
    assert entity.label.en_US in ("acme-1", "Acme One")
    assert entity.fetch_from is FetchFrom.PREDEFINED_MODEL
    assert not entity.deprecated


def test_1_a_model_of_two_keys(write: Any) -> None:
    path = write("m.yaml", "model: org/Tiny 1:b@c\nmodel_type: rerank\n")
    entity = load_model(path)
    assert (entity.model, entity.label.en_US, entity.label.zh_Hans) == ("org/Tiny 1:b@c",) * 3
    assert (entity.features, entity.pricing, entity.parameter_rules, entity.model_properties) == (None, None, [], {})
    assert entity.context_size is None
    assert silent(path)


def test_1_a_rule_without_a_label_has_its_name(write: Any) -> None:
    path = write("m.yaml", "model: a\nmodel_type: llm\nparameter_rules:\n  - name: seed\n    type: int\n")
    assert load_model(path).parameter_rules[0].label.get("zh_Hans") == "seed"
    assert silent(path)


def test_1_nulls_stand_for_what_is_left_out(write: Any) -> None:
    keys = "label features fetch_from model_properties parameter_rules pricing deprecated".split()  # noqa: SIM905
    path = write("m.yaml", "model: a\nmodel_type: llm\n" + "".join(f"{key}:\n" for key in keys))
    entity = load_model(path)
    assert (entity.label.en_US, entity.features, entity.parameter_rules) == ("a", None, [])
    assert silent(path)


def test_2_a_rule_of_name_and_template(write: Any, model: Any) -> None:
    path = write("m.yaml", model())
    temperature, length = load_model(path).parameter_rules
    assert (temperature.type, temperature.min, temperature.max, temperature.precision) == (ParameterType.FLOAT, 0, 1, 2)
    assert (temperature.default, temperature.required, temperature.label.zh_Hans) == (0.0, False, "温度")
    assert (length.type, length.min, length.max, length.default) == (ParameterType.INT, 1, 4096, 64)
    assert silent(path)


def test_2_explicit_values_win_zeros_and_nulls_included(write: Any, model: Any) -> None:
    rule = "    max: 4096\n    min: 0\n    default: null\n    help:\n    precision:\n"
    path = write("m.yaml", model("    max: 4096\n", rule))
    length = load_model(path).parameter_rules[1]
    assert (length.min, length.default, length.help, length.precision, length.max) == (0, None, None, None, 4096)
    assert length.type is ParameterType.INT
    assert silent(path)


def test_3_more_languages_and_null_texts(write: Any, model: Any) -> None:
    texts = "  en_US: Acme One\n  ja_JP: エース\n  pt_BR:\n  zh_Hans: ''\n  ko_KR: 에이스\n"
    path = write("m.yaml", model("  en_US: Acme One\n", texts))
    label = load_model(path).label
    assert (label.ja_JP, label.pt_BR, label.zh_Hans) == ("エース", "Acme One", "Acme One")
    assert (label.get("ko_KR"), label.get("ko-KR"), label.get("fr_FR")) == ("에이스", "에이스", "Acme One")
    assert silent(path)


def test_3_texts_that_are_null_in_every_language_are_no_texts(write: Any, model: Any) -> None:
    path = write("m.yaml", model("  en_US: Acme One\n", "  en_US:\n  zh_Hans:\n"))
    assert load_model(path).label == I18nObject(en_US="acme-1")
    assert silent(path)


def test_4_underscores_in_keys_and_hyphens_in_values(vendor: Any, write: Any, provider_text: Any) -> None:
    write("models/text_embedding/e.yaml", "model: e\nmodel_type: text-embedding\n")
    text = provider_text(
        "models:\n", "models:\n  text_embedding:\n    predefined:\n      - models/text_embedding/*.yaml\n"
    )
    path = vendor(provider=text.replace("  - llm\n", "  - llm\n  - text-embedding\n"), position="- acme-1\n")
    assert [(entity.model_type, entity.model) for entity in load_provider(path).models] == [
        (ModelType.LLM, "acme-1"),
        (ModelType.TEXT_EMBEDDING, "e"),
    ]
    assert silent(path)


def test_4_a_glob_may_match_nothing_and_a_file_may_be_matched_by_none(vendor: Any, write: Any, model: Any) -> None:
    write("drafts/later.yaml", model(model="later"))
    path = vendor(models=())
    assert len(load_provider(path).models) == 0
    assert load_model(path.parent / "drafts" / "later.yaml").model == "later"


def test_8_provider_id_folder_and_file_may_differ(write: Any, provider_text: Any) -> None:
    path = write("gemini/provider/maas.yaml", provider_text("provider: acme", "provider: google").split("models:\n")[0])
    write("gemini/manifest.yaml", "type: plugin\n")
    assert load_provider(path).provider == "google"
    assert load_provider(path.parents[1]).provider == "google"
    assert load_provider(path.parent).provider == "google"


@pytest.mark.parametrize("make", [lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n")])
def test_9_bom_and_crlf(write: Any, model: Any, make: Any) -> None:
    path = write("m.yaml", make(model().encode()))
    assert load_model(path).model == "acme-1"
    assert silent(path)


def test_9_anchors(write: Any) -> None:
    text = """
        model: a
        model_type: llm
        parameter_rules:
          - &base
            name: one
            type: int
            min: 1
          - <<: *base
            name: two
        """
    entity = load_model(write("m.yaml", text))
    assert [(rule.name, rule.min) for rule in entity.parameter_rules] == [("one", 1), ("two", 1)]


def test_10_a_form_of_a_method_that_is_not_offered_is_not_used(vendor: Any, provider_text: Any) -> None:
    form = "model_credential_schema:\n  credential_form_schemas:\n    - variable: other\n      type: text-input\n"
    provider = load_provider(vendor(provider=provider_text() + form))
    assert [field.variable for field in provider.credential_form("acme-1")] == ["api_key"]
    assert provider.model_credential_schema is not None


def test_10_icons_may_be_missing_and_colours_odd(vendor: Any, provider_text: Any) -> None:
    provider = load_provider(vendor(provider=provider_text() + "background: '#12345'\nicon_small:\n  en_US: no.svg\n"))
    assert provider.background == "#12345"
    assert provider.icon_small == I18nObject(en_US="no.svg")
    assert provider.icon_large is None


def test_11_prices_are_exact_and_currencies_free(write: Any, model: Any) -> None:
    long = "0.1000000000000000055511151231257827021181583404541015625"
    path = write("m.yaml", model("input: '0.50'", f"input: '{long}'").replace("USD", "RMB"))
    pricing = load_model(path).pricing
    assert pricing is not None
    assert (pricing.input, pricing.currency) == (Decimal(long), "RMB")
    assert silent(path)


def test_11_the_output_price_may_be_absent(write: Any, model: Any) -> None:
    path = write("m.yaml", model("  output: '1.50'\n", ""))
    pricing = load_model(path).pricing
    assert pricing is not None
    assert pricing.output is None
    assert [finding.code for finding in lint(path)] == ["no-output-price"]


def test_12_extensions_are_one_text(write: Any) -> None:
    text = "model: s\nmodel_type: speech2text\nmodel_properties:\n  file_upload_limit: 25\n"
    path = write("m.yaml", text + "  supported_file_extensions: mp3,wav\n  audio_type: mp3\n")
    properties = load_model(path).model_properties
    assert properties[ModelPropertyKey.SUPPORTED_FILE_EXTENSIONS] == "mp3,wav"
    assert silent(path)


def test_13_the_file_decides_about_the_model_type(vendor: Any, write: Any) -> None:
    write("models/llm/_position.yaml", "- acme-1\n")
    write("models/llm/r.yaml", "model: r\nmodel_type: rerank\n")
    path = vendor()
    models = load_provider(path).models
    assert [(entity.model, entity.model_type) for entity in models] == [
        ("acme-1", ModelType.LLM),
        ("r", ModelType.RERANK),
    ]
    assert {finding.code for finding in lint(path)} == {"other-folder", "unlisted-type"}


@pytest.mark.parametrize(
    ("spelling", "kind"),
    [
        ("text_embedding", ModelType.TEXT_EMBEDDING),
        ("text-generation", ModelType.LLM),
        ("embeddings", ModelType.TEXT_EMBEDDING),
        ("reranking", ModelType.RERANK),
    ],
)
def test_older_spellings_of_model_types(write: Any, spelling: str, kind: ModelType) -> None:
    path = write("m.yaml", f"model: a\nmodel_type: {spelling}\n")
    assert load_model(path).model_type is kind
    assert silent(path)


def test_features_and_deprecation(write: Any, model: Any) -> None:
    entity = load_model(write("m.yaml", model("features:\n", "deprecated: true\nfeatures:\n  - vision\n")))
    assert entity.deprecated
    assert entity.supports(ModelFeature.VISION)
    assert not entity.supports(ModelFeature.AUDIO)
    assert entity.context_size == 8192


def test_paths_may_be_texts(write: Any, model: Any) -> None:
    assert load_model(str(write("m.yaml", model()))).model == "acme-1"
