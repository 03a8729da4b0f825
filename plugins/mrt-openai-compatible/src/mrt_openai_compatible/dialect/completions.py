"""Text completions: ``/completions``, for models that continue a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mrt.entities.llm import LLMResult, LLMResultChunk
from mrt.entities.message import AssistantPromptMessage, PromptMessage, PromptMessageRole
from mrt.errors import InvokeBadRequestError
from mrt.http.messages import HTTPResponse, ServerSentEvent
from mrt_openai_compatible.dialect.chat_parser import first_choice, make_result
from mrt_openai_compatible.dialect.errors import bad_answer
from mrt_openai_compatible.dialect.messages import plain_text
from mrt_openai_compatible.dialect.reader import ReaderOptions, StreamReader

_SPEAKERS = {
    PromptMessageRole.SYSTEM: "",
    PromptMessageRole.DEVELOPER: "",
    PromptMessageRole.USER: "User: ",
    PromptMessageRole.ASSISTANT: "Assistant: ",
}


def wire_prompt(messages: Sequence[PromptMessage]) -> str:
    """Return a conversation as one text to continue.

    One message is its own text. Several become a script with a line for each, which the assistant's turn ends.

    Raises:
        InvokeBadRequestError: A message holds more than text.
    """
    if len(messages) == 1:
        return plain_text(messages[0].content, "completion")
    lines: list[str] = []
    for message in messages:
        speaker = _SPEAKERS.get(message.role)
        if speaker is None:
            raise InvokeBadRequestError("a model that continues text takes no tool results: use a chat model")
        lines.append(f"{speaker}{plain_text(message.content, 'completion')}")
    if messages[-1].role is not PromptMessageRole.ASSISTANT:
        lines.append("Assistant:")
    return "\n".join(lines)


class CompletionStreamParser(StreamReader):
    """Reads the stream of a text completion; Xinference ends it without ``[DONE]``."""

    __slots__ = ()

    def feed(self, event: ServerSentEvent) -> Sequence[LLMResultChunk]:
        """Return the chunk that an event brings, if any.

        Raises:
            InvokeError: The event is an error, or unusable.
        """
        body = self._read(event)
        if body is None:
            return self._end()
        if (usage := body.get("usage")) is not None:
            self._usage = usage
        choice = self._choice(body)
        if choice is None:
            return ()
        if self._fresh:
            self._identify(body)
        if (fingerprint := body.get("system_fingerprint")) is not None:
            self._fingerprint = fingerprint
        if (finish := choice.get("finish_reason")) is not None and self._finish is None:
            self._finish = finish
        text = choice.get("text")
        if not text or not isinstance(text, str):
            return ()
        if self._plain:
            return self._emit(text, "", [])
        text, thought, calls = self.take_text(text)
        return self._emit(text, self._reasoning(thought), calls)


def parse_completion(body: dict[str, Any], response: HTTPResponse, options: ReaderOptions) -> LLMResult:
    """Return the result that the JSON object of a text completion holds.

    Raises:
        InvokeBadResponseError: There is no answer in it.
    """
    choice = first_choice(body, response)
    text, word = choice.get("text"), choice.get("finish_reason")
    if not isinstance(text, str):
        if text is not None or word is None:
            raise bad_answer("has a choice without text", response)
        text = ""
    thought = ""
    splitter = options.splitter()
    if splitter is not None:
        (text, thought), (rest, last) = splitter.feed(text), splitter.end()
        text, thought = text + rest, thought + last
    return make_result(body, response, options, AssistantPromptMessage(text, [], None, thought), word)
