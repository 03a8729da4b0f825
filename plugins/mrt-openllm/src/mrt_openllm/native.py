"""The old line's own API: ``/v1/generate`` and ``/v1/generate_stream``.

Counts are left out on purpose: servers of 0.4 repeat token ids at the end, up to as many as the prompt has, so that
their lists tell no number of tokens.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json

from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.llm import LLMResult, LLMResultChunk, LLMResultChunkDelta
from mrt.entities.message import AssistantPromptMessage
from mrt.entities.plain import is_list, is_mapping
from mrt.entities.usage import LLMUsage
from mrt.errors import InvokeBadResponseError, InvokeConnectionError
from mrt.http.messages import HTTPResponse, ServerSentEvent
from mrt.http.status import error_from_body
from mrt_openai_compatible.dialect.completions import wire_prompt
from mrt_openai_compatible.dialect.errors import bad_answer
from mrt_openllm.errors import request_id_of
from mrt_openllm.server import Generation, Server


def native_body(invocation: Invocation[LLMRequest], server: Server) -> dict[str, Any]:
    """Return the JSON body of a request.

    An unknown key is a 500 in 0.4, also inside ``llm_config``, so nothing goes in that the rules do not name.
    """
    request = invocation.request
    config = {
        "max_new_tokens" if name == "max_tokens" else name: value
        for name, value in request.model_parameters.items()
        if value is not None
    }
    body: dict[str, Any] = {"prompt": wire_prompt(request.prompt_messages), "llm_config": config}
    if request.stop and server.generation is not Generation.OLDEST:
        # 0.5 moved it, and drops one at the top. 0.2 knows none at all, so there the runtime alone cuts the text.
        place = config if server.generation is Generation.MIDDLE else body
        place["stop"] = list(request.stop)
    return body


def parse_native(invocation: Invocation[LLMRequest], response: HTTPResponse) -> LLMResult:
    """Return the result that an answer of ``/v1/generate`` holds.

    Raises:
        InvokeError: It is an error, or holds no text.
    """
    value: Any = response.json()
    if isinstance(value, str) or (is_mapping(value) and value.get("error")):
        raise error_from_body(value, status=None, request_id=response.request_id)
    text, finish = _first(value)
    if text is None:
        raise bad_answer("has no output", response)
    identity = value.get("request_id")
    return LLMResult(
        model=invocation.model,
        message=AssistantPromptMessage(text),
        usage=LLMUsage.empty_usage(),
        finish_reason=finish,
        vendor_finish_reason=finish,
        request_id=request_id_of(response),
        id=identity if isinstance(identity, str) else None,
    )


def _first(value: Any) -> tuple[str | None, str | None]:
    """Return text and finish reason: of ``outputs`` (0.4, 0.5), or of ``responses`` (0.2, 0.3), texts or objects."""
    found: Any = value.get("outputs", value.get("responses")) if is_mapping(value) else None
    first: Any = found[0] if is_list(found) and found else None
    if isinstance(first, str):
        return first, None
    if not is_mapping(first):
        return None, None
    if is_list(first.get("outputs")):
        return _first(first)
    text, finish = first.get("text"), first.get("finish_reason")
    return (text if isinstance(text, str) else None), (finish if isinstance(finish, str) else None)


class NativeStreamParser:
    """Reads ``/v1/generate_stream`` of 0.4 and 0.5.

    The event with the finish reason is sometimes missing (7 of 30 streams of a busy server), so ``[DONE]`` is the end.
    """

    __slots__ = ("_begun", "_finish", "_model", "done", "request_id")

    def __init__(self, model: str) -> None:
        self._model = model
        self._finish: str | None = None
        self._begun = False
        self.done = False
        # Core puts the vendor's id of the request here before the first event.
        self.request_id: str | None = None

    def feed(self, event: ServerSentEvent) -> Sequence[LLMResultChunk]:
        """Return the chunk that an event brings, if any.

        Raises:
            InvokeError: The event is an error, or unusable.
        """
        data = event.data
        if data.strip() == b"[DONE]":
            return self._end()
        try:
            value: Any = from_json(data)
        except ValueError as error:
            raise InvokeBadResponseError(
                f"the stream holds an event that is no JSON: {error}", request_id=self.request_id
            ) from error
        if isinstance(value, str) or (is_mapping(value) and value.get("error")):
            raise error_from_body(value, status=None, request_id=self.request_id)
        text, finish = _first(value)
        if text is None:
            raise self._bad("has an event without an output")
        self._begun = True
        self._finish = self._finish or finish
        return (self._chunk(text),) if text else ()

    def finish(self) -> Sequence[LLMResultChunk]:
        """Return the last chunk.

        Raises:
            InvokeConnectionError: The stream ended without its mark.
        """
        if self.done:
            return ()
        if self._finish is None:
            raise InvokeConnectionError(
                "the stream ended before the answer did: no finish reason came, and no [DONE]",
                request_id=self.request_id,
            )
        return self._end()

    def _end(self) -> Sequence[LLMResultChunk]:
        if not self._begun:
            raise self._bad("is empty: a stream without any event")
        self.done = True
        return (self._chunk("", self._finish),)

    def _chunk(self, text: str, finish: str | None = None) -> LLMResultChunk:
        delta = LLMResultChunkDelta(0, AssistantPromptMessage(text), None, finish, finish)
        return LLMResultChunk(self._model, delta, request_id=self.request_id)

    def _bad(self, what: str) -> InvokeBadResponseError:
        error = bad_answer(what)
        error.request_id = self.request_id
        return error


class BareTextParser:
    """Reads ``/v1/generate_stream`` of 0.2 and 0.3: bare text, without events and without an end mark."""

    __slots__ = ("_decode", "_model", "_said", "done", "request_id")

    def __init__(self, model: str) -> None:
        self._model = model
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._said = False
        self.done = False
        self.request_id: str | None = None

    def feed(self, event: ServerSentEvent) -> Sequence[LLMResultChunk]:
        """Return the text that has come."""
        return self._emit(self._decode(event.data))

    def finish(self) -> Sequence[LLMResultChunk]:
        """Return the rest.

        Raises:
            InvokeBadResponseError: Nothing came at all.
        """
        rest = self._emit(self._decode(b"", True))
        if not self._said:
            error = bad_answer("is empty: the stream brought no text")
            error.request_id = self.request_id
            raise error
        return rest

    def _emit(self, text: str) -> Sequence[LLMResultChunk]:
        if not text:
            return ()
        self._said = True
        delta = LLMResultChunkDelta(0, AssistantPromptMessage(text))
        return (LLMResultChunk(self._model, delta, request_id=self.request_id),)
