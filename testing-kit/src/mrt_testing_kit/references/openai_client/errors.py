"""The client's exceptions, and what core makes of them."""

from __future__ import annotations

from typing import Any

from mrt import (
    HTTPResponse,
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeConnectionError,
    InvokeContentFilterError,
    InvokeContextLengthError,
    InvokeError,
    InvokeModelNotFoundError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
    InvokeTimeoutError,
)
from mrt.entities.plain import is_mapping


class ClientError(Exception):
    """A call failed; core takes over `status`, `code`, `request_id`, and the time to wait out of `response`."""

    def __init__(self, message: str, response: HTTPResponse | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.response = response
        self.status = response.status if response is not None else None
        self.request_id = response.request_id if response is not None else None
        self.code = code


class ConnectionFailed(ClientError):
    """The server could not be reached, or the connection broke."""


class TimedOut(ConnectionFailed):
    """The server took too long."""


class Refused(ClientError):
    """The request is wrong."""


class TooLong(Refused):
    """The prompt does not fit the model."""


class Filtered(Refused):
    """The content is not allowed."""


class NoSuchModel(Refused):
    """The server does not know the model."""


class KeyRefused(ClientError):
    """The key is wrong, or may not do this."""


class TooMany(ClientError):
    """Too many calls, or the quota is used up."""


class ServerFailed(ClientError):
    """The server failed."""


class Unusable(ServerFailed):
    """The server's answer is none."""


MAPPING: dict[type[InvokeError], list[type[Exception]]] = {
    InvokeConnectionError: [ConnectionFailed],
    InvokeTimeoutError: [TimedOut],
    InvokeServerUnavailableError: [ServerFailed],
    InvokeBadResponseError: [Unusable],
    InvokeRateLimitError: [TooMany],
    InvokeAuthorizationError: [KeyRefused],
    InvokeBadRequestError: [Refused],
    InvokeContextLengthError: [TooLong],
    InvokeContentFilterError: [Filtered],
    InvokeModelNotFoundError: [NoSuchModel],
}
"""Of several that fit an exception, core takes the most specific."""

_BY_STATUS: dict[int, type[ClientError]] = {
    401: KeyRefused,
    402: TooMany,
    403: KeyRefused,
    408: ServerFailed,
    429: TooMany,
}
_BY_CODE: dict[str, type[ClientError]] = {
    "context_length_exceeded": TooLong,
    "content_filter": Filtered,
    "content_policy_violation": Filtered,
    "model_not_found": NoSuchModel,
}
_BY_TYPE: dict[str, type[ClientError]] = {
    "authentication_error": KeyRefused,
    "insufficient_quota": TooMany,
    "rate_limit_error": TooMany,
    "rate_limit_exceeded": TooMany,
    "invalid_request_error": Refused,
}
_LONGEST = 500


def error_of(value: Any, response: HTTPResponse | None = None) -> ClientError:
    """Return the exception for an error of the server.

    Args:
        value: The JSON value, or the text, that says what is wrong.
        response: The answer, whose status counts if it is one of an error; None inside a stream.
    """
    inner = value.get("error") or value if is_mapping(value) else value
    said = inner if is_mapping(inner) else {"message": inner}
    message = said.get("message") or said.get("detail") or "the server gave no reason"
    codes = [str(said[name]) for name in ("code", "type") if said.get(name)]
    kind: type[ClientError] = ServerFailed
    if response is not None and response.status >= 300:
        kind = _BY_STATUS.get(response.status) or (ServerFailed if response.status >= 500 else Refused)
    else:
        kind = next((_BY_TYPE[code] for code in codes if code in _BY_TYPE), ServerFailed)
    if kind is Refused:
        kind = next((_BY_CODE[code] for code in codes if code in _BY_CODE), Refused)
    return kind(str(message)[:_LONGEST], response, codes[0] if codes else None)
