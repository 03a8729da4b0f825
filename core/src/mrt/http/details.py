"""What an error body says, in whichever of the many shapes."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mrt.http.messages import HTTPResponse

_LONGEST = 500
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LARGEST_JSON = 1024 * 1024


@dataclass(slots=True)
class Details:
    """An error as the vendor tells it.

    Args:
        text: One line for people; empty when nothing was said.
        code: The vendor's code, as text.
        kind: The vendor's type of error.
        status: The HTTP status that the body itself names.
        request_id: The vendor's id of the request, when the body has it.
        is_error_object: Whether the body is JSON that speaks of an error.
    """

    text: str = ""
    code: str = ""
    kind: str = ""
    status: int | None = None
    request_id: str | None = None
    is_error_object: bool = False


def details_of(response: HTTPResponse) -> Details:
    """Return what the body of a response says."""
    head = response.content[:512].lstrip().lower()
    if response.media_type == "text/html" or head.startswith((b"<!doctype", b"<html")):
        found = _TITLE.search(response.content[:20000].decode("utf-8", "replace"))
        title = one_line(html.unescape(found.group(1))) if found else ""
        return Details(text=f"a web page titled '{title}'" if title else "a web page")
    if head[:1] in (b"{", b"[", b'"') and len(response.content) <= _LARGEST_JSON:
        from pydantic_core import from_json

        try:
            value: Any = from_json(response.content)
        except ValueError:
            return Details(text=one_line(response.text[: 4 * _LONGEST]))
        return details_of_value(value)
    return Details(text=one_line(response.content[: 4 * _LONGEST].decode("utf-8", "replace")))


def details_of_value(value: object) -> Details:
    """Return what a JSON value says."""
    details = Details()
    _read(value, details)
    details.text = one_line(details.text)
    return details


def _read(value: object, details: Details) -> None:
    if isinstance(value, str):
        details.text = details.text or value
    elif isinstance(value, list):
        # Validation reports: a list of what is wrong where.
        texts = [_report(item) for item in value[:5]]
        details.text = details.text or "; ".join(filter(None, texts))
    elif isinstance(value, Mapping):
        _read_object(value, details)


def _read_object(value: Mapping[Any, Any], details: Details) -> None:
    for name in ("error", "errors", "detail", "details"):
        if value.get(name):
            details.is_error_object = True
            if not details.text or name == "error":
                _read(value[name], details)
    if value.get("object") == "error" or value.get("type") == "error":
        details.is_error_object = True
    for name in ("message", "msg", "error_message", "error_msg", "reason", "title"):
        text = value.get(name)
        if isinstance(text, str) and text and not details.text:
            details.text = text
        elif isinstance(text, (Mapping, list)) and not details.text:
            _read(text, details)
    kind, code = value.get("type"), value.get("code")
    if isinstance(kind, str) and kind != "error":
        details.kind = details.kind or kind
    for number in (value.get("status"), value.get("status_code"), code):
        if details.status is None and str(number).isdigit() and 400 <= int(str(number)) <= 599:
            details.status = int(str(number))
    if isinstance(code, (str, int)) and not isinstance(code, bool) and str(code) != str(details.status):
        details.code = details.code or str(code)
    request_id = value.get("request_id") or value.get("requestId")
    if isinstance(request_id, str):
        details.request_id = request_id
    parameter = value.get("param")
    if isinstance(parameter, str) and parameter and details.text and parameter not in details.text:
        details.text = f"{details.text} ({parameter})"


def _report(item: object) -> str:
    if isinstance(item, Mapping):
        place = item.get("loc")
        text = item.get("msg") or item.get("message") or item.get("detail")
        where = ".".join(map(str, place)) if isinstance(place, list) else ""
        return ": ".join(part for part in (where, str(text or "")) if part)
    return item if isinstance(item, str) else ""


def one_line(text: str) -> str:
    """Return a text on one line, without control characters, at most 500 characters long."""
    line = _CONTROL.sub(" ", text).strip()
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
