"""Kept connections: a stale one costs nothing, and nothing else is tried twice."""

from __future__ import annotations

import asyncio
import threading

import pytest
from raw_server import Peer, Serve, answer, eventually, replies
from ways import Way, get, post

from mrt.errors import InvokeConnectionError, InvokeTimeoutError
from mrt.http.messages import Timeouts
from mrt.http.transport import Transport


def test_a_connection_that_the_server_closed_meanwhile_is_replaced(
    serve: Serve, way: Way, transport: Transport
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(answer())

    server = serve(script)
    assert [response.status for response in way.send(transport, *[post(server.url)] * 5)] == [200] * 5
    assert len(server.requests) == 5


def after_first(action: str) -> object:
    """Answer the first request of a connection; what follows depends on the connection's number."""

    def script(peer: Peer) -> None:
        number = len(peer.server.peers)
        peer.request()
        peer.send(answer(b"first"))
        peer.request()
        if number > 1 or action == "answer":
            peer.send(answer(b"second"))
        elif action == "part":
            peer.send(b"HTTP/1.1 2")
        elif action == "reset":
            peer.reset()
        elif action == "stall":
            peer.left()

    return script


def pair(way: Way, transport: Transport, url: str, **limits: float) -> list[bytes]:
    requests = (post(url, b"1"), post(url, b"2"))
    return [response.content for response in way.send(transport, *requests, timeouts=Timeouts(**limits))]


@pytest.mark.parametrize("action", ["close", "reset"])
def test_a_request_that_meets_a_closing_connection_goes_out_once_more(
    serve: Serve, way: Way, transport: Transport, action: str
) -> None:
    server = serve(after_first(action))
    # The second answer comes over a new connection, where it is the first.
    assert pair(way, transport, server.url) == [b"first", b"first"]
    assert [request.body for request in server.requests] == [b"1", b"2", b"2"]
    assert server.connections == 2


def test_one_byte_of_an_answer_forbids_it(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(after_first("part"))
    with pytest.raises(InvokeConnectionError):
        pair(way, transport, server.url)
    assert len(server.requests) == 2
    assert server.connections == 1


def test_a_time_limit_forbids_it(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(after_first("stall"))
    with pytest.raises(InvokeTimeoutError):
        pair(way, transport, server.url, first_byte=0.1)
    assert server.connections == 1


def test_a_new_connection_is_tried_once(serve: Serve, way: Way, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()

    server = serve(script)
    with pytest.raises(InvokeConnectionError):
        way.send(transport, post(server.url))
    assert len(server.requests) == 1


def test_the_second_failure_is_final(serve: Serve, way: Way, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        if len(peer.server.peers) == 1:
            peer.send(answer())
            peer.request()

    server = serve(script)
    with pytest.raises(InvokeConnectionError):
        pair(way, transport, server.url)
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", ["500 Internal Server Error", "429 Too Many Requests", "401 Unauthorized"])
def test_no_status_is_tried_again(serve: Serve, way: Way, transport: Transport, status: str) -> None:
    server = serve(replies(answer(b"{}", status, "Retry-After: 0")))
    way.send(transport, post(server.url))
    assert len(server.requests) == 1


def test_stray_bytes_on_an_idle_connection_end_it(serve: Serve, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        # What comes after the answer must not be taken for the next one.
        peer.send(answer(b"mine"))
        if len(peer.server.peers) == 1:
            assert peer.server.freed.acquire(timeout=20)
            peer.send(answer(b"evil"))
        peer.left()

    server = serve(script)
    assert transport.send(get(server.url)).content == b"mine"
    (site,) = transport._sites.values()
    (line,) = site.thread_pool._idle
    assert line.quiet()
    server.freed.release()
    assert eventually(lambda: not line.quiet())
    assert transport.send(get(server.url)).content == b"mine"
    assert server.connections == 2


def test_idle_connections_are_limited_in_number_and_time(serve: Serve) -> None:
    gate = threading.Barrier(4, timeout=20)

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            gate.wait()
            peer.send(answer())

    server = serve(script)
    with Transport(trust_env=False, max_idle=2) as transport:
        threads = [threading.Thread(target=transport.send, args=(get(server.url),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert server.wait_freed()
        assert server.wait_freed()
        assert server.connections == 4
    with Transport(trust_env=False, idle_seconds=0) as transport:
        again = serve(replies(answer()))
        transport.send(get(again.url))
        transport.send(get(again.url))
        assert again.connections == 2
        assert again.wait_freed()


def test_a_limit_on_connections_holds_for_threads(serve: Serve) -> None:
    server = serve(replies(answer(b"fine")))
    with Transport(trust_env=False, max_connections=1) as transport:
        assert [transport.send(get(server.url)).content for _ in range(3)] == [b"fine"] * 3
        with transport.open(get(server.url)):
            with pytest.raises(InvokeTimeoutError) as caught:
                transport.send(get(server.url), Timeouts(connect=0.05))
            assert caught.value.phase == "pool"
            assert "stayed in use for 0.05 s" in str(caught.value)
        abandoned = transport.open(get(server.url))
        del abandoned
        assert transport.send(get(server.url)).content == b"fine"


def test_a_limit_on_connections_holds_for_loops(serve: Serve) -> None:
    server = serve(replies(answer(b"fine")))

    async def run() -> None:
        async with Transport(trust_env=False, max_connections=2) as transport:
            responses = await asyncio.gather(*(transport.asend(get(server.url)) for _ in range(20)))
            assert {response.content for response in responses} == {b"fine"}
            async with await transport.aopen(get(server.url)), await transport.aopen(get(server.url)):
                with pytest.raises(InvokeTimeoutError) as caught:
                    await transport.asend(get(server.url), Timeouts(connect=0.05))
                assert caught.value.phase == "pool"
            assert (await transport.asend(get(server.url))).content == b"fine"

    asyncio.run(run())
    assert server.connections == 3
