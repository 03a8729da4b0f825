from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from mrt.entities.common import Help, I18nObject, ModelType

LANGUAGES = ("en_US", "zh_Hans", "pt_BR", "ja_JP")


def texts(**given: Any) -> tuple[str, ...]:
    label = I18nObject(**given)
    return tuple(getattr(label, name) for name in LANGUAGES)


def test_every_language_has_a_text() -> None:
    assert texts(en_US="Hello") == ("Hello",) * 4
    assert texts(en_US="Hello", zh_Hans="你好") == ("Hello", "你好", "Hello", "Hello")
    assert texts(zh_Hans="你好", en_US="Hello", ja_JP="") == ("Hello", "你好", "Hello", "Hello")


@pytest.mark.parametrize("english", [None, ""])
def test_without_english_the_first_text_stands_in(english: Any) -> None:
    assert texts(en_US=english, pt_BR="Olá", zh_Hans="你好") == ("Olá", "你好", "Olá", "Olá")


def test_other_spellings_of_languages() -> None:
    label = I18nObject.model_validate({"en-us": "Hello", "zh-Hans": "你好", "ja": "やあ", "zh_cn": "您好"})
    assert (label.en_US, label.zh_Hans, label.ja_JP) == ("Hello", "您好", "やあ")


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en_US", "Hello"),
        ("zh_Hans", "你好"),
        ("zh-Hans", "你好"),
        ("zh_CN", "你好"),
        ("zh", "你好"),
        ("ko_KR", "안녕"),
        ("ko-KR", "안녕"),
        ("fr_FR", "Hello"),
        ("", "Hello"),
        ("get", "Hello"),
        ("model_dump", "Hello"),
        ("__class__", "Hello"),
    ],
)
def test_asking_for_a_language(lang: str, text: str) -> None:
    label = I18nObject.model_validate({"en_US": "Hello", "zh_Hans": "你好", "ko_KR": "안녕"})
    assert label.get(lang) == text


def test_texts_of_other_kinds() -> None:
    assert I18nObject.model_validate("Hello") == I18nObject(en_US="Hello")
    label = I18nObject.model_validate({"en_US": 1.5, "zh_Hans": True, "ja_JP": None})
    assert (label.en_US, label.zh_Hans, label.ja_JP) == ("1.5", "true", "1.5")


@pytest.mark.parametrize("value", [{}, {"en_US": None}, {"en_US": {}}, [], 5, None, {"en_US": "a", "zh_Hans": ["b"]}])
def test_what_is_no_text(value: Any) -> None:
    with pytest.raises(ValidationError):
        I18nObject.model_validate(value)


def test_as_data_it_is_what_was_given() -> None:
    label = I18nObject.model_validate({"en_US": "A", "zh_Hans": "A", "ja_JP": "B", "ko_KR": "A"})
    assert label.model_dump() == {"en_US": "A", "ja_JP": "B", "ko_KR": "A"}
    assert I18nObject.model_validate(label.model_dump()) == label
    assert I18nObject.model_validate_json(label.model_dump_json()) == label
    assert str(label) == "A"


def test_it_can_be_shared() -> None:
    label = I18nObject(en_US="A")
    with pytest.raises(ValidationError):
        label.en_US = "B"  # type: ignore[misc]
    assert copy.deepcopy(label) == pickle.loads(pickle.dumps(label)) == label
    assert hash(label) == hash(I18nObject(en_US="A", zh_Hans="A"))


def test_help_without_a_title_shows_its_link() -> None:
    found = Help.model_validate({"url": {"en_US": "https://example.com"}, "title": None})
    assert found.title.en_US == "https://example.com"
    with pytest.raises(ValidationError):
        Help.model_validate({})


@pytest.mark.parametrize(
    ("spelling", "kind"),
    [
        ("llm", ModelType.LLM),
        (" LLM ", ModelType.LLM),
        ("text-generation", ModelType.LLM),
        ("text_generation", ModelType.LLM),
        ("text_embedding", ModelType.TEXT_EMBEDDING),
        ("text-embedding", ModelType.TEXT_EMBEDDING),
        ("embeddings", ModelType.TEXT_EMBEDDING),
        ("reranking", ModelType.RERANK),
        ("speech2text", ModelType.SPEECH2TEXT),
        ("tts", ModelType.TTS),
        ("moderation", ModelType.MODERATION),
    ],
)
def test_model_types(spelling: str, kind: ModelType) -> None:
    assert ModelType(spelling) is kind
    assert ModelType(kind.key) is kind


@pytest.mark.parametrize("value", ["text2img", "", "large", 5, None, ["llm"]])
def test_what_is_no_model_type(value: Any) -> None:
    with pytest.raises(ValueError, match="not a valid ModelType"):
        ModelType(value)
