"""Where requests go: origins with their connections, and URLs that were parsed before."""

from __future__ import annotations

import base64
import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from mrt.http.pool import Pool

if TYPE_CHECKING:
    import asyncio


class Proxy:
    """An HTTP proxy.

    Args:
        scheme: ``http`` or ``https``: how to speak with the proxy itself.
        host: Host name or address.
        port: Port.
        user: User name and password, joined by a colon; empty without.
    """

    __slots__ = ("authorization", "host", "peer", "port", "scheme")

    def __init__(self, scheme: str, host: str, port: int, user: str = "") -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.peer = f"the proxy {host_and_port(host, port)}"
        encoded = base64.b64encode(user.encode()).decode("ascii")
        self.authorization = f"Proxy-Authorization: Basic {encoded}\r\n" if user else ""


class Site:
    """One origin: where it is, the proxy on the way, and the connections that wait.

    Args:
        scheme: ``http`` or ``https``.
        host: Host name or address.
        port: Port.
        proxy: The proxy on the way; None without.
        max_idle: Connections that may wait.
        idle_seconds: Seconds that they may wait.
        max_connections: Connections at a time; None is no limit.
    """

    __slots__ = ("_limits", "_loop_pools", "_max_connections", "host", "peer", "port", "proxy", "scheme", "thread_pool")

    def __init__(
        self,
        scheme: str,
        host: str,
        port: int,
        proxy: Proxy | None,
        *,
        max_idle: int,
        idle_seconds: float,
        max_connections: int | None,
    ) -> None:
        self.scheme, self.host, self.port, self.proxy = scheme, host, port, proxy
        self.peer = host_and_port(host, port)
        self._limits = (max_idle, idle_seconds)
        self._max_connections = max_connections
        slots = None if max_connections is None else threading.Semaphore(max_connections)
        self.thread_pool = Pool(*self._limits, slots)
        self._loop_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()

    @property
    def tunnels(self) -> bool:
        """Whether the proxy only passes bytes on, as it does under TLS."""
        return self.scheme == "https"

    def loop_pool(self, loop: asyncio.AbstractEventLoop) -> Pool:
        """Return the connections of an event loop, and forget those of loops that are closed."""
        pool = self._loop_pools.get(loop)
        if pool is None:
            for other in list(self._loop_pools):
                forgotten = self._loop_pools.pop(other, None) if other.is_closed() else None
                if forgotten is not None:
                    forgotten.close()
            slots = None
            if self._max_connections is not None:
                import asyncio

                slots = asyncio.Semaphore(self._max_connections)
            pool = self._loop_pools[loop] = Pool(*self._limits, slots)
        return pool

    def close(self) -> None:
        """Close the idle connections of threads and loops, and those in use when they come back."""
        self.thread_pool.close()
        for pool in list(self._loop_pools.values()):
            pool.close()


class Target:
    """A URL, parsed once.

    Args:
        site: Its origin.
        path: Path and query, percent-encoded.
        host_field: Value of the ``Host`` field.
        public_url: The URL without its query, for responses.
    """

    __slots__ = ("extra", "host_field", "public_url", "request_target", "site")

    def __init__(self, site: Site, path: str, host_field: str, public_url: str) -> None:
        self.site = site
        self.host_field = host_field
        self.public_url = public_url
        # A proxy that does not tunnel gets the whole URL, and its key with every request.
        forwarded = site.proxy is not None and not site.tunnels
        self.request_target = f"{site.scheme}://{host_field}{path}" if forwarded else path
        self.extra = site.proxy.authorization if site.proxy is not None and forwarded else ""


def host_and_port(host: str, port: int) -> str:
    """Return host and port as in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
