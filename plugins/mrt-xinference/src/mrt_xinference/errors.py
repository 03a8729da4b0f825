"""What the server's errors mean; where they are of a kind of their own, see the server's recorded answers."""

from __future__ import annotations

import re
from typing import Any

from mrt.entities.plain import is_mapping
from mrt.errors import InvokeBadRequestError, InvokeError, InvokeRateLimitError
from mrt.http.messages import Headers, HTTPResponse
from mrt.http.status import error_from_body, error_from_response
from mrt.http.texts import clean as shorten

# Text from behind the API begins with the address and process of a worker, and may hold further ones.
_WORKER = re.compile(r"\[address=[^\]]*\]\s*")
_SOCKET = re.compile(r"\s*\('[\d.:a-fA-F]+', \d+(?:, \d+)*\)")
_PATH = re.compile(r"(?<![\w:/.])/(?:[\w.@+-]+/)+[\w.@+-]*")
_UIDS = re.compile(r"Available model uids: \[(.*?)(?:\]|$)", re.DOTALL)
_FAMILIES = re.compile(r"Only \{.*\} support tool", re.DOTALL)
_LAUNCH_SPEC = re.compile(r"Model (?:model_metadata|model_name)=.* is not for ", re.DOTALL)
_VALIDATION = re.compile(r"\d+ validation errors? for \w+\s*(.*)", re.DOTALL)
_BAN = "Too many failed attempts"
_BANNED_SECONDS = 3600.0
_SHOWN_UIDS = 10
_LOOKED_AT = 16384

# Engines report what the caller did wrong as a failure of their own, with status 500 (seen in 4.1.0).
_CALLERS_FAULT = re.compile(
    r"validation error|soundfile is either not in the correct format|unsupported (?:response format|language)|"
    r"is not supported|hasn't support|is not for |support tool call|expecting (?:property name|value)|"
    r"object has no attribute '(?:model_spec|get|items)'|not implemented|voice .{0,80}not found|"
    r"expected tensor for argument|list object has no element",
    re.IGNORECASE,
)
_WRONG_KIND = ("object has no attribute 'model_spec'", "'str' object has no attribute 'get'")


def clean(text: str) -> str:
    """Return the server's words in short, without its addresses and paths, and without lists that fill a screen."""
    text = _WORKER.sub("", text[:_LOOKED_AT])
    text = _SOCKET.sub("", text)
    text = _UIDS.sub(_short_list, text)
    text = _FAMILIES.sub("Only models of a family with tool calls support tool", text)
    text = _LAUNCH_SPEC.sub("the model is not for ", text)
    text = _PATH.sub("[path]", text)
    report = _VALIDATION.search(text)
    if report is not None:
        # "field\n  message (type=...)" for each field.
        lines = [line.strip() for line in report.group(1).splitlines() if line.strip()]
        text = "; ".join(f"{field}: {what}" for field, what in zip(lines[::2], lines[1::2], strict=False)) or text
    if any(sign in text for sign in _WRONG_KIND):
        text = f"this model cannot do that: it is of another type ({text})"
    return shorten(text)


def _short_list(found: re.Match[str]) -> str:
    uids = [uid.strip(" '\"") for uid in found.group(1).split(",")]
    more = f" and {len(uids) - _SHOWN_UIDS} more" if len(uids) > _SHOWN_UIDS else ""
    return f"It has: {', '.join(uids[:_SHOWN_UIDS])}{more}"


def error_of(response: HTTPResponse) -> InvokeError:
    """Return the error that a response of status 300 and above means."""
    said = None if response.media_type == "text/html" or response.status < 400 else _said(response)
    if said is None:
        return error_from_response(response)
    return _error(said, response.status, response.request_id, response.headers)


def error_in_answer(value: Any, response: HTTPResponse | None = None) -> InvokeError:
    """Return the error that an event of a stream means, or an answer of status 200: ``{"error": "text"}``.

    Args:
        value: The whole JSON value.
        response: The response; None inside a stream.
    """
    request_id = response.request_id if response is not None else None
    headers = response.headers if response is not None else Headers()
    words = value.get("error") or value.get("detail") if is_mapping(value) else value
    if isinstance(words, str):
        found = _error(words, None, request_id, headers)
    else:
        found = error_from_body(value, status=None, request_id=request_id, headers=headers)
    if found.status is None:
        found.status = response.status if response is not None else 200
    return found


def _error(said: str, status: int | None, request_id: str | None, headers: Headers) -> InvokeError:
    text = clean(said)
    if _BAN in said:
        # 429 means a rate limit, too; only the text tells. Good keys are refused as well now (source: for an hour), so
        # this says nothing about the key in use, and asking again is of no use.
        return InvokeRateLimitError(
            "the server has shut this address out for up to an hour, after ten wrong keys: correct the key that is "
            f"tried over and over, then wait: {text}",
            status=status,
            request_id=request_id,
            retry_after=_BANNED_SECONDS,
            retryable=False,
        )
    error = error_from_body({"detail": text}, status=status, request_id=request_id, headers=headers)
    if (
        (status is None or status >= 500)
        and _CALLERS_FAULT.search(said)
        and not isinstance(error, InvokeBadRequestError)
    ):
        return InvokeBadRequestError(
            f"the server refused the request: {text}", status=error.status, code=error.code, request_id=request_id
        )
    return error


def _said(response: HTTPResponse) -> str | None:
    """Return what the body says where it is one of the server's own shapes: ``{"detail": text}`` or plain text."""
    if response.media_type == "text/plain":
        return response.text.removeprefix("Internal Server Error: ").strip() or None
    try:
        value = response.json()
    except InvokeError:
        return None
    detail: Any = value.get("detail") if is_mapping(value) else None
    return detail if isinstance(detail, str) and detail else None
