"""Which sampling parameters a model takes.

Servers up to 0.5 list the parameters that they know, with their defaults, in their metadata. The present one names the
fields of a chat request in its OpenAPI document, without ranges. What neither names is not offered: sending a parameter
proves nothing, since unknown fields are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrt.entities.common import I18nObject
from mrt.entities.model import ParameterRule, ParameterType
from mrt_openai_compatible.rules import chat_rules
from mrt_openllm.server import Generation, Server

_ASSUMED = I18nObject(
    en_US="The server does not tell the range of this parameter; the one here is assumed.",
    zh_Hans="服务器未说明该参数的取值范围,此处为假定值。",
)
_TOLD = I18nObject(en_US="The default is the one that the server tells.", zh_Hans="默认值由服务器提供。")
_BOUNDS: dict[str, tuple[ParameterType, float | None, float | None]] = {
    # Servers of the old line check temperature from 0 to 1; the other ranges are those of the engine.
    "temperature": (ParameterType.FLOAT, 0, 1),
    "top_p": (ParameterType.FLOAT, 0, 1),
    "top_k": (ParameterType.INT, None, None),
    "repetition_penalty": (ParameterType.FLOAT, 0.01, None),
    "presence_penalty": (ParameterType.FLOAT, -2, 2),
    "frequency_penalty": (ParameterType.FLOAT, -2, 2),
}
_CHAT_IGNORES = frozenset({"repetition_penalty"})
_LABELS = {
    "temperature": ("Temperature", "温度"),
    "top_p": ("Top P", "Top P"),
    "top_k": ("Top K", "Top K"),
    "min_p": ("Min P", "Min P"),
    "repetition_penalty": ("Repetition penalty", "重复惩罚"),
    "presence_penalty": ("Presence penalty", "存在惩罚"),
    "frequency_penalty": ("Frequency penalty", "频率惩罚"),
}


def old_rules(server: Server, *, native: bool) -> list[ParameterRule]:
    """Return the rules for a server up to 0.5.

    Args:
        server: The server, whose defaults name what it takes.
        native: Whether calls go to ``/v1/generate``, which takes more than the chat route.
    """
    rules = [
        _rule(name, kind, low, high, server.defaults)
        for name, (kind, low, high) in _BOUNDS.items()
        if _is_told(name, server) and (native or name not in _CHAT_IGNORES)
    ]
    length = server.defaults.get("max_new_tokens")
    rules.append(
        ParameterRule(
            name="max_tokens",
            use_template="max_tokens",
            label=I18nObject(en_US="Max tokens", zh_Hans="最大标记"),
            type=ParameterType.INT,
            min=1,
            max=None,
            default=length if isinstance(length, int) else None,
        )
    )
    return rules


def _is_told(name: str, server: Server) -> bool:
    # Without readable metadata only what every server takes is offered.
    return name in server.defaults or (not server.defaults and name in ("temperature", "top_p"))


def new_rules(server: Server, context_size: int | None, *, chat: bool) -> list[ParameterRule]:
    """Return the rules for a server of the present generation."""
    rules = chat_rules(context_size=context_size, tools=True, reasoning=False)
    known = server.fields
    if known:
        rules = [
            rule for rule in rules if rule.name in known or (rule.name == "json_schema" and "response_format" in known)
        ]
    if not chat:
        aside = {"response_format", "json_schema", "tool_choice", "parallel_tool_calls"}
        rules = [rule for rule in rules if rule.name not in aside]
    if "top_k" in known:
        # 0 is off in newer engines and refused by older ones (vLLM 0.8.5), so it goes out as -1, which is off in all.
        rules.append(_rule("top_k", ParameterType.INT, -1, None, {}))
    if "min_p" in known:
        rules.append(_rule("min_p", ParameterType.FLOAT, 0, 1, {}))
    if "repetition_penalty" in known:
        rules.append(_rule("repetition_penalty", ParameterType.FLOAT, 0.01, None, {}))
    return rules


def _rule(
    name: str, kind: ParameterType, low: float | None, high: float | None, defaults: Mapping[str, Any]
) -> ParameterRule:
    english, chinese = _LABELS[name]
    default = defaults.get(name)
    return ParameterRule(
        name=name,
        label=I18nObject(en_US=english, zh_Hans=chinese),
        help=_TOLD if default is not None else _ASSUMED,
        type=kind,
        min=low,
        max=high,
        default=default if isinstance(default, (int, float)) else None,
    )


def is_native(server: Server, *, chat: bool) -> bool:
    """Tell whether calls go to ``/v1/generate``: where there is no chat route, and for text that is to be continued."""
    return server.generation is Generation.OLDEST or (server.generation is not Generation.NEW and not chat)
