"""Language models: ``/chat/completions``."""

from __future__ import annotations

from typing import Any, ClassVar

from mrt import (
    AIModelEntity,
    HTTPRequest,
    HTTPResponse,
    Invocation,
    LargeLanguageModel,
    LLMRequest,
    LLMResult,
    ModelType,
    UserPromptMessage,
)
from mrt_testing_kit.references.openai_http.answer import AnswerStream, read_answer
from mrt_testing_kit.references.openai_http.common import ReferenceModel, object_of
from mrt_testing_kit.references.openai_http.request import chat_body
from mrt_testing_kit.references.openai_http.schema import entity
from mrt_testing_kit.references.openai_http.tools import names_of


class ReferenceLLM(ReferenceModel, LargeLanguageModel):
    """A language model."""

    path: ClassVar[str] = "chat/completions"

    def build_request(self, invocation: Invocation[LLMRequest]) -> HTTPRequest:
        asked = invocation.request
        body = chat_body(
            invocation.model,
            asked.prompt_messages,
            asked.model_parameters,
            asked.tools,
            asked.stop,
            invocation.stream,
            invocation.user,
        )
        return self.post(invocation, body)

    def parse_response(self, invocation: Invocation[LLMRequest], response: HTTPResponse) -> LLMResult:
        body = object_of(response, "choices")
        result = read_answer(body, invocation.model, names_of(invocation.request.tools))
        result.request_id = response.request_id
        return result

    def stream_parser(self, invocation: Invocation[LLMRequest]) -> AnswerStream:
        return AnswerStream(invocation.model, names_of(invocation.request.tools))

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return the same for every model: the server does not tell."""
        return entity(model, ModelType.LLM, {"mode": "chat"})

    def smallest(self) -> LLMRequest:
        """Return a short question; some models refuse answers of less than 16 tokens."""
        return LLMRequest([UserPromptMessage("ping")], {"max_tokens": 16})
