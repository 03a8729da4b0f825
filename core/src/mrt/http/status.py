"""What an HTTP status and the body behind it mean."""

from __future__ import annotations

import re
from collections.abc import Mapping

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
    InvokeTimeoutError,
)
from mrt.http.details import Details, details_of, details_of_value
from mrt.http.messages import Headers, HTTPResponse
from mrt.http.wait import retry_after

_BY_STATUS: dict[int, type[InvokeError]] = {
    401: InvokeAuthorizationError,
    402: InvokeRateLimitError,
    403: InvokeAuthorizationError,
    407: InvokeConnectionError,
    408: InvokeTimeoutError,
    409: InvokeServerUnavailableError,
    425: InvokeServerUnavailableError,
    429: InvokeRateLimitError,
    504: InvokeTimeoutError,
}
# 501 stays what it is; 402, and 429 for want of money, do not mend themselves.
_NEVER_RETRY = {402, 407, 501, 505, 511}

_CONTEXT = re.compile(
    r"context.{0,3}length|context.{0,3}window|max_model_len|maximum (?:context|prompt|input) length|"
    r"(?:prompt|input|request|message)s? (?:is|are|was|has|exceeds?).{0,30}(?:too long|too large|token|context)|"
    r"too many (?:input |prompt )?tokens|reduce the length|"
    r"exceeds? the (?:model'?s?|maximum|available) .{0,30}(?:context|token|length)|"
    r"string_above_max_length|token limit exceeded",
    re.IGNORECASE,
)
_PER_TIME = re.compile(r"per (?:minute|second|hour|day|min)\b|rate.?limit|\b[TR]P[MDS]\b", re.IGNORECASE)
_FILTER = re.compile(
    r"content.{0,3}(?:filter|policy|management)|safety (?:system|filter|polic)|responsible.?ai|prohibited.?content|"
    r"data_inspection_failed|moderation.{0,20}(?:block|flag|reject)|flagged",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model_?not_?found|"
    r"(?:model|deployment|engine)\b.{0,80}(?:not (?:found|exist|available|supported)|does ?n.t exist|unknown|no such)|"
    r"(?:unknown|no such|invalid|unsupported|not found).{0,20}\bmodel\b|model not found",
    re.IGNORECASE | re.DOTALL,
)
_MONEY = re.compile(
    r"insufficient.{0,3}(?:quota|balance|funds|credit)|billing|exceeded your (?:current )?quota|credit balance|payment",
    re.IGNORECASE,
)

# Words of error types and messages, for errors that come without a status of their own, the first match counting.
_BY_WORD: tuple[tuple[re.Pattern[str], int], ...] = tuple(
    (re.compile(words, re.IGNORECASE), status)
    for words, status in (
        (r"rate.?limit|too many requests|quota|throttl|resource.?exhausted|\b429\b", 429),
        (r"overloaded|capacity|temporarily|try again later|\b5(?:02|03|29)\b", 503),
        (r"authenticat|unauthori[sz]ed|invalid.{0,10}(?:api.?)?key|credential|\b401\b", 401),
        (r"permission|forbidden|access.?denied|does not have access|\b403\b", 403),
        (r"not_?found_error|notfounderror", 404),
        (r"timed? ?out|timeout|deadline.?exceeded", 504),
        (r"invalid_?request|bad.?request|validation|invalid.?argument|unprocessable|\b4(?:00|22)\b", 400),
    )
)


def error_from_response(response: HTTPResponse) -> InvokeError:
    """Return the error that a response means, by its status and what its body says.

    Args:
        response: A response of status 300 and above, or one of status 200 whose body is no answer.
    """
    details = details_of(response)
    status = response.status
    if status < 300:
        if details.is_error_object:
            return _error(details, _guess(details), response.request_id, response.headers, said=status)
        return InvokeBadResponseError(
            f"the vendor answered {details.text or 'nothing'} where an answer is due; "
            "check that the URL is that of its API",
            status=status,
            request_id=response.request_id,
        )
    if status < 400:
        where = response.headers.get("location", "").partition("?")[0]
        return InvokeBadRequestError(
            f"the server redirects to '{where}': use that as the URL" if where else "the server redirects to nowhere",
            status=status,
            request_id=response.request_id,
        )
    return _error(details, status, response.request_id, response.headers)


def error_from_body(
    value: object, *, status: int | None = None, request_id: str | None = None, headers: Mapping[str, str] | None = None
) -> InvokeError:
    """Return the error that an error object or text means, for example inside a stream of status 200.

    Args:
        value: What stands under ``error``, or the object around it.
        status: The status that it means, where the dialect knows; guessed from type, code and words when None.
        request_id: The vendor's id of the request.
        headers: Header fields of the response, for the time to wait.
    """
    details = details_of_value(value)
    return _error(details, status or _guess(details), request_id or details.request_id, headers or Headers())


def _guess(details: Details) -> int:
    if details.status is not None:
        return details.status
    # Types and codes are words of the vendor's; the message is prose, so it counts only after them.
    for text in (f"{details.kind} {details.code}", details.text):
        for pattern, status in _BY_WORD:
            if pattern.search(text):
                return status
    if _CONTEXT.search(details.text):
        return 400
    return 500


def _error(
    details: Details, status: int, request_id: str | None, headers: Mapping[str, str], said: int | None = None
) -> InvokeError:
    kind = _kind(details, status)
    wait = retry_after(headers)
    retryable: bool | None = None
    if status in _NEVER_RETRY or (status == 429 and _MONEY.search(f"{details.code} {details.kind} {details.text}")):
        retryable = False
    return kind(
        _sentence(details, status, kind),
        status=said or status,
        code=details.code or details.kind or None,
        request_id=request_id or details.request_id,
        retry_after=wait,
        retryable=retryable,
    )


def _kind(details: Details, status: int) -> type[InvokeError]:
    words = f"{details.code} {details.kind} {details.text}"
    if status in (400, 413, 422, 500) and _CONTEXT.search(words) and not _PER_TIME.search(words):
        return InvokeContextLengthError
    if status in (400, 403, 422, 451) and _FILTER.search(words):
        return InvokeContentFilterError
    if status in (400, 404) and _NO_MODEL.search(words):
        return InvokeModelNotFoundError
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    return InvokeServerUnavailableError if status >= 500 else InvokeBadRequestError


def _sentence(details: Details, status: int, kind: type[InvokeError]) -> str:
    text = details.text
    if status == 404 and kind is InvokeBadRequestError:
        return f"{text or 'not found'}; check that the URL is that of the vendor's API"
    if status == 401 and not text:
        return "the vendor did not accept the credentials: check the key"
    if status == 413 and not text:
        return "the request is too large for the vendor"
    return text or f"the vendor answered HTTP {status} and said nothing more"
