"""Each of the four time limits ends a call that would not end by itself, and says which one it was."""

from __future__ import annotations

import threading

import pytest
from raw_server import STREAM_END, STREAM_HEAD, Peer, Serve, answer, chunk, replies, stall
from ways import Way, get, post

from mrt.errors import InvokeError, InvokeTimeoutError
from mrt.http.messages import Timeouts
from mrt.http.transport import Transport

SHORT = 0.15
NO_LIMITS = Timeouts(connect=None, first_byte=None, between_bytes=None, total=None)


def timeout(way: Way, transport: Transport, url: str, timeouts: Timeouts) -> InvokeTimeoutError:
    with pytest.raises(InvokeTimeoutError) as caught:
        way.send(transport, post(url), timeouts=timeouts)
    assert caught.value.retryable
    return caught.value


def test_connect_covers_the_tls_handshake(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(stall)
    error = timeout(way, transport, server.url.replace("http", "https"), Timeouts(connect=SHORT))
    assert error.phase == "connect"
    assert f"no connection to 127.0.0.1:{server.port} within 0.15 s" in str(error)
    assert "Timeouts.connect" in str(error)
    assert server.wait_freed()


def test_first_byte_covers_the_wait_for_an_answer(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(stall)
    error = timeout(way, transport, server.url, Timeouts(first_byte=SHORT))
    assert error.phase == "first_byte"
    assert "did not begin to answer within 0.15 s" in str(error)
    assert server.wait_freed()


def test_first_byte_covers_the_sending(serve: Serve, way: Way, transport: Transport) -> None:
    done = threading.Event()

    def script(peer: Peer) -> None:
        done.wait(20)

    server = serve(script)
    with pytest.raises(InvokeTimeoutError) as caught:
        way.send(transport, post(server.url, b"x" * 30_000_000), timeouts=Timeouts(first_byte=SHORT))
    done.set()
    assert caught.value.phase == "first_byte"


def test_first_byte_covers_the_sending_over_tls(serve: Serve, way: Way) -> None:
    from raw_server import TLS

    done = threading.Event()

    def script(peer: Peer) -> None:
        done.wait(20)

    server = serve(script, "localhost.pem")
    with Transport(trust_env=False, ca_file=TLS / "ca.pem") as transport, pytest.raises(InvokeTimeoutError) as caught:
        way.send(transport, post(server.url, b"x" * 30_000_000), timeouts=Timeouts(first_byte=SHORT))
    done.set()
    assert caught.value.phase == "first_byte"


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nContent-Le", answer(b"hello")[:-1], STREAM_HEAD, STREAM_HEAD + chunk(b"data: 1\n\n")],
    ids=["in the head", "in the body", "before the first chunk", "between chunks"],
)
def test_between_bytes_ends_a_stall(serve: Serve, way: Way, transport: Transport, start: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(start)
        stall(peer)

    server = serve(script)
    error = timeout(way, transport, server.url, Timeouts(first_byte=None, between_bytes=SHORT))
    assert error.phase == "between_bytes"
    assert "then sent nothing for 0.15 s" in str(error)
    assert server.wait_freed()


def drip(peer: Peer) -> None:
    peer.request()
    peer.send(STREAM_HEAD)
    while True:
        peer.send(chunk(b"data: 1\n\n"))
        threading.Event().wait(0.02)


def test_total_ends_a_drip(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(drip)
    error = timeout(way, transport, server.url, Timeouts(between_bytes=5, total=SHORT))
    assert error.phase == "total"
    assert "was not done within its 0.15 s" in str(error)
    assert server.wait_freed()


def test_total_ends_a_stream_that_is_read(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(drip)
    streamed = way.stream(transport, get(server.url), Timeouts(total=2 * SHORT))
    assert isinstance(streamed.error, InvokeTimeoutError)
    assert streamed.error.phase == "total"
    assert streamed.pieces
    assert server.wait_freed()


@pytest.mark.parametrize("start", [b"", STREAM_HEAD], ids=["first byte", "between bytes"])
def test_total_ends_a_stall_that_the_other_limits_allow(
    serve: Serve, way: Way, transport: Transport, start: bytes
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(start)
        stall(peer)

    assert timeout(way, transport, serve(script).url, Timeouts(total=SHORT)).phase == "total"


def test_total_ends_the_wait_for_tls(serve: Serve, way: Way, transport: Transport) -> None:
    url = serve(stall).url.replace("http", "https")
    assert timeout(way, transport, url, Timeouts(connect=None, total=SHORT)).phase == "total"


def test_total_ends_a_stream_that_never_pauses(serve: Serve, way: Way, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD)
        while True:
            peer.send(chunk(b"x" * 50_000))

    with pytest.raises(InvokeTimeoutError):
        way.send(transport, get(serve(script).url), timeouts=Timeouts(total=0.0))
    streamed = way.stream(transport, get(serve(script).url), Timeouts(total=SHORT))
    assert isinstance(streamed.error, InvokeTimeoutError)
    assert streamed.error.phase == "total"


def test_a_drip_is_no_stall(serve: Serve, way: Way, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        for piece in (STREAM_HEAD, *[chunk(b"data: 1\n\n")] * 10, STREAM_END):
            peer.send(piece)
            threading.Event().wait(0.05)

    # Each pause is within the limit, all of them together are not.
    (response,) = way.send(transport, get(serve(script).url), timeouts=Timeouts(first_byte=0.4, between_bytes=0.4))
    assert response.content == b"data: 1\n\n" * 10


def test_no_limits_are_no_limits(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(replies(answer(b"fine")))
    assert [found.content for found in way.send(transport, *[get(server.url)] * 2, timeouts=NO_LIMITS)] == [b"fine"] * 2


def test_a_connection_that_timed_out_is_not_used_again(serve: Serve, way: Way, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        if len(peer.server.requests) == 1:
            threading.Event().wait(3 * SHORT)
        peer.send(answer(b"late" if len(peer.server.requests) == 1 else b"fresh"))

    server = serve(script)
    with pytest.raises(InvokeError):
        way.send(transport, get(server.url), timeouts=Timeouts(first_byte=SHORT))
    assert way.send(transport, get(server.url))[0].content == b"fresh"
    assert server.connections == 2
