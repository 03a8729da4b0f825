"""TLS: certificates are checked, and what is wrong with one is said."""

from __future__ import annotations

import gzip
import socket
import threading
from pathlib import Path

import pytest
from raw_server import STREAM_END, STREAM_HEAD, TLS, Peer, Serve, answer, chunk, replies, stall
from ways import Way, get, post

from mrt.errors import InvokeBadResponseError, InvokeConnectionError
from mrt.http import transport as transport_module
from mrt.http.transport import Transport

CA = TLS / "ca.pem"


def refused(way: Way, transport: Transport, url: str) -> InvokeConnectionError:
    with pytest.raises(InvokeConnectionError) as caught:
        way.send(transport, post(url, authorization="Bearer sk-test"))
    assert type(caught.value) is InvokeConnectionError
    assert not caught.value.retryable
    return caught.value


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_calls_over_tls(serve: Serve, way: Way, host: str) -> None:
    big = bytes(range(256)) * 2000
    server = serve(replies(answer(big)), "localhost.pem")
    with Transport(ca_file=CA, trust_env=False) as transport:
        responses = way.send(transport, *[post(f"https://{host}:{server.port}/v1/x", big)] * 3)
    assert [response.content for response in responses] == [big] * 3
    assert server.requests[0].body == big
    assert server.requests[0].headers["host"] == f"{host}:{server.port}"
    assert server.connections == 1


def test_streams_over_tls(serve: Serve, way: Way) -> None:
    server = serve(replies(STREAM_HEAD + chunk(b"data: 1\n\n") * 3000 + STREAM_END), "localhost.pem")
    with Transport(ca_file=CA, trust_env=False) as transport:
        assert way.stream(transport, get(server.url)).content == b"data: 1\n\n" * 3000
        assert way.stream(transport, get(server.url), leave_after=1).error is None
    assert server.wait_freed()


def test_an_unknown_ca_is_refused(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(stall, "localhost.pem")
    error = refused(way, transport, server.url)
    assert "the certificate of 127.0.0.1 comes from an unknown CA; if you trust it, name its CA file" in str(error)
    assert server.requests == []


def test_another_ca_is_refused(serve: Serve, way: Way) -> None:
    server = serve(stall, "localhost.pem")
    with Transport(ca_file=TLS / "other-ca.pem", trust_env=False) as transport:
        assert "unknown CA" in str(refused(way, transport, server.url))


def test_a_certificate_signed_by_itself_is_refused_unless_it_is_named(
    serve: Serve, way: Way, transport: Transport
) -> None:
    server = serve(replies(answer(b"fine")), "self-signed.pem")
    assert "is signed by itself or by a CA of its own; if you trust it" in str(refused(way, transport, server.url))
    with Transport(ca_file=TLS / "self-signed.pem", trust_env=False) as trusting:
        assert way.send(trusting, get(server.url))[0].content == b"fine"


def test_an_expired_certificate_is_refused(serve: Serve, way: Way) -> None:
    server = serve(stall, "expired.pem")
    with Transport(ca_file=CA, trust_env=False) as transport:
        assert "the certificate of 127.0.0.1 has expired" in str(refused(way, transport, server.url))


def test_a_certificate_for_another_host_is_refused(serve: Serve, way: Way) -> None:
    server = serve(stall, "wrong-host.pem")
    with Transport(ca_file=CA, trust_env=False) as transport:
        assert "the certificate of localhost is for another host" in str(
            refused(way, transport, f"https://localhost:{server.port}")
        )
        assert "is for another host" in str(refused(way, transport, server.url))
    assert server.requests == []


def test_tls_to_a_plain_server_says_which_url_to_use(serve: Serve, way: Way, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(10)
        peer.send(answer(b"no TLS here", "400 Bad Request"))
        peer.left()

    server = serve(script)
    error = refused(way, transport, server.url.replace("http:", "https:"))
    assert "plain HTTP: then the URL begins with http://" in str(error)


def test_plain_http_to_a_tls_server_says_which_url_to_use(serve: Serve, way: Way, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"\x15\x03\x01\x00\x02\x02\x46")

    with pytest.raises((InvokeBadResponseError, InvokeConnectionError)):
        way.send(transport, get(serve(script).url))


def test_a_server_that_hangs_up_in_the_handshake_is_named(serve: Serve, way: Way, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(65536)

    server = serve(script)
    with pytest.raises(InvokeConnectionError) as caught:
        way.send(transport, post(server.url.replace("http:", "https:")))
    assert "TLS with 127.0.0.1 failed" in str(caught.value)
    assert caught.value.retryable


def test_an_end_without_goodbye_is_judged_by_http(serve: Serve, way: Way) -> None:
    payloads = [b"HTTP/1.1 200 OK\r\n\r\nwhole", answer(b"whole")[:-1], answer(b"whole")]

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(payloads[len(peer.server.requests) - 1])
        # This ends the connection below TLS, which says no goodbye.
        peer.sock.shutdown(socket.SHUT_WR)

    server = serve(script, "localhost.pem")
    with Transport(ca_file=CA, trust_env=False) as transport:
        assert way.send(transport, get(server.url))[0].content == b"whole"
        with pytest.raises(InvokeConnectionError):
            way.send(transport, get(server.url))
        assert way.send(transport, get(server.url))[0].content == b"whole"


def test_one_context_serves_the_whole_process(serve: Serve, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    make = transport_module._new_tls_context

    def counting(*arguments: object) -> object:
        made.append(arguments)
        return make(*arguments)

    monkeypatch.setattr(transport_module, "_contexts", {})
    monkeypatch.setattr(transport_module, "_new_tls_context", counting)
    plain, server = serve(replies(answer())), serve(replies(answer()), "localhost.pem")
    transports = [Transport(ca_file=CA, trust_env=False) for _ in range(8)]
    for transport in transports:
        way.send(transport, get(plain.url))
    assert made == []
    start = threading.Barrier(8, timeout=20)

    def call(transport: Transport) -> None:
        start.wait()
        way.send(transport, get(server.url))

    threads = [threading.Thread(target=call, args=(transport,)) for transport in transports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(server.requests) == 8
    assert len(made) == 1
    for transport in transports:
        transport.close()


def test_the_environment_may_name_the_ca(serve: Serve, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(replies(answer(gzip.compress(b"fine"), "200 OK", "Content-Encoding: gzip")), "localhost.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(CA))
    with Transport() as transport:
        assert way.send(transport, get(server.url))[0].content == b"fine"
    with Transport(trust_env=False) as transport:
        refused(way, transport, server.url)


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_ca_file_that_is_none_is_named(serve: Serve, way: Way, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    server = serve(stall, "localhost.pem")
    with Transport(ca_file=file, trust_env=False) as transport:
        assert str(file) in str(refused(way, transport, server.url))
