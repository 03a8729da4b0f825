"""Errors that come where an answer is due: with status 200, or inside a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrt.errors import InvokeBadResponseError
from mrt.http.messages import HTTPResponse

_SIGNS = ("detail", "message", "errors", "msg", "code")


def holds_error(body: Mapping[str, Any], expected: str) -> bool:
    """Tell whether a JSON object is an error although its status says otherwise.

    Seen in the field: ``{"error": {…}}``, ``{"error": "text"}``, ``{"object": "error", …}`` (vLLM before 0.10),
    ``{"detail": …}`` (FastAPI), ``{"code": …, "message": …}``.

    Args:
        body: The JSON object.
        expected: Key that an answer has, for example ``choices``.
    """
    if body.get("error"):
        return True
    if body.get(expected) is not None:
        return False
    return body.get("object") == "error" or body.get("type") == "error" or any(body.get(sign) for sign in _SIGNS)


def bad_answer(what: str, response: HTTPResponse | None = None) -> InvokeBadResponseError:
    """Return the error for an answer that cannot be used.

    Args:
        what: What is wrong with it, for example ``"has no choices"``.
        response: The response, where there is a whole one.
    """
    return InvokeBadResponseError(
        f"the server's answer {what}",
        status=response.status if response is not None else None,
        request_id=response.request_id if response is not None else None,
    )
