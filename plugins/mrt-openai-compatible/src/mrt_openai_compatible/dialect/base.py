"""What the model classes of this dialect share: addresses, headers, errors, credentials, the list of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation
from mrt.entities.model import AIModelEntity
from mrt.entities.secret import Credentials, Secret, reveal
from mrt.errors import InvokeAuthorizationError, InvokeBadRequestError, InvokeBadResponseError
from mrt.http.messages import HTTPRequest, HTTPResponse
from mrt.http.status import error_from_body
from mrt.http.url import endpoint
from mrt.plugin.http_model import HTTPModel
from mrt_openai_compatible.dialect.errors import bad_answer, holds_error
from mrt_openai_compatible.dialect.models import listed_models, validate_by_list_and_call

CredentialsLike = Mapping[str, Any]
"""Credentials of a call (`mrt.Credentials`, secrets wrapped) or plain ones."""


class OpenAIModel(HTTPModel):
    """Base of the model classes; put it before the class of the model type.

    Every method and class attribute here is meant to be overridden where a vendor differs.
    """

    model_type: ClassVar[ModelType]

    path: ClassVar[str] = ""
    """Path of the endpoint below the version, for example ``/embeddings``."""

    api_version: ClassVar[str] = "v1"
    """Version put between the server's URL and a path, unless the URL has one already."""

    lists_models: ClassVar[bool] = True
    """Whether the server has ``/models``."""

    # Where and how

    def base_url(self, credentials: CredentialsLike) -> str:
        """Return the server's URL, with or without the version.

        Raises:
            InvokeBadRequestError: The credentials hold none.
        """
        return required(credentials, "base_url")

    def api_key(self, credentials: CredentialsLike) -> str | None:
        """Return the key, or None for servers without."""
        value = reveal(credentials.get("api_key"))
        return value if isinstance(value, str) else None

    def headers(self, credentials: CredentialsLike) -> dict[str, str | Secret | None]:
        """Return the header fields of every request; no key, no field.

        Raises:
            InvokeAuthorizationError: The key cannot stand in a header, so no server can have issued it.
        """
        key = (self.api_key(credentials) or "").strip()
        if not key:
            return {}
        can_be_sent = key.isascii() and key.isprintable()
        header = Secret(f"Bearer {key}")
        # Tools print tracebacks with local variables.
        del key
        if not can_be_sent:
            raise InvokeAuthorizationError(
                "the key holds characters that no key has (not ASCII, or a line break): copy it again"
            )
        return {"authorization": header}

    def endpoint(self, credentials: CredentialsLike, path: str) -> str:
        """Return the URL of a path such as ``/chat/completions``.

        A base URL that has a version somewhere keeps it: ``/v1``, but also ``/v1beta/openai`` or ``/api/paas/v4``.
        """
        base = self.base_url(credentials)
        return endpoint(base, path, version="" if has_version(base) else self.api_version)

    def model_name(self, invocation: Invocation[Any]) -> str:
        """Return the name under which the server knows the model."""
        return invocation.model

    def post(self, invocation: Invocation[Any], body: Any, path: str | None = None) -> HTTPRequest:
        """Return a POST of JSON to the class's endpoint, or to another path."""
        credentials = invocation.credentials
        url = self.endpoint(credentials, path or self.path)
        return HTTPRequest.json(url, body, self.headers(credentials))

    def get(self, credentials: CredentialsLike, path: str) -> HTTPRequest:
        """Return a GET of a path."""
        return HTTPRequest("GET", self.endpoint(credentials, path), self.headers(credentials))

    # Errors

    def parse_error(self, invocation: Invocation[Any] | None, response: HTTPResponse) -> Exception:
        """Return the error that a response means; one of status 200 stands where a stream is due."""
        if response.status < 300 and response.content[:1] == b"{":
            try:
                value: Any = response.json()
            except InvokeBadResponseError as error:
                return error
            if holds_error(value, "choices"):
                return self.embedded_error(value, response)
        return super().parse_error(invocation, response)

    def embedded_error(self, value: Any, response: HTTPResponse | None = None) -> Exception:
        """Return the error that a JSON value means that came with status 200, or inside a stream.

        Args:
            value: The whole JSON value: an object with ``error``, or a text.
            response: The response; None inside a stream.
        """
        # No status is given: the one of the response says that all is well, so the words have to tell.
        error = error_from_body(
            value,
            status=None,
            request_id=response.request_id if response is not None else None,
            headers=response.headers if response is not None else None,
        )
        if error.status is None:
            error.status = response.status if response is not None else 200
        return error

    def checked(self, response: HTTPResponse, expected: str) -> dict[str, Any]:
        """Return the JSON object of a response.

        Args:
            response: A response of status 2xx.
            expected: Key that an answer has, by which errors are told from answers.

        Raises:
            InvokeError: The body is an error after all, or no JSON object.
        """
        body: Any = response.json()
        if body.__class__ is dict and not holds_error(body, expected):
            return body
        if isinstance(body, (dict, str)):
            raise self.embedded_error(body, response)
        raise bad_answer("is no JSON object", response)

    # Credentials and models

    def listed_type(self, entry: Mapping[str, Any]) -> ModelType:
        """Return the type of a model in the server's list; its name tells where the entry does not."""
        from mrt_openai_compatible.dialect.models import guess_model_type

        return guess_model_type(str(entry.get("id")))

    def list_entries(self, credentials: CredentialsLike) -> list[dict[str, Any]]:
        """Return the entries of the server's list of models.

        Raises:
            InvokeError: The server was asked and failed.
        """
        response = self.send(self.get(credentials, "/models"))
        body: Any = response.json()
        if body.__class__ is dict and holds_error(body, "data"):
            raise self.embedded_error(body, response)
        return listed_models(body, response)

    def list_models(self, credentials: dict[str, Any]) -> Sequence[AIModelEntity] | None:
        """Ask the server for the models of this class's type."""
        from mrt_openai_compatible.dialect.models import listed_entity

        if not self.lists_models:
            return None
        return [
            listed_entity(entry, self.model_type)
            for entry in self.list_entries(credentials)
            if self.listed_type(entry) == self.model_type
        ]

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Ask the server for its models, and make the smallest call where that does not settle it.

        At most two requests. A server that is down or busy says nothing about credentials: its error passes.

        Raises:
            CredentialsValidateFailedError: The key, the model or the URL is wrong, and it says which.
            InvokeError: The server could not be asked.
        """
        validate_by_list_and_call(self, model, credentials)

    def probe(self, model: str, credentials: CredentialsLike) -> None:
        """Make the smallest call that shows whether model, key and URL work.

        Raises:
            InvokeError: They do not.
        """
        invocation = self.probe_invocation(model, Credentials(credentials))
        response = self.send(self.build_request(invocation), timeout=60.0)
        self.parse_response(invocation, response)

    def probe_invocation(self, model: str, credentials: Credentials) -> Invocation[Any]:
        """Return the smallest call."""
        schema = self.get_customizable_model_schema(model, credentials.reveal())
        return Invocation(self.model_type, model, credentials, self.probe_request(), schema=schema)

    def probe_request(self) -> Any:
        """Return what the smallest call asks; each model type has its own."""
        raise InvokeBadResponseError(f"{type(self).__name__} has no smallest call: write probe_request")


@lru_cache(maxsize=256)
def has_version(base_url: str) -> bool:
    """Tell whether a URL's path has a segment such as ``v1``, ``v1beta`` or ``v4``."""
    path = base_url.partition("//")[2].partition("/")[2]
    return any(segment[:1] == "v" and segment[1:2].isdigit() for segment in path.split("/"))


def required(credentials: CredentialsLike, name: str) -> str:
    """Return a credential without the white space around it.

    Raises:
        InvokeBadRequestError: It is missing or blank.
    """
    value = reveal(credentials.get(name))
    if not isinstance(value, str) or not value.strip():
        raise InvokeBadRequestError(f"the credential {name} is missing")
    return value.strip()
