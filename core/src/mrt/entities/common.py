"""Names in several languages, model types, and the base of the schema entities."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator

from mrt.entities.plain import given, is_mapping, yaml_text


class SchemaModel(BaseModel):
    """Base of entities that are read from YAML: unknown keys are dropped here and reported by the lint."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, protected_namespaces=(), use_enum_values=False)


# What people write for a language, and how the entity spells it.
_LANGUAGES = {
    "en": "en_US",
    "en_us": "en_US",
    "zh": "zh_Hans",
    "zh_hans": "zh_Hans",
    "zh_cn": "zh_Hans",
    "pt": "pt_BR",
    "pt_br": "pt_BR",
    "ja": "ja_JP",
    "ja_jp": "ja_JP",
}
_FILLED = ("en_US", "zh_Hans", "pt_BR", "ja_JP")


class I18nObject(SchemaModel):
    """A text in several languages.

    A language that is missing, null or empty has the English text; English itself, when it is missing, has the first
    text that is there. Further languages (``ko_KR``) are kept as given.

    Args:
        en_US: English text.
        zh_Hans: Simplified Chinese.
        pt_BR: Brazilian Portuguese.
        ja_JP: Japanese.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    en_US: str
    zh_Hans: str = ""
    pt_BR: str = ""
    ja_JP: str = ""

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"en_US": value}
        if not is_mapping(value):
            return value
        english = value.get("en_US")
        if type(english) is not str or not english:
            texts = {
                _LANGUAGES.get(str(key).replace("-", "_").lower(), str(key)): yaml_text(text)
                for key, text in value.items()
                if text is not None and text != ""
            }
            if not texts:
                return {}
            value, english = texts, texts.get("en_US") or next(iter(texts.values()))
        filled = {"en_US": english, "zh_Hans": english, "pt_BR": english, "ja_JP": english}
        for key, text in value.items():
            if type(text) is not str:
                text = yaml_text(text)
            if text is not None and text != "":
                filled[key if key in filled else _LANGUAGES.get(str(key).replace("-", "_").lower(), str(key))] = text
        return filled

    @model_serializer(mode="plain")
    def _given(self) -> dict[str, str]:
        others = {name: text for name in _FILLED[1:] if (text := getattr(self, name)) != self.en_US}
        return {"en_US": self.en_US, **others, **(self.model_extra or {})}

    def get(self, lang: str = "en_US") -> str:
        """Return the text in a language.

        Args:
            lang: ``zh_Hans``, ``zh-Hans`` or ``zh``; an unknown language gives English.
        """
        name = lang.replace("-", "_")
        name = _LANGUAGES.get(name.lower(), name)
        text = getattr(self, name) if name in _FILLED else (self.model_extra or {}).get(name)
        return text if isinstance(text, str) else self.en_US

    def __str__(self) -> str:
        return self.en_US


class ModelType(StrEnum):
    """The six kinds of model, written as in a provider's YAML."""

    LLM = "llm"
    TEXT_EMBEDDING = "text-embedding"
    RERANK = "rerank"
    SPEECH2TEXT = "speech2text"
    TTS = "tts"
    MODERATION = "moderation"

    @classmethod
    def _missing_(cls, value: object) -> ModelType | None:
        if not isinstance(value, str):
            return None
        return _MODEL_TYPE_ALIASES.get(value.strip().lower().replace("_", "-"))

    @property
    def key(self) -> str:
        """The spelling used for folders and functions: ``text_embedding``."""
        return self.value.replace("-", "_")


# The first three come from the era before plugins and still stand in published forms.
_MODEL_TYPE_ALIASES: dict[str, ModelType] = {
    "text-generation": ModelType.LLM,
    "embeddings": ModelType.TEXT_EMBEDDING,
    "reranking": ModelType.RERANK,
    **{member.value: member for member in ModelType},
}


class FetchFrom(StrEnum):
    """Where a model's schema comes from."""

    PREDEFINED_MODEL = "predefined-model"
    CUSTOMIZABLE_MODEL = "customizable-model"


class ConfigurateMethod(StrEnum):
    """How models get into a provider."""

    PREDEFINED_MODEL = "predefined-model"
    CUSTOMIZABLE_MODEL = "customizable-model"
    FETCH_FROM_REMOTE = "fetch-from-remote"


class Help(SchemaModel):
    """Where to get credentials."""

    title: I18nObject
    url: I18nObject | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any) -> Any:
        if not is_mapping(value):
            return value
        filled = given(value, ("title", "url"))
        if "title" not in filled and "url" in filled:
            filled["title"] = filled["url"]
        return filled


def default_label(name: str) -> I18nObject:
    """Return the label of a thing that has none of its own."""
    return I18nObject(en_US=name or "-")


def filled_in() -> Any:
    """Stand as the default of a field that a validator always fills, so that type checkers let authors omit it."""
    raise ValueError("missing")


__all__ = [
    "ConfigurateMethod",
    "FetchFrom",
    "Field",
    "Help",
    "I18nObject",
    "ModelType",
    "SchemaModel",
    "default_label",
    "filled_in",
]
