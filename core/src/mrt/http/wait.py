"""How long a vendor asks to wait."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

LONGEST = 24 * 3600.0
"""Seconds above which a wait is taken for a mistake and cut to this."""


def retry_after(headers: Mapping[str, str], clock: Callable[[], float] = time.time) -> float | None:
    """Return the seconds that a response asks to wait; None when it does not say, or says nonsense.

    ``retry-after-ms`` is in milliseconds; ``retry-after`` is in seconds or a date (RFC 9110, 10.2.3).
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return min(milliseconds / 1000, LONGEST)
    text = headers.get("retry-after")
    if text is None:
        return None
    seconds = _number(text)
    if seconds is None:
        try:
            seconds = max(parsedate_to_datetime(text).timestamp() - clock(), 0.0)
        except (TypeError, ValueError, OverflowError):
            return None
    return min(seconds, LONGEST)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
