"""The last steps of a language model's answer: stop texts, tool calls, finish reason, usage, price, times."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mrt.entities.invocation import LLMRequest
from mrt.entities.llm import LLMResult, LLMResultChunk, LLMResultChunkDelta
from mrt.entities.message import AssistantPromptMessage
from mrt.entities.model import AIModelEntity
from mrt.entities.usage import LLMUsage
from mrt.errors import PluginError
from mrt.runtime.codeblock import FenceFilter
from mrt.runtime.finish import normal_finish_reason
from mrt.runtime.stop import StopFilter, cut_at_stop
from mrt.runtime.structured import parse_structured
from mrt.runtime.toolcalls import ToolCallAssembler, complete_tool_calls
from mrt.runtime.usage import estimate_answer, estimate_prompt, is_counted, price_llm


@dataclass(slots=True)
class LLMCall:
    """What core knows of one call.

    Args:
        model: Model name.
        request: What the vendor was asked.
        schema: The model's schema, where known.
        stop: The caller's stop texts, all of them.
        block: ``JSON`` or ``XML`` when core asked for a code block.
        structured: Whether the caller asked for output by a JSON Schema.
        dropped: Parameters that were left out.
        started: `time.perf_counter` at the start of the call.
        misbehaved: Makes the error for a plugin that breaks the contract.
    """

    model: str
    request: LLMRequest
    schema: AIModelEntity | None
    stop: Sequence[str] = ()
    block: str | None = None
    structured: bool = False
    dropped: tuple[str, ...] = ()
    started: float = 0.0
    misbehaved: Callable[[str], PluginError] = PluginError

    def usage(
        self, given: LLMUsage | None, text: str, message: AssistantPromptMessage, first: float | None
    ) -> LLMUsage:
        """Return the usage of the answer, estimated where the vendor gave none, with price and times."""
        if given is None or not is_counted(given):
            given = LLMUsage(
                prompt_tokens=estimate_prompt(self.request.prompt_messages, self.request.tools),
                completion_tokens=estimate_answer(text, message.reasoning_content, message.tool_calls),
                source="estimated",
            )
        usage = price_llm(self.schema, given)
        usage.latency = time.perf_counter() - self.started
        usage.time_to_first_chunk = first
        return usage


def finish_result(call: LLMCall, result: Any) -> LLMResult:
    """Return a plugin's result with everything that core adds.

    Raises:
        PluginError: The plugin returned something else.
    """
    if not isinstance(result, LLMResult):
        raise call.misbehaved(f"invoke returned {type(result).__name__} where an LLMResult is due")
    message = result.message
    if message.tool_calls:
        message.tool_calls = complete_tool_calls(message.tool_calls)
    result.vendor_finish_reason = result.vendor_finish_reason or result.finish_reason
    result.finish_reason = normal_finish_reason(result.finish_reason, has_tool_calls=bool(message.tool_calls))
    if call.stop and (text := message.get_text_content()) != (cut := cut_at_stop(text, call.stop)):
        message.content, result.finish_reason = cut, "stop"
    if call.block:
        fence = FenceFilter()
        message.content = fence.feed(message.get_text_content()) + fence.end()
    result.reasoning_content = message.reasoning_content = result.reasoning_content or message.reasoning_content
    text = message.get_text_content()
    result.usage = call.usage(result.usage, text, message, None)
    result.dropped_parameters = call.dropped
    if call.structured and not message.tool_calls:
        result.structured_output = parse_structured(text)
    return result


class ChunkFinisher:
    """Turns a plugin's chunks into those that callers get, and gathers the whole answer.

    The finish reason and the usage wait for the end, so that they stand once, on the last chunk, whatever order the
    vendor sends them in.
    """

    __slots__ = (
        "_call", "_fence", "_filter", "_first", "_index", "_opaque", "_reasoning", "_reasons", "_seen", "_text",
        "_tools", "_usage", "result",
    )  # fmt: skip

    def __init__(self, call: LLMCall) -> None:
        self._call = call
        self._filter = StopFilter(call.stop) if call.stop else None
        self._fence = FenceFilter() if call.block else None
        self._tools: ToolCallAssembler | None = None
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._reasons: tuple[str, str | None] | None = None
        self._usage: LLMUsage | None = None
        self._first: float | None = None
        self._index = 0
        self._opaque: Any = None
        self._seen: LLMResultChunk | None = None
        self.result: LLMResult | None = None

    @property
    def stopped(self) -> bool:
        """Whether a stop text was found: nothing after it counts."""
        return self._filter is not None and self._filter.stopped

    def feed(self, chunk: LLMResultChunk) -> LLMResultChunk | None:
        """Return the chunk for the caller, or None when it says nothing new yet.

        Raises:
            PluginError: It is no chunk.
        """
        if type(chunk) is not LLMResultChunk:
            raise self._call.misbehaved(f"the stream yielded {type(chunk).__name__} where an LLMResultChunk is due")
        delta = chunk.delta
        message = delta.message
        self._seen = chunk
        if delta.usage is not None:
            self._usage, delta.usage = delta.usage, None
        if delta.finish_reason is not None:
            if self._reasons is None:
                self._reasons = (delta.finish_reason, delta.vendor_finish_reason)
            delta.finish_reason = delta.vendor_finish_reason = None
        content = message.content
        if content:
            text = content if type(content) is str else message.get_text_content()
            if self._filter is not None:
                message.content = text = self._filter.feed(text)
            if self._fence is not None:
                message.content = text = self._fence.feed(text)
            if text:
                self._text.append(text)
            content = message.content
        if message.tool_calls:
            self._tools = self._tools or ToolCallAssembler()
            message.tool_calls = self._tools.add(message.tool_calls)
        if message.reasoning_content:
            self._reasoning.append(message.reasoning_content)
        if message.opaque_body is not None:
            self._opaque = message.opaque_body
        elif not (content or message.tool_calls or message.reasoning_content):
            return None
        if self._first is None:
            self._first = time.perf_counter() - self._call.started
        delta.index = self._index
        self._index += 1
        return chunk

    def end(self) -> list[LLMResultChunk]:
        """Return the last chunks; the very last one has usage and finish reason."""
        chunks: list[LLMResultChunk] = []
        if (held := self._held_back()) != "":
            self._text.append(held)
            chunks.append(self._chunk(AssistantPromptMessage(held)))
        result = self.gather()
        last = self._chunk(AssistantPromptMessage(""))
        last.delta.usage = result.usage
        last.delta.finish_reason = result.finish_reason
        last.delta.vendor_finish_reason = result.vendor_finish_reason
        chunks.append(last)
        self.result = result
        return chunks

    def gather(self) -> LLMResult:
        """Return the answer so far as a result: the whole one at the end, the partial one after an error."""
        call = self._call
        text = "".join(self._text)
        message = AssistantPromptMessage(
            text,
            self._tools.finished() if self._tools is not None else [],
            reasoning_content="".join(self._reasoning) or None,
            opaque_body=self._opaque,
        )
        reason, vendor_reason = self._reasons or (None, None)
        if self.stopped:
            reason, vendor_reason = "stop", None
        seen = self._seen
        return LLMResult(
            model=seen.model if seen is not None else call.model,
            message=message,
            usage=call.usage(self._usage, text, message, self._first),
            system_fingerprint=seen.system_fingerprint if seen is not None else None,
            finish_reason=normal_finish_reason(reason, has_tool_calls=bool(message.tool_calls)),
            vendor_finish_reason=vendor_reason or reason,
            reasoning_content=message.reasoning_content,
            request_id=seen.request_id if seen is not None else None,
            structured_output=parse_structured(text) if call.structured and not message.tool_calls else None,
            dropped_parameters=call.dropped,
        )

    def _held_back(self) -> str:
        held = self._filter.end() if self._filter is not None else ""
        if self._fence is not None:
            held = self._fence.feed(held) + self._fence.end()
        return held

    def _chunk(self, message: AssistantPromptMessage) -> LLMResultChunk:
        seen = self._seen
        chunk = LLMResultChunk(
            seen.model if seen is not None else self._call.model,
            LLMResultChunkDelta(self._index, message),
            system_fingerprint=seen.system_fingerprint if seen is not None else None,
            request_id=seen.request_id if seen is not None else None,
        )
        self._index += 1
        return chunk
