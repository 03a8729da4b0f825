"""Streams of ``POST /v1/messages``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from mrt.entities.llm import LLMResultChunk, LLMResultChunkDelta
from mrt.entities.message import AssistantPromptMessage
from mrt.entities.plain import is_mapping
from mrt.errors import InvokeBadResponseError, InvokeConnectionError
from mrt.http.messages import ServerSentEvent
from mrt.http.status import names_error
from mrt_anthropic.answer import AnswerBlock, Counts, is_hollow
from mrt_anthropic.errors import error_of
from mrt_anthropic.replay import opaque_blocks

# What a delta belongs to, for servers that send one without having opened a block.
_KINDS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "input_json_delta": "tool_use",
}


class MessageStream:
    """Reads the events of one stream. Events and blocks of types that it does not know are passed over.

    Args:
        model: The model that was asked.
        names: The callers' names of the tools, by the vendor's.
    """

    __slots__ = ("_blank", "_blocks", "_calls", "_counts", "_model", "_names", "_reason", "done", "request_id")

    def __init__(self, model: str, names: Mapping[str, str]) -> None:
        self._model = model
        self._names = names
        self._blocks: dict[Any, AnswerBlock] = {}
        self._calls: list[AnswerBlock] = []
        self._counts = Counts()
        self._reason: str | None = None
        self._blank: str | None = ""
        self.done = False
        self.request_id: str | None = None

    def feed(self, event: ServerSentEvent) -> Sequence[LLMResultChunk]:
        """Return the chunk that an event brings, if any.

        Raises:
            InvokeBadResponseError: The event holds no JSON object.
            InvokeError: The event is an error.
        """
        try:
            value = from_json(event.data)
        except ValueError as error:
            if event.event == "error":
                raise error_of(event.data.decode("utf-8", "replace"), self.request_id) from None
            raise self._unusable(f"holds an event that is no JSON: {error}") from error
        if not is_mapping(value):
            raise self._unusable("holds an event that is no JSON object")
        kind = value.get("type") or event.event
        if kind == "content_block_delta":
            return self._delta(value.get("index"), value.get("delta"))
        if kind == "content_block_start":
            return self._start(value.get("index"), value.get("content_block"))
        if kind == "content_block_stop":
            return self._stop(self._blocks.get(value.get("index")))
        if kind == "message_start":
            self._begin(value.get("message"))
        elif kind == "message_delta":
            self._counts.add(value.get("usage"))
            self._end(value.get("delta"))
        elif kind == "message_stop":
            self.done = True
        elif kind == "error" or names_error(value):
            raise error_of(value, self.request_id)
        return ()

    def finish(self) -> Sequence[LLMResultChunk]:
        """Return the last chunk, with usage, finish reason, and what the vendor wants to see again.

        Raises:
            InvokeConnectionError: Neither a stop reason nor the end of the message came.
            InvokeBadResponseError: The message ended without ever having been one.
        """
        if not self.done and self._reason is None:
            raise InvokeConnectionError("the stream ended before the message did", request_id=self.request_id)
        usage = self._counts.usage()
        if not self._blocks and is_hollow(self._reason, usage):
            raise self._unusable("holds no answer")
        rest = [chunk for block in self._calls for chunk in self._stop(block)]
        opaque = opaque_blocks([block.replay() for block in self._blocks.values()])
        last = self._chunk(AssistantPromptMessage("", opaque_body=opaque))
        last.delta.usage = usage
        last.delta.finish_reason = self._reason
        return [*rest, last]

    def _begin(self, message: Any) -> None:
        if is_mapping(message):
            self._model = message.get("model") or self._model
            self._counts.add(message.get("usage"))

    def _end(self, delta: Any) -> None:
        if is_mapping(delta) and isinstance(reason := delta.get("stop_reason"), str):
            self._reason = reason

    def _start(self, index: Any, head: Any) -> Sequence[LLMResultChunk]:
        if not is_mapping(head):
            return ()
        block = self._blocks[index] = AnswerBlock.of(head)
        if block.kind == "tool_use":
            block.place = len(self._calls)
            if any(call.identity == block.identity for call in self._calls):
                # Core gives it an id of its own: pieces of one id are one call there.
                block.identity = ""
            self._calls.append(block)
            return (self._chunk(AssistantPromptMessage("", [block.call("", self._names)])),)
        return self._say(block, block.text)

    def _delta(self, index: Any, delta: Any) -> Sequence[LLMResultChunk]:
        if not is_mapping(delta):
            return ()
        kind = delta.get("type")
        block = self._blocks.get(index)
        opened: Sequence[LLMResultChunk] = ()
        if block is None:
            if kind not in _KINDS:
                return ()
            opened = self._start(index, {"type": _KINDS[kind]})
            block = self._blocks[index]
        if kind == "text_delta":
            piece = delta.get("text")
        elif kind == "thinking_delta":
            piece = delta.get("thinking")
        elif kind == "input_json_delta":
            piece = delta.get("partial_json")
        else:
            if kind == "signature_delta":
                block.signature += delta.get("signature") or ""
            return opened
        if not piece or not isinstance(piece, str):
            return opened
        block.pieces.append(piece)
        return (*opened, *self._say(block, piece))

    def _say(self, block: AnswerBlock, piece: str) -> Sequence[LLMResultChunk]:
        if not piece:
            return ()
        if block.kind == "text":
            return (self._chunk(AssistantPromptMessage(piece)),)
        if block.kind == "thinking":
            # White space alone is no thinking to show, so it waits for the first word.
            if self._blank is not None:
                piece = self._blank + piece
                self._blank = piece if piece.isspace() else None
                if self._blank is not None:
                    return ()
            return (self._chunk(AssistantPromptMessage("", reasoning_content=piece)),)
        if block.kind == "tool_use":
            return (self._chunk(AssistantPromptMessage("", [block.call(piece, self._names)])),)
        return ()

    def _stop(self, block: AnswerBlock | None) -> Sequence[LLMResultChunk]:
        if block is None or block.kind != "tool_use" or block.pieces:
            return ()
        # No piece came: the input was whole at the start, or there is none.
        block.pieces.append(block.arguments())
        return self._say(block, block.text)

    def _chunk(self, message: AssistantPromptMessage) -> LLMResultChunk:
        return LLMResultChunk(self._model, LLMResultChunkDelta(0, message), request_id=self.request_id)

    def _unusable(self, what: str) -> InvokeBadResponseError:
        return InvokeBadResponseError(f"the stream {what}", request_id=self.request_id)
