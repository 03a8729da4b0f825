"""Answers of a chat, whole and in chunks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mrt import (
    AssistantPromptMessage,
    InvokeConnectionError,
    LLMResult,
    LLMResultChunk,
    LLMResultChunkDelta,
    ServerSentEvent,
)
from mrt.entities.plain import is_list, is_mapping
from mrt.http.status import error_from_body
from mrt_testing_kit.references.openai_http.common import bad
from mrt_testing_kit.references.openai_http.think import ThinkSplitter
from mrt_testing_kit.references.openai_http.tools import CallReader, whole_calls
from mrt_testing_kit.references.openai_http.usage import llm_usage

# Servers have different names for thinking; those that send several say the same in each.
_REASONING = ("reasoning_content", "reasoning", "thinking", "reasoning_details")


def read_answer(body: Mapping[str, Any], model: str, names: Mapping[str, str]) -> LLMResult:
    """Return the result of a whole answer.

    Args:
        body: The answer's JSON object.
        model: The model that was asked.
        names: The caller's names of the tools by the vendor's.

    Raises:
        InvokeBadResponseError: It answers nothing.
    """
    choices = body.get("choices")
    choice: Mapping[str, Any] = choices[0] if is_list(choices) and choices and is_mapping(choices[0]) else {}
    message: Mapping[str, Any] = choice.get("message") or {}
    splitter = ThinkSplitter()
    text, thought = splitter.feed(_text(message.get("content")))
    rest, last = splitter.end()
    thought = _reasoning(message) + thought + last
    calls = whole_calls(message.get("tool_calls"), names)
    reason = choice.get("finish_reason")
    text += rest
    if message.get("refusal"):
        text, reason = text or message["refusal"], "content_filter"
    if not (text or thought or calls or reason):
        raise bad("is empty: no text, no calls, no finish reason")
    answer = AssistantPromptMessage(text, calls, reasoning_content=thought if thought.strip() else None)
    return LLMResult(
        model=body.get("model") or model,
        message=answer,
        usage=llm_usage(body.get("usage")),
        finish_reason=reason,
        reasoning_content=answer.reasoning_content,
        system_fingerprint=body.get("system_fingerprint"),
    )


class AnswerStream:
    """Reads the events of one stream.

    Args:
        model: The model that was asked.
        names: The caller's names of the tools by the vendor's.
    """

    def __init__(self, model: str, names: Mapping[str, str]) -> None:
        self.done = False
        self.request_id: str | None = None
        self._model = model
        self._splitter = ThinkSplitter()
        self._calls = CallReader(names)
        self._finish: str | None = None
        self._usage: Any = None
        self._blank: str | None = ""
        self._said = False

    def feed(self, event: ServerSentEvent) -> Sequence[LLMResultChunk]:
        """Return the chunk that an event brings, if any.

        Raises:
            InvokeError: The event is an error, or nothing that can be read.
        """
        if event.data.strip() == b"[DONE]":
            self.done = True
            return ()
        body = self._object(event)
        self._model = body.get("model") or self._model
        # The last counts are those of the whole answer; they may come in a chunk without choices.
        self._usage = body.get("usage") or self._usage
        choices = body.get("choices") or ()
        chunks: list[LLMResultChunk] = []
        for choice in choices:
            if not is_mapping(choice):
                raise bad("has a choice that is no object")
            chunks += self._take(choice.get("delta") or {})
            self._finish = self._finish or choice.get("finish_reason")
        return chunks

    def finish(self) -> Sequence[LLMResultChunk]:
        """Return the last chunks.

        Raises:
            InvokeConnectionError: The stream ended before the answer did.
        """
        if self._finish is None and not self.done:
            raise InvokeConnectionError("the stream ended before the answer did", request_id=self.request_id)
        text, thinking = self._splitter.end()
        calls = self._calls.finished()
        chunks = list(self._chunk(text, thinking))
        if not (self._said or calls or self._finish):
            raise bad("is empty: no text, no calls, no finish reason")
        delta = LLMResultChunkDelta(0, AssistantPromptMessage("", calls), llm_usage(self._usage), self._finish)
        return [*chunks, LLMResultChunk(self._model, delta, request_id=self.request_id)]

    def _object(self, event: ServerSentEvent) -> Mapping[str, Any]:
        try:
            body = json.loads(event.data)
        except ValueError as error:
            if event.event == "error":
                raise error_from_body(event.data.decode("utf-8", "replace"), request_id=self.request_id) from error
            raise bad(f"has an event that is no JSON: {error}") from error
        if isinstance(body, str) or event.event == "error" or (is_mapping(body) and _is_error(body)):
            raise error_from_body(body, request_id=self.request_id)
        if not is_mapping(body):
            raise bad("has an event that is no JSON object")
        return body

    def _take(self, delta: Mapping[str, Any]) -> Sequence[LLMResultChunk]:
        self._calls.feed(delta.get("tool_calls"))
        text, thinking = self._splitter.feed(_text(delta.get("content")))
        if delta.get("refusal"):
            text, self._finish = text + delta["refusal"], "content_filter"
        return self._chunk(text, _reasoning(delta) + thinking)

    def _chunk(self, text: str, thinking: str) -> Sequence[LLMResultChunk]:
        if thinking and self._blank is not None:
            # White space alone is no thinking; it waits for the first word.
            thinking = self._blank + thinking
            self._blank, thinking = (None, thinking) if thinking.strip() else (thinking, "")
        if not (text or thinking):
            return ()
        self._said = True
        message = AssistantPromptMessage(text, reasoning_content=thinking or None)
        return [LLMResultChunk(self._model, LLMResultChunkDelta(0, message), request_id=self.request_id)]


def _is_error(body: Mapping[str, Any]) -> bool:
    return bool(body.get("error")) or (body.get("choices") is None and ("message" in body or "detail" in body))


def _reasoning(message: Mapping[str, Any]) -> str:
    value = next((message[name] for name in _REASONING if message.get(name)), "")
    return _text(value)


def _text(value: Any) -> str:
    # Some servers send a list of parts.
    return "".join(str(part.get("text") or "") for part in value) if is_list(value) else value or ""
