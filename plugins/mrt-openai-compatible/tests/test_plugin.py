"""The plugin: its file, and the schemas that credentials declare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oai_calls import make_call

import mrt_openai_compatible
from mrt.entities.common import FetchFrom, ModelType
from mrt.entities.model import AIModelEntity, ModelFeature, ModelPropertyKey, ParameterType
from mrt.entities.provider import FormType
from mrt.plugin.base import AIModel
from mrt.schema import lint, load_provider
from mrt_openai_compatible import plugin
from mrt_openai_compatible.dialect.base import has_version
from mrt_openai_compatible.llm import OpenAICompatibleLargeLanguageModel

FOLDER = Path(mrt_openai_compatible.__file__).parent
PROVIDER = load_provider(FOLDER / "provider.yaml")
CREDENTIALS = {"base_url": "http://127.0.0.1:1"}


def schema(kind: ModelType = ModelType.LLM, **declared: Any) -> AIModelEntity:
    model: AIModel = plugin.model(kind)
    found = model.get_customizable_model_schema("some-model", {**CREDENTIALS, **declared})
    assert found is not None
    assert (found.model, found.model_type, found.fetch_from) == ("some-model", kind, FetchFrom.CUSTOMIZABLE_MODEL)
    return found


def rules(entity: AIModelEntity) -> set[str]:
    return {rule.name for rule in entity.parameter_rules}


def test_the_provider_file_has_no_findings() -> None:
    assert lint(FOLDER) == []


def test_the_provider() -> None:
    assert PROVIDER.provider == "openai-compatible"
    assert set(PROVIDER.supported_model_types) == set(ModelType)
    form = PROVIDER.credential_form("some-model")
    assert {field.variable for field in form} >= {
        "base_url", "api_key", "mode", "context_size", "vision", "tools", "reasoning",
    }  # fmt: skip
    assert [field.variable for field in form if field.required] == ["base_url"]
    assert [field.variable for field in form if field.type is FormType.SECRET_INPUT] == ["api_key"]
    assert all(field.label.zh_Hans for field in form)


def test_icons_are_there() -> None:
    for icon in (PROVIDER.icon_small, PROVIDER.icon_large):
        assert icon is not None
        assert (FOLDER / "_assets" / icon.en_US).read_text("utf-8").startswith("<svg")


@pytest.mark.parametrize("kind", list(ModelType))
def test_each_type_has_a_class(kind: ModelType) -> None:
    assert plugin.model(kind).model_type is kind


def test_without_declarations_nothing_is_known_and_nothing_refused() -> None:
    entity = schema()
    assert entity.features is None
    assert entity.model_properties == {ModelPropertyKey.MODE: "chat"}
    assert rules(entity) >= {
        "temperature",
        "top_p",
        "max_tokens",
        "seed",
        "response_format",
        "json_schema",
        "tool_choice",
    }
    assert "reasoning_effort" not in rules(entity)


def test_declared_abilities_are_the_features() -> None:
    entity = schema(vision="true", tools="true", reasoning=True, audio="false")
    assert entity.features == [
        ModelFeature.TOOL_CALL, ModelFeature.MULTI_TOOL_CALL, ModelFeature.STREAM_TOOL_CALL,
        ModelFeature.VISION, ModelFeature.REASONING,
    ]  # fmt: skip
    assert rules(entity) >= {"reasoning_effort", "parallel_tool_calls"}
    assert schema(tools="false").features == []
    assert not {"tool_choice", "parallel_tool_calls"} & rules(schema(tools="false"))


def test_bounds_are_the_dialects_and_what_the_caller_gives_is_not_rounded() -> None:
    found = {rule.name: rule for rule in schema(context_size="8192").parameter_rules}
    bounds = {name: (rule.min, rule.max) for name, rule in found.items() if rule.max is not None}
    assert bounds == {
        "temperature": (0, 2), "top_p": (0, 1), "max_tokens": (1, 8192), "presence_penalty": (-2, 2),
        "frequency_penalty": (-2, 2),
    }  # fmt: skip
    assert all(rule.precision is None for rule in found.values() if rule.type is ParameterType.FLOAT)
    assert all(rule.default is None and not rule.required for rule in found.values())
    assert {rule.name: rule.max for rule in schema().parameter_rules}["max_tokens"] is None


def test_a_model_that_continues_text() -> None:
    entity = schema(mode="completion", context_size=" 2048 ")
    assert entity.model_properties == {ModelPropertyKey.MODE: "completion", ModelPropertyKey.CONTEXT_SIZE: 2048}
    assert entity.features == []
    assert "json_schema" not in rules(entity)
    assert OpenAICompatibleLargeLanguageModel().completion_mode(make_call(schema=entity))


@pytest.mark.parametrize(
    ("model", "declared", "name"),
    [
        ("gpt-4o", {}, "max_tokens"),
        ("o3-mini", {}, "max_completion_tokens"),
        ("vendor/gpt-5", {}, "max_completion_tokens"),
        ("anything", {"reasoning": "true"}, "max_completion_tokens"),
        ("gpt-5", {"reasoning": "false"}, "max_tokens"),
        ("gpt-5", {"token_field": "max_tokens"}, "max_tokens"),
        ("anything", {"token_field": "max_completion_tokens"}, "max_completion_tokens"),
    ],
)
def test_the_field_for_the_length_of_the_answer(model: str, declared: dict[str, str], name: str) -> None:
    call = make_call(model=model, credentials={**CREDENTIALS, **declared}, parameters={"max_tokens": 20})
    body = OpenAICompatibleLargeLanguageModel().body(call)
    assert body[name] == 20
    assert len({"max_tokens", "max_completion_tokens"} & body.keys()) == 1


def test_usage_in_streams_and_think_tags_can_be_declared_away() -> None:
    model = OpenAICompatibleLargeLanguageModel()
    off = make_call(stream=True, credentials={**CREDENTIALS, "stream_usage": "false", "reasoning": "false"})
    on = make_call(stream=True, credentials=CREDENTIALS)
    assert "stream_options" not in model.body(off)
    assert "stream_options" in model.body(on)
    assert model.reader_options(off).think_tags is None
    assert model.reader_options(on).think_tags == ("<think>", "</think>")


def test_schemas_of_the_other_types() -> None:
    embedding = schema(ModelType.TEXT_EMBEDDING, context_size="512", dimensions="8", max_chunks="16")
    assert embedding.model_properties == {
        ModelPropertyKey.CONTEXT_SIZE: 512, ModelPropertyKey.DIMENSIONS: 8, ModelPropertyKey.MAX_CHUNKS: 16,
    }  # fmt: skip
    assert schema(ModelType.TEXT_EMBEDDING).model_properties == {ModelPropertyKey.MAX_CHUNKS: 256}
    assert schema(ModelType.RERANK).model_properties == {}
    speaking = schema(ModelType.TTS, voices="nova, ash", audio_format="wav", word_limit="100").model_properties
    assert speaking[ModelPropertyKey.DEFAULT_VOICE] == "nova"
    assert [voice["mode"] for voice in speaking[ModelPropertyKey.VOICES]] == ["nova", "ash"]
    assert (speaking[ModelPropertyKey.AUDIO_TYPE], speaking[ModelPropertyKey.WORD_LIMIT]) == ("wav", 100)
    assert schema(ModelType.TTS).model_properties == {
        ModelPropertyKey.DEFAULT_VOICE: "alloy", ModelPropertyKey.AUDIO_TYPE: "mp3",
    }  # fmt: skip
    assert "wav" in schema(ModelType.SPEECH2TEXT).model_properties[ModelPropertyKey.SUPPORTED_FILE_EXTENSIONS]
    assert schema(ModelType.MODERATION).model_properties[ModelPropertyKey.MAX_CHARACTERS_PER_CHUNK] == 2000


@pytest.mark.parametrize("word", ["", "   ", "-5", "0", "many", None])
def test_numbers_that_are_none_declare_nothing(word: Any) -> None:
    assert ModelPropertyKey.CONTEXT_SIZE not in schema(context_size=word).model_properties


@pytest.mark.parametrize(
    ("base", "wanted"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:1/v1/chat/completions"),
        ("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1/chat/completions"),
        (" http://127.0.0.1:1/v1/ ", "http://127.0.0.1:1/v1/chat/completions"),
        ("http://127.0.0.1:1/v1beta/openai/", "http://127.0.0.1:1/v1beta/openai/chat/completions"),
        ("http://127.0.0.1:1/api/paas/v4", "http://127.0.0.1:1/api/paas/v4/chat/completions"),
        ("http://127.0.0.1:1/proxy", "http://127.0.0.1:1/proxy/v1/chat/completions"),
    ],
)
def test_urls(base: str, wanted: str) -> None:
    call = make_call(credentials={"base_url": base})
    assert OpenAICompatibleLargeLanguageModel().build_request(call).url == wanted


def test_only_a_whole_segment_is_a_version() -> None:
    assert not has_version("http://v1.example.com/vectors/very")
    assert has_version("http://example.com/x/v2/y")
