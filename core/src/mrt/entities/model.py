"""What a model can do: features, properties, parameter rules and prices."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import Field, field_validator, model_validator

from mrt.entities.common import FetchFrom, I18nObject, ModelType, SchemaModel, default_label


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


class ParameterType(StrEnum):
    """Type of a parameter's value."""

    FLOAT = "float"
    INT = "int"
    STRING = "string"
    BOOLEAN = "boolean"
    TEXT = "text"

    @classmethod
    def _missing_(cls, value: object) -> ParameterType | None:
        return cls.BOOLEAN if value == "bool" else cls.INT if value == "integer" else None


class ParameterRule(SchemaModel):
    """One parameter that a model takes.

    Args:
        name: The name under which callers give it and the vendor receives it.
        use_template: Name of a template whose values stand where the rule gives none of its own.
        label: Display name; the name itself when absent.
        type: Type of the value.
        help: Explanation for a form.
        required: Whether a call without it is refused (a default is filled in first).
        default: Sent only when `required`; otherwise a hint for forms.
        min: Smallest value.
        max: Largest value.
        precision: Decimal places; a value is rounded to them, never refused.
        options: The only values of a string.
    """

    name: str
    use_template: str | None = None
    label: I18nObject
    type: ParameterType
    help: I18nObject | None = None
    required: bool = False
    default: Any = None
    min: int | float | None = None
    max: int | float | None = None
    precision: int | None = None
    options: list[str] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _merge_template(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        merged = dict(value)
        template = PARAMETER_TEMPLATES.get(str(merged.get("use_template") or ""), {})
        for key, text in template.items():
            # A key that is present wins, also when it says null or zero; a rule without a type is no rule.
            if key not in merged or (key in ("label", "type") and merged[key] is None):
                merged[key] = text
        if merged.get("label") in (None, {}) and merged.get("name"):
            merged["label"] = default_label(str(merged["name"]))
        for key in ("options", "required"):
            if merged.get(key, 0) is None:
                merged.pop(key)
        return merged

    @field_validator("options", mode="before")
    @classmethod
    def _option_texts(cls, value: Any) -> Any:
        return [_yaml_text(option) for option in value] if isinstance(value, list) else value


class VoiceEntity(SchemaModel):
    """A voice of a text-to-speech model; `mode` is what the vendor calls it."""

    mode: str
    name: str
    language: list[str] = Field(default_factory=list)


class PriceTier(SchemaModel):
    """Prices for prompts of up to `max_tokens` tokens; None means no upper end."""

    input: Decimal
    output: Decimal | None = None
    max_tokens: int | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None


class PriceConfig(SchemaModel):
    """Prices of a model: money = tokens x price x unit.

    Args:
        input: Price of `1 / unit` prompt tokens.
        output: Price of `1 / unit` answer tokens; None when the vendor names none.
        unit: Size of the step, for example ``0.000001`` for prices per million tokens.
        currency: ``USD``, ``RMB``, ``EUR`` as the vendor writes it.
        cache_read: Price of prompt tokens read from the vendor's cache; `input` when None.
        cache_write: Price of prompt tokens written to the vendor's cache; `input` when None.
        tiers: Prices that depend on the size of the prompt, smallest first.
    """

    input: Decimal
    output: Decimal | None = None
    unit: Decimal
    currency: str
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    tiers: list[PriceTier] = Field(default_factory=list, alias="tiered_pricing")

    @field_validator("input", "output", "unit", "cache_read", "cache_write", mode="before")
    @classmethod
    def _exact(cls, value: Any) -> Any:
        # An unquoted YAML price is a float; its shortest text is what the author wrote.
        return repr(value) if isinstance(value, float) else value


class AIModelEntity(SchemaModel):
    """A model: its name, what it can do, and which parameters it takes.

    Args:
        model: The name that calls use.
        label: Display name; the model's name when absent.
        model_type: One of the six types.
        features: What it can do; None when the author said nothing.
        fetch_from: Predefined in a file, or made from credentials.
        model_properties: Context size, voices and other facts by `ModelPropertyKey`.
        parameter_rules: The parameters, in display order.
        pricing: Prices; None is unknown, not free.
        deprecated: Hidden from lists, but still callable.
    """

    model: str
    label: I18nObject
    model_type: ModelType
    features: list[ModelFeature] | None = None
    fetch_from: FetchFrom = FetchFrom.PREDEFINED_MODEL
    model_properties: dict[ModelPropertyKey, Any] = Field(default_factory=dict)
    parameter_rules: list[ParameterRule] = Field(default_factory=list)
    pricing: PriceConfig | None = None
    deprecated: bool = False

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        filled = {
            key: item
            for key, item in value.items()
            if item is not None
            or key not in ("parameter_rules", "model_properties", "deprecated", "fetch_from", "label")
        }
        if not filled.get("label") and filled.get("model"):
            filled["label"] = default_label(str(filled["model"]))
        return filled

    @field_validator("model_type", mode="before")
    @classmethod
    def _any_spelling(cls, value: Any) -> Any:
        return ModelType(value) if isinstance(value, str) else value

    @property
    def context_size(self) -> int | None:
        """Tokens that prompt and answer may have together, where known."""
        size = self.model_properties.get(ModelPropertyKey.CONTEXT_SIZE)
        return int(size) if isinstance(size, (int, float, str)) and str(size).isdigit() else None

    def supports(self, *features: ModelFeature) -> bool:
        """Tell whether the model has at least one of these features."""
        return any(feature in (self.features or ()) for feature in features)


def _yaml_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _template(kind: str, label: tuple[str, str], text: str, text_zh: str, **values: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "label": {"en_US": label[0], "zh_Hans": label[1]},
        "help": {"en_US": text, "zh_Hans": text_zh},
        "required": False,
        **values,
    }


# Names, types, bounds and defaults are those of the runtime that the seed text describes; the words are our own.
PARAMETER_TEMPLATES: dict[str, dict[str, Any]] = {
    "temperature": _template(
        "float", ("Temperature", "温度"),
        "How random the answer is: at 0 the model takes the likeliest token every time.",
        "控制回答的随机程度:为 0 时模型总是选择概率最高的词。",
        default=0.0, min=0.0, max=1.0, precision=2,
    ),
    "top_p": _template(
        "float", ("Top P", "Top P"),
        "The share of probability from which tokens are drawn: at 0.9, the likeliest 90 percent.",
        "采样时保留的概率份额:0.9 表示只在最可能的 90% 中取词。",
        default=1.0, min=0.0, max=1.0, precision=2,
    ),
    "top_k": _template(
        "int", ("Top K", "Top K"),
        "How many of the likeliest tokens are considered.",
        "采样时只考虑概率最高的前 k 个词。",
        default=50, min=1, max=100, precision=0,
    ),
    "presence_penalty": _template(
        "float", ("Presence Penalty", "存在惩罚"),
        "Makes tokens that already occurred less likely, however often they did.",
        "降低已出现过的词再次出现的概率,与次数无关。",
        default=0.0, min=0.0, max=1.0, precision=2,
    ),
    "frequency_penalty": _template(
        "float", ("Frequency Penalty", "频率惩罚"),
        "Makes tokens less likely the more often they occurred.",
        "词出现的次数越多,其再次出现的概率越低。",
        default=0.0, min=0.0, max=1.0, precision=2,
    ),
    "max_tokens": _template(
        "int", ("Max Tokens", "最大标记"),
        "Upper limit of the answer's length in tokens; raise it when answers are cut off.",
        "回答长度的上限(以标记计);回答被截断时请调大。",
        default=64, min=1, max=2048, precision=0,
    ),
    "response_format": _template(
        "string", ("Response Format", "回复格式"),
        "Asks for an answer in one code block of this format.",
        "要求模型以该格式的代码块作答。",
        options=["JSON", "XML"],
    ),
    "json_schema": _template(
        "text", ("JSON Schema", "JSON Schema"),
        "A JSON Schema that the answer has to satisfy.",
        "回答必须符合的 JSON Schema。",
    ),
}
