"""Which parameters a model takes: the dialect's, less what its engine ignores or refuses, plus the server's own.

What engines honour was seen on 4.1.0 for Transformers and llama.cpp, and read in its source for vLLM. A parameter that
an engine ignores is not offered: a caller who sets a seed must not get a random answer without a word.
"""

from __future__ import annotations

from mrt.entities.common import I18nObject
from mrt.entities.model import ParameterRule, ParameterType
from mrt_openai_compatible.rules import chat_rules, completion_rules
from mrt_xinference.description import Description

_IGNORED: dict[str, frozenset[str]] = {
    "transformers": frozenset(
        {"seed", "presence_penalty", "frequency_penalty", "response_format", "json_schema", "tool_choice"}
    ),
    # It has a name of its own for the penalty, which the server does not pass on.
    "llama.cpp": frozenset({"repetition_penalty"}),
}
# The server drops it before any engine sees it.
_NEVER = frozenset({"parallel_tool_calls"})

# The words that an engine honours, where it does not honour all.
_OPTIONS: dict[tuple[str, str], list[str]] = {
    ("llama.cpp", "response_format"): ["text", "json_schema"],
    ("llama.cpp", "tool_choice"): ["auto", "none", "required"],
}


def rules_for(found: Description, *, chat: bool) -> list[ParameterRule]:
    """Return the parameter rules of a language model."""
    size = found.context_length
    tools = "tools" in found.abilities or not found.abilities
    rules = chat_rules(context_size=size, tools=tools, reasoning=False) if chat else completion_rules(context_size=size)
    rules += [_top_k(), _repetition_penalty(found.engine)]
    if chat and "hybrid" in found.abilities:
        rules.append(_enable_thinking())
    ignored = _IGNORED.get(found.engine, frozenset[str]()) | _NEVER
    kept = [rule for rule in rules if rule.name not in ignored]
    for rule in kept:
        rule.options = _OPTIONS.get((found.engine, rule.name), rule.options)
    return kept


def _top_k() -> ParameterRule:
    # The template's upper bound is too low: vocabularies do not end at 100. Below 0 is refused.
    return ParameterRule(
        name="top_k",
        use_template="top_k",
        label=I18nObject(en_US="Top K", zh_Hans="Top K"),
        help=I18nObject(
            en_US="The model chooses among that many of the most likely tokens; 0 is no limit.",
            zh_Hans="模型从概率最高的若干个词元中选择;0 表示不限制。",
        ),
        type=ParameterType.INT,
        min=0,
        max=None,
        default=None,
    )


def _repetition_penalty(engine: str) -> ParameterRule:
    return ParameterRule(
        name="repetition_penalty",
        label=I18nObject(en_US="Repetition penalty", zh_Hans="重复惩罚"),
        help=I18nObject(
            en_US="Above 1, tokens that occurred become less likely; 1 switches it off.",
            zh_Hans="大于 1 时降低已出现词元的概率;1 表示关闭。",
        ),
        type=ParameterType.FLOAT,
        # Transformers takes less than 1 for 1, without a word.
        min=1 if engine == "transformers" else 0.01,
        max=10,
    )


def _enable_thinking() -> ParameterRule:
    return ParameterRule(
        name="enable_thinking",
        label=I18nObject(en_US="Thinking", zh_Hans="思考模式"),
        help=I18nObject(en_US="Whether the model thinks before it answers.", zh_Hans="模型是否在回答之前进行思考。"),
        type=ParameterType.BOOLEAN,
    )
