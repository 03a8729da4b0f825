from __future__ import annotations

from typing import Any

import pytest

from mrt.schema import lint

VOICES = """
model_properties:
  default_voice: anna
  audio_type: mp3
  voices:
    - mode: anna
      name: Anna
      language: [en-US]
    - mode: ben
      name: Ben
      language: [no]
"""


def found(path: Any) -> list[str]:
    return [f"{finding.severity} {finding.code} {finding.key_path}" for finding in lint(path)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  - tool-call\n", "  - tool-call\n  - tool-call\n", "info duplicate-feature features[1]"),
        ("  - tool-call\n", "", "warning features features[0]"),
        ("  mode: chat\n", "", "info missing-property model_properties"),
        ("  mode: chat\n", "  mode: talk\n", "warning mode model_properties.mode"),
        ("  context_size: 8192\n", "", "info missing-property model_properties"),
        ("context_size: 8192", "context_size: 0", "warning limit model_properties.context_size"),
        ("context_size: 8192", "context_size: 8k", "warning wrong-kind model_properties.context_size"),
        ("context_size: 8192", "context_size: 8192.5", "warning wrong-kind model_properties.context_size"),
        ("unit: '0.000001'", "unit: '0'", "warning price-unit pricing.unit"),
        ("unit: '0.000001'", "unit: '1'", "warning price-unit pricing.unit"),
        ("unit: '0.000001'", "unit: 0.000001", "warning unquoted-price pricing.unit"),
        ("input: '0.50'", "input: '-0.50'", "warning negative-price pricing.input"),
        ("currency: USD", "currency: dollars", "warning currency pricing.currency"),
        ("  output: '1.50'\n", "", "info no-output-price pricing"),
        ("  currency: USD\n", "  currency: USD\n  cached: '0.1'\n", "warning unknown-key pricing.cached"),
        ("  en_US: Acme One\n", "  zh_Hans: 一\n", "warning missing-english label"),
        ("  en_US: Acme One\n", "  en_US: A\n  zh_hans: 一\n", "warning unknown-locale label.zh_hans"),
        ("  en_US: Acme One\n", "  en_US: A\n  en-US: B\n", "warning unknown-locale label.en-US"),
        ("  en_US: Acme One\n", "  en_US: A\n  jp_JP: B\n", "warning unknown-locale label.jp_JP"),
        ("  en_US: Acme One\n", "  en_US: 1.10\n", "warning yaml-number label.en_US"),
        ("  en_US: Acme One\n", "  en_US: on\n", "warning yaml-boolean label.en_US"),
        ("model: acme-1\n", "model: 4.10\n", "warning yaml-number model"),
        ("model_type: llm\n", "model_type: text-generation\n", "info type-spelling model_type"),
        ("features:\n", "fetch_from: customizable-model\nfeatures:\n", "warning origin fetch_from"),
        ("features:\n", "deprecated: 'true'\nfeatures:\n", "warning boolean-as-text deprecated"),
    ],
)
def test_language_models(write: Any, model: Any, old: str, new: str, expected: str) -> None:
    assert found(write("m.yaml", model(old, new))) == [expected]


@pytest.mark.parametrize("locale", ["ko_KR", "de_DE", "zh_Hant", "vi_VN", "pt_PT"])
def test_other_languages_are_silent(write: Any, model: Any, locale: str) -> None:
    assert found(write("m.yaml", model("  en_US: Acme One\n", f"  en_US: Acme One\n  {locale}: x\n"))) == []


@pytest.mark.parametrize(
    ("locale", "meant"), [("zh_CN", "zh_Hans"), ("en-us", "en_US"), ("zh_Hand", "zh_Hans"), ("pt_Br", "pt_BR")]
)
def test_misspelt_languages_are_named(write: Any, model: Any, locale: str, meant: str) -> None:
    (finding,) = lint(write("m.yaml", model("  en_US: Acme One\n", f"  en_US: Acme One\n  {locale}: x\n")))
    assert meant in finding.message
    assert finding.line == 4


@pytest.mark.parametrize("word", ["tool-call", "agent-thought", "structured-output"])
def test_features_of_language_models_on_others(write: Any, word: str) -> None:
    path = write("m.yaml", f"model: a\nmodel_type: rerank\nfeatures:\n  - {word}\n  - vision\n")
    assert found(path) == ["warning features features[0]"]


def test_what_an_embedding_should_say(write: Any) -> None:
    path = write("m.yaml", "model: a\nmodel_type: text-embedding\n")
    assert [text.split()[1] for text in found(path)] == ["missing-property", "missing-property"]
    path = write("m.yaml", "model: a\nmodel_type: text-embedding\nmodel_properties: {context_size: 1, max_chunks: 1}\n")
    assert found(path) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", "warning yaml-boolean model_properties.voices[1].language[0]"),
        ("default_voice: anna", "default_voice: carl", "warning default-voice model_properties.default_voice"),
        ("mode: ben", "mode: anna", "warning duplicate-voice model_properties.voices[1].mode"),
        ("audio_type: mp3", "audio_type: audio", "warning audio-type model_properties.audio_type"),
        ("    - mode: ben\n", "    - id: ben\n", "warning missing-key model_properties.voices[1].mode"),
        ("language: [en-US]", "language: en-US", "warning wrong-kind model_properties.voices[0].language"),
    ],
)
def test_voices(write: Any, old: str, new: str, expected: str) -> None:
    text = "model: a\nmodel_type: tts\n" + VOICES.lstrip("\n").replace(old, new, 1) if old else VOICES.lstrip("\n")
    path = write("m.yaml", text if text.startswith("model: a") else f"model: a\nmodel_type: tts\n{text}")
    assert expected in found(path)


def test_a_voice_model_without_voices(write: Any) -> None:
    assert found(write("m.yaml", "model: a\nmodel_type: tts\n")) == ["info no-voices model_properties"]


def test_voices_may_be_written_sloppily_and_are_still_read(write: Any) -> None:
    from mrt.schema import load_model

    text = "model: a\nmodel_type: tts\nmodel_properties:\n  voices:\n    - mode: 12\n      language: en-US\n    - x\n"
    (voice,) = load_model(write("m.yaml", text)).voices
    assert (voice.mode, voice.name, voice.language) == ("12", "12", ["en-US"])


def test_tiers_in_the_wrong_order(write: Any, model: Any) -> None:
    tiers = "\n  tiered_pricing:\n    - {input: '1', max_tokens: 200}\n    - {input: '2', max_tokens: 100}\n"
    path = write("m.yaml", model("  currency: USD\n", "  currency: USD" + tiers))
    assert found(path) == ["warning tier-order pricing.tiered_pricing[1].max_tokens"]


def test_a_file_in_the_folder_of_another_type(write: Any, model: Any) -> None:
    assert found(write("models/rerank/m.yaml", model())) == ["info other-folder model_type"]
    assert found(write("models/llm/m.yaml", model())) == []
