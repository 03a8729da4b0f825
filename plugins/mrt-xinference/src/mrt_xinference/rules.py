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
}
# No engine of this server looks at it.
_NEVER = frozenset({"parallel_tool_calls"})


def rules_for(found: Description, *, chat: bool) -> list[ParameterRule]:
    """Return the parameter rules of a language model."""
    size = found.context_length
    tools = "tools" in found.abilities or not found.abilities
    base = (
        chat_rules(context_size=size, tools=tools, reasoning=False) if chat else completion_rules(context_size=size)
    )
    ignored = _IGNORED.get(found.engine, frozenset[str]()) | _NEVER
    rules = [rule for rule in base if rule.name not in ignored]
    rules += [_top_k(), _repetition_penalty()]
    if chat and "hybrid" in found.abilities:
        rules.append(_enable_thinking())
    return rules


def _top_k() -> ParameterRule:
    # The template's bounds are too narrow: -1 is off on vLLM, and vocabularies have no end at 100.
    return ParameterRule(
        name="top_k",
        use_template="top_k",
        label=I18nObject(en_US="Top K", zh_Hans="Top K"),
        type=ParameterType.INT,
        min=-1,
        max=None,
        default=None,
    )


def _repetition_penalty() -> ParameterRule:
    return ParameterRule(
        name="repetition_penalty",
        label=I18nObject(en_US="Repetition penalty", zh_Hans="重复惩罚"),
        help=I18nObject(
            en_US="Above 1, tokens that occurred become less likely; the server's default is 1.1.",
            zh_Hans="大于 1 时降低已出现词的概率;服务器默认为 1.1。",
        ),
        type=ParameterType.FLOAT,
        min=0.01,
        max=10,
    )


def _enable_thinking() -> ParameterRule:
    return ParameterRule(
        name="enable_thinking",
        label=I18nObject(en_US="Thinking", zh_Hans="思考模式"),
        help=I18nObject(
            en_US="Whether the model thinks before it answers.", zh_Hans="模型是否在回答之前进行思考。"
        ),
        type=ParameterType.BOOLEAN,
    )
