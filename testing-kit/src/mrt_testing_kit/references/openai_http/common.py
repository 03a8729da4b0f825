"""What all model classes share: addresses, header fields, errors, the check of credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from mrt import (
    Credentials,
    HTTPModel,
    HTTPRequest,
    HTTPResponse,
    Invocation,
    InvokeAuthorizationError,
    InvokeBadResponseError,
    ModelType,
    Secret,
    reveal,
)
from mrt.entities.plain import is_mapping
from mrt.http.status import error_from_body, names_error
from mrt.http.url import endpoint


def url_of(credentials: Mapping[str, Any], path: str) -> str:
    """Return the address of an endpoint; the server's URL may end in ``/v1`` or not."""
    return endpoint(str(credentials["base_url"]), path)


def key_headers(credentials: Mapping[str, Any]) -> dict[str, str | Secret | None]:
    """Return the header field with the key; a server without keys gets none.

    Raises:
        InvokeAuthorizationError: The key cannot stand in a header field.
    """
    key = str(reveal(credentials.get("api_key")) or "").strip()
    if not key:
        return {}
    if not (key.isascii() and key.isprintable()):
        raise InvokeAuthorizationError("the key holds characters that no key has: copy it again")
    return {"authorization": Secret(f"Bearer {key}")}


def bad(what: str, response: HTTPResponse | None = None) -> InvokeBadResponseError:
    """Return the error for an answer that is none: ``bad("has no choices")``."""
    if response is None:
        return InvokeBadResponseError(f"the answer {what}")
    return InvokeBadResponseError(f"the answer {what}", status=response.status, request_id=response.request_id)


def object_of(response: HTTPResponse, key: str) -> Mapping[str, Any]:
    """Return the JSON object of an answer.

    Args:
        response: A response of status 2xx.
        key: What every answer has; without it, the object may be an error after all.

    Raises:
        InvokeError: It is an error, or no object.
    """
    value = response.json()
    if isinstance(value, str) or names_error(value) or (is_mapping(value) and "detail" in value):
        raise error_from_body(value, request_id=response.request_id, headers=response.headers)
    if not is_mapping(value) or value.get(key) is None:
        raise bad(f"has no {key}", response)
    return value


class ReferenceModel(HTTPModel):
    """Base of the six model classes."""

    model_type: ClassVar[ModelType]
    path: ClassVar[str]

    def post(self, invocation: Invocation[Any], body: dict[str, Any]) -> HTTPRequest:
        """Return a request with a JSON body."""
        credentials = invocation.credentials
        return HTTPRequest.json(url_of(credentials, self.path), body, key_headers(credentials))

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Make the smallest call: it needs the key, the address and the model to be right.

        Raises:
            InvokeError: They are not, or the server could not be asked.
        """
        schema = self.get_customizable_model_schema(model, credentials)
        invocation = Invocation(self.model_type, model, Credentials(credentials), self.smallest(), schema=schema)
        self.parse_response(invocation, self.send(self.build_request(invocation), timeout=60))

    def smallest(self) -> Any:
        """Return the request of the smallest call."""
        raise NotImplementedError
