"""Proxies that the environment names."""

from __future__ import annotations

import base64
import socket
import threading
from urllib.parse import urlsplit

import pytest
from raw_server import TLS, Peer, Serve, answer, replies, stall
from ways import Way, get, post

from mrt.errors import InvokeConnectionError, InvokeError, InvokeTimeoutError
from mrt.http.messages import Timeouts
from mrt.http.proxies import proxy_for
from mrt.http.transport import Transport

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def tunnel(peer: Peer) -> None:
    """Connect as the client asks, and pass bytes on both ways."""
    request = peer.request()
    assert request.method == "CONNECT"
    host, _, port = request.target.rpartition(":")
    peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    with socket.create_connection((host, int(port))) as upstream:

        def back() -> None:
            try:
                while data := upstream.recv(65536):
                    peer.sock.sendall(data)
                peer.sock.shutdown(socket.SHUT_WR)
            except OSError:
                return

        thread = threading.Thread(target=back, daemon=True)
        thread.start()
        try:
            while data := peer.sock.recv(65536):
                upstream.sendall(data)
        finally:
            upstream.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def test_plain_requests_go_to_the_proxy_whole(serve: Serve, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(replies(answer(b"fine")))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    with Transport() as transport:
        responses = way.send(transport, *[post("http://models.example.com/v1/x?y=1")] * 2)
    assert [response.content for response in responses] == [b"fine"] * 2
    assert proxy.requests[0].target == "http://models.example.com/v1/x?y=1"
    assert proxy.requests[0].headers["host"] == "models.example.com"
    assert "proxy-authorization" not in proxy.requests[0].headers
    assert proxy.connections == 1


def test_tls_goes_through_the_proxy_untouched(serve: Serve, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(replies(answer(b"fine")), "localhost.pem")
    proxy = serve(tunnel)
    monkeypatch.setenv("https_proxy", proxy.url)
    with Transport(ca_file=TLS / "ca.pem") as transport:
        url = f"https://localhost:{server.port}/v1/x"
        responses = way.send(transport, *[post(url, authorization="Bearer sk-test")] * 2)
    assert [response.content for response in responses] == [b"fine"] * 2
    (request,) = proxy.requests
    assert request.target == f"localhost:{server.port}"
    assert "authorization" not in request.headers
    assert server.requests[0].target == "/v1/x"
    assert server.connections == 1


@pytest.mark.parametrize("inner", ["http", "https"])
def test_the_proxy_itself_may_speak_tls(serve: Serve, way: Way, monkeypatch: pytest.MonkeyPatch, inner: str) -> None:
    server = serve(replies(answer(b"fine")), "localhost.pem" if inner == "https" else None)
    proxy = serve(tunnel if inner == "https" else replies(answer(b"fine")), "localhost.pem")
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    with Transport(ca_file=TLS / "ca.pem") as transport:
        assert way.send(transport, get(server.url))[0].content == b"fine"
    assert len(proxy.requests) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_may_want_a_password(serve: Serve, way: Way, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    server = serve(replies(answer(b"fine")), "localhost.pem")
    proxy = serve(tunnel if scheme == "https" else replies(answer(b"fine")))
    monkeypatch.setenv(f"{scheme}_proxy", f"http://ann:p%40ss@127.0.0.1:{proxy.port}")
    url = server.url if scheme == "https" else "http://models.example.com/"
    with Transport(ca_file=TLS / "ca.pem") as transport:
        assert way.send(transport, get(url))[0].content == b"fine"
    assert proxy.requests[0].headers["proxy-authorization"] == f"Basic {base64.b64encode(b'ann:p@ss').decode()}"
    assert all("proxy-authorization" not in request.headers for request in server.requests)


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway"])
def test_a_proxy_that_refuses_is_named(serve: Serve, way: Way, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    proxy = serve(replies(answer(b"no", status)))
    monkeypatch.setenv("HTTPS_PROXY", f"http://ann:secret-word@127.0.0.1:{proxy.port}")
    with Transport() as transport, pytest.raises(InvokeConnectionError) as caught:
        way.send(transport, get("https://models.example.com/v1"))
    text = str(caught.value)
    assert f"the proxy 127.0.0.1:{proxy.port} did not connect to models.example.com:443 (HTTP {status[:3]})" in text
    assert "secret-word" not in text
    assert ("user name and password" in text) == status.startswith("407")
    assert caught.value.retryable == status.startswith("502")


def test_a_proxy_that_is_not_there_is_named(serve: Serve, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{port}")
    with Transport() as transport, pytest.raises(InvokeConnectionError) as caught:
        way.send(transport, get("http://models.example.com/v1"))
    assert f"connection to the proxy 127.0.0.1:{port} refused" in str(caught.value)


def test_the_wait_for_a_tunnel_is_part_of_connecting(serve: Serve, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", serve(stall).url)
    with Transport() as transport, pytest.raises(InvokeTimeoutError) as caught:
        way.send(transport, get("https://models.example.com/v1"), timeouts=Timeouts(connect=0.15))
    assert caught.value.phase == "connect"


@pytest.mark.parametrize("value", ["socks5://127.0.0.1:1080", "http://", "http://a b", "http://127.0.0.1:x"])
def test_what_is_no_http_proxy_is_refused_in_words(way: Way, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ALL_PROXY", value)
    with Transport() as transport, pytest.raises(InvokeError) as caught:
        way.send(transport, get("http://models.example.com/v1"))
    assert "proxy" in str(caught.value) or "host" in str(caught.value)


def test_the_environment_counts_only_when_trusted(serve: Serve, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    server, proxy = serve(replies(answer(b"direct"))), serve(replies(answer(b"proxied")))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    with Transport(trust_env=False) as transport:
        assert way.send(transport, get(server.url))[0].content == b"direct"
    with Transport() as transport:
        assert way.send(transport, get(server.url))[0].content == b"proxied"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Transport() as transport:
        assert way.send(transport, get(server.url))[0].content == b"direct"


P, Q = "http://p.example.com:1", "http://q.example.com:2"


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("http://a.example.com", {}, None),
        ("http://a.example.com", {"HTTP_PROXY": P}, P),
        ("http://a.example.com", {"http_proxy": P, "HTTP_PROXY": Q}, P),
        ("http://a.example.com", {"http_proxy": "", "HTTP_PROXY": Q}, None),
        ("http://a.example.com", {"HTTPS_PROXY": P}, None),
        ("https://a.example.com", {"HTTPS_PROXY": P, "ALL_PROXY": Q}, P),
        ("https://a.example.com", {"all_proxy": Q}, Q),
        ("http://a.example.com", {"HTTP_PROXY": "p.example.com:1"}, P),
        # In a CGI program this variable is what a visitor's header says.
        ("http://a.example.com", {"HTTP_PROXY": P, "REQUEST_METHOD": "GET"}, None),
        ("http://a.example.com", {"http_proxy": P, "REQUEST_METHOD": "GET"}, P),
        ("http://a.example.com", {"HTTP_PROXY": P, "NO_PROXY": "*"}, None),
        ("http://a.example.com", {"HTTP_PROXY": P, "NO_PROXY": "example.com"}, None),
        ("http://a.example.com", {"HTTP_PROXY": P, "NO_PROXY": " .Example.COM , x"}, None),
        ("http://a.example.com", {"HTTP_PROXY": P, "NO_PROXY": "*.example.com"}, None),
        ("http://a.example.com", {"HTTP_PROXY": P, "NO_PROXY": "ple.com"}, P),
        ("http://a.example.com:81", {"HTTP_PROXY": P, "NO_PROXY": "a.example.com:81"}, None),
        ("http://a.example.com:82", {"HTTP_PROXY": P, "NO_PROXY": "a.example.com:81"}, P),
        ("http://10.1.2.3", {"HTTP_PROXY": P, "NO_PROXY": "10.0.0.0/8"}, None),
        ("http://11.1.2.3", {"HTTP_PROXY": P, "NO_PROXY": "10.0.0.0/8"}, P),
        ("http://a.example.com", {"HTTP_PROXY": P, "NO_PROXY": "10.0.0.0/8,x/y"}, P),
        ("http://[::1]:80", {"HTTP_PROXY": P, "NO_PROXY": "::1"}, None),
        ("http://[::1]:80", {"HTTP_PROXY": P, "NO_PROXY": "[::1]:80"}, None),
        ("http://[::1]:81", {"HTTP_PROXY": P, "NO_PROXY": "[::1]:80"}, P),
    ],
)
def test_variables_are_read_as_everywhere(url: str, environ: dict[str, str], proxy: str | None) -> None:
    parts = urlsplit(url)
    assert proxy_for(parts.scheme, parts.hostname or "", parts.port or 80, environ) == proxy
