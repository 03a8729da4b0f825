"""How long a server asks to wait."""

from __future__ import annotations

import math
import re
import time
from datetime import UTC
from email.utils import parsedate_to_datetime

from mrt.http.messages import Headers

LONGEST_WAIT = 86400.0
"""Seconds. A server that asks for more than a day has a wrong clock or a wrong unit, and so has not said how long."""

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_EPOCH = 1e9


def retry_after(headers: Headers) -> float | None:
    """Return the seconds to wait, or None when the server does not say.

    Read in this order: ``retry-after-ms``; ``retry-after`` in seconds or as a date; ``x-ratelimit-reset`` in seconds or
    as a time stamp; ``x-ratelimit-reset-*`` of the limits that are used up, in seconds or as ``6m0s``. A date that has
    passed is 0. Negative values, what is no number, and more than a day count as not said.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _sane(milliseconds / 1000)
    value = headers.get("retry-after")
    if value is not None:
        seconds = _number(value)
        return _sane(_until_date(value) if seconds is None else seconds)
    reset = _number(headers.get("x-ratelimit-reset"))
    if reset is not None:
        return _sane(max(0.0, reset - time.time()) if reset > _EPOCH else reset)
    waits = [
        wait
        for name, value in headers.items()
        if name.startswith("x-ratelimit-reset-")
        and headers.get(name.replace("reset", "remaining", 1)) == "0"
        and (wait := _sane(_duration(value))) is not None
    ]
    return max(waits, default=None)


def _sane(seconds: float | None) -> float | None:
    if seconds is None or not math.isfinite(seconds) or not 0 <= seconds <= LONGEST_WAIT:
        return None
    return seconds


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _duration(text: str) -> float | None:
    number = _number(text)
    if number is not None:
        return number
    parts = _DURATION.fullmatch(text.strip())
    if parts is None or not any(parts.groups()):
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in parts.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def _until_date(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, date.timestamp() - time.time())
