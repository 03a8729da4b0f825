"""What the server's errors mean; where they are of a kind of their own, see the server's recorded answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mrt.errors import InvokeAuthorizationError, InvokeBadRequestError, InvokeError
from mrt.http.messages import Headers, HTTPResponse
from mrt.http.status import error_from_body, error_from_response

# Text from behind the API begins with the address and process of a worker.
_WORKER = re.compile(r"\[address=[^\]]*\]\s*")
_UIDS = re.compile(r"Available model uids: \[(.*?)\]", re.DOTALL)
_FAMILIES = re.compile(r"Only \{.*\} support tool", re.DOTALL)
_LAUNCH_SPEC = re.compile(r"Model (?:model_metadata|model_name)=.* is not for ", re.DOTALL)
_VALIDATION = re.compile(r"\d+ validation errors? for \w+\s*(.*)", re.DOTALL)
_BAN = "Too many failed attempts"
_SHOWN_UIDS = 10
_BANNED_SECONDS = 3600.0

# Engines report what the caller did wrong as a failure of their own, with status 500 (seen in 4.1.0).
_CALLERS_FAULT = re.compile(
    r"validation error|soundfile is either not in the correct format|unsupported (?:response format|language)|"
    r"is not supported|hasn't support|is not for |support tool call|expecting property name|"
    r"object has no attribute 'model_spec'|'str' object has no attribute 'get'|not implemented",
    re.IGNORECASE,
)
_WRONG_KIND = ("object has no attribute 'model_spec'", "'str' object has no attribute 'get'")


def clean(text: str) -> str:
    """Return the server's words without addresses of workers, and without lists that fill a screen."""
    text = _WORKER.sub("", text)
    text = _UIDS.sub(_short_list, text)
    text = _FAMILIES.sub("Only models of a family with tool calls support tool", text)
    text = _LAUNCH_SPEC.sub("the model is not for ", text)
    report = _VALIDATION.search(text)
    if report is not None:
        # "field\n  message (type=...)" for each field.
        lines = [line.strip() for line in report.group(1).splitlines() if line.strip()]
        text = "; ".join(f"{field}: {what}" for field, what in zip(lines[::2], lines[1::2], strict=False)) or text
    if any(sign in text for sign in _WRONG_KIND):
        return f"this model cannot do that: it is of another type ({text})"
    return text


def _short_list(found: re.Match[str]) -> str:
    uids = [uid.strip(" '\"") for uid in found.group(1).split(",")]
    more = f" and {len(uids) - _SHOWN_UIDS} more" if len(uids) > _SHOWN_UIDS else ""
    return f"It has: {', '.join(uids[:_SHOWN_UIDS])}{more}"


def error_of(response: HTTPResponse) -> InvokeError:
    """Return the error that a response means."""
    if response.media_type == "text/html" or 300 <= response.status < 400:
        return error_from_response(response)
    said = _said(response)
    if said is None:
        return error_from_response(response)
    return _error(said, response.status, response.request_id, response.headers)


def error_in_stream(value: Any) -> InvokeError:
    """Return the error that an event of a stream means: ``{"error": "text"}``, all with status 200."""
    error = value.get("error", value) if isinstance(value, Mapping) else value
    return _error(error if isinstance(error, str) else str(error), None, None, Headers())


def _error(said: str, status: int | None, request_id: str | None, headers: Headers) -> InvokeError:
    text = clean(said)
    if _BAN in said:
        # 429 means a rate limit, too; only the text tells. Good keys are refused as well now, and asking again would
        # prolong the ban.
        return InvokeAuthorizationError(
            f"the server has banned this address for up to an hour after too many wrong keys: {text}",
            status=status,
            request_id=request_id,
            retry_after=_BANNED_SECONDS,
        )
    error = error_from_body({"detail": text}, status=status, request_id=request_id, headers=headers)
    if (status is None or status >= 500) and _CALLERS_FAULT.search(said) and not isinstance(error, InvokeBadRequestError):
        return InvokeBadRequestError(
            f"the server refused the request: {text}", status=status, code=error.code, request_id=request_id
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
    detail: Any = value.get("detail") if isinstance(value, Mapping) else None
    return detail if isinstance(detail, str) and detail else None
