"""What the readers of chat and of text completions share, whole answers and streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from mrt.entities.llm import LLMResultChunk, LLMResultChunkDelta
from mrt.entities.message import AssistantPromptMessage, ToolCall
from mrt.entities.plain import is_list, is_mapping
from mrt.errors import InvokeBadResponseError, InvokeConnectionError, InvokeError
from mrt.http.messages import ServerSentEvent
from mrt_openai_compatible.dialect.errors import bad_answer, holds_error
from mrt_openai_compatible.dialect.think import ThinkSplitter
from mrt_openai_compatible.dialect.tool_stream import ToolCallStream
from mrt_openai_compatible.dialect.usage import read_usage


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """What a reader has to know of its call.

    Args:
        model: The model that was asked.
        error: Makes the error that a JSON value inside an answer means.
        names: Tool names by their stand-ins.
        think_tags: Tags around thinking in the text; None leaves the text as it is.
        starts_thinking: Whether the text begins inside of thinking.
        trust_model: Whether the answer's own model name counts.
    """

    model: str
    error: Callable[[Any], Exception]
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    think_tags: tuple[str, str] | None = ("<think>", "</think>")
    starts_thinking: bool = False
    trust_model: bool = True

    def splitter(self) -> ThinkSplitter | None:
        """Return a new splitter for one answer."""
        return ThinkSplitter(self.think_tags, inside=self.starts_thinking) if self.think_tags else None


class StreamReader:
    """Base of the stream parsers: events to JSON, usage, finish reason, errors, the end.

    Subclasses write `feed`. They put text through `_text`, which vendors' parsers may override to take more out of it
    than thinking; see `take_text`.
    """

    __slots__ = (
        "_blank",
        "_calls",
        "_fingerprint",
        "_finish",
        "_fresh",
        "_model",
        "_options",
        "_plain",
        "_said",
        "_splitter",
        "_usage",
        "done",
        "request_id",
    )  # fmt: skip

    def __init__(self, options: ReaderOptions) -> None:
        self._options = options
        self._model = options.model
        self._splitter = options.splitter()
        self._calls = ToolCallStream(options.names)
        self._fingerprint: str | None = None
        self._finish: str | None = None
        self._usage: Any = None
        # Whether text can go out as it is; stays False in parsers that override `take_text`.
        self._plain = self._splitter is None and type(self).take_text is StreamReader.take_text
        self._fresh = True
        self._said = False
        # Reasoning that is white space so far; None once a word has come.
        self._blank: str | None = ""
        self.done = False
        # Core puts the vendor's id of the request here before the first event.
        self.request_id: str | None = None

    def feed(self, event: ServerSentEvent) -> Sequence[LLMResultChunk]:
        """Return the chunk that an event brings, if any; each dialect's events differ."""
        raise NotImplementedError

    def take_text(self, text: str) -> tuple[str, str, list[ToolCall]]:
        """Return the answer, the thinking and the tool calls that a piece of text holds.

        Override it together with `end_text` for engines that write more into the text than thinking.
        """
        if self._splitter is None:
            return text, "", []
        content, thinking = self._splitter.feed(text)
        if self._splitter.plain and type(self).take_text is StreamReader.take_text:
            self._plain = True
        return content, thinking, []

    def end_text(self) -> tuple[str, str, list[ToolCall]]:
        """Return what `take_text` held back, at the end of the text."""
        return (*self._splitter.end(), []) if self._splitter is not None else ("", "", [])

    def finish(self) -> Sequence[LLMResultChunk]:
        """Return the last chunks.

        Raises:
            InvokeConnectionError: Neither a finish reason nor ``[DONE]`` came.
        """
        if self.done:
            return ()
        if self._finish is None:
            raise InvokeConnectionError(
                "the stream ended before the answer did: no finish reason came, and no [DONE]",
                request_id=self.request_id,
            )
        return self._end()

    def _read(self, event: ServerSentEvent) -> Any:
        """Return an event's JSON object; None for the end mark.

        Raises:
            InvokeError: The event is an error, or no JSON.
        """
        data = event.data
        try:
            body: Any = from_json(data)
        except ValueError as error:
            if data.strip() == b"[DONE]":
                return None
            if event.event == "error":
                raise self._error(data.decode("utf-8", "replace")) from None
            raise InvokeBadResponseError(
                f"the stream holds an event that is no JSON: {error}", request_id=self.request_id
            ) from error
        if body.__class__ is dict:
            if not body.get("error") and event.event != "error":
                return body
        elif body.__class__ is not str and event.event != "error":
            raise self._bad("has an event that is no JSON object")
        raise self._error(body)

    def _identify(self, body: dict[str, Any]) -> None:
        self._fresh = False
        model = body.get("model")
        if self._options.trust_model and isinstance(model, str) and model:
            self._model = model

    def _choice(self, body: dict[str, Any]) -> Any:
        """Return the first choice of an event that has something unusual; None when it has none."""
        choices = body.get("choices")
        if not choices:
            if choices is None and holds_error(body, "choices") and "usage" not in body:
                raise self._error(body)
            return None
        if is_list(choices):
            for choice in choices:
                if is_mapping(choice) and not choice.get("index"):
                    return choice
            if all(is_mapping(choice) or choice is None for choice in choices):
                return None
        raise self._bad("has choices that are no objects")

    def _reasoning(self, text: str) -> str:
        """Return reasoning as it may be shown; white space waits for the first word, and alone is none."""
        if self._blank is None:
            return text
        text = self._blank + text
        if text and not text.isspace():
            self._blank = None
            return text
        self._blank = text
        return ""

    def _emit(self, text: str, reasoning: str, calls: list[ToolCall]) -> Sequence[LLMResultChunk]:
        if not (text or reasoning or calls):
            return ()
        self._said = True
        message = AssistantPromptMessage(text, calls, None, reasoning or None)
        return (self._chunk(LLMResultChunkDelta(0, message)),)

    def _end(self) -> Sequence[LLMResultChunk]:
        """Return the chunks that end the stream: what was held back, then usage and finish reason."""
        self.done = True
        text, reasoning, calls = self.end_text()
        held = self._emit(text, self._reasoning(reasoning), [*calls, *self._calls.end()])
        if not self._said and self._finish is None:
            raise self._bad("is empty: a stream without text, calls or finish reason")
        word = finish_word(self._finish, has_calls=len(self._calls) > 0)
        message = AssistantPromptMessage("")
        delta = LLMResultChunkDelta(0, message, read_usage(self._usage), word, self._finish)
        return (*held, self._chunk(delta))

    def _chunk(self, delta: LLMResultChunkDelta) -> LLMResultChunk:
        return LLMResultChunk(self._model, delta, (), self._fingerprint, self.request_id)

    def _error(self, value: Any) -> Exception:
        error = self._options.error(value)
        if isinstance(error, InvokeError) and error.request_id is None:
            error.request_id = self.request_id
        return error

    def _bad(self, what: str) -> InvokeBadResponseError:
        error = bad_answer(what)
        error.request_id = self.request_id
        return error


def finish_word(word: str | None, *, has_calls: bool) -> str | None:
    """Return a finish reason for the runtime, which knows the other words; some engines say ``stop`` beside calls."""
    return "tool_calls" if has_calls and word in (None, "stop") else word
