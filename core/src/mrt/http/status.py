"""Which error an answer means: its status, then the vendor's codes and words."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from pydantic_core import from_json

from mrt.entities.plain import is_list, is_mapping
from mrt.errors import (
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
)
from mrt.http.kinds import Kind, kind_of
from mrt.http.messages import Headers, HTTPResponse
from mrt.http.retry_after import retry_after
from mrt.http.texts import clean, is_web_page, web_page
from mrt.http.vendor_error import VendorError, read_error


class _Meaning(NamedTuple):
    error: type[InvokeError]
    says: str
    retryable: bool | None = None


_BAD_REQUEST = _Meaning(InvokeBadRequestError, "the vendor refused the request")
_FAILED = _Meaning(InvokeServerUnavailableError, "the vendor failed; try again later")

_BY_STATUS: dict[int, _Meaning] = {
    401: _Meaning(InvokeAuthorizationError, "the vendor did not accept the key; check it"),
    402: _Meaning(InvokeRateLimitError, "the account's quota or credit is used up", retryable=False),
    403: _Meaning(InvokeAuthorizationError, "the key does not allow this"),
    404: _Meaning(InvokeBadRequestError, "nothing is at {url}; check the URL"),
    405: _Meaning(InvokeBadRequestError, "{url} does not take this kind of request; check the URL"),
    407: _Meaning(InvokeConnectionError, "the proxy wants a user name and password", retryable=False),
    408: _Meaning(InvokeServerUnavailableError, "the vendor waited too long; try again"),
    410: _Meaning(InvokeBadRequestError, "what {url} served is gone"),
    413: _Meaning(InvokeBadRequestError, "the request is too big; send less at once"),
    415: _Meaning(InvokeBadRequestError, "the vendor does not take this kind of content"),
    425: _Meaning(InvokeServerUnavailableError, "the vendor is not ready for the request; try again"),
    429: _Meaning(InvokeRateLimitError, "too many calls; wait before the next one"),
    431: _Meaning(InvokeBadRequestError, "the header fields are too big; is the key right?"),
    501: _Meaning(InvokeServerUnavailableError, "the vendor cannot do this", retryable=False),
    503: _Meaning(InvokeServerUnavailableError, "the vendor is not available; try again later"),
    504: _Meaning(InvokeServerUnavailableError, "the vendor took too long; try again later"),
    529: _Meaning(InvokeServerUnavailableError, "the vendor is overloaded; try again later"),
}

_BY_KIND: dict[Kind, _Meaning] = {
    "banned": _Meaning(InvokeRateLimitError, "the vendor has shut this client out for a while", retryable=False),
    "quota": _BY_STATUS[402],
    "rate": _BY_STATUS[429],
    "context": _Meaning(InvokeContextLengthError, "the prompt does not fit the model's context; shorten it"),
    "filter": _Meaning(InvokeContentFilterError, "the vendor refused the content"),
    "authorization": _BY_STATUS[401],
    "model": _Meaning(InvokeModelNotFoundError, "the vendor has no such model; check its name"),
    "timeout": _BY_STATUS[504],
    "overloaded": _BY_STATUS[529],
    "request": _BAD_REQUEST,
    "server": _FAILED,
}

# Where the words of the body say more than the status. A 429 stays a limit and a 403 a matter of the key, whatever
# their texts mention; servers report a prompt that is too long as almost anything, even as their own failure.
_REFINES: dict[int, frozenset[Kind]] = {
    402: frozenset(),
    403: frozenset({"filter"}),
    401: frozenset(),
    407: frozenset(),
    408: frozenset(),
    425: frozenset(),
    429: frozenset({"quota", "banned"}),
}
_REFINES_CLIENT: frozenset[Kind] = frozenset({"quota", "context", "filter", "model", "authorization"})
_REFINES_SERVER: frozenset[Kind] = frozenset({"context"})


def error_from_response(response: HTTPResponse) -> InvokeError:
    """Return the error that a response means.

    The status decides, and the vendor's codes and words narrow it down. The message is the vendor's in at most 500
    characters, after a sentence of ours that says what to do; a web page is only named.

    Args:
        response: A response of status 300 and above; one of 200 is read as an error, too, since servers send such.
    """
    status, web = response.status, is_web_page(response.content, response.media_type)
    if 300 <= status < 400:
        return _redirected(response)
    value = None if web else _json(response)
    said = (
        VendorError()
        if value is None and not response.content
        else read_error(response.text if value is None else value)
    )
    if web:
        said = VendorError(message=f"the answer is {web_page(response.content)}")
    request_id = response.request_id or said.request_id
    if status < 300:
        if names_error(value):
            return error_from_body(value, status=None, request_id=request_id, headers=response.headers)
        what = said.message if web else f"the answer is {response.media_type or 'of no type'}"
        return InvokeBadResponseError(f"{what}, where a stream was expected", status=status, request_id=request_id)
    return _error(_meaning(status, said, value is not None), said, status, request_id, response.headers, response.url)


def error_from_body(
    value: object, *, status: int | None = None, request_id: str | None = None, headers: Headers | None = None
) -> InvokeError:
    """Return the error that an error object or text means: one inside a stream, where the status was 200.

    Args:
        value: The decoded error, or the whole event around it.
        status: The HTTP status to go by; None takes what the body says.
        request_id: The vendor's id of the request.
        headers: Header fields of the response, for how long to wait.
    """
    said = read_error(value)
    status = status or said.status
    request_id = request_id or said.request_id
    if status is not None and status >= 400:
        meaning = _meaning(status, said, True)
    else:
        kind = kind_of(said.codes, said.message)
        meaning = _BY_KIND[kind] if kind else _FAILED
    return _error(meaning, said, status, request_id, headers or Headers(), "the URL")


def names_error(value: object) -> bool:
    """Return whether a decoded body or event says that it is an error."""
    if is_list(value):
        return bool(value) and names_error(value[0])
    if not is_mapping(value):
        return False
    return bool(value.get("error") or value.get("errors")) or "error" in (value.get("object"), value.get("type"))


def _meaning(status: int, said: VendorError, structured: bool) -> _Meaning:
    meaning = _BY_STATUS.get(status) or (_FAILED if status >= 500 else _BAD_REQUEST)
    kind = kind_of(said.codes, said.message)
    if status == 404 and kind is None and structured and "model" in said.message.lower():
        kind = "model"
    allowed = _REFINES.get(status, _REFINES_SERVER if status >= 500 else _REFINES_CLIENT)
    if kind is None or kind not in allowed:
        return meaning
    return _BY_KIND[kind]


def _error(
    meaning: _Meaning, said: VendorError, status: int | None, request_id: str | None, headers: Headers, url: str
) -> InvokeError:
    says = meaning.says.format(url=url or "the URL")
    return meaning.error(
        f"{says}: {said.message}" if said.message else says,
        status=status,
        code=said.code,
        request_id=request_id,
        retry_after=retry_after(headers),
        retryable=meaning.retryable,
    )


def _redirected(response: HTTPResponse) -> InvokeError:
    # Not followed: the key would travel to a place that the user did not name, perhaps in plain text.
    try:
        target = urlsplit(urljoin(response.url, response.headers["location"]))
    except (KeyError, ValueError):
        where = ""
    else:
        host = target.netloc.rpartition("@")[2]
        where = f" to {clean(f'{target.scheme}://{host}{target.path}', 200)}; use that as the URL if it is right"
    return InvokeBadRequestError(f"the server redirects{where}", status=response.status, request_id=response.request_id)


def _json(response: HTTPResponse) -> Any:
    """Return the body's JSON, also when it was cut off at the size limit for errors; None when it is none."""
    try:
        return from_json(response.content, allow_partial="trailing-strings", cache_strings="none")
    except ValueError:
        return None
