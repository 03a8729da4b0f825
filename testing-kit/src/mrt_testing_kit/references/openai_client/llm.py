"""Language models: ``/chat/completions``."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from mrt import (
    AIModelEntity,
    InvokeError,
    LargeLanguageModel,
    LLMResult,
    LLMResultChunk,
    ModelType,
    PromptMessage,
    PromptMessageTool,
    UserPromptMessage,
)
from mrt_testing_kit.references.openai_client.client import Client, object_of
from mrt_testing_kit.references.openai_client.errors import MAPPING
from mrt_testing_kit.references.openai_http.answer import AnswerStream, read_answer
from mrt_testing_kit.references.openai_http.request import chat_body
from mrt_testing_kit.references.openai_http.schema import entity
from mrt_testing_kit.references.openai_http.tools import names_of

_PATH = "chat/completions"


class ClientLLM(LargeLanguageModel):
    """A language model."""

    def _invoke(
        self,
        model: str,
        credentials: dict[str, Any],
        prompt_messages: list[PromptMessage],
        model_parameters: dict[str, Any],
        tools: list[PromptMessageTool] | None = None,
        stop: list[str] | None = None,
        stream: bool = True,
        user: str | None = None,
    ) -> LLMResult | Generator[LLMResultChunk, None, None]:
        body = chat_body(model, prompt_messages, model_parameters, tools, stop, stream, user)
        names = names_of(tools or ())
        if stream:
            return self._stream(Client(credentials), body, AnswerStream(model, names))
        response = Client(credentials).post(_PATH, body)
        result = read_answer(object_of(response, "choices"), model, names)
        result.request_id = response.request_id
        return result

    def _stream(
        self, client: Client, body: dict[str, Any], parser: AnswerStream
    ) -> Generator[LLMResultChunk, None, None]:
        events = client.events(_PATH, body, parser)
        try:
            for event in events:
                yield from parser.feed(event)
                if parser.done:
                    break
        finally:
            # Leaving early ends the connection, and so the vendor's work.
            events.close()
        yield from parser.finish()

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Ask for a few words: that needs the key, the address and the model to be right."""
        self._invoke(model, credentials, [UserPromptMessage("ping")], {"max_tokens": 16}, stream=False)

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return the same for every model: the server does not tell."""
        return entity(model, ModelType.LLM, {"mode": "chat"})

    @property
    def _invoke_error_mapping(self) -> dict[type[InvokeError], list[type[Exception]]]:
        return MAPPING
