"""The parameters that language models of this dialect take."""

from __future__ import annotations

from mrt.entities.common import I18nObject
from mrt.entities.model import ParameterRule, ParameterType

EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh"]


def chat_rules(*, context_size: int | None, tools: bool, reasoning: bool) -> list[ParameterRule]:
    """Return the rules of a chat model.

    Args:
        context_size: Tokens of prompt and answer; None is no upper bound for ``max_tokens``.
        tools: Whether to offer the parameters about tools.
        reasoning: Whether to offer the effort of reasoning.
    """
    rules = [*completion_rules(context_size=context_size), *_format_rules()]
    if tools:
        rules += _tool_rules()
    if reasoning:
        rules.append(
            ParameterRule(
                name="reasoning_effort",
                label=I18nObject(en_US="Reasoning effort", zh_Hans="推理强度"),
                help=I18nObject(
                    en_US="How much the model thinks before it answers.", zh_Hans="模型回答之前思考的程度。"
                ),
                type=ParameterType.STRING,
                options=EFFORTS,
            )
        )
    return rules


def completion_rules(*, context_size: int | None) -> list[ParameterRule]:
    """Return the rules of a model that continues text; a chat model has them, too."""
    return [
        _number("temperature", 0, 2),
        _number("top_p", 0, 1),
        ParameterRule(
            name="max_tokens",
            use_template="max_tokens",
            label=I18nObject(en_US="Max tokens", zh_Hans="最大标记"),
            type=ParameterType.INT,
            min=1,
            max=context_size,
            default=None,
        ),
        _number("presence_penalty", -2, 2),
        _number("frequency_penalty", -2, 2),
        ParameterRule(
            name="seed",
            label=I18nObject(en_US="Seed", zh_Hans="随机种子"),
            help=I18nObject(
                en_US="With the same seed and the same request, the server tries to give the same answer.",
                zh_Hans="种子与请求相同时,服务器会尽量给出相同的回答。",
            ),
            type=ParameterType.INT,
        ),
    ]


def _number(name: str, low: float, high: float) -> ParameterRule:
    # The bounds are the dialect's; a precision of the template would round what the caller gave.
    return ParameterRule(
        name=name,
        use_template=name,
        label=I18nObject(en_US=name.replace("_", " ").capitalize(), zh_Hans=_CHINESE[name]),
        type=ParameterType.FLOAT,
        min=low,
        max=high,
        precision=None,
        default=None,
    )


_CHINESE = {
    "temperature": "温度",
    "top_p": "Top P",
    "presence_penalty": "存在惩罚",
    "frequency_penalty": "频率惩罚",
}


def _format_rules() -> list[ParameterRule]:
    return [
        ParameterRule(
            name="response_format",
            label=I18nObject(en_US="Response format", zh_Hans="回复格式"),
            help=I18nObject(
                en_US="text, any JSON object, or JSON that satisfies the schema in json_schema.",
                zh_Hans="纯文本、任意 JSON 对象,或符合 json_schema 的 JSON。",
            ),
            type=ParameterType.STRING,
            options=["text", "json_object", "json_schema"],
        ),
        ParameterRule(
            name="json_schema",
            use_template="json_schema",
            label=I18nObject(en_US="JSON Schema", zh_Hans="JSON Schema"),
            type=ParameterType.TEXT,
        ),
    ]


def _tool_rules() -> list[ParameterRule]:
    return [
        ParameterRule(
            name="tool_choice",
            label=I18nObject(en_US="Tool choice", zh_Hans="工具选择"),
            help=I18nObject(
                en_US="auto, none, required, or the name of the tool that has to be called.",
                zh_Hans="auto、none、required,或必须调用的工具名称。",
            ),
            type=ParameterType.STRING,
        ),
        ParameterRule(
            name="parallel_tool_calls",
            label=I18nObject(en_US="Parallel tool calls", zh_Hans="并行调用工具"),
            help=I18nObject(
                en_US="Whether the model may call several tools at once.", zh_Hans="模型是否可以同时调用多个工具。"
            ),
            type=ParameterType.BOOLEAN,
        ),
    ]
