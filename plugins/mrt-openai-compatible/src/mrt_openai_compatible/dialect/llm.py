"""Language models of this dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.llm import LLMMode, LLMResult
from mrt.entities.message import UserPromptMessage
from mrt.entities.model import ModelPropertyKey
from mrt.errors import InvokeBadRequestError
from mrt.http.messages import HTTPRequest, HTTPResponse
from mrt.plugin.http_model import StreamParser
from mrt.plugin.llm import LargeLanguageModel
from mrt_openai_compatible.dialect.base import OpenAIModel
from mrt_openai_compatible.dialect.chat_parser import ChatStreamParser, parse_chat
from mrt_openai_compatible.dialect.completions import CompletionStreamParser, parse_completion, wire_prompt
from mrt_openai_compatible.dialect.messages import DEFAULT_STYLE, MessageStyle, wire_messages
from mrt_openai_compatible.dialect.reader import ReaderOptions, StreamReader
from mrt_openai_compatible.dialect.request import STOP_LIMIT, wire_parameters, wire_stop
from mrt_openai_compatible.dialect.tools import original_names, wire_tools


class OpenAILargeLanguageModel(OpenAIModel, LargeLanguageModel):
    """A language model behind ``/chat/completions`` or ``/completions``."""

    path: ClassVar[str] = "/chat/completions"
    completion_path: ClassVar[str] = "/completions"

    message_style: ClassVar[MessageStyle] = DEFAULT_STYLE
    token_field: ClassVar[str] = "max_tokens"
    """Name under which the server takes ``max_tokens``; OpenAI's newer models want ``max_completion_tokens``."""

    stop_limit: ClassVar[int | None] = STOP_LIMIT
    """Stop texts that the server takes; None is no limit."""

    think_tags: ClassVar[tuple[str, str] | None] = ("<think>", "</think>")
    """Tags around thinking in the text; None leaves the text alone."""

    trust_model: ClassVar[bool] = True
    """Whether the model name in answers counts."""

    chat_parser: ClassVar[type[StreamReader]] = ChatStreamParser
    completion_parser: ClassVar[type[StreamReader]] = CompletionStreamParser
    probe_tokens: ClassVar[int] = 16
    """Length of the answer that a credentials check asks for: some models refuse less."""

    # What a subclass may decide per call

    def completion_mode(self, invocation: Invocation[LLMRequest]) -> bool:
        """Tell whether the model continues text instead of answering messages; its schema says so."""
        if invocation.schema is None:
            return False
        return str(invocation.schema.model_properties.get(ModelPropertyKey.MODE)) == LLMMode.COMPLETION

    def include_usage(self, invocation: Invocation[LLMRequest]) -> bool:
        """Tell whether a stream asks for usage."""
        return True

    def splits_thinking(self, invocation: Invocation[LLMRequest]) -> bool:
        """Tell whether think tags in the text are taken out."""
        return self.think_tags is not None

    def starts_thinking(self, invocation: Invocation[LLMRequest]) -> bool:
        """Tell whether answers begin inside of thinking, because the server's prompt holds the first tag."""
        return False

    def messages(self, invocation: Invocation[LLMRequest]) -> list[dict[str, Any]]:
        """Return the messages of a chat request."""
        return wire_messages(invocation.request.prompt_messages, self.message_style)

    def tokens_name(self, invocation: Invocation[LLMRequest]) -> str:
        """Return the field under which a chat request names ``max_tokens``."""
        return self.token_field

    def parameters(self, invocation: Invocation[LLMRequest]) -> dict[str, Any]:
        """Return the fields that the caller's parameters make."""
        request = invocation.request
        # The newer name of the field belongs to chat alone.
        name = "max_tokens" if self.completion_mode(invocation) else self.tokens_name(invocation)
        return wire_parameters(request.model_parameters, has_tools=bool(request.tools), token_field=name)

    def body(self, invocation: Invocation[LLMRequest]) -> dict[str, Any]:
        """Return the JSON body of a request.

        Raises:
            InvokeBadRequestError: The call cannot be said in this dialect.
        """
        request = invocation.request
        body: dict[str, Any] = {"model": self.model_name(invocation)}
        if self.completion_mode(invocation):
            if request.tools:
                raise InvokeBadRequestError("a model that continues text takes no tools: use a chat model")
            body["prompt"] = wire_prompt(request.prompt_messages)
        else:
            body["messages"] = self.messages(invocation)
            if request.tools:
                body["tools"] = wire_tools(request.tools)
        body |= self.parameters(invocation)
        if stop := wire_stop(request.stop, self.stop_limit):
            body["stop"] = stop
        if invocation.user is not None:
            body["user"] = invocation.user
        if invocation.stream:
            body["stream"] = True
            if self.include_usage(invocation):
                body["stream_options"] = {"include_usage": True}
        return body

    def reader_options(self, invocation: Invocation[LLMRequest]) -> ReaderOptions:
        """Return what the parsers have to know of a call."""
        return ReaderOptions(
            model=invocation.model,
            error=self.embedded_error,
            names=original_names(invocation.request.tools),
            think_tags=self.think_tags if self.splits_thinking(invocation) else None,
            starts_thinking=self.starts_thinking(invocation),
            trust_model=self.trust_model,
        )

    # The three pure methods

    def build_request(self, invocation: Invocation[LLMRequest]) -> HTTPRequest:
        path = self.completion_path if self.completion_mode(invocation) else self.path
        return self.post(invocation, self.body(invocation), path)

    def parse_response(self, invocation: Invocation[LLMRequest], response: HTTPResponse) -> LLMResult:
        body = self.checked(response, "choices")
        options = self.reader_options(invocation)
        if self.completion_mode(invocation):
            return parse_completion(body, response, options)
        return parse_chat(body, response, options)

    def stream_parser(self, invocation: Invocation[LLMRequest]) -> StreamParser:
        kind = self.completion_parser if self.completion_mode(invocation) else self.chat_parser
        return kind(self.reader_options(invocation))

    def probe_request(self) -> LLMRequest:
        """Return the smallest question."""
        messages: Sequence[UserPromptMessage] = (UserPromptMessage("ping"),)
        parameters: Mapping[str, Any] = {"max_tokens": self.probe_tokens}
        return LLMRequest(messages, parameters)
