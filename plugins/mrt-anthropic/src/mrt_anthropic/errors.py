"""Errors in the vendor's words: ``{"type": "error", "error": {"type": ..., "message": ...}, "request_id": ...}``."""

from __future__ import annotations

from typing import Any

from mrt.entities.plain import is_mapping
from mrt.http.status import error_from_body

# An error inside a stream comes with status 200: its type stands for the status that it would have had.
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def error_of(value: Any, request_id: str | None = None) -> Exception:
    """Return the error that an error object in place of an answer means.

    Args:
        value: The JSON value; servers that only resemble the vendor send a bare text or their own shape, too.
        request_id: The id of the request, where the object has none.
    """
    kind = None
    if is_mapping(value):
        inner = value.get("error")
        kind = inner.get("type") if is_mapping(inner) else None
        own = value.get("request_id")
        request_id = own if isinstance(own, str) else request_id
    return error_from_body(value, status=_STATUS.get(str(kind)), request_id=request_id)
