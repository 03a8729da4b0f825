"""A small blocking HTTP client, as a vendor's SDK has one."""

from __future__ import annotations

import http.client
import json
import time
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from mrt import HTTPResponse, ServerSentEvent, Timeouts
from mrt.entities.plain import is_mapping
from mrt.http import Headers
from mrt.http.url import endpoint
from mrt.plugin.sdk import shared, time_limits, tls_context
from mrt_testing_kit.references.openai_client.errors import ConnectionFailed, KeyRefused, TimedOut, Unusable, error_of
from mrt_testing_kit.references.openai_client.events import EventReader
from mrt_testing_kit.references.openai_client.pool import Pool

_LARGEST_ERROR = 65536
_PIECE = 65536
# gzip or zlib, whichever it is
_ANY_CODING = 47


class Client:
    """Makes calls to one server, with connections that are kept as long as the runtime lives.

    Args:
        credentials: ``base_url`` and, where the server wants one, ``api_key``.
    """

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._base_url = str(credentials["base_url"])
        self._key = str(credentials.get("api_key") or "").strip()
        # The caller's time limits and connections; core sets them around every call.
        self._limits = time_limits()
        self._pool = shared(("openai_client", "pool"), Pool)

    def post(self, path: str, body: Any) -> HTTPResponse:
        """Send JSON and return the answer.

        Raises:
            ClientError: There is none, or it is an error.
        """
        return self.send(path, json.dumps(body).encode(), "application/json")

    def send(self, path: str, content: bytes, media_type: str) -> HTTPResponse:
        """Send bytes and return the answer; errors as in `post`."""
        with self._exchange(path, content, media_type) as (answer, read):
            return HTTPResponse(answer.status, answer.headers, b"".join(read))

    def events(self, path: str, body: Any, told: Any = None) -> Generator[ServerSentEvent]:
        """Send JSON and yield the events of the answer; closing the generator ends the connection.

        Args:
            path: The endpoint.
            body: What to send.
            told: Its ``request_id`` is set to the server's id of the request, before the first event.

        Raises:
            ClientError: There is no answer, or it is an error, or no stream.
        """
        reader = EventReader()
        with self._exchange(path, json.dumps(body).encode(), "application/json") as (answer, read):
            if answer.media_type in ("application/json", "text/html"):
                raise unexpected(HTTPResponse(answer.status, answer.headers, b"".join(read)))
            if told is not None:
                told.request_id = HTTPResponse(answer.status, answer.headers).request_id
            for data in read:
                yield from reader.feed(data)
        yield from reader.finish()

    def pieces(self, path: str, body: Any) -> Generator[bytes]:
        """Send JSON and yield the bytes of the answer as they come; otherwise as `events`."""
        with self._exchange(path, json.dumps(body).encode(), "application/json") as (_, read):
            yield from read

    @contextmanager
    def _exchange(self, path: str, content: bytes, media_type: str) -> Generator[tuple[HTTPResponse, Iterator[bytes]]]:
        url = endpoint(self._base_url, path)
        place, target = _way(url)
        scheme = urlsplit(url).scheme
        headers = {"content-type": media_type, **self._authorization()}
        started = time.monotonic()

        def ask(connection: http.client.HTTPConnection) -> tuple[http.client.HTTPResponse, Any]:
            if connection.sock is None:
                connection.connect()
            socket: Any = connection.sock
            socket.settimeout(_least(self._limits.first_byte, _left(self._limits, started)))
            connection.request("POST", target, content, headers)
            return connection.getresponse(), socket

        connection = self._pool.take(scheme, place)
        is_old = connection is not None
        connection = connection or self._connection(url, place)
        read_all: list[bool] = []
        try:
            with _own_errors(url):
                try:
                    raw, socket = ask(connection)
                except ConnectionError:
                    if not is_old:
                        raise
                    # The server closed a connection that had waited too long, before it saw the request.
                    connection.close()
                    connection = self._connection(url, place)
                    raw, socket = ask(connection)
            answer = HTTPResponse(raw.status, Headers(raw.getheaders()))
            read = self._read(raw, socket, url, started, read_all)
            if raw.status >= 300:
                raise _refusal(answer, read)
            yield answer, read
        finally:
            if read_all:
                self._pool.give_back(scheme, place, connection)
            else:
                connection.close()

    def _connection(self, url: str, place: str) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        if parts.scheme == "http":
            return http.client.HTTPConnection(place, timeout=self._limits.connect)
        secure = http.client.HTTPSConnection(place, timeout=self._limits.connect, context=tls_context())
        if place != parts.netloc:
            secure.set_tunnel(parts.netloc)
        return secure

    def _authorization(self) -> dict[str, str]:
        if not self._key:
            return {}
        if not (self._key.isascii() and self._key.isprintable()):
            raise KeyRefused("the key holds characters that no key has: copy it again")
        return {"authorization": f"Bearer {self._key}"}

    def _read(
        self, raw: http.client.HTTPResponse, socket: Any, url: str, started: float, read_all: list[bool]
    ) -> Iterator[bytes]:
        # Some gateways compress although nobody asked for it.
        unpack = zlib.decompressobj(_ANY_CODING) if raw.headers.get("content-encoding") else None
        try:
            while True:
                with _own_errors(url):
                    socket.settimeout(_least(self._limits.between_bytes, _left(self._limits, started)))
                    data = raw.read1(_PIECE)
                if not data:
                    break
                yield data if unpack is None else unpack.decompress(data)
            if raw.length:
                raise ConnectionFailed(f"the answer of {url} was cut off")
            read_all.append(True)
        except zlib.error as error:
            raise Unusable(f"the answer of {url} cannot be unpacked: {error}") from error
        finally:
            raw.close()


def _way(url: str) -> tuple[str, str]:
    """Return where to connect to, and what a request there names: behind a proxy that is the whole address."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    place = parts.netloc if proxy is None or proxy_bypass(parts.netloc) else urlsplit(proxy).netloc
    return place, url if place != parts.netloc and parts.scheme == "http" else parts.path


@contextmanager
def _own_errors(url: str) -> Generator[None]:
    where = urlsplit(url).netloc
    try:
        yield
    except TimeoutError as error:
        raise TimedOut(f"{where} took too long") from error
    except (OSError, http.client.HTTPException) as error:
        raise ConnectionFailed(f"the connection to {where} failed: {str(error) or type(error).__name__}") from error


def _left(limits: Timeouts, started: float) -> float | None:
    # No less than a moment: a socket takes 0 for "never wait".
    return None if limits.total is None else max(limits.total - (time.monotonic() - started), 0.001)


def _least(*seconds: float | None) -> float | None:
    return min((limit for limit in seconds if limit is not None), default=None)


def _refusal(answer: HTTPResponse, read: Iterator[bytes]) -> Exception:
    content = b""
    for data in read:
        content += data
        if len(content) > _LARGEST_ERROR:
            break
    if answer.status < 400:
        return error_of("the server redirects: use the address that it names", answer)
    if _is_web_page(content):
        return error_of("the answer is a web page", answer)
    try:
        return error_of(json.loads(content), answer)
    except ValueError:
        return error_of(content[:_LARGEST_ERROR].decode("utf-8", "replace").strip(), answer)


def object_of(response: HTTPResponse, key: str) -> Mapping[str, Any]:
    """Return the JSON object of an answer, which has this key.

    Raises:
        ClientError: It is an error, or something else.
    """
    try:
        value = json.loads(response.content)
    except ValueError as error:
        raise Unusable(f"the answer is no JSON: {error}", response) from error
    if not is_mapping(value) or value.get("error") or value.get(key) is None:
        raise unexpected(response)
    return value


def unexpected(response: HTTPResponse) -> Exception:
    """Return the error for an answer of status 200 that is not what was asked for."""
    if _is_web_page(response.content):
        return Unusable("the answer is a web page", response)
    try:
        value = json.loads(response.content)
    except ValueError:
        return Unusable("the answer is nothing that can be read", response)
    if isinstance(value, str) or (is_mapping(value) and {"error", "detail", "message"} & set(value)):
        return error_of(value, response)
    return Unusable("the answer does not hold what was asked for", response)


def _is_web_page(content: bytes) -> bool:
    return content.lstrip()[:1] == b"<"
