"""URLs of a vendor's API, however its base is written."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote, urlsplit

from mrt.errors import CredentialsValidateFailedError


@lru_cache(maxsize=512)
def normalize_base_url(url: str) -> str:
    """Return a base URL without blanks around it and slashes at its end.

    Raises:
        CredentialsValidateFailedError: It has no scheme or host, or carries a user, a query or a fragment.
    """
    text = url.strip()
    parts = urlsplit(text) if text else None
    try:
        port_is_fine = parts is None or parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    wrong = None
    if parts is None:
        wrong = "is empty"
    elif parts.scheme not in ("http", "https") or not parts.hostname:
        wrong = "has no scheme" if "//" not in text else "is no address of a web server"
    elif not port_is_fine:
        wrong = "has a wrong port"
    elif parts.username is not None or parts.password is not None:
        wrong = "carries a user name: credentials have fields of their own"
    elif parts.query or parts.fragment:
        wrong = "carries a query or fragment"
    elif any(character.isspace() or ord(character) < 32 for character in text):
        wrong = "has a blank inside"
    if wrong is not None or parts is None:
        shown = "" if parts is None or parts.password or parts.query else f" '{text[:100]}'"
        raise CredentialsValidateFailedError(f"the URL{shown} {wrong}; write it like http://127.0.0.1:8000")
    # Doubled slashes come from joining a base that ended in one.
    path = "/".join(segment for segment in parts.path.split("/") if segment)
    return f"{parts.scheme}://{parts.netloc}" + (f"/{path}" if path else "")


@lru_cache(maxsize=1024)
def endpoint(base_url: str, path: str, version: str = "v1") -> str:
    """Return the URL of an API path below a base with or without the version.

    Args:
        base_url: As a person writes it: with or without ``/v1``, a path before it, a slash at its end.
        path: Path below the version, for example ``chat/completions``, its segments quoted.
        version: The version's segment; empty when the API has none.

    Raises:
        CredentialsValidateFailedError: As in `normalize_base_url`.
    """
    base = normalize_base_url(base_url)
    if version and not base.endswith(f"/{version}"):
        base = f"{base}/{version}"
    return f"{base}/{path.lstrip('/')}"


def quote_segment(segment: str) -> str:
    """Return a text as one segment of a path: slashes in model names do not split it."""
    quoted = quote(segment, safe="")
    # Dots alone mean "this folder" and "the one above" and would be resolved away.
    return quoted.replace(".", "%2E") if segment in (".", "..") else quoted
