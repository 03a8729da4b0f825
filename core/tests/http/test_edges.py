"""Rare turns of connections, which need a socket in a certain state."""

from __future__ import annotations

import asyncio
import errno
import gzip
import itertools
import os
import socket
import ssl
import struct
import threading
import zlib
from typing import Any

import pytest
from hypothesis import given, strategies as st
from raw_server import Peer, Serve, answer, eventually, replies
from ways import Way, get, post

from mrt.errors import InvokeBadResponseError, InvokeConnectionError, InvokeTimeoutError
from mrt.http import failures
from mrt.http.inflate import Inflater
from mrt.http.line import run
from mrt.http.messages import HTTPRequest, Timeouts
from mrt.http.transport import Transport


@pytest.mark.parametrize("host", ["a" * 64 + ".example.com", "a..b", "x" * 300])
def test_names_that_cannot_be_looked_up(way: Way, transport: Transport, host: str) -> None:
    with pytest.raises(InvokeConnectionError, match="was not found"):
        way.send(transport, get(f"http://{host}/"))


def test_a_look_up_is_part_of_connecting(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        waiting = loop.create_future()
        monkeypatch.setattr(loop, "getaddrinfo", lambda *_, **__: waiting)
        with pytest.raises(InvokeTimeoutError) as caught:
            await transport.asend(get("http://models.example.com/"), Timeouts(connect=0.05))
        assert caught.value.phase == "connect"

    asyncio.run(run())


def test_the_next_address_is_tried(
    serve: Serve, way: Way, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(replies(answer(b"fine")))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()
    look_up = socket.getaddrinfo

    def several(host: str, port: int, *rest: Any, **named: Any) -> list[Any]:
        if host != "models.example.com":
            return look_up(host, port, *rest, **named)
        if named.get("flags"):
            raise socket.gaierror(socket.EAI_NONAME, "not a number")
        stream = socket.SOCK_STREAM
        return [
            (10_000, stream, 0, "", closed),
            (socket.AF_INET, stream, 0, "", closed),
            (socket.AF_INET, stream, 0, "", ("127.0.0.1", server.port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", several)
    (response,) = way.send(transport, get("http://models.example.com/"))
    assert response.content == b"fine"


def test_an_idle_connection_that_was_reset_is_replaced(serve: Serve, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(answer(b"fine"))
        assert peer.server.freed.acquire(timeout=20)
        peer.reset()

    server = serve(script)
    transport.send(get(server.url))
    (line,) = next(iter(transport._sites.values())).thread_pool._idle
    server.freed.release()
    assert eventually(lambda: not line.quiet())
    line.hang_up()
    assert not line.quiet()
    server.freed.release()
    assert transport.send(get(server.url)).content == b"fine"
    assert server.connections == 2


def test_a_broken_pipe_is_found_while_sending(serve: Serve, way: Way, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.reset()

    with pytest.raises(InvokeConnectionError):
        way.send(transport, post(serve(script).url, b"x" * 20_000_000))


def test_a_connection_that_dies_in_the_middle_of_sending(serve: Serve, way: Way, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(1000)
        threading.Event().wait(0.05)
        peer.reset()

    with pytest.raises(InvokeConnectionError) as caught:
        way.send(transport, post(serve(script).url, b"x" * 50_000_000))
    assert type(caught.value) is InvokeConnectionError


def test_waiting_without_a_loop_is_a_bug_that_shows() -> None:
    async def wait() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="waited for an event loop"):
        run(wait())


def test_many_urls_do_not_fill_the_memory(serve: Serve, transport: Transport) -> None:
    server = serve(replies(answer()))
    for number in range(600):
        transport.send(get(f"{server.url}/{number}"))
    assert len(transport._targets) <= 512
    assert server.connections == 1


def test_closing_from_a_loop_works_like_closing(serve: Serve) -> None:
    server = serve(replies(answer()))

    async def run() -> None:
        transport = Transport(trust_env=False)
        await transport.asend(get(server.url))
        await transport.aclose()
        await transport.aclose()
        assert await asyncio.to_thread(server.wait_freed)

    asyncio.run(run())


def test_a_closed_transport_gives_up_what_comes_back(serve: Serve) -> None:
    server = serve(replies(answer(b"fine")))
    transport = Transport(trust_env=False)
    stream = transport.open(get(server.url))
    transport.close()
    assert list(stream) == [b"fine"]
    assert server.wait_freed()


@pytest.mark.parametrize(
    ("number", "says"),
    [(errno.EMFILE, "make fewer calls at once"), (errno.EHOSTUNREACH, "no route to host"), (0, "OSError")],
)
def test_other_failures_to_connect_are_said_in_words(number: int, says: str) -> None:
    error = failures.not_connected("h:1", OSError(number, os.strerror(number)) if number else OSError())
    assert "no connection to h:1" in str(error)
    assert says in str(error)


@pytest.mark.parametrize(
    ("code", "says"),
    [(9, "check this computer's clock"), (10, "has expired"), (18, "signed by itself"), (24, "was not accepted: odd")],
)
def test_certificates_that_are_hard_to_make(code: int, says: str) -> None:
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
    cause.verify_code, cause.verify_message = code, "odd"
    error = failures.tls_failed("models.example.com", cause)
    assert says in str(error)
    assert not error.retryable


def inflate(data: bytes, cuts: list[int]) -> bytes:
    inflater = Inflater(10_000)
    edges = [0, *sorted(cuts), len(data)]
    content = b"".join(inflater.feed(data[start:end]) for start, end in itertools.pairwise(edges))
    inflater.finish()
    return content


def packed(content: bytes, bits: int) -> bytes:
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(content) + packer.flush()


@given(st.binary(max_size=300), st.sampled_from([31, 15, -15]), st.lists(st.integers(0, 40), max_size=6))
def test_compression_is_undone_however_it_is_cut(content: bytes, bits: int, cuts: list[int]) -> None:
    data = packed(content, bits)
    assert inflate(data, [min(cut, len(data)) for cut in cuts]) == content


def test_several_members_are_one_body() -> None:
    data = gzip.compress(b"one ", mtime=0) + gzip.compress(b"two", mtime=0)
    assert inflate(data, []) == b"one two"
    assert inflate(data, list(range(len(data)))) == b"one two"


@pytest.mark.parametrize("data", [b"x", gzip.compress(b"whole", mtime=0)[:-1], gzip.compress(b"whole", mtime=0)[:5]])
def test_half_a_compressed_body_is_refused(data: bytes) -> None:
    with pytest.raises(InvokeBadResponseError, match="cut off"):
        inflate(data, [])


def test_damage_in_the_middle_is_refused() -> None:
    data = bytearray(packed(bytes(range(256)) * 20, 31))
    data[40:60] = bytes(20)
    with pytest.raises(InvokeBadResponseError, match="broken"):
        inflate(bytes(data), [30])


def test_no_body_is_no_cut_off_body(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(replies(answer(b"", "200 OK", "Content-Encoding: gzip")))
    assert [response.content for response in way.send(transport, *[get(server.url)] * 2)] == [b"", b""]


def test_an_answer_to_head_has_no_body_to_inflate(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(replies(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\n\r\n"))
    assert way.send(transport, HTTPRequest("HEAD", server.url))[0].content == b""


def test_errors_that_come_with_a_reset_connection_are_read_when_they_can_be(
    serve: Serve, way: Way, transport: Transport
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(answer(b"busy", "503 Service Unavailable"))
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 1))

    (response,) = way.send(transport, get(serve(script).url))
    assert (response.status, response.content) == (503, b"busy")
