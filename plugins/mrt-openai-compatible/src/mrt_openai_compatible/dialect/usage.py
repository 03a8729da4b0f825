"""Token counts as servers of this dialect report them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrt.entities.plain import is_mapping
from mrt.entities.usage import EmbeddingUsage, LLMUsage


def read_usage(value: Any) -> LLMUsage:
    """Return the usage of a chat or text completion.

    A count that is absent, null or negative (Xinference sends -1 when its engine gave none) is unknown. Without
    both main counts the whole is `LLMUsage.empty_usage`, and the runtime estimates.

    Args:
        value: The ``usage`` object of an answer; cumulative ones count as they are, so pass the last.
    """
    if not is_mapping(value):
        return LLMUsage.empty_usage()
    prompt, completion = count(value.get("prompt_tokens")), count(value.get("completion_tokens"))
    total = count(value.get("total_tokens"))
    if prompt is None and completion is not None and total is not None:
        prompt = max(0, total - completion)
    if completion is None and prompt is not None and total is not None:
        completion = max(0, total - prompt)
    if prompt is None or completion is None:
        return LLMUsage.empty_usage()
    inner, outer = _details(value, "prompt_tokens_details"), _details(value, "completion_tokens_details")
    reasoning = count(outer.get("reasoning_tokens"))
    if reasoning and total == prompt + completion + reasoning:
        # Some servers count the reasoning beside the answer; here it is a part of it.
        completion += reasoning
    cached = count(inner.get("cached_tokens"))
    if cached is None:
        # DeepSeek's name for the same.
        cached = count(value.get("prompt_cache_hit_tokens"))
    sounds = [tokens for part in (inner, outer) if (tokens := count(part.get("audio_tokens"))) is not None]
    return LLMUsage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cache_read_tokens=cached,
        cache_write_tokens=count(inner.get("cache_write_tokens")),
        reasoning_tokens=reasoning,
        audio_tokens=sum(sounds) if sounds else None,
    )


def read_embedding_usage(values: list[Any]) -> EmbeddingUsage:
    """Return the usage of an embedding call: the sum over its requests, unknown when one of them did not tell.

    Args:
        values: The ``usage`` objects of all answers.
    """
    tokens = 0
    for value in values:
        if not is_mapping(value):
            return EmbeddingUsage.empty_usage()
        known = count(value.get("prompt_tokens"))
        if known is None:
            known = count(value.get("total_tokens"))
        if known is None:
            return EmbeddingUsage.empty_usage()
        tokens += known
    return EmbeddingUsage(tokens=tokens)


def count(value: Any) -> int | None:
    """Return a token count, or None for what is none: null, negative, a text, a boolean."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if 0 <= value < 1 << 53 else None


def _details(usage: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = usage.get(key)
    return value if is_mapping(value) else {}
