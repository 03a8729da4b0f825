"""Which sampling parameters a model takes.

Servers up to 0.5 list the parameters that they know, with their defaults, in their metadata. The present one names the
fields of a chat request in its OpenAPI document, without ranges. What neither names is not offered: sending a parameter
proves nothing, since unknown fields are ignored. What had to be assumed stands in the parameter's help.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mrt.entities.common import I18nObject
from mrt.entities.model import ParameterRule, ParameterType
from mrt_openai_compatible.rules import chat_rules
from mrt_openllm.server import Server


class _Known(NamedTuple):
    """A parameter as the engines take it; `checked` tells that servers of the old line check the range themselves."""

    english: str
    chinese: str
    type: ParameterType
    min: float | None = None
    max: float | None = None
    checked: bool = False


_KNOWN = {
    "temperature": _Known("Temperature", "温度", ParameterType.FLOAT, 0, 1, checked=True),
    "top_p": _Known("Top P", "Top P", ParameterType.FLOAT, 0, 1),
    "top_k": _Known("Top K", "Top K", ParameterType.INT),
    "repetition_penalty": _Known("Repetition penalty", "重复惩罚", ParameterType.FLOAT, 0.01),
    "presence_penalty": _Known("Presence penalty", "存在惩罚", ParameterType.FLOAT, -2, 2),
    "frequency_penalty": _Known("Frequency penalty", "频率惩罚", ParameterType.FLOAT, -2, 2),
}
_CHAT_IGNORES = frozenset({"repetition_penalty"})
_LEAST_TOP_P = 0.001
_EVERYWHERE = frozenset({"temperature", "top_p"})
_NOT_FOR_TEXT = frozenset({"response_format", "json_schema", "tool_choice", "parallel_tool_calls"})

# What vLLM takes beyond OpenAI's parameters.
_ENGINE = {
    # -1 is off in all versions; 0 is off in newer ones, and refused by older ones (vLLM 0.8.5).
    "top_k": _Known("Top K", "Top K", ParameterType.INT, -1),
    "min_p": _Known("Min P", "Min P", ParameterType.FLOAT, 0, 1),
    "repetition_penalty": _KNOWN["repetition_penalty"],
}

_TOLD = I18nObject(en_US="The default is the server's.", zh_Hans="默认值由服务器提供。")
_RANGE = I18nObject(
    en_US="The server does not tell the range of this parameter; it is assumed.",
    zh_Hans="服务器未说明该参数的取值范围,此处为假定值。",
)
_UNTOLD = I18nObject(
    en_US="The server does not tell which parameters it takes; this one is assumed.",
    zh_Hans="服务器未说明支持哪些参数,此参数为假定支持。",
)


def old_rules(server: Server, *, native: bool) -> list[ParameterRule]:
    """Return the rules for a server up to 0.5.

    Args:
        server: The server, whose defaults name what it takes.
        native: Whether calls go to ``/v1/generate``, which takes more than the chat route.
    """
    told = server.defaults
    names = [name for name in _KNOWN if name in (told or _EVERYWHERE) and (native or name not in _CHAT_IGNORES)]
    rules: list[ParameterRule] = []
    for name in names:
        known = _KNOWN[name]
        help_ = [] if told else [_UNTOLD]
        if _number(told.get(name)) is not None:
            help_.append(_TOLD)
        if not known.checked and (known.min, known.max) != (None, None):
            help_.append(_RANGE)
        rules.append(_rule(name, known, help_, _number(told.get(name))))
    length = _number(told.get("max_new_tokens"))
    rules.append(
        ParameterRule(
            name="max_tokens",
            use_template="max_tokens",
            label=I18nObject(en_US="Max tokens", zh_Hans="最大标记"),
            type=ParameterType.INT,
            min=1,
            max=None,
            default=int(length) if length is not None else None,
        )
    )
    return rules


def new_rules(server: Server, context_size: int | None, *, chat: bool) -> list[ParameterRule]:
    """Return the rules for a server of the present generation.

    Args:
        server: The server, whose fields name what it takes.
        context_size: Tokens of prompt and answer, where told.
        chat: Whether the model answers messages.
    """
    known = server.fields
    rules = chat_rules(context_size=context_size, tools=True, reasoning=False)
    if known:
        rules = [
            rule for rule in rules if rule.name in known or (rule.name == "json_schema" and "response_format" in known)
        ]
    if not chat:
        rules = [rule for rule in rules if rule.name not in _NOT_FOR_TEXT]
    return [
        *(_assumed(rule, is_told=bool(known)) for rule in rules),
        *(_rule(name, parameter, [_RANGE]) for name, parameter in _ENGINE.items() if name in known),
    ]


def _assumed(rule: ParameterRule, *, is_told: bool) -> ParameterRule:
    if rule.name == "top_p":
        # vLLM answers 400 to 0 itself, and a rule has no open end.
        rule = rule.model_copy(update={"min": _LEAST_TOP_P})
    added = [] if is_told else [_UNTOLD]
    if rule.type is ParameterType.FLOAT:
        added.append(_RANGE)
    return rule.model_copy(update={"help": _joined([*filter(None, [rule.help]), *added])}) if added else rule


def _rule(name: str, known: _Known, help_: list[I18nObject], default: float | None = None) -> ParameterRule:
    return ParameterRule(
        name=name,
        label=I18nObject(en_US=known.english, zh_Hans=known.chinese),
        help=_joined(help_) if help_ else None,
        type=known.type,
        min=known.min,
        max=known.max,
        default=default,
    )


def _joined(parts: list[I18nObject]) -> I18nObject:
    return I18nObject(
        en_US=" ".join(part.get("en_US") for part in parts), zh_Hans="".join(part.get("zh_Hans") for part in parts)
    )


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
