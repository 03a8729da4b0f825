"""Results of language models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mrt.entities.message import AssistantPromptMessage, PromptMessage
from mrt.entities.record import Record
from mrt.entities.usage import LLMUsage


class LLMMode(StrEnum):
    """Value of the model property ``mode``."""

    CHAT = "chat"
    COMPLETION = "completion"


class FinishReason(StrEnum):
    """Why an answer ended, in one word for all vendors."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    OTHER = "other"


@dataclass(slots=True)
class LLMResult(Record):
    """A whole answer.

    Args:
        model: The model that answered, as the vendor names it.
        message: The answer.
        usage: Tokens, money, time.
        prompt_messages: The prompt, where a plugin repeats it.
        system_fingerprint: The vendor's mark of the configuration that answered.
        finish_reason: A `FinishReason` value; None when the vendor did not say.
        vendor_finish_reason: The vendor's own word for it.
        reasoning_content: The model's thinking, apart from the answer.
        request_id: The vendor's id of the call.
        structured_output: The parsed answer when a JSON Schema was asked for.
        dropped_parameters: Parameters that the model does not take and the policy left out.
        opaque: What else the vendor said, for programs that know the vendor.
    """

    model: str
    message: AssistantPromptMessage
    usage: LLMUsage = field(default_factory=LLMUsage.empty_usage)
    prompt_messages: Sequence[PromptMessage] = ()
    system_fingerprint: str | None = None
    finish_reason: str | None = None
    vendor_finish_reason: str | None = None
    reasoning_content: str | None = None
    request_id: str | None = None
    structured_output: Any = None
    dropped_parameters: tuple[str, ...] = ()
    id: str | None = None
    opaque: Any = None

    @property
    def text(self) -> str:
        """The answer's text."""
        return self.message.get_text_content()


@dataclass(slots=True)
class LLMResultChunkDelta(Record):
    """What one chunk adds.

    Args:
        index: Place of the chunk in the stream, from 0; numbered by the runtime.
        message: New text, new reasoning, pieces of tool calls.
        usage: Only on the last chunk, and always there.
        finish_reason: Only on the last chunk.
        vendor_finish_reason: The vendor's own word for it.
    """

    index: int
    message: AssistantPromptMessage
    usage: LLMUsage | None = None
    finish_reason: str | None = None
    vendor_finish_reason: str | None = None

    @property
    def reasoning_content(self) -> str | None:
        """New piece of the model's thinking."""
        return self.message.reasoning_content


@dataclass(slots=True)
class LLMResultChunk(Record):
    """One piece of a streamed answer."""

    model: str
    delta: LLMResultChunkDelta
    prompt_messages: Sequence[PromptMessage] = ()
    system_fingerprint: str | None = None
    request_id: str | None = None

    @property
    def text(self) -> str:
        """The text that this chunk adds; empty for chunks that only carry reasoning, calls or usage."""
        content = self.delta.message.content
        return content if type(content) is str else self.delta.message.get_text_content()
