"""What the models can do, and which parameters they take."""

from __future__ import annotations

from typing import Any

from mrt import AIModelEntity, FetchFrom, I18nObject, ModelFeature, ModelType, ParameterRule, ParameterType

FEATURES = [
    ModelFeature.TOOL_CALL,
    ModelFeature.MULTI_TOOL_CALL,
    ModelFeature.STREAM_TOOL_CALL,
    ModelFeature.VISION,
    ModelFeature.REASONING,
    ModelFeature.STRUCTURED_OUTPUT,
]


def _number(name: str, chinese: str, low: float, high: float) -> ParameterRule:
    return ParameterRule(
        name=name,
        use_template=name,
        label=I18nObject(en_US=name.replace("_", " ").capitalize(), zh_Hans=chinese),
        type=ParameterType.FLOAT,
        min=low,
        max=high,
        default=None,
        precision=None,
    )


def _other(name: str, chinese: str, kind: ParameterType, **fields: Any) -> ParameterRule:
    label = I18nObject(en_US=name.replace("_", " ").capitalize(), zh_Hans=chinese)
    return ParameterRule(name=name, label=label, type=kind, **fields)


RULES = [
    _number("temperature", "温度", 0, 2),
    _number("top_p", "核采样", 0, 1),
    _number("presence_penalty", "存在惩罚", -2, 2),
    _number("frequency_penalty", "频率惩罚", -2, 2),
    _other("max_tokens", "最大标记数", ParameterType.INT, use_template="max_tokens", min=1, max=None, default=None),
    _other("seed", "随机种子", ParameterType.INT),
    _other("response_format", "回复格式", ParameterType.STRING, options=["text", "json_object", "json_schema"]),
    _other("json_schema", "JSON 模式", ParameterType.TEXT, use_template="json_schema"),
    _other("tool_choice", "工具选择", ParameterType.STRING),
    _other("parallel_tool_calls", "并行调用工具", ParameterType.BOOLEAN),
]


def entity(model: str, kind: ModelType, properties: dict[str, Any] | None = None) -> AIModelEntity:
    """Return the schema of a model that only the server knows."""
    is_llm = kind is ModelType.LLM
    return AIModelEntity.model_validate(
        {
            "model": model,
            "model_type": kind,
            "fetch_from": FetchFrom.CUSTOMIZABLE_MODEL,
            "features": FEATURES if is_llm else None,
            "model_properties": properties or {},
            "parameter_rules": RULES if is_llm else [],
        }
    )
