"""Answers that are read piece by piece, left early, forgotten, or broken."""

from __future__ import annotations

import asyncio
import gc
import threading
import zlib

import pytest
from raw_server import STREAM_END, STREAM_HEAD, Peer, Serve, answer, chunk, eventually, replies, stall
from ways import Way, get

from mrt.errors import InvokeBadResponseError, InvokeConnectionError
from mrt.http.messages import Timeouts
from mrt.http.transport import Transport


def endless(peer: Peer) -> None:
    peer.request()
    peer.send(STREAM_HEAD, chunk(b"data: 1\n\n"))
    stall(peer)


def test_pieces_come_as_soon_as_they_are_sent(serve: Serve, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD)
        for number in range(3):
            peer.send(chunk(b"%d" % number))
            # The next piece leaves only when this one has been read.
            assert peer.server.freed.acquire(timeout=20)
        peer.send(STREAM_END)

    server = serve(script)
    with transport.open(get(server.url)) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"] == "text/event-stream"
        for number, piece in enumerate(stream):
            assert piece == b"%d" % number
            server.freed.release()


def test_a_stream_ends_and_stays_at_its_end(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(replies(STREAM_HEAD + chunk(b"a") + chunk(b"b" * 70_000) + STREAM_END))
    for _ in range(2):
        streamed = way.stream(transport, get(server.url))
        assert streamed.error is None
        assert streamed.content == b"a" + b"b" * 70_000


def test_leaving_a_stream_frees_the_connection(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(endless)
    assert way.stream(transport, get(server.url), leave_after=1).content == b"data: 1\n\n"
    assert server.wait_freed()


def test_a_forgotten_stream_frees_the_connection(serve: Serve, transport: Transport) -> None:
    server = serve(endless)
    stream = transport.open(get(server.url))
    assert next(stream)
    del stream
    gc.collect()
    assert server.wait_freed()


def test_a_forgotten_stream_of_a_loop_frees_the_connection(serve: Serve, transport: Transport) -> None:
    server = serve(endless)

    async def run() -> None:
        stream = await transport.aopen(get(server.url))
        assert await anext(stream)
        del stream
        gc.collect()
        assert await asyncio.to_thread(server.wait_freed)

    asyncio.run(run())


def test_a_stream_outlives_its_transport(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD, chunk(b"a"))
        assert peer.server.freed.acquire(timeout=20)
        peer.send(chunk(b"b"), STREAM_END)

    server = serve(script)
    stream = Transport(trust_env=False).open(get(server.url))
    gc.collect()
    assert next(stream) == b"a"
    server.freed.release()
    assert list(stream) == [b"b"]


def test_an_error_inside_the_block_closes_the_stream(serve: Serve, transport: Transport) -> None:
    server = serve(endless)
    with pytest.raises(LookupError, match="of the caller"), transport.open(get(server.url)):
        raise LookupError("of the caller")
    assert server.wait_freed()


def test_closing_from_another_thread_wakes_the_reader(serve: Serve, transport: Transport) -> None:
    server = serve(endless)
    stream = transport.open(get(server.url), Timeouts(between_bytes=20))
    ended: list[BaseException | None] = []

    def read() -> None:
        try:
            for _ in stream:
                server.freed.release()
        except InvokeConnectionError as error:
            ended.append(error)
        else:
            ended.append(None)

    reader = threading.Thread(target=read)
    reader.start()
    assert server.wait_freed()
    assert eventually(lambda: stream._exchange._line is not None and stream._exchange._line._busy)
    stream.close()
    reader.join(10)
    assert not reader.is_alive()
    assert len(ended) == 1
    assert server.wait_freed()


def test_closing_from_another_task_wakes_the_reader(serve: Serve, transport: Transport) -> None:
    server = serve(endless)

    async def run() -> None:
        stream = await transport.aopen(get(server.url), Timeouts(between_bytes=20))
        assert await anext(stream)
        reader = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await stream.aclose()
        with pytest.raises((InvokeConnectionError, StopAsyncIteration)):
            await asyncio.wait_for(reader, 10)

    asyncio.run(run())
    assert server.wait_freed()


def test_a_drained_stream_leaves_its_connection_to_the_next_call(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(replies(STREAM_HEAD + chunk(b"data: [DONE]\n\n") + chunk(b": bye\n\n") + STREAM_END))
    contents = way.drained(transport, [get(server.url)] * 3, b"[DONE]")
    assert all(content.startswith(b"data: [DONE]") for content in contents)
    assert server.connections == 1


@pytest.mark.parametrize(
    "rest",
    [b"", chunk(b"x" * 60_000) * 4, b"nonsense\r\n"],
    ids=["never ends", "goes on", "is broken"],
)
def test_a_rest_that_does_not_end_costs_the_connection_only(
    serve: Serve, way: Way, transport: Transport, rest: bytes
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD, chunk(b"data: [DONE]\n\n"))
        peer.send(rest)
        stall(peer)

    server = serve(script)
    assert len(way.drained(transport, [get(server.url)] * 2, b"[DONE]")) == 2
    assert server.connections == 2
    assert server.wait_freed()


def test_a_stream_that_breaks_off_keeps_what_came(serve: Serve, way: Way, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD, chunk(b"data: 1\n\n"), b"ff\r\ndata: 2")

    streamed = way.stream(transport, get(serve(script).url))
    assert streamed.content == b"data: 1\n\ndata: 2"
    assert type(streamed.error) is InvokeConnectionError


def test_a_stream_may_be_read_whole_after_its_head(serve: Serve, transport: Transport) -> None:
    server = serve(replies(answer(b'{"error": "no"}', "401 Unauthorized", "X-Request-Id: r-1")))
    with transport.open(get(server.url)) as stream:
        response = stream.read()
    assert (response.status, response.content, response.request_id) == (401, b'{"error": "no"}', "r-1")
    assert transport.send(get(server.url)).status == 401
    assert server.connections == 1


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw deflate"])
def test_compressed_streams_come_piece_by_piece(serve: Serve, way: Way, transport: Transport, coding: str) -> None:
    bits = {"gzip": 31, "deflate": 15, "raw deflate": -15}[coding]
    packer = zlib.compressobj(wbits=bits)
    pieces = [packer.compress(b"data: %d\n\n" % number) + packer.flush(zlib.Z_SYNC_FLUSH) for number in range(5)]
    head = STREAM_HEAD[:-2] + f"Content-Encoding: {coding.split()[-1]}\r\n\r\n".encode()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(head, *map(chunk, pieces), chunk(packer.copy().flush()), STREAM_END)

    streamed = way.stream(transport, get(serve(script).url))
    assert streamed.error is None
    assert streamed.content == b"".join(b"data: %d\n\n" % number for number in range(5))


@pytest.mark.parametrize(
    ("coding", "body", "says"),
    [
        ("gzip", b"no gzip", "broken"),
        ("br", b"x", "'br', which was not asked for"),
        ("gzip", zlib.compress(b"x" * 99)[:-9], "cut off"),
    ],
)
def test_compression_that_does_not_open_is_a_bad_response(
    serve: Serve, way: Way, transport: Transport, coding: str, body: bytes, says: str
) -> None:
    server = serve(replies(answer(body, "200 OK", f"Content-Encoding: {coding}", "X-Request-Id: r-1")))
    with pytest.raises(InvokeBadResponseError) as caught:
        way.send(transport, get(server.url))
    assert says in str(caught.value)
    assert caught.value.request_id == "r-1"
    assert caught.value.status == 200


def test_a_small_body_cannot_grow_without_end(serve: Serve, way: Way) -> None:
    server = serve(replies(answer(zlib.compress(b"\0" * 50_000_000), "200 OK", "Content-Encoding: deflate")))
    with Transport(trust_env=False, max_response_bytes=1_000_000) as transport:
        with pytest.raises(InvokeBadResponseError) as caught:
            way.send(transport, get(server.url))
    assert "more than 1000000 bytes" in str(caught.value)
