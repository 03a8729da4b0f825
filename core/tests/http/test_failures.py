"""What goes wrong on the way becomes one of our errors, which says what to do and shows no secret."""

from __future__ import annotations

import gzip
import socket

import pytest
from raw_server import Peer, Serve, answer, chunk, replies, stall
from ways import Way, get

from mrt.entities.secret import Secret
from mrt.errors import (
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeConnectionError,
    InvokeError,
)
from mrt.http.messages import HTTPRequest
from mrt.http.transport import Transport

CHUNKED = answer(b"", "200 OK", "Transfer-Encoding: chunked", "X-Request-Id: req-7", length=False)


def failure(way: Way, transport: Transport, request: HTTPRequest) -> InvokeError:
    with pytest.raises(InvokeError) as caught:
        way.send(transport, request)
    return caught.value


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_a_refused_connection_names_the_place(way: Way, transport: Transport) -> None:
    port = free_port()
    error = failure(way, transport, get(f"http://127.0.0.1:{port}/v1?key=sk-test"))
    assert type(error) is InvokeConnectionError
    assert error.retryable
    assert f"connection to 127.0.0.1:{port} refused: is the server running" in str(error)
    assert "sk-test" not in str(error)


def test_an_unknown_host_is_named(way: Way, transport: Transport) -> None:
    error = failure(way, transport, get("http://no-such-host.invalid/v1"))
    assert type(error) is InvokeConnectionError
    assert "the host 'no-such-host.invalid' was not found" in str(error)
    assert isinstance(error.__cause__, OSError)


@pytest.mark.parametrize(
    "payload",
    [
        answer(b"hello")[:-1],
        CHUNKED + b"5\r\nhel",
        CHUNKED + chunk(b"hello"),
        CHUNKED + chunk(b"hello") + b"0\r\n",
        CHUNKED + b"5\r\nhelloXX3\r\n",
        CHUNKED + b"hello\r\n",
        CHUNKED + b"-5\r\nhello\r\n",
        CHUNKED + b"0x5\r\nhello\r\n",
        answer(b"", "200 OK", "Content-Encoding: gzip", "Content-Length: 500", length=False)
        + gzip.compress(b"x" * 400),
    ],
)
def test_a_body_that_breaks_off_is_a_connection_error(
    serve: Serve, way: Way, transport: Transport, payload: bytes
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(payload)

    error = failure(way, transport, get(serve(script).url))
    assert type(error) is InvokeConnectionError
    assert "answer" in str(error)
    if b"req-7" in payload:
        assert error.request_id == "req-7"


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\nContent-"])
def test_a_head_that_breaks_off_is_a_connection_error(
    serve: Serve, way: Way, transport: Transport, start: bytes
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(start)

    server = serve(script)
    error = failure(way, transport, get(server.url))
    assert type(error) is InvokeConnectionError
    assert ("without an answer" if not start else "in the middle of its answer") in str(error)
    assert len(server.requests) == 1


def test_a_reset_is_a_connection_error(serve: Serve, way: Way, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED + chunk(b"hello"))
        peer.reset()

    error = failure(way, transport, get(serve(script).url))
    assert type(error) is InvokeConnectionError
    assert error.retryable


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n", b"x" * 200_000]
)
def test_what_is_no_http_is_a_bad_response(serve: Serve, way: Way, transport: Transport, greeting: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(greeting)
        peer.left()

    error = failure(way, transport, get(serve(script).url))
    assert type(error) is InvokeBadResponseError
    assert "did not answer in HTTP" in str(error)
    assert "https://" in str(error)
    assert "OpenSSH" not in str(error)


def test_a_switch_of_protocols_is_a_bad_response(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(replies(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"))
    assert type(failure(way, transport, get(server.url))) is InvokeBadResponseError


@pytest.mark.parametrize(
    "payload",
    [answer(b"x" * 2000), CHUNKED + chunk(b"x" * 900) + chunk(b"x" * 900) + b"0\r\n\r\n"],
    ids=["announced", "found"],
)
def test_an_answer_that_is_too_big_is_not_read(serve: Serve, way: Way, payload: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(payload)
        stall(peer)

    server = serve(script)
    with Transport(trust_env=False, max_response_bytes=1000) as transport:
        error = failure(way, transport, get(server.url))
    assert type(error) is InvokeBadResponseError
    assert "1000" in str(error)
    assert error.status == 200
    assert server.wait_freed()


def test_the_body_of_an_error_is_cut_and_not_refused(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(replies(answer(b"x" * 10_000_000, "500 Internal Server Error")))
    (response,) = way.send(transport, get(server.url))
    assert response.status == 500
    assert len(response.content) == 1024 * 1024


@pytest.mark.parametrize(
    "payload",
    [
        answer(b"no", "503 Service Unavailable", "Content-Length: 100", length=False),
        answer(b"no", "503 Service Unavailable", "Content-Encoding: br"),
        answer(b"\x1f\x8b no", "503 Service Unavailable", "Content-Encoding: gzip"),
    ],
    ids=["cut off", "unknown encoding", "broken encoding"],
)
def test_the_status_of_an_error_outlives_its_body(serve: Serve, way: Way, transport: Transport, payload: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(payload)

    (response,) = way.send(transport, get(serve(script).url))
    assert response.status == 503


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization", "Bearer sk-tést"),
        ("authorization", "Bearer sk-test\n"),
        ("x-api-key", "sk-test "),
        ("api-key", " sk-test"),
        ("authorization", "Bearer sk-test\r\nx-evil: 1"),
        ("authorization", "Bearer sk-te“st"),
        ("x-custom", Secret("sk-te\x00st")),
    ],
)
def test_a_key_that_no_header_can_carry_is_found_before_any_connection(
    serve: Serve, way: Way, transport: Transport, name: str, value: str | Secret
) -> None:
    server = serve(stall)
    error = failure(way, transport, HTTPRequest("POST", server.url, {name: value}))
    assert type(error) is InvokeAuthorizationError
    assert repr(name) in str(error)
    assert "sk-t" not in repr(error) + str(error)
    assert server.connections == 0


@pytest.mark.parametrize(
    ("name", "value"), [("x-title", "ä"), ("x-title", "a\nb"), ("bad name", "a"), ("", "a"), ("x:", "a")]
)
def test_other_fields_likewise(serve: Serve, way: Way, transport: Transport, name: str, value: str) -> None:
    server = serve(stall)
    error = failure(way, transport, HTTPRequest("POST", server.url, {name: value}))
    assert type(error) is InvokeBadRequestError
    assert server.connections == 0


@pytest.mark.parametrize("method", ["", "GET /evil", "PÖST", "GET\r\n"])
def test_methods_are_checked(serve: Serve, way: Way, transport: Transport, method: str) -> None:
    server = serve(stall)
    assert type(failure(way, transport, HTTPRequest(method, server.url))) is InvokeBadRequestError
    assert server.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:9997/v1",
        "",
        "//example.com/v1",
        "http://",
        "http:///v1",
        "http://exa mple.com",
        "http://example.com:99999",
        "http://example.com:x",
        "http://sk-test@example.com",
        "http://user:sk-test@example.com/",
        "http://example.com/a\nb",
        "ftp://example.com",
        "file:///etc/passwd",
    ],
)
def test_urls_that_lead_nowhere_are_refused(way: Way, transport: Transport, url: str) -> None:
    error = failure(way, transport, get(url))
    assert type(error) is InvokeBadRequestError
    assert "http://" in str(error)
    assert "sk-test" not in str(error)


def test_a_place_is_free_again_after_every_failure(serve: Serve, way: Way) -> None:
    payloads = (answer(b"hello")[:-1], b"garbage\r\n\r\n", b"")

    def script(peer: Peer) -> None:
        peer.request()
        number = len(peer.server.requests)
        peer.send(payloads[number - 1] if number <= len(payloads) else answer(b"fine"))

    server = serve(script)
    with Transport(trust_env=False, max_connections=1) as transport:
        for _ in payloads:
            failure(way, transport, get(server.url))
        assert way.send(transport, get(server.url))[0].content == b"fine"
