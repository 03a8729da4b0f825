"""Which proxy the environment names for a host."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping


def proxy_for(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> str | None:
    """Return the proxy's URL, or None to connect directly.

    Read, as curl and httpx do: ``http_proxy`` or ``https_proxy``, else ``all_proxy``; ``no_proxy`` lists hosts,
    domains, addresses and networks to reach directly. Lower case wins over upper case.

    Args:
        scheme: ``http`` or ``https``.
        host: Host name or address, without brackets.
        port: Port.
        environ: The environment.
    """
    url = _lookup(environ, f"{scheme}_proxy") or _lookup(environ, "all_proxy")
    if not url or _bypassed(host.lower(), port, _lookup(environ, "no_proxy")):
        return None
    return url if "://" in url else f"http://{url}"


def _lookup(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    # A CGI server sets HTTP_PROXY from a visitor's "Proxy:" header, so there only the lower case counts.
    if value is None and not (name == "http_proxy" and "REQUEST_METHOD" in environ):
        value = environ.get(name.upper())
    return (value or "").strip()


def _bypassed(host: str, port: int, no_proxy: str) -> bool:
    return any(_matches(host, port, entry.strip().lower()) for entry in no_proxy.split(","))


def _matches(host: str, port: int, entry: str) -> bool:
    if not entry:
        return False
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, colon, number = entry.rpartition(":")
    if colon and number.isdigit() and (name.endswith("]") or ":" not in name):
        if int(number) != port:
            return False
        entry = name
    entry = entry.strip("[]").removeprefix("*").removeprefix(".")
    return host == entry or host.endswith(f".{entry}")
