"""The engine: requests out of bytes, records of them, connections, start and stop."""

from __future__ import annotations

import json
import os
import socket
import threading
import time

import httpx
import pytest

from mrt_testing_kit.probe import ask, chat_body, exchange, talk
from mrt_testing_kit.server import OracleServer, oracle
from mrt_testing_kit.server.parser import BadRequest, RequestParser

POST = b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%s\r\n%s"


def embed(text: str, extra: bytes = b"connection: keep-alive\r\n") -> bytes:
    body = json.dumps({"model": "m", "input": text}).encode()
    return POST % (len(body), extra, body)


def connect(server: OracleServer, timeout: float = 5.0) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=timeout)


def read_reply(sock: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(1 << 16)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += sock.recv(1 << 16)
    assert len(body) == length
    return body


class TestParser:
    def test_any_split_gives_the_same_request(self) -> None:
        whole = b"POST /a?b=1 HTTP/1.1\r\nHost: x\r\nX-A: 1\r\ncontent-length: 5\r\n\r\nhello"
        for at in range(1, len(whole)):
            parser = RequestParser()
            found = [*parser.feed(whole[:at]), *parser.feed(whole[at:])]
            assert [(m.method, m.target, m.body) for m in found] == [("POST", "/a?b=1", b"hello")]
            assert found[0].headers == [("Host", "x"), ("X-A", "1"), ("content-length", "5")]

    def test_chunked_body_with_extension_and_trailer(self) -> None:
        data = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nt: 1\r\n\r\n"
        parser = RequestParser()
        found = [message for byte in data for message in parser.feed(bytes([byte]))]
        assert [m.body for m in found] == [b"abcde"]
        assert parser.idle

    def test_pipelined_requests_come_out_one_by_one(self) -> None:
        one = b"GET /1 HTTP/1.1\r\n\r\n"
        assert [m.target for m in RequestParser().feed(one + one.replace(b"/1 ", b"/2 "))] == ["/1", "/2"]

    @pytest.mark.parametrize(
        "data",
        [
            b"nonsense\r\n\r\n",
            b"GET / HTTP/2\r\n\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            b"GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
            b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        ],
    )
    def test_bad_grammar_is_refused(self, data: bytes) -> None:
        with pytest.raises(BadRequest):
            RequestParser().feed(data)


class TestConnections:
    def test_one_connection_carries_many_requests(self) -> None:
        with OracleServer() as server, connect(server) as sock:
            for word in ("one", "two", "three"):
                sock.sendall(embed(word))
                vector = json.loads(read_reply(sock))["data"][0]["embedding"]
                assert vector == oracle.embedding(word)
            assert server.connections.opened == 1
            assert [r.connection for r in server.requests] == [1, 1, 1]
            assert server.connections[0].requests == [1, 2, 3]

    def test_pipelined_requests_are_answered_in_order(self) -> None:
        with OracleServer() as server, connect(server) as sock:
            sock.sendall(embed("one") + embed("two") + embed("three", b"connection: close\r\n"))
            got = b""
            while block := sock.recv(1 << 16):
                got += block
            places = [got.index(json.dumps(oracle.embedding(w)[0]).encode()) for w in ("one", "two", "three")]
            assert places == sorted(places)

    def test_a_stream_and_a_request_behind_it_do_not_mix(self) -> None:
        body = json.dumps(chat_body("openai", "Hello")).encode()
        stream = b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        with OracleServer() as server, connect(server) as sock:
            got = exchange(sock, stream + embed("last", b"connection: close\r\n"))
            first, second = got.raw.split(b"0\r\n\r\n", 1)
            assert b"[DONE]" in first
            assert json.loads(second.partition(b"\r\n\r\n")[2])["data"][0]["embedding"] == oracle.embedding("last")
            assert server.errors == []

    def test_expect_100_continue(self) -> None:
        data = embed("x", b"expect: 100-continue\r\nconnection: close\r\n")
        head, _, body = data.partition(b"\r\n\r\n")
        with OracleServer() as server, connect(server) as sock:
            sock.sendall(head + b"\r\n\r\n")
            assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            assert exchange(sock, body).status == 200

    def test_http_1_0_closes_and_head_has_no_body(self) -> None:
        with OracleServer() as server:
            with connect(server) as sock:
                got = exchange(sock, b"GET /v1/models HTTP/1.0\r\n\r\n")
                assert got.status == 200
                assert got.complete
            got = ask(server.url, "HEAD", "/v1/models")
            assert got.status == 404
            assert got.raw == b""

    def test_bytes_that_are_no_http_get_400(self) -> None:
        with OracleServer() as server, connect(server) as sock:
            assert exchange(sock, b"\x16\x03\x01 hello\r\n\r\n").status == 400

    def test_who_ended_a_connection_is_known(self) -> None:
        with OracleServer() as server:
            talk(server.url, "openai", stream=False)
            sock = connect(server)
            assert server.wait_for(lambda: server.connections.opened == 2)
            sock.close()
            assert server.wait_for(lambda: server.connections.live == 0)
            assert [c.closed_by for c in server.connections] == ["server", "peer"]
            assert [c.left_during for c in server.connections] == [None, None]

    def test_a_peer_that_leaves_a_stream_is_noticed_at_once(self) -> None:
        with OracleServer() as server:
            body = chat_body("openai", "[[oracle: long 1000]] [[oracle: pace 0.05]]")
            with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=body) as response:
                lines = response.iter_lines()
                next(lines)
                assert server.requests[0].outcome == "pending"
            assert server.wait_for(lambda: server.requests[0].outcome == "left", 1.0)
            assert server.connections[0].left_during == 1

    def test_disconnect_all_resets(self) -> None:
        with OracleServer() as server, connect(server) as sock:
            assert server.wait_for(lambda: server.connections.live == 1)
            server.disconnect_all()
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
            assert server.wait_for(lambda: server.connections.live == 0)
            assert server.connections[0].closed_by == "server"


class TestRecords:
    def test_a_request_is_kept_byte_for_byte(self) -> None:
        body = b'{"model": "m",  "input": "\xc3\xa9"}'
        headers = {"X-First": "1", "x-second": "2", "X-FIRST": "3"}
        with OracleServer() as server:
            ask(server.url, "POST", "/v1/embeddings?a=1&a=2&b=%20", body, headers)
            request = server.requests[0]
        assert request.target == "/v1/embeddings?a=1&a=2&b=%20"
        assert (request.path, request.raw_path) == ("/v1/embeddings", "/v1/embeddings")
        assert request.query == [("a", "1"), ("a", "2"), ("b", " ")]
        assert request.body == body
        assert request.json == {"model": "m", "input": "é"}
        names = [name for name, _ in request.headers]
        assert names == ["host", "content-length", "connection", "content-type", "x-first", "x-second"]
        assert request.header("X-First") == "3"
        assert request.head.startswith(b"POST /v1/embeddings?a=1&a=2&b=%20 HTTP/1.1\r\n")
        assert (request.status, request.outcome) == (200, "answered")

    def test_repeated_headers_are_all_kept(self) -> None:
        with OracleServer() as server, connect(server) as sock:
            exchange(sock, b"GET /v1/models HTTP/1.1\r\nA: 1\r\na: 2\r\nconnection: close\r\n\r\n")
            assert server.requests[0].headers[:2] == [("A", "1"), ("a", "2")]
            assert server.requests[0].header_values("A") == ["1", "2"]

    def test_a_multipart_form_is_read(self) -> None:
        files = {"file": ("a b.wav", b"RIFF\x00\r\n--x\xff", "audio/wav")}
        with OracleServer() as server:
            httpx.post(f"{server.url}/v1/audio/transcriptions", data={"model": "m", "prompt": "é"}, files=files)
            form = server.requests[0].form
        assert {(part.name, part.filename, part.data) for part in form} == {
            ("model", None, b"m"),
            ("prompt", None, "é".encode()),
            ("file", "a b.wav", b"RIFF\x00\r\n--x\xff"),
        }
        assert {part.name: part.content_type for part in form}["file"] == "audio/wav"

    def test_keep_bounds_what_is_remembered(self) -> None:
        with OracleServer(keep=2) as server:
            for _ in range(4):
                ask(server.url, "GET", "/v1/models")
            assert [request.id for request in server.requests] == [3, 4]

    def test_wait_for_says_whether_it_held(self) -> None:
        with OracleServer() as server:
            assert not server.wait_for(lambda: server.requests, timeout=0.01)
            timer = threading.Timer(0.05, ask, (server.url, "GET", "/v1/models"))
            timer.start()
            assert server.wait_for(lambda: len(server.requests) == 1, timeout=5)
            timer.join()

    def test_a_bug_of_a_handler_shows_as_such(self) -> None:
        with OracleServer() as server:
            server.dialect.handle = None  # type: ignore[method-assign,assignment]
            got = ask(server.url, "GET", "/v1/models")
            assert got.status == 500
            assert "testing kit's server failed" in got.text
            assert len(server.errors) == 1

    def test_reset_forgets_everything(self) -> None:
        with OracleServer(strict=True) as server:
            ask(server.url, "GET", "/nowhere")
            server.fault("F15")
            assert server.violations
            server.reset()
            assert (server.requests, server.violations, len(server.script)) == ([], [], 0)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


class TestLife:
    def test_nothing_is_left_after_stop(self) -> None:
        with OracleServer() as server:
            talk(server.url, "openai")
        threads, files = threading.active_count(), descriptors()
        for _ in range(5):
            server = OracleServer().start()
            socks = [connect(server) for _ in range(3)]
            socks[0].sendall(b"POST /v1/chat")
            socks[1].sendall(embed("x"))
            talk(server.url, "openai")
            server.stop()
            server.stop()
            for sock in socks:
                sock.close()
        assert threading.active_count() == threads
        assert descriptors() == files

    def test_stop_in_the_middle_of_streams_is_quick(self) -> None:
        server = OracleServer().start()
        body = chat_body("openai", "[[oracle: long 2000]] [[oracle: pace 0.01]]")
        socks = [connect(server) for _ in range(20)]
        data = json.dumps(body).encode()
        for sock in socks:
            sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n%s" % (len(data), data))
        assert server.wait_for(lambda: len(server.requests) == 20)
        server.stop()
        assert server.connections.live == 0
        assert {request.outcome for request in server.requests} == {"cut"}
        for sock in socks:
            sock.close()

    def test_a_port_in_use_is_said_so(self) -> None:
        with OracleServer() as server, pytest.raises(OSError, match=f"port {server.port} of 127.0.0.1 is in use"):
            OracleServer(port=server.port).start()

    def test_start_twice_is_refused_and_restart_works(self) -> None:
        server = OracleServer()
        with server, pytest.raises(RuntimeError, match="runs already"):
            server.start()
        port = server.port
        with server:
            assert server.port == port
            assert ask(server.url, "GET", "/v1/models").status == 200

    def test_unknown_names_are_refused_with_the_known(self) -> None:
        with pytest.raises(ValueError, match="no dialect 'acme'; there are: anthropic, openai, openllm"):
            OracleServer("acme")
        with pytest.raises(ValueError, match="no strict rule S9; there are: S1"):
            OracleServer(strict={"S9"})
        with pytest.raises(ValueError, match="no certificate"):
            OracleServer(tls="perfect")


class TestLoad:
    def test_a_thousand_streams_at_once(self) -> None:
        bodies = [json.dumps(chat_body("openai", f"[[oracle: say stream {n} ends]]")).encode() for n in range(1000)]
        with OracleServer() as server:
            socks = [connect(server, 30.0) for _ in bodies]
            with server.fault("F49", count=1000, seconds=30.0):
                for sock, body in zip(socks, bodies, strict=True):
                    head = b"POST /v1/chat/completions HTTP/1.1\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
                    sock.sendall(head % len(body) + body)
                for n, sock in enumerate(socks):
                    with sock:
                        got = exchange(sock, b"")
                    said = "".join(e["choices"][0]["delta"].get("content") or "" for e in got.events[:-1])
                    assert said == f"stream {n} ends"
                    assert got.complete
            assert server.errors == []

    def test_a_thousand_calls_at_once(self) -> None:
        with OracleServer() as server:
            socks = [connect(server, 30.0) for _ in range(1000)]
            for n, sock in enumerate(socks):
                sock.sendall(embed(f"text {n}"))
            for n, sock in enumerate(socks):
                assert json.loads(read_reply(sock))["data"][0]["embedding"] == oracle.embedding(f"text {n}")
                sock.close()
            assert server.wait_for(lambda: server.connections.live == 0)
            assert server.connections.opened == 1000

    def test_a_slow_reader_does_not_hold_up_others(self) -> None:
        with OracleServer() as server, connect(server) as slow:
            body = json.dumps(chat_body("openai", "[[oracle: long 20000]]")).encode()
            slow.sendall(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
            assert server.wait_for(lambda: len(server.requests) == 1)
            time.sleep(0.05)
            assert talk(server.url, "openai", stream=False).status == 200
            assert server.requests[0].outcome == "pending"
