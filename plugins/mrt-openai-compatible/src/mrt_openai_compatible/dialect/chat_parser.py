"""Answers of ``/chat/completions``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mrt.entities.llm import LLMResult, LLMResultChunk, LLMResultChunkDelta
from mrt.entities.message import AssistantPromptMessage, ToolCall
from mrt.entities.plain import is_list, is_mapping
from mrt.http.messages import HTTPResponse, ServerSentEvent
from mrt_openai_compatible.dialect.errors import bad_answer
from mrt_openai_compatible.dialect.reader import ReaderOptions, StreamReader, finish_word
from mrt_openai_compatible.dialect.tool_stream import whole_calls
from mrt_openai_compatible.dialect.usage import read_usage

REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
"""Where servers put thinking: DeepSeek's name, that of vLLM since 0.10, Ollama's, and OpenRouter's list of parts.

Servers that send several say the same in each, so the first that is there counts.
"""


class ChatStreamParser(StreamReader):
    """Reads the stream of a chat completion.

    Only the first choice counts. The first finish reason counts, since Xinference adds a second, wrong one. The last
    usage counts, since some servers send running totals.
    """

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
        choices = body.get("choices")
        choice: Any = choices[0] if choices.__class__ is list and len(choices) == 1 else ()
        if choice.__class__ is not dict or choice.get("index"):
            choice = self._choice(body)
            if choice is None:
                return ()
        if self._fresh:
            self._identify(body)
        if (fingerprint := body.get("system_fingerprint")) is not None:
            self._fingerprint = fingerprint
        if (finish := choice.get("finish_reason")) is not None and self._finish is None:
            self._finish = finish
        if (usage := choice.get("usage")) is not None:
            # Moonshot puts it here.
            self._usage = usage
        delta = choice.get("delta")
        if not delta:
            return ()
        get = delta.get
        text = get("content")
        if (
            self._plain
            and text.__class__ is str
            and (
                len(delta) == 1
                or not (
                    get("reasoning_content")
                    or get("reasoning")
                    or get("tool_calls")
                    or get("refusal")
                    or get("thinking")
                    or get("reasoning_details")
                )
            )
        ):
            if not text:
                return ()
            self._said = True
            message = AssistantPromptMessage(text)
            said = LLMResultChunkDelta(0, message)
            return (LLMResultChunk(self._model, said, (), self._fingerprint, self.request_id),)
        return self._take(delta, text)

    def _take(self, delta: dict[str, Any], content: Any) -> Sequence[LLMResultChunk]:
        text, thought = content_text(content)
        for field in REASONING_FIELDS:
            if delta.get(field):
                thought += reasoning_text(delta[field])
                break
        calls: list[ToolCall] = []
        if text:
            text, inner, calls = self.take_text(text)
            thought += inner
        if delta.get("tool_calls"):
            calls = [*calls, *self._calls.feed(delta["tool_calls"])]
        refusal = delta.get("refusal")
        if refusal and isinstance(refusal, str):
            text += refusal
            self._finish = "content_filter"
        return self._emit(text, self._reasoning(thought) if thought else "", calls)


def parse_chat(body: dict[str, Any], response: HTTPResponse, options: ReaderOptions) -> LLMResult:
    """Return the result that the JSON object of a chat completion holds.

    Args:
        body: The JSON object; errors in it have been looked for.
        response: The response around it.
        options: What to know of the call.

    Raises:
        InvokeBadResponseError: There is no answer in it.
    """
    choice = first_choice(body, response)
    message = choice.get("message")
    word = choice.get("finish_reason")
    if not is_mapping(message):
        raise bad_answer("has a choice without a message", response)
    text, thought = content_text(message.get("content"))
    for field in REASONING_FIELDS:
        if message.get(field):
            thought += reasoning_text(message[field])
            break
    splitter = options.splitter()
    if splitter is not None and text:
        (text, inner), (rest, last) = splitter.feed(text), splitter.end()
        text, thought = text + rest, thought + inner + last
    refusal = message.get("refusal")
    if refusal and isinstance(refusal, str):
        text, word = text or refusal, "content_filter"
    calls = whole_calls(message.get("tool_calls"), options.names)
    if not (text or thought or calls or word):
        raise bad_answer("is empty: no text, no calls, no finish reason", response)
    return make_result(body, response, options, AssistantPromptMessage(text, calls, None, thought), word)


def make_result(
    body: dict[str, Any],
    response: HTTPResponse,
    options: ReaderOptions,
    message: AssistantPromptMessage,
    word: Any,
) -> LLMResult:
    """Return a result with what chat and text completions have in common."""
    message.reasoning_content = thought if (thought := message.reasoning_content) and not thought.isspace() else None
    model = body.get("model")
    word = None if word is None else str(word)
    fingerprint, identity = body.get("system_fingerprint"), body.get("id")
    return LLMResult(
        model=model if options.trust_model and isinstance(model, str) and model else options.model,
        message=message,
        usage=read_usage(body.get("usage")),
        system_fingerprint=fingerprint if isinstance(fingerprint, str) else None,
        finish_reason=finish_word(word, has_calls=bool(message.tool_calls)),
        vendor_finish_reason=word,
        reasoning_content=message.reasoning_content,
        request_id=response.request_id,
        id=identity if isinstance(identity, str) else None,
    )


def first_choice(body: dict[str, Any], response: HTTPResponse) -> Mapping[str, Any]:
    """Return the first choice of a whole answer.

    Raises:
        InvokeBadResponseError: There is none.
    """
    choices = body.get("choices")
    if not is_list(choices) or not choices or not is_mapping(choices[0]):
        raise bad_answer("has no choices", response)
    return choices[0]


def content_text(content: Any) -> tuple[str, str]:
    """Return the text of a message's content and the thinking in it; Mistral sends both as a list of parts."""
    if isinstance(content, str):
        return content, ""
    texts: list[str] = []
    thoughts: list[str] = []
    for part in content if is_list(content) else ():
        if isinstance(part, str):
            texts.append(part)
        elif is_mapping(part):
            if part.get("type") in ("thinking", "reasoning"):
                thoughts.append(reasoning_text(part.get("thinking") or part.get("text")))
            elif isinstance(part.get("text"), str):
                texts.append(part["text"])
    return "".join(texts), "".join(thoughts)


def reasoning_text(value: Any) -> str:
    """Return thinking as text: servers send a text, a list of parts, or an object."""
    if isinstance(value, str):
        return value
    if is_mapping(value):
        return reasoning_text(value.get("text") or value.get("content") or value.get("summary"))
    return "".join(map(reasoning_text, value)) if is_list(value) else ""
