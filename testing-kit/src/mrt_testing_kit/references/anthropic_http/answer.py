"""Answers, whole and in events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mrt import (
    AssistantPromptMessage,
    HTTPResponse,
    InvokeBadResponseError,
    InvokeConnectionError,
    LLMResult,
    LLMResultChunk,
    LLMResultChunkDelta,
    LLMUsage,
    ServerSentEvent,
    ToolCall,
    ToolCallFunction,
)
from mrt.entities.plain import is_list, is_mapping
from mrt.http.status import error_from_body

_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "overloaded_error": 529,
}
_COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def read_message(response: HTTPResponse, names: Mapping[str, str]) -> LLMResult:
    """Return the result of a whole answer.

    Raises:
        InvokeError: It is an error, or answers nothing.
    """
    body = response.json()
    if isinstance(body, str) or (is_mapping(body) and (body.get("error") or "detail" in body)):
        raise error_of(body, response.request_id)
    content = body.get("content") if is_mapping(body) else None
    reader = MessageStream(str(body.get("model")) if is_mapping(body) else "", names)
    for index, block in enumerate(content if is_list(content) else ()):
        if is_mapping(block):
            reader.begin(index, block)
    reader.count(body.get("usage") if is_mapping(body) else None)
    reader.reason = body.get("stop_reason") if is_mapping(body) else None
    if not is_list(content) or reader.is_hollow():
        raise InvokeBadResponseError("the answer has no content", status=response.status)
    message = reader.message()
    return LLMResult(
        model=body["model"],
        message=message,
        usage=reader.usage(),
        finish_reason=reader.reason,
        reasoning_content=message.reasoning_content,
        request_id=response.request_id,
    )


class MessageStream:
    """Reads the events of one stream.

    Args:
        model: The model that was asked.
        names: The caller's names of the tools by the vendor's.
    """

    def __init__(self, model: str, names: Mapping[str, str]) -> None:
        self.done = False
        self.request_id: str | None = None
        self.model = model
        self.names = names
        self.blocks: dict[Any, dict[str, Any]] = {}
        self.reason: str | None = None
        self.counts: dict[str, int] = {}

    def feed(self, event: ServerSentEvent) -> Sequence[LLMResultChunk]:
        """Return the chunk that an event brings, if any.

        Raises:
            InvokeError: The event is an error, or nothing that can be read.
        """
        try:
            value = json.loads(event.data)
        except ValueError as error:
            if event.event == "error":
                raise error_of(event.data.decode("utf-8", "replace"), self.request_id) from error
            raise InvokeBadResponseError(f"the stream has an event that is no JSON: {error}") from error
        if not is_mapping(value):
            raise InvokeBadResponseError("the stream has an event that is no JSON object")
        kind = value.get("type")
        if kind == "error" or event.event == "error" or value.get("error"):
            raise error_of(value, self.request_id)
        if kind == "message_start":
            started: Mapping[str, Any] = value.get("message") or {}
            self.model = started.get("model") or self.model
            self.count(started.get("usage"))
        elif kind == "content_block_start":
            return self.begin(value.get("index"), value.get("content_block") or {})
        elif kind == "content_block_delta":
            return self._add(value.get("index"), value.get("delta") or {})
        elif kind == "message_delta":
            self.count(value.get("usage"))
            delta: dict[str, Any] = value.get("delta") or {}
            self.reason = delta.get("stop_reason") or self.reason
        elif kind == "message_stop":
            self.done = True
        return ()

    def finish(self) -> Sequence[LLMResultChunk]:
        """Return the last chunk.

        Raises:
            InvokeConnectionError: The stream ended before the answer did.
            InvokeBadResponseError: It answered nothing.
        """
        if not self.done and self.reason is None:
            raise InvokeConnectionError("the stream ended before the answer did", request_id=self.request_id)
        if self.is_hollow():
            raise InvokeBadResponseError("the stream holds no answer", request_id=self.request_id)
        message = self.message()
        last = AssistantPromptMessage("", message.tool_calls, opaque_body=message.opaque_body)
        return [self._chunk(last, self.usage(), self.reason)]

    def begin(self, index: Any, head: Mapping[str, Any]) -> Sequence[LLMResultChunk]:
        """Begin a block, with what it holds already."""
        self.blocks[index] = dict(head)
        return self._show(str(head.get("type")), head.get("text") or head.get("thinking") or "")

    def count(self, usage: Any) -> None:
        """Take token counts; later ones are those of the whole answer so far."""
        for name in _COUNTS if is_mapping(usage) else ():
            if isinstance(usage.get(name), int):
                self.counts[name] = max(usage[name], self.counts.get(name, 0))
        details = usage.get("output_tokens_details") if is_mapping(usage) else None
        if is_mapping(details) and isinstance(details.get("thinking_tokens"), int):
            self.counts["thinking_tokens"] = details["thinking_tokens"]

    def usage(self) -> LLMUsage:
        """Return the usage: the vendor counts what it read from its cache beside the prompt, core as part of it."""
        known = self.counts
        if "input_tokens" not in known or "output_tokens" not in known:
            return LLMUsage.empty_usage()
        read, written = known.get("cache_read_input_tokens"), known.get("cache_creation_input_tokens")
        return LLMUsage(
            prompt_tokens=known["input_tokens"] + (read or 0) + (written or 0),
            completion_tokens=known["output_tokens"],
            cache_read_tokens=read,
            cache_write_tokens=written,
            reasoning_tokens=known.get("thinking_tokens"),
        )

    def is_hollow(self) -> bool:
        """Tell whether an answer without a block is a broken one; a turn in which nothing is to be said is short."""
        if self.blocks:
            return False
        if self.reason == "end_turn":
            return self.counts.get("output_tokens", 0) > 3
        return self.reason in (None, "tool_use")

    def message(self) -> AssistantPromptMessage:
        """Return the answer, with the thinking that the vendor wants to see again."""
        blocks = list(self.blocks.values())
        thinking = "".join(block.get("thinking") or "" for block in blocks)
        kept: list[dict[str, Any]] = []
        said = 0
        for block in blocks:
            kind = block.get("type")
            if kind == "redacted_thinking" or (kind == "thinking" and block.get("signature")):
                # Thoughts go back between the texts where they came.
                kept.append({**block, "after": said})
            said += len(block.get("text") or "") if kind == "text" else 0
        return AssistantPromptMessage(
            "".join(block.get("text") or "" for block in blocks if block.get("type") == "text"),
            self._calls([block for block in blocks if block.get("type") == "tool_use"]),
            reasoning_content=thinking if thinking.strip() else None,
            opaque_body=kept or None,
        )

    def _calls(self, blocks: Sequence[Mapping[str, Any]]) -> list[ToolCall]:
        calls: list[ToolCall] = []
        for place, block in enumerate(blocks):
            name, given = block.get("name") or "", block.get("input")
            arguments = block.get("json") or (given if isinstance(given, str) else json.dumps(given or {}))
            identity = block.get("id") or ""
            if any(call.id == identity for call in calls):
                identity = f"{identity}_{place}"
            calls.append(ToolCall(identity, "function", ToolCallFunction(self.names.get(name, name), arguments), place))
        return calls

    def _add(self, index: Any, delta: Mapping[str, Any]) -> Sequence[LLMResultChunk]:
        kind = str(delta.get("type"))
        block = self.blocks.setdefault(index, {"type": kind.removesuffix("_delta")})
        for field, name in (("text", "text"), ("thinking", "thinking"), ("signature", "signature")):
            if delta.get(field):
                block[name] = (block.get(name) or "") + delta[field]
        if delta.get("partial_json"):
            block["json"] = block.get("json", "") + delta["partial_json"]
        return self._show(kind.removesuffix("_delta"), delta.get("text") or delta.get("thinking") or "")

    def _show(self, kind: str, text: str) -> Sequence[LLMResultChunk]:
        if kind == "text" and text:
            return [self._chunk(AssistantPromptMessage(text))]
        if kind == "thinking" and text:
            # White space alone is no thinking; it waits for the first word.
            whole = "".join(block.get("thinking") or "" for block in self.blocks.values())
            before = whole.removesuffix(text)
            if whole.strip():
                shown = text if before.strip() else whole
                return [self._chunk(AssistantPromptMessage("", reasoning_content=shown))]
        return ()

    def _chunk(
        self, message: AssistantPromptMessage, usage: LLMUsage | None = None, reason: str | None = None
    ) -> LLMResultChunk:
        delta = LLMResultChunkDelta(0, message, usage, reason)
        return LLMResultChunk(self.model, delta, request_id=self.request_id)


def error_of(value: Any, request_id: str | None) -> Exception:
    """Return the error that an error object means, where no status tells."""
    inner = value.get("error") if is_mapping(value) else None
    kind = inner.get("type") if is_mapping(inner) else None
    return error_from_body(value, status=_STATUS.get(str(kind)), request_id=request_id)
