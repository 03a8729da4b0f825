"""Names in several languages, model types, and the base of the schema entities."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


class SchemaModel(BaseModel):
    """Base of entities that are read from YAML: unknown keys are dropped here and reported by the lint."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, protected_namespaces=(), use_enum_values=False)


class I18nObject(SchemaModel):
    """A text in several languages; a missing language falls back to English.

    Args:
        en_US: English text; the first given language stands in when it is absent.
        zh_Hans: Simplified Chinese.
        pt_BR: Brazilian Portuguese.
        ja_JP: Japanese.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    en_US: str
    zh_Hans: str | None = None
    pt_BR: str | None = None
    ja_JP: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"en_US": value}
        if isinstance(value, Mapping):
            # A null text is an absent language; numbers and booleans come from unquoted YAML scalars.
            texts = {
                str(key): text if isinstance(text, str) else str(text)
                for key, text in value.items()
                if text is not None and text != "" and not isinstance(text, (Mapping, list))
            }
            if "en_US" not in texts and texts:
                texts = {"en_US": next(iter(texts.values())), **texts}
            return texts
        return value

    def get(self, lang: str = "en_US") -> str:
        """Return the text in a language.

        Args:
            lang: ``zh_Hans`` or ``zh-Hans``; an unknown language gives English.
        """
        text = getattr(self, lang.replace("-", "_"), None)
        return text if isinstance(text, str) and text else self.en_US

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
        name = value.strip().lower()
        return _MODEL_TYPE_ALIASES.get(name) or _MODEL_TYPE_ALIASES.get(name.replace("_", "-"))

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


def default_label(name: str) -> I18nObject:
    """Return the label of a thing that has none of its own."""
    return I18nObject(en_US=name)


__all__ = [
    "ConfigurateMethod",
    "FetchFrom",
    "Field",
    "Help",
    "I18nObject",
    "ModelType",
    "SchemaModel",
    "default_label",
]
