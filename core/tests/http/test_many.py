"""Threads, event loops and processes that share a transport, and what they leave behind."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from loop_server import EchoServer
from raw_server import Peer, Serve, answer, eventually, replies, stall
from ways import get, post

from mrt.http.messages import Timeouts
from mrt.http.transport import Transport


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@contextmanager
def no_complaints() -> Iterator[None]:
    """Fail when a warning or an exception appears where nobody can catch it."""
    complaints: list[object] = []
    hook, sys.unraisablehook = sys.unraisablehook, complaints.append
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
            gc.collect()
    finally:
        sys.unraisablehook = hook
    assert complaints == []


def test_32_threads_share_a_transport_and_mix_nothing_up() -> None:
    threads, calls = 32, 20
    wrong: list[object] = []
    start = threading.Barrier(threads, timeout=20)
    with EchoServer() as server, Transport(trust_env=False) as transport:

        def work(number: int) -> None:
            start.wait()
            for turn in range(calls):
                body = f"{number}-{turn}".encode() * (turn + 1)
                content = transport.send(post(f"{server.url}/{number}", body)).content
                if content != body:
                    wrong.append((number, turn, content))

        workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert wrong == []
        assert server.served == threads * calls
        assert server.connections <= threads


def test_1000_calls_at_once_on_one_loop_mix_nothing_up() -> None:
    count = 1000
    before = open_files() if sys.platform == "linux" else 0
    with EchoServer(barrier=count) as server, Transport(trust_env=False) as transport:

        async def run() -> list[bytes]:
            requests = [post(server.url, f"body {number}".encode()) for number in range(count)]
            # All thousand are on the way before the first is answered; the second round uses the same connections.
            responses = await asyncio.gather(*map(transport.asend, requests))
            responses += await asyncio.gather(*map(transport.asend, requests))
            return [response.content for response in responses]

        contents = asyncio.run(run())
        assert contents == [f"body {number}".encode() for number in range(count)] * 2
        assert server.connections == count
        transport.close()
        assert eventually(lambda: server.open == 0)
    assert sys.platform != "linux" or eventually(lambda: open_files() <= before)


def test_three_loops_one_after_another(serve: Serve, transport: Transport) -> None:
    server = serve(replies(answer(b"fine")))

    async def run() -> list[bytes]:
        return [(await transport.asend(get(server.url))).content for _ in range(3)]

    with no_complaints():
        for _ in range(3):
            assert asyncio.run(run()) == [b"fine"] * 3
    # One connection per loop; those of closed loops are closed, without the loop.
    assert server.connections == 3
    assert server.wait_freed()
    assert server.wait_freed()


def test_loops_in_threads_share_a_transport() -> None:
    with EchoServer() as server, Transport(trust_env=False) as transport:
        results: list[list[bytes]] = []

        async def run() -> list[bytes]:
            return [(await transport.asend(post(server.url, b"%d" % turn))).content for turn in range(20)]

        threads = [threading.Thread(target=lambda: results.append(asyncio.run(run()))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert results == [[b"%d" % turn for turn in range(20)]] * 8


def test_blocking_calls_work_inside_a_running_loop(serve: Serve, transport: Transport) -> None:
    server = serve(replies(answer(b"fine")))

    async def run() -> bytes:
        return transport.send(get(server.url)).content + (await transport.asend(get(server.url))).content

    assert asyncio.run(run()) == b"finefine"


def test_a_stream_may_be_read_on_another_thread(serve: Serve, transport: Transport) -> None:
    server = serve(replies(answer(b"fine")))
    stream = transport.open(get(server.url))
    contents: list[bytes] = []
    thread = threading.Thread(target=lambda: contents.extend(stream))
    thread.start()
    thread.join(10)
    assert contents == [b"fine"]


@pytest.mark.parametrize("method", ["asend", "aopen"])
def test_cancelling_closes_the_connection_and_passes_on(serve: Serve, transport: Transport, method: str) -> None:
    server = serve(stall)

    async def run() -> None:
        task = asyncio.ensure_future(getattr(transport, method)(get(server.url)))
        assert await asyncio.to_thread(eventually, lambda: bool(server.peers))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.wait_freed)

    asyncio.run(run())


def test_cancelling_inside_a_stream_closes_the_connection(serve: Serve, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nsome")
        stall(peer)

    server = serve(script)

    async def run() -> None:
        started = asyncio.Event()

        async def read() -> None:
            async with await transport.aopen(get(server.url)) as stream:
                async for _ in stream:
                    started.set()

        task = asyncio.ensure_future(read())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert server.wait_freed()


def test_an_outer_time_limit_is_not_taken_for_ours(serve: Serve, transport: Transport) -> None:
    server = serve(stall)

    async def run() -> None:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await transport.asend(get(server.url), Timeouts())
        assert type(caught.value) is TimeoutError

    asyncio.run(run())


def test_a_fast_stream_leaves_turns_to_other_tasks(serve: Serve, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(answer(b"x" * 20_000_000))

    server = serve(script)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def run() -> None:
        counter = asyncio.ensure_future(count())
        assert len((await transport.asend(get(server.url))).content) == 20_000_000
        counter.cancel()

    asyncio.run(run())
    assert turns > 10


def test_nothing_is_left_open(serve: Serve) -> None:
    server = serve(replies(answer(b"fine")))

    def use() -> None:
        with Transport(trust_env=False) as transport:
            for _ in range(3):
                transport.send(get(server.url))
            with transport.open(get(server.url)) as stream:
                next(stream)

            async def run() -> None:
                await asyncio.gather(*(transport.asend(get(server.url)) for _ in range(5)))

            asyncio.run(run())

    def client_sockets() -> int:
        # The server's ends close a little later, in their threads.
        return sum(peer.sock.fileno() >= 0 for peer in server.peers)

    use()
    assert eventually(lambda: client_sockets() == 0)
    before = open_files() if sys.platform == "linux" else 0
    for _ in range(20):
        use()
    assert eventually(lambda: client_sockets() == 0)
    assert sys.platform != "linux" or eventually(lambda: open_files() <= before)


def test_a_forgotten_transport_closes_its_connections_quietly(serve: Serve) -> None:
    server = serve(replies(answer(b"fine")))

    async def run(transport: Transport) -> None:
        await asyncio.gather(*(transport.asend(get(server.url)) for _ in range(3)))

    with no_complaints():
        transport = Transport(trust_env=False)
        transport.send(get(server.url))
        asyncio.run(run(transport))
        watched = weakref.ref(transport)
        del transport
        gc.collect()
        assert watched() is None
    for _ in range(server.connections):
        assert server.wait_freed()


def test_a_stream_forgotten_with_its_loop_is_closed_quietly(serve: Serve, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nsome")
        stall(peer)

    server = serve(script)

    async def run() -> object:
        stream = await transport.aopen(get(server.url))
        assert await anext(stream) == b"some"
        return stream

    with no_complaints():
        stream = asyncio.run(run())
        del stream
    assert server.wait_freed()


def test_nothing_is_imported_before_it_is_needed() -> None:
    import subprocess

    code = (
        "import sys, mrt.http, mrt.http.transport\n"
        "mrt.http.transport.Transport()\n"
        "heavy = {'httpx', 'httpcore', 'h11', 'ssl', 'asyncio', 'anyio'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)
