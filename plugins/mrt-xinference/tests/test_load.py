"""Many calls at once on one handle, event loops one after the other, and what is given back afterwards."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from xin_replay import WEATHER

from mrt import Runtime
from mrt_testing_kit.server import OracleServer
from mrt_xinference import plugin

THREADS = 32
CALLS = 1000


@pytest.fixture
def quiet() -> Iterator[OracleServer]:
    # The tests look at counts, so a thousand requests need not be kept.
    with OracleServer(dialect="xinference", keep=10) as running:
        yield running


def llm(runtime: Runtime, server: OracleServer, uid: str = "tiny-chat") -> Any:
    return runtime.llm("xinference/m", {"server_url": server.url, "model_uid": uid})


def ask(number: int) -> str:
    return f'[[oracle: tool:get_weather {{"city": "C{number}"}}]][[oracle: say Nr {number}.]]?'


def city(result: Any) -> str:
    (call,) = result.message.tool_calls
    return str(call.function.arguments)


@pytest.mark.parametrize("uid", ["tiny-chat", "tiny-gguf"])
def test_threads_on_one_handle_mix_nothing_up(runtime: Runtime, quiet: OracleServer, uid: str) -> None:
    chat, start = llm(runtime, quiet, uid), Barrier(THREADS)

    def run(number: int) -> None:
        start.wait()
        for turn in range(4):
            mine = number * 10 + turn
            assert f'"C{mine}"' in city(chat.invoke(ask(mine), tools=[WEATHER]))
            stream = chat.stream(f"[[oracle: say Nr {mine}.]]?")
            assert "".join(chunk.text for chunk in stream) == stream.result.text == f"Nr {mine}."
            called = chat.stream(ask(mine), tools=[WEATHER])
            assert list(called)[-1].delta.finish_reason == "tool_calls"
            assert f'"C{mine}"' in city(called.result)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, range(THREADS)))


def test_a_thousand_calls_at_once_on_one_event_loop(runtime: Runtime, quiet: OracleServer) -> None:
    chat = llm(runtime, quiet)

    async def run(number: int) -> None:
        if number % 2:
            assert (await chat.ainvoke(f"[[oracle: say Nr {number}.]]?")).text == f"Nr {number}."
        else:
            stream = chat.astream(ask(number), tools=[WEATHER])
            async for _ in stream:
                pass
            assert f'"C{number}"' in city(stream.result)

    async def all_of_them() -> None:
        await asyncio.gather(*map(run, range(CALLS)))

    asyncio.run(all_of_them())


def test_one_question_for_the_schema_by_many_threads(quiet: OracleServer) -> None:
    start = Barrier(THREADS)
    with Runtime(load_entry_points=False) as runtime:
        runtime.register(plugin, "xinference")

        def run(_: int) -> str:
            start.wait()
            return str(llm(runtime, quiet).schema.model)

        with ThreadPoolExecutor(THREADS) as pool:
            assert set(pool.map(run, range(THREADS))) == {"m"}
    assert len(quiet.requests) == 1


def test_three_event_loops_one_after_the_other(runtime: Runtime, quiet: OracleServer) -> None:
    chat = llm(runtime, quiet)

    async def once(number: int) -> str:
        whole = await chat.ainvoke(f"[[oracle: say Nr {number}.]]?")
        return str(whole.text) + "".join([chunk.text async for chunk in chat.astream("[[oracle: say !]]?")])

    assert [asyncio.run(once(number)) for number in range(3)] == ["Nr 0.!", "Nr 1.!", "Nr 2.!"]


@pytest.mark.parametrize("uid", ["tiny-chat", "tiny-base"])
def test_leaving_a_stream_frees_its_connection(runtime: Runtime, quiet: OracleServer, uid: str) -> None:
    chat = llm(runtime, quiet, uid)
    assert chat.schema.model
    slow = "[[oracle: long 5000]][[oracle: pace 0.01]]?"
    before = quiet.connections.live
    with chat.stream(slow) as stream:
        next(iter(stream))
    assert quiet.wait_for(lambda: quiet.requests[-1].outcome == "left", timeout=10)
    closed = chat.stream(slow)
    next(iter(closed))
    closed.close()
    assert quiet.wait_for(lambda: quiet.connections.live <= before, timeout=10)

    async def leave() -> None:
        async with chat.astream(slow) as stream:
            async for _ in stream:
                break

    asyncio.run(leave())
    assert quiet.wait_for(lambda: quiet.requests[-1].outcome == "left", timeout=10)
    assert quiet.wait_for(lambda: quiet.connections.live <= before, timeout=10)


def test_a_cancelled_call_frees_its_connection(runtime: Runtime, quiet: OracleServer) -> None:
    chat = llm(runtime, quiet)
    assert chat.schema.model

    async def cancel() -> None:
        task = asyncio.create_task(chat.ainvoke("[[oracle: delay 60]]?"))
        assert await asyncio.to_thread(quiet.wait_for, lambda: quiet.requests[-1].path.endswith("/completions"), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert quiet.wait_for(lambda: quiet.requests[-1].outcome == "left", timeout=10)


def test_file_descriptors_return_to_their_start(quiet: OracleServer) -> None:
    def use() -> None:
        with Runtime(load_entry_points=False) as runtime:
            runtime.register(plugin, "xinference")
            chat = llm(runtime, quiet)

            async def run() -> None:
                await asyncio.gather(*(chat.ainvoke("Hi") for _ in range(20)))
                async for _ in chat.astream("Hi"):
                    pass

            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda _: chat.invoke("Hi"), range(20)))
            list(chat.stream("Hi"))
            asyncio.run(run())
            chat.close()
        gc.collect()

    def count() -> int:
        return len(os.listdir("/dev/fd"))

    use()
    assert quiet.wait_for(lambda: quiet.connections.live == 0, timeout=10)
    start = count()
    uses = 5
    for _ in range(uses):
        use()
    assert quiet.wait_for(lambda: quiet.connections.live == 0, timeout=10)
    # Other servers of this process open and close files meanwhile; a leak would show once for each use.
    assert count() < start + uses
