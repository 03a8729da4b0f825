"""Short, clean texts out of what a server sent."""

from __future__ import annotations

import html
import re

MAX_TEXT = 500
"""Characters of a vendor's message that an error shows."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ud800-\udfff]+")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_LOOKED_AT = 16384


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Return the text on one line, without control characters and not longer than `limit`."""
    # What is cut off anyway is not cleaned: an error may have megabytes.
    text = " ".join(_CONTROL.sub(" ", text[: 4 * limit]).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def is_web_page(content: bytes, media_type: str = "") -> bool:
    """Return whether a body is HTML, whatever its media type says."""
    start = content[:256].lstrip().lower()
    return media_type == "text/html" or start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


def web_page(content: bytes) -> str:
    """Return the name of a web page: its title, and never its text."""
    title = _TITLE.search(content[:_LOOKED_AT].decode("utf-8", "replace"))
    name = clean(html.unescape(title[1]), 120) if title else ""
    return f"a web page ({name!r})" if name else "a web page"
