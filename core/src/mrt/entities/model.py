"""What a model can do: features, properties, parameter rules and prices."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field, field_validator, model_validator

from mrt.entities.common import FetchFrom, I18nObject, ModelType, SchemaModel, default_label, filled_in
from mrt.entities.parameter import ParameterRule, ParameterType
from mrt.entities.plain import given, is_blank, is_list, is_mapping
from mrt.entities.price import PriceConfig, PriceTier
from mrt.entities.templates import PARAMETER_TEMPLATES


class ModelFeature(StrEnum):
    """What a model can do beyond plain text."""

    TOOL_CALL = "tool-call"
    MULTI_TOOL_CALL = "multi-tool-call"
    STREAM_TOOL_CALL = "stream-tool-call"
    AGENT_THOUGHT = "agent-thought"
    VISION = "vision"
    DOCUMENT = "document"
    VIDEO = "video"
    AUDIO = "audio"
    STRUCTURED_OUTPUT = "structured-output"
    REASONING = "reasoning"
    POLLING = "polling"


class ModelPropertyKey(StrEnum):
    """Keys of `AIModelEntity.model_properties`."""

    MODE = "mode"
    CONTEXT_SIZE = "context_size"
    MAX_CHUNKS = "max_chunks"
    FILE_UPLOAD_LIMIT = "file_upload_limit"
    SUPPORTED_FILE_EXTENSIONS = "supported_file_extensions"
    MAX_CHARACTERS_PER_CHUNK = "max_characters_per_chunk"
    DEFAULT_VOICE = "default_voice"
    VOICES = "voices"
    WORD_LIMIT = "word_limit"
    AUDIO_TYPE = "audio_type"
    MAX_WORKERS = "max_workers"
    DIMENSIONS = "dimensions"


class VoiceEntity(SchemaModel):
    """A voice of a text-to-speech model; `mode` is what the vendor calls it."""

    mode: str
    name: str
    language: list[str] = Field(default_factory=list)


class AIModelEntity(SchemaModel):
    """A model: its name, what it can do, and which parameters it takes.

    Args:
        model: The name that calls use.
        label: Display name; the model's name when absent.
        model_type: One of the six types.
        features: What it can do; None when the author said nothing. Unknown ones are left out.
        fetch_from: Predefined in a file, or made from credentials.
        model_properties: Context size, voices and other facts by `ModelPropertyKey`. Unknown ones are left out.
        parameter_rules: The parameters, in display order.
        pricing: Prices; None is unknown, not free.
        deprecated: Hidden from lists, but still callable.
    """

    model: str = Field(min_length=1)
    label: I18nObject = Field(default_factory=filled_in)
    model_type: ModelType
    features: list[ModelFeature] | None = None
    fetch_from: FetchFrom = FetchFrom.PREDEFINED_MODEL
    model_properties: dict[ModelPropertyKey, Any] = Field(default_factory=dict[ModelPropertyKey, Any])
    parameter_rules: list[ParameterRule] = Field(default_factory=list[ParameterRule])
    pricing: PriceConfig | None = None
    deprecated: bool = False

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any) -> Any:
        if not is_mapping(value):
            return value
        filled = given(value)
        if is_blank(filled.get("label")):
            filled["label"] = default_label(str(filled.get("model")))
        if is_list(features := filled.get("features")):
            filled["features"] = [
                item for item in features if item is not None and (not isinstance(item, str) or item in _FEATURES)
            ]
        if is_mapping(properties := filled.get("model_properties")):
            filled["model_properties"] = {
                key: _whole_number(item) if key in _NUMBERS else item
                for key, item in properties.items()
                if item is not None and key in _PROPERTIES
            }
        return filled

    @field_validator("parameter_rules")
    @classmethod
    def _names_differ(cls, rules: list[ParameterRule]) -> list[ParameterRule]:
        names: set[str] = set()
        for rule in rules:
            if rule.name in names:
                raise ValueError(f"two rules are named '{rule.name}'")
            names.add(rule.name)
        return rules

    @property
    def context_size(self) -> int | None:
        """Tokens that prompt and answer may have together, where known."""
        size = self.model_properties.get(ModelPropertyKey.CONTEXT_SIZE)
        return size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else None

    @property
    def voices(self) -> list[VoiceEntity]:
        """The voices of a text-to-speech model; empty when its file lists none."""
        listed = self.model_properties.get(ModelPropertyKey.VOICES)
        return [voice for item in listed if (voice := _voice(item))] if is_list(listed) else []

    def supports(self, *features: ModelFeature) -> bool:
        """Tell whether the model has at least one of these features."""
        return any(feature in (self.features or ()) for feature in features)


_FEATURES = frozenset(ModelFeature)
_PROPERTIES = frozenset(ModelPropertyKey)
_NUMBERS = _PROPERTIES - {"mode", "supported_file_extensions", "default_voice", "voices", "audio_type"}


def _voice(item: Any) -> VoiceEntity | None:
    if not is_mapping(item) or is_blank(item.get("mode")):
        return None
    languages: Any = item.get("language") or []
    return VoiceEntity(
        mode=str(item["mode"]),
        name=str(item.get("name") or item["mode"]),
        language=[str(language) for language in languages] if is_list(languages) else [str(languages)],
    )


def _whole_number(value: Any) -> Any:
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


__all__ = [
    "PARAMETER_TEMPLATES",
    "AIModelEntity",
    "ModelFeature",
    "ModelPropertyKey",
    "ParameterRule",
    "ParameterType",
    "PriceConfig",
    "PriceTier",
    "VoiceEntity",
]
