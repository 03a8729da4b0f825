"""The eight parameter templates that a rule may name with ``use_template``.

Names, types, bounds and defaults are those of the runtime that the YAML was made for; the words are our own.
"""

from __future__ import annotations

from typing import Any


def _template(kind: str, label: str, label_zh: str, text: str, text_zh: str, **values: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "label": {"en_US": label, "zh_Hans": label_zh},
        "help": {"en_US": text, "zh_Hans": text_zh},
        "required": False,
        **values,
    }


_SHARE: dict[str, Any] = {"min": 0.0, "max": 1.0, "precision": 2}

PARAMETER_TEMPLATES: dict[str, dict[str, Any]] = {
    "temperature": _template(
        "float",
        "Temperature",
        "温度",
        "How random the answer is: at 0 the model takes the likeliest token every time.",
        "控制回答的随机程度:为 0 时模型总是选择概率最高的词。",
        default=0.0,
        **_SHARE,
    ),
    "top_p": _template(
        "float",
        "Top P",
        "Top P",
        "The share of probability from which tokens are drawn: at 0.9, the likeliest 90 percent.",
        "采样时保留的概率份额:0.9 表示只在最可能的 90% 中取词。",
        default=1.0,
        **_SHARE,
    ),
    "top_k": _template(
        "int",
        "Top K",
        "Top K",
        "How many of the likeliest tokens are considered.",
        "采样时只考虑概率最高的前 k 个词。",
        default=50,
        min=1,
        max=100,
        precision=0,
    ),
    "presence_penalty": _template(
        "float",
        "Presence Penalty",
        "存在惩罚",
        "Makes tokens that already occurred less likely, however often they did.",
        "降低已出现过的词再次出现的概率,与次数无关。",
        default=0.0,
        **_SHARE,
    ),
    "frequency_penalty": _template(
        "float",
        "Frequency Penalty",
        "频率惩罚",
        "Makes tokens less likely the more often they occurred.",
        "词出现的次数越多,其再次出现的概率越低。",
        default=0.0,
        **_SHARE,
    ),
    "max_tokens": _template(
        "int",
        "Max Tokens",
        "最大标记",
        "Upper limit of the answer's length in tokens; raise it when answers are cut off.",
        "回答长度的上限(以标记计);回答被截断时请调大。",
        default=64,
        min=1,
        max=2048,
        precision=0,
    ),
    "response_format": _template(
        "string",
        "Response Format",
        "回复格式",
        "Asks for an answer in one code block of this format.",
        "要求模型以该格式的代码块作答。",
        options=["JSON", "XML"],
    ),
    "json_schema": _template(
        "text",
        "JSON Schema",
        "JSON Schema",
        "A JSON Schema that the answer has to satisfy.",
        "回答必须符合的 JSON Schema。",
    ),
}
