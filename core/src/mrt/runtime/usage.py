"""Filling in what vendors leave out of a usage: counts, prices, times."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from mrt.entities.message import AssistantPromptMessage, PromptMessage, PromptMessageTool, ToolCall
from mrt.entities.model import AIModelEntity
from mrt.entities.usage import EmbeddingUsage, LLMUsage

# Chat formats wrap each message in a few tokens of their own; GPT-style ones in about three.
_TOKENS_PER_MESSAGE = 3


def count_text(texts: Iterable[str]) -> int:
    """Return the number of GPT-2 tokens in the texts: an estimate for other models."""
    from mrt.tokens import count_gpt2

    return sum(count_gpt2(text) for text in texts)


def estimate_prompt(messages: Sequence[PromptMessage], tools: Sequence[PromptMessageTool] = ()) -> int:
    """Estimate the tokens of a prompt."""
    texts: list[str] = []
    for message in messages:
        texts.append(message.get_text_content())
        if isinstance(message, AssistantPromptMessage):
            texts.extend(_call_text(call) for call in message.tool_calls)
    for tool in tools:
        texts.append(json.dumps([tool.name, tool.description, tool.parameters], ensure_ascii=False, default=str))
    return count_text(texts) + _TOKENS_PER_MESSAGE * len(messages)


def estimate_answer(text: str, reasoning: str | None, calls: Sequence[ToolCall]) -> int:
    """Estimate the tokens of an answer."""
    return count_text([text, reasoning or "", *map(_call_text, calls)])


def _call_text(call: ToolCall) -> str:
    return f"{call.function.name}{call.function.arguments}"


def is_counted(usage: LLMUsage | EmbeddingUsage | None) -> bool:
    """Tell whether a vendor or a plugin gave counts that mean something."""
    return usage is not None and usage.source != "unknown"


def price_llm(schema: AIModelEntity | None, usage: LLMUsage) -> LLMUsage:
    """Return the usage with prices, where the model has some and the plugin gave none."""
    if schema is None or schema.pricing is None or usage.total_price is not None:
        return usage
    from mrt.schema.prices import price_usage

    return price_usage(schema.pricing, usage)


def price_embedding(schema: AIModelEntity | None, usage: EmbeddingUsage) -> EmbeddingUsage:
    """Return the usage with prices, where the model has some and the plugin gave none."""
    if schema is None or schema.pricing is None or usage.total_price is not None:
        return usage
    from mrt.schema.prices import price_embedding_usage

    return price_embedding_usage(schema.pricing, usage)
