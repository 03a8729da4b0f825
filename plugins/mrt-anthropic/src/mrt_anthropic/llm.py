"""Language models of the Messages API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.llm import LLMResult
from mrt.entities.message import PromptMessage, PromptMessageTool, UserPromptMessage
from mrt.entities.model import AIModelEntity
from mrt.entities.plain import is_mapping
from mrt.entities.secret import Secret, reveal
from mrt.errors import InvokeBadRequestError
from mrt.http.messages import HTTPRequest, HTTPResponse
from mrt.plugin import HTTPModel, LargeLanguageModel
from mrt_anthropic.api import DEFAULT_URL, headers, url
from mrt_anthropic.catalogue import entity_of, list_path, model_path, read_page
from mrt_anthropic.request import message_body, prompt_body
from mrt_anthropic.response import read_message
from mrt_anthropic.stream import MessageStream
from mrt_anthropic.tokens import COUNT_PATH, count_body, read_count
from mrt_anthropic.tools import given_names

CredentialsLike = Mapping[str, Any]
"""Credentials of a call (`mrt.Credentials`, secrets wrapped) or plain ones."""

_PING_TOKENS = 16


class AnthropicLargeLanguageModel(HTTPModel, LargeLanguageModel):
    """A model of the Messages API; a vendor that speaks it with an accent overrides what differs."""

    def base_url(self, credentials: CredentialsLike) -> str:
        """Return the server's address; it may end in ``/v1`` or not."""
        return str(reveal(credentials.get("anthropic_api_url")) or DEFAULT_URL)

    def api_key(self, credentials: CredentialsLike) -> str | None:
        """Return the key, or None for servers without."""
        key = reveal(credentials.get("anthropic_api_key"))
        return key if isinstance(key, str) else None

    def headers(self, credentials: CredentialsLike) -> dict[str, str | Secret | None]:
        """Return the header fields of every request."""
        return headers(self.api_key(credentials))

    def get(self, credentials: CredentialsLike, path: str) -> HTTPRequest:
        """Return a GET of a path such as ``models``."""
        return HTTPRequest("GET", url(self.base_url(credentials), path), self.headers(credentials))

    def post(self, credentials: CredentialsLike, path: str, body: Any) -> HTTPRequest:
        """Return a POST of JSON to a path such as ``messages``."""
        return HTTPRequest.json(url(self.base_url(credentials), path), body, self.headers(credentials))

    def build_request(self, invocation: Invocation[LLMRequest]) -> HTTPRequest:
        return self.post(invocation.credentials, "messages", message_body(invocation))

    def parse_response(self, invocation: Invocation[LLMRequest], response: HTTPResponse) -> LLMResult:
        return read_message(response, invocation.model, given_names(invocation.request.tools))

    def stream_parser(self, invocation: Invocation[LLMRequest]) -> MessageStream:
        return MessageStream(invocation.model, given_names(invocation.request.tools))

    def get_num_tokens(
        self,
        model: str,
        credentials: dict[str, Any],
        prompt_messages: list[PromptMessage],
        tools: list[PromptMessageTool] | None = None,
    ) -> int:
        request = self.post(credentials, COUNT_PATH, count_body(model, prompt_messages, tools or ()))
        try:
            return read_count(self.send(request)) or 0
        except InvokeBadRequestError as error:
            # Servers that only resemble the vendor lack the endpoint; core estimates then.
            if error.status != 404:
                raise
        return 0

    def ping(self, credentials: dict[str, Any]) -> None:
        """Ask for one model of the list, to see whether the key works.

        Raises:
            InvokeError: It does not, or the vendor cannot be asked.
        """
        read_page(self.send(self.get(credentials, list_path(1))))

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Look the model up; where the server has no such endpoint, ask the model for a word.

        Raises:
            InvokeError: The key was refused, the model is not there, or the server cannot be asked.
        """
        try:
            self.send(self.get(credentials, model_path(model)))
        except InvokeBadRequestError:
            body = {"model": model, "max_tokens": _PING_TOKENS, **prompt_body([UserPromptMessage("Hi")], (), {})}
            self.send(self.post(credentials, "messages", body), timeout=60)

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Make the schema of a model from what the vendor tells of it, and assume what it does not.

        Raises:
            InvokeError: The key was refused, or the server cannot be asked.
        """
        try:
            told: Any = self.send(self.get(credentials, model_path(model))).json()
        except InvokeBadRequestError:
            # No such endpoint, or no such model: the call itself will tell.
            told = None
        return entity_of(model, told if is_mapping(told) else {})

    def list_models(self, credentials: dict[str, Any]) -> list[AIModelEntity]:
        """Return all models that the key reaches, page by page.

        Raises:
            InvokeError: The key was refused, or the server cannot be asked.
        """
        listed: dict[str, AIModelEntity] = {}
        after: str | None = None
        while True:
            page, after = read_page(self.send(self.get(credentials, list_path(after=after))))
            fresh = [told for told in page if told["id"] not in listed]
            listed |= {told["id"]: entity_of(told["id"], told) for told in fresh}
            # A server that does not know `after_id` would send its first page for ever.
            if after is None or not fresh:
                return list(listed.values())
