"""Token counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mrt import EmbeddingUsage, LLMUsage
from mrt.entities.plain import is_mapping


def count(value: Any) -> int | None:
    """Return a count; None for what is none: null, a negative number, a text."""
    return value if isinstance(value, int) and value >= 0 and not isinstance(value, bool) else None


def llm_usage(usage: Any) -> LLMUsage:
    """Return a language model's usage; without both counts it is unknown, and core estimates."""
    if not is_mapping(usage):
        return LLMUsage.empty_usage()
    prompt, completion = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    if prompt is None or completion is None:
        return LLMUsage.empty_usage()
    inner: Mapping[str, Any] = usage.get("prompt_tokens_details") or {}
    outer: Mapping[str, Any] = usage.get("completion_tokens_details") or {}
    audio = [tokens for part in (inner, outer) if (tokens := count(part.get("audio_tokens"))) is not None]
    return LLMUsage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cache_read_tokens=count(inner.get("cached_tokens")),
        reasoning_tokens=count(outer.get("reasoning_tokens")),
        audio_tokens=sum(audio) if audio else None,
    )


def embedding_usage(usages: Sequence[Any]) -> EmbeddingUsage:
    """Return the usage of all requests of a call; unknown when one does not tell."""
    counts = [count(usage.get("prompt_tokens")) if is_mapping(usage) else None for usage in usages]
    known = [tokens for tokens in counts if tokens is not None]
    return EmbeddingUsage(tokens=sum(known)) if len(known) == len(counts) else EmbeddingUsage.empty_usage()
