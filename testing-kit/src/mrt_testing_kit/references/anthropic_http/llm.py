"""Language models: ``/v1/messages``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrt import (
    AIModelEntity,
    HTTPModel,
    HTTPRequest,
    HTTPResponse,
    Invocation,
    LargeLanguageModel,
    LLMRequest,
    LLMResult,
    ModelPropertyKey,
    ModelType,
    Secret,
    reveal,
)
from mrt.http.url import endpoint, quote_segment
from mrt_testing_kit.references.anthropic_http.answer import MessageStream, read_message
from mrt_testing_kit.references.anthropic_http.request import message_body
from mrt_testing_kit.references.openai_http.tools import names_of

VERSION = "2023-06-01"


def url_of(credentials: Mapping[str, Any], path: str) -> str:
    """Return the address of an endpoint."""
    return endpoint(str(credentials["api_url"]), path)


def headers_of(credentials: Mapping[str, Any]) -> dict[str, str | Secret | None]:
    """Return the header fields that every request has."""
    return {"x-api-key": Secret(str(reveal(credentials["api_key"])).strip()), "anthropic-version": VERSION}


class MessagesLLM(HTTPModel, LargeLanguageModel):
    """A language model."""

    def build_request(self, invocation: Invocation[LLMRequest]) -> HTTPRequest:
        credentials = invocation.credentials
        return HTTPRequest.json(url_of(credentials, "messages"), message_body(invocation), headers_of(credentials))

    def parse_response(self, invocation: Invocation[LLMRequest], response: HTTPResponse) -> LLMResult:
        return read_message(response, names_of(invocation.request.tools))

    def stream_parser(self, invocation: Invocation[LLMRequest]) -> MessageStream:
        return MessageStream(invocation.model, names_of(invocation.request.tools))

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Look the model up, which costs nothing.

        Raises:
            InvokeError: Key, address or model is wrong, or the server could not be asked.
        """
        self.send(HTTPRequest("GET", url_of(credentials, f"models/{quote_segment(model)}"), headers_of(credentials)))

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return for a model that no file describes what holds for all: no abilities are known, and none refused."""
        return AIModelEntity(model=model, model_type=ModelType.LLM, model_properties={ModelPropertyKey.MODE: "chat"})
