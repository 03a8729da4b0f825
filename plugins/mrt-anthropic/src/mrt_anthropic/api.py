"""Where the Messages API is, and what every request to it says."""

from __future__ import annotations

from mrt.entities.secret import Secret
from mrt.http.url import endpoint

VERSION = "2023-06-01"
"""Value of the header without which the vendor answers 400."""

DEFAULT_URL = "https://api.anthropic.com"


def url(base: str, path: str) -> str:
    """Return the address of an endpoint, for example ``messages``; the base may end in ``/v1`` or not."""
    return endpoint(base, path)


def headers(key: str | None) -> dict[str, str | Secret | None]:
    """Return the header fields that say who asks, and in which version of the API."""
    return {"x-api-key": Secret(key) if key else None, "anthropic-version": VERSION}
