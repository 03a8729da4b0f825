"""Sends requests: the only module of core that imports httpx.

httpx parses the URLs that are not plain and brings the trusted CAs, and its parser h11 reads the heads of answers. Its
client and pool are not used: the pool looks at every connection for every request, the client merges cookies,
authentication and redirects that an API has no use for, time limits start anew with every read, so that none limits a
call as a whole, and async connections cannot outlive their event loop without a warning.

Nothing is tried twice, with one exception: a request that met a kept connection just as the server closed it. Redirects
are not followed, so a key never travels to another place.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable, Hashable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mrt.errors import InvokeBadRequestError, InvokeConnectionError
from mrt.http.clock import Clock
from mrt.http.exchange import Exchange
from mrt.http.fields import request_head
from mrt.http.http1 import ask
from mrt.http.line import Line, run
from mrt.http.messages import HTTPRequest, HTTPResponse, Timeouts
from mrt.http.proxies import proxy_for
from mrt.http.sites import Proxy, Site, Target, host_and_port
from mrt.http.streams import AsyncHTTPStream, HTTPStream
from mrt.http.thread_line import ThreadLine
from mrt.http.url import PORTS, plain_parts

if TYPE_CHECKING:
    import ssl

_KNOWN_URLS = 512
_WRONG_URL = (
    "the URL is not valid: it needs a host, no user name, and looks like http://127.0.0.1:9997/v1 or "
    "https://api.example.com/v1"
)


class Transport:
    """Sends HTTP requests from threads and event loops, and keeps the connections.

    Any number of threads and loops may share one. Connections belong to the process and, for async calls, to the loop
    that made them: a child process and a new loop begin with none.

    Args:
        ca_file: PEM file of the CAs to trust in place of the usual ones.
        trust_env: Whether ``HTTP_PROXY`` and its sisters, ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` count.
        max_response_bytes: Size that a whole answer may have.
        max_connections: Connections to one origin at a time, for all threads and for each event loop; None is no limit.
        max_idle: Connections to one origin that wait for their next call.
        idle_seconds: Seconds that they wait.
    """

    def __init__(
        self,
        *,
        ca_file: str | os.PathLike[str] | None = None,
        trust_env: bool = True,
        max_response_bytes: int = 64 * 1024 * 1024,
        max_connections: int | None = None,
        max_idle: int = 1000,
        idle_seconds: float = 60.0,
    ) -> None:
        self._ca_file = None if ca_file is None else os.fspath(ca_file)
        self._trust_env = trust_env
        self._max_response_bytes = max_response_bytes
        self._max_connections = max_connections
        self._max_idle = max_idle
        self._idle_seconds = idle_seconds
        self._sites: dict[tuple[str, str, int], Site] = {}
        self._targets: dict[str, Target] = {}
        self._kept: dict[tuple[int, Hashable], Any] = {}
        self._pid = os.getpid()

    def send(self, request: HTTPRequest, timeouts: Timeouts | None = None) -> HTTPResponse:
        """Send a request and read the whole answer, whatever its status.

        Raises:
            InvokeConnectionError: No connection, or it broke.
            InvokeTimeoutError: A time limit passed.
            InvokeBadResponseError: The answer is too big, or no HTTP.
            InvokeBadRequestError: The URL or a header field is wrong; nothing was sent.
            InvokeAuthorizationError: The key cannot be sent in a header; nothing was sent.
        """
        return run(self._send(request, timeouts))

    async def _send(self, request: HTTPRequest, timeouts: Timeouts | None) -> HTTPResponse:
        exchange = await self._started(request, timeouts, ThreadLine)
        return await exchange.read()

    async def asend(self, request: HTTPRequest, timeouts: Timeouts | None = None) -> HTTPResponse:
        """Do the same as `send` on the running event loop."""
        from mrt.http.loop_line import LoopLine

        exchange = await self._started(request, timeouts, LoopLine)
        return await exchange.read()

    def open(self, request: HTTPRequest, timeouts: Timeouts | None = None) -> HTTPStream:
        """Send a request and return the answer as soon as its head is there.

        Raises:
            InvokeError: As in `send`.
        """
        return HTTPStream(run(self._started(request, timeouts, ThreadLine)))

    async def aopen(self, request: HTTPRequest, timeouts: Timeouts | None = None) -> AsyncHTTPStream:
        """Do the same as `open` on the running event loop."""
        from mrt.http.loop_line import LoopLine

        return AsyncHTTPStream(await self._started(request, timeouts, LoopLine))

    def keep(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what is kept under a key, made at the first call; `close` closes it, too.

        Args:
            key: What tells it from others of its kind.
            make: Makes it; what has a `close` method is closed with the connections.
        """
        own = (os.getpid(), key)
        kept = self._kept.get(own)
        if kept is None:
            made = make()
            # Without a lock, which a fork could copy while it is held: of two that are made at once, one stays.
            kept = self._kept.setdefault(own, made)
            if kept is not made:
                _close(made)
        return kept

    def tls_context(self) -> ssl.SSLContext:
        """Return the TLS context of these connections: the caller's own CA, where there is one, or the system's."""
        return _tls_context(self._ca_file, self._trust_env)

    def close(self) -> None:
        """Close the waiting connections, of threads and of all event loops, and those in use when they end.

        A later call opens new ones.
        """
        sites, self._sites, self._targets = self._sites, {}, {}
        for site in list(sites.values()):
            site.close()
        kept, self._kept = self._kept, {}
        for (pid, _), thing in list(kept.items()):
            # What a parent made before a fork is the parent's to close.
            if pid == os.getpid():
                _close(thing)

    async def aclose(self) -> None:
        """Do the same as `close`, which waits for nothing."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _started(self, request: HTTPRequest, timeouts: Timeouts | None, line_type: type[Line]) -> Exchange:
        if self._pid != os.getpid():
            # After a fork the parent goes on using its sockets; ours are copies, closed as they are forgotten.
            self._pid, self._sites, self._targets = os.getpid(), {}, {}
        target = self._targets.get(request.url) or self._parse(request.url)
        site = target.site
        head = request_head(request, target.request_target, target.host_field, target.extra)
        clock = Clock(timeouts or Timeouts(), site.peer)
        limit = self._max_response_bytes
        exchange = Exchange(
            request.method, head, request.content, target.public_url, clock, line_type.pool(site), limit
        )

        def connect(clock: Clock) -> Awaitable[Line]:
            return self._connect(site, clock, line_type)

        await exchange.start(connect, line_type)
        return exchange

    async def _connect(self, site: Site, clock: Clock, line_type: type[Line]) -> Line:
        proxy = site.proxy
        line = line_type(clock, proxy.peer if proxy else site.peer)
        try:
            if proxy is None:
                await line.connect(site.host, site.port)
            else:
                await line.connect(proxy.host, proxy.port)
                if proxy.scheme == "https":
                    await line.secure(self.tls_context(), proxy.host)
                if site.tunnels:
                    await _tunnel(line, site, proxy)
            line.peer = site.peer
            if site.scheme == "https":
                await line.secure(self.tls_context(), site.host)
        except BaseException:
            line.hang_up()
            raise
        return line

    def _parse(self, text: str) -> Target:
        scheme, host, named_port, path = plain_parts(text) or _parsed(text)
        port = named_port or PORTS[scheme]
        key = (scheme, host, port)
        site = self._sites.get(key) or self._sites.setdefault(key, self._site(*key))
        name = f"[{host}]" if ":" in host else host
        host_field = name if named_port is None else f"{name}:{port}"
        target = Target(site, path, host_field, f"{scheme}://{host_field}{path.partition('?')[0]}")
        if len(self._targets) >= _KNOWN_URLS:
            self._targets.clear()
        self._targets[text] = target
        return target

    def _site(self, scheme: str, host: str, port: int) -> Site:
        return Site(
            scheme,
            host,
            port,
            self._proxy(scheme, host, port),
            max_idle=self._max_idle,
            idle_seconds=self._idle_seconds,
            max_connections=self._max_connections,
        )

    def _proxy(self, scheme: str, host: str, port: int) -> Proxy | None:
        named = proxy_for(scheme, host, port, os.environ) if self._trust_env else None
        if named is None:
            return None
        import httpx

        try:
            url = httpx.URL(named)
        except httpx.InvalidURL:
            url = httpx.URL()
        if url.scheme not in PORTS or not url.host:
            raise InvokeConnectionError(
                f"the environment names a proxy for {scheme} URLs that is none: a proxy looks like "
                f"http://proxy.example.com:3128 (SOCKS is not spoken); mend it, or add {host} to NO_PROXY",
                retryable=False,
            )
        user = f"{url.username}:{url.password}" if url.userinfo else ""
        return Proxy(url.scheme, url.raw_host.decode("ascii"), url.port or PORTS[url.scheme], user)


def _parsed(text: str) -> tuple[str, str, int | None, str]:
    """Return scheme, host, port and request target of any URL, as `plain_parts` does."""
    import httpx

    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError, ValueError):
        raise InvokeBadRequestError(_WRONG_URL) from None
    scheme, host, port = url.scheme, url.raw_host.decode("ascii"), url.port
    if scheme not in PORTS:
        raise InvokeBadRequestError(f"a URL begins with http:// or https://, this one with {scheme[:20]!r}")
    if not host or "%" in host or (port is not None and port > 65535) or url.userinfo:
        # The message leaves the URL out: a part of it may be secret.
        raise InvokeBadRequestError(_WRONG_URL)
    return scheme, host, port, url.raw_path.decode("ascii")


def _close(thing: Any) -> None:
    if hasattr(thing, "close"):
        thing.close()


async def _tunnel(line: Line, site: Site, proxy: Proxy) -> None:
    place = host_and_port(site.host, site.port)
    head = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{proxy.authorization}\r\n"
    answer = await ask(line, "CONNECT", head.encode("ascii"))
    if answer.status >= 300:
        hint = ": it wants a user name and password, as http://user:password@host" if answer.status == 407 else ""
        raise InvokeConnectionError(
            f"{proxy.peer} did not connect to {place} (HTTP {answer.status}){hint}", retryable=answer.status >= 500
        )


_contexts: dict[tuple[str | None, ...], ssl.SSLContext] = {}
_contexts_lock = threading.Lock()


def _tls_context(ca_file: str | None, trust_env: bool) -> ssl.SSLContext:
    """Return the process's TLS context: making one reads all CAs, which costs as much as a hundred calls."""
    named = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")) if trust_env else (None, None)
    key = (ca_file, *named)
    context = _contexts.get(key)
    if context is not None:
        return context
    with _contexts_lock:
        context = _contexts.get(key)
        if context is None:
            context = _contexts[key] = _new_tls_context(ca_file, trust_env)
    return context


def _new_tls_context(ca_file: str | None, trust_env: bool) -> ssl.SSLContext:
    import ssl

    import httpx

    try:
        if ca_file is None:
            context = httpx.create_ssl_context(trust_env=trust_env)
        else:
            context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        named = ca_file or os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
        reason = error.strerror or "no certificates in it"
        raise InvokeConnectionError(f"the CA file {named!r} cannot be used: {reason}", retryable=False) from error
    context.set_alpn_protocols(["http/1.1"])
    return context


def _new_lock() -> None:
    global _contexts_lock
    _contexts_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    # Another thread of the parent may have held it.
    os.register_at_fork(after_in_child=_new_lock)
