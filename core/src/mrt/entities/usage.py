"""What a call used and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mrt.entities.record import Record

UsageSource = Literal["reported", "estimated", "unknown"]
CountMethod = Literal["vendor", "tokenizer", "estimate"]


@dataclass(slots=True)
class LLMUsage(Record):
    """Tokens, money and time of one language model call.

    Token counts are totals: `prompt_tokens` holds what was read from and written to the vendor's cache, and
    `completion_tokens` the reasoning. A price of None is unknown, not free.

    Args:
        prompt_tokens: Tokens of the whole prompt.
        completion_tokens: Tokens of the whole answer.
        total_tokens: Their sum; computed when left out.
        cache_read_tokens: Part of the prompt that came from the vendor's cache; None when not told.
        cache_write_tokens: Part of the prompt that went into the vendor's cache; None when not told.
        reasoning_tokens: Part of the answer that was reasoning; None when not told.
        audio_tokens: Part of prompt and answer that was sound; None when not told.
        total_price: Money in `currency`.
        latency: Seconds from the call to the end of the answer.
        time_to_first_chunk: Seconds from the call to the first chunk of a stream.
        source: ``reported`` by the vendor, ``estimated`` by counting, or ``unknown``.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int | None = None
    prompt_unit_price: Decimal | None = None
    prompt_price_unit: Decimal | None = None
    prompt_price: Decimal | None = None
    completion_unit_price: Decimal | None = None
    completion_price_unit: Decimal | None = None
    completion_price: Decimal | None = None
    total_price: Decimal | None = None
    currency: str | None = None
    latency: float = 0.0
    time_to_first_chunk: float | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None
    source: UsageSource = "reported"

    def __post_init__(self) -> None:
        if self.total_tokens is None:
            self.total_tokens = self.prompt_tokens + self.completion_tokens

    @classmethod
    def empty_usage(cls) -> LLMUsage:
        """Return a usage that nobody counted; the runtime fills it with an estimate."""
        return cls(source="unknown")


@dataclass(slots=True)
class EmbeddingUsage(Record):
    """Tokens, money and time of one embedding call; see `LLMUsage` for the units."""

    tokens: int = 0
    total_tokens: int | None = None
    unit_price: Decimal | None = None
    price_unit: Decimal | None = None
    total_price: Decimal | None = None
    currency: str | None = None
    latency: float = 0.0
    source: UsageSource = "reported"

    def __post_init__(self) -> None:
        if self.total_tokens is None:
            self.total_tokens = self.tokens

    @classmethod
    def empty_usage(cls) -> EmbeddingUsage:
        """Return a usage that nobody counted; the runtime fills it with an estimate."""
        return cls(source="unknown")


class TokenCount(int):
    """A number of tokens that knows how it was found.

    `method` is ``vendor`` (asked the vendor), ``tokenizer`` (the model's own tokenizer) or ``estimate``.
    """

    method: CountMethod

    def __new__(cls, value: int, method: CountMethod = "estimate") -> TokenCount:
        count = super().__new__(cls, value)
        count.method = method
        return count

    def __repr__(self) -> str:
        return f"TokenCount({int(self)}, method={self.method!r})"

    def __reduce__(self) -> tuple[type[TokenCount], tuple[int, CountMethod]]:
        return (TokenCount, (int(self), self.method))
