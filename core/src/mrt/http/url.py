"""URLs of vendors, as people write them."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from mrt.errors import CredentialsValidateFailedError

_EXAMPLE = "it looks like http://127.0.0.1:9997 or https://api.example.com/v1"
_HOST = re.compile(r"[\w.~-]+|\[[0-9A-Fa-f:.]+\]")
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_PLAIN = re.compile(
    rf"(https?)://((?:{_LABEL}\.)*[a-z](?:[a-z0-9-]*[a-z0-9])?|{_BYTE}(?:\.{_BYTE}){{3}})"
    r"(?::([1-9][0-9]{0,4}))?((?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*/?)"
)
PORTS = {"http": 80, "https": 443}


def plain_parts(url: str) -> tuple[str, str, int | None, str] | None:
    """Return scheme, host, port and request target of a URL that is written as nearly all URLs of vendors are.

    Such a URL means the same to every parser, and a process that calls no other has none to import. The port is None
    where it is the scheme's own.

    Returns:
        None for a URL that needs a parser: escapes, letters that are not ASCII, a query, dots as folders.
    """
    found = _PLAIN.fullmatch(url)
    if found is None:
        return None
    scheme, host, port, path = found.groups()
    number = int(port) if port else None
    if number is not None and number > 65535:
        return None
    return scheme, host, None if number == PORTS[scheme] else number, path or "/"


def normalize_base_url(url: str) -> str:
    """Return a base URL without the white space around it and the slashes at its end.

    Args:
        url: What the user gave as server or base URL.

    Raises:
        CredentialsValidateFailedError: It is no URL of a server: no scheme, no host, or a user name, query or fragment.
    """
    text = url.strip()
    if not text:
        raise CredentialsValidateFailedError(f"the URL is empty: {_EXAMPLE}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise CredentialsValidateFailedError(f"this is no valid URL: {_EXAMPLE}") from None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise CredentialsValidateFailedError(f"the URL must begin with http:// or https://: {_EXAMPLE}")
    if "@" in parts.netloc:
        raise CredentialsValidateFailedError(
            "the URL must not hold a user name or password: give the key in its own field"
        )
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise CredentialsValidateFailedError(f"the URL must end with its path, without '?' and '#': {_EXAMPLE}")
    host = parts.netloc if port is None else parts.netloc.rpartition(":")[0]
    if not _HOST.fullmatch(host.removesuffix(":")) or re.search(r"\s", text):
        raise CredentialsValidateFailedError(f"the URL has no valid host: {_EXAMPLE}")
    path = re.sub(r"/{2,}", "/", parts.path).rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(':')}{path}"


def endpoint(base_url: str, path: str, version: str = "v1") -> str:
    """Return the URL of an endpoint.

    The base may end with the version or not, have a path before it, slashes and white space: the result is the same,
    never with ``//`` or ``/v1/v1``.

    Args:
        base_url: What the user gave.
        path: What follows the version: ``chat/completions``. Variable segments must be quoted (`quote_segment`).
        version: First segment of the API's paths; empty for none.

    Raises:
        CredentialsValidateFailedError: The base is no URL of a server.
    """
    base = normalize_base_url(base_url)
    path = path.strip("/")
    if version and not base.endswith(f"/{version}"):
        base = f"{base}/{version}"
    return f"{base}/{path}" if path else base


def quote_segment(text: str) -> str:
    """Return a text as one segment of a path: slashes, colons, spaces, letters outside ASCII, and ``..`` encoded."""
    quoted = quote(text, safe="", errors="replace")
    # Dots alone would be resolved as folders on the way.
    return quoted.replace(".", "%2E") if quoted.strip(".") == "" else quoted
