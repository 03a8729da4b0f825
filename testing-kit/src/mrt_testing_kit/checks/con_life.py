"""CON: how long connections, threads, memory and processes live."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import tracemalloc
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import mrt
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.crowd import eventually, judge_one
from mrt_testing_kit.isolation import descriptors
from mrt_testing_kit.jobs import jobs
from mrt_testing_kit.server import Answer, OracleServer

_LONG = Answer([" word"] * 4000, pace=0.005)


def _left(server: OracleServer) -> bool:
    return any(connection.left_during is not None for connection in server.connections)


@check(
    "CON-06",
    "cancel closes in time",
    bugs=["BerriAI/litellm#30245", "pydantic/pydantic-ai#5313", "xorbitsai/inference#1144"],
    model_types=["llm"],
    fix="Close the response in a finally, and let CancelledError through; closing the stream closes the connection.",
)
def con_06(ctx: Context) -> None:
    """A vendor that is not told goes on writing, and the user pays for an answer that nobody reads."""
    handle = ctx.handle()

    async def cancelled() -> str:
        begun = asyncio.Event()

        async def read() -> None:
            async with handle.astream("Go on.") as stream:
                async for _ in stream:
                    begun.set()

        task = asyncio.ensure_future(read())
        await begun.wait()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            ended = "CancelledError"
        except Exception as error:
            ended = type(error).__name__
        else:
            ended = "no error"
        # A loop that goes on, as those of servers do.
        for _ in range(100):
            if _left(ctx.server):
                break
            await asyncio.sleep(ctx.seconds(0.05))
        return ended

    ctx.server.next_answer(_LONG.copy())
    ctx.equal(ctx.run(cancelled()), "CancelledError", "how a cancelled stream ended")
    ctx.expect(
        _left(ctx.server),
        "the connection stays open after the task was cancelled, and the vendor writes on",
        expected="a closed connection within 5 seconds",
    )

    async def timed_out() -> str:
        try:
            await asyncio.wait_for(handle.ainvoke("Say hello."), ctx.seconds(0.2))
        except TimeoutError:
            return "TimeoutError"
        except Exception as error:
            return type(error).__name__
        return "no error"

    with ctx.fault("F47", where="first-byte", seconds=ctx.seconds(2)):
        ctx.equal(ctx.run(timed_out()), "TimeoutError", "how a call ended whose time was up")
    free = ctx.server.wait_for(lambda: all(r.outcome != "pending" for r in ctx.server.requests), ctx.seconds(5))
    ctx.expect(free, "a cancelled call still waits for its answer", expected="a closed connection")
    ctx.equal(ctx.chat("Say hello.", way="async").ok().text, ctx.oracle.reply("Say hello."), "the answer after that")


@check(
    "CON-08",
    "descriptors and threads back to baseline after close",
    bugs=["langchain-ai/langchain#38610", "BerriAI/litellm#21213", "BerriAI/litellm#31619"],
    fix="Close clients, pools and executors when the runtime closes; better, have none of your own.",
)
def con_08(ctx: Context) -> None:
    """What stays open after close() adds up in programs that run for months."""
    server = ctx.another_server()
    job = jobs(ctx, 1)[0]

    def use() -> None:
        runtime = ctx.target.runtime()
        handle = ctx.fresh(runtime, ctx.credentials(server=server))
        judge_one(ctx, job, handle.invoke(*job.arguments), "a sync call")

        async def main() -> None:
            judge_one(ctx, job, await handle.ainvoke(*job.arguments), "an async call")
            if ctx.kind == "llm":
                stream = handle.astream("Go on.")
                await anext(stream)
                await stream.aclose()
            await runtime.aclose()

        if ctx.kind == "llm":
            server.next_answer(_LONG.copy())
            stream = handle.stream("Go on.")
            next(stream)
            stream.close()
        asyncio.run(main())
        handle.close()
        runtime.close()

    # What is made once for the whole process may stay.
    use()
    eventually(ctx, lambda: server.connections.live == 0, 5)
    threads, files = set(threading.enumerate()), descriptors()
    for _ in range(3):
        use()

    def is_back() -> bool:
        now = descriptors()
        fine = now is None or files is None or now <= files
        return fine and server.connections.live == 0 and len(set(threading.enumerate()) - threads) == 0

    if not eventually(ctx, is_back, 5):
        more = sorted(thread.name for thread in set(threading.enumerate()) - threads)
        ctx.fail(
            "something stays open after everything was closed",
            expected="connections, descriptors and threads as before",
            came=f"{server.connections.live} connections, descriptors {files} -> {descriptors()}, threads {more}",
        )


@check(
    "CON-11",
    "close twice, use after close",
    fix="Let close() be called any number of times; raise an MRT error for calls after it.",
)
def con_11(ctx: Context) -> None:
    """Clean-up code runs twice more often than once, and a late call deserves a sentence."""
    job = jobs(ctx, 1)[0]
    runtime = ctx.target.runtime()
    for _ in range(2):
        handle, other = ctx.fresh(runtime), ctx.fresh(runtime)
        judge_one(ctx, job, handle.invoke(*job.arguments), "before close")
        handle.close()
        handle.close()
        ctx.run(handle.aclose())
        before = len(ctx.server.requests)
        try:
            handle.invoke(*job.arguments)
        except mrt.MRTError:
            pass
        except Exception as error:
            ctx.fail("a call after close() raised a foreign error", expected="an MRT error", came=repr(error))
        else:
            ctx.fail("a closed handle makes calls", expected="an MRT error", came="an answer")
        ctx.equal(len(ctx.server.requests), before, "the number of requests after a call on a closed handle")
        judge_one(ctx, job, other.invoke(*job.arguments), "another handle of the same runtime")
        runtime.close()
        runtime.close()
        ctx.run(runtime.aclose())
        # A closed runtime opens new connections.
        judge_one(ctx, job, other.invoke(*job.arguments), "a call after the runtime's connections were closed")
        other.close()
    runtime.close()


@check(
    "CON-12",
    "idle CPU near 0",
    bugs=["langgenius/dify-official-plugins#1152", "langgenius/dify-official-plugins#3261"],
    faults=["F47"],
    fix="Wait on sockets, queues and events; never ask in a loop whether something has come.",
)
def con_12(ctx: Context) -> None:
    """A wait that asks all the time takes a whole core of the server for each waiting user."""
    handle = ctx.handle()
    pause = ctx.seconds(0.4)

    def cost(action: Callable[[], None]) -> float:
        started, used = time.perf_counter(), time.process_time()
        action()
        return (time.process_time() - used) / (time.perf_counter() - started)

    # A busy loop takes a whole core, or its share of one where others are busy, too; a wait takes nothing.
    before = cost(lambda: time.sleep(0.2))
    handle.invoke(*jobs(ctx, 1)[0].arguments)
    alone = cost(lambda: time.sleep(0.2))
    ctx.expect(
        alone - before < 0.25, "a call leaves something that keeps the CPU busy", expected="next to nothing",
        came=f"{alone:.0%} of a core",
    )  # fmt: skip

    def waiting() -> None:
        with ctx.fault("F47", where="first-byte", seconds=pause):
            handle.invoke(*jobs(ctx, 1)[0].arguments)

    async def awaiting() -> None:
        with ctx.fault("F47", where="first-byte", seconds=pause):
            await handle.ainvoke(*jobs(ctx, 1)[0].arguments)

    for how, share in (("a waiting call", cost(waiting)), ("an awaited call", cost(lambda: ctx.run(awaiting())))):
        ctx.expect(
            share - alone < 0.25, f"{how} keeps the CPU busy", expected="next to nothing", came=f"{share:.0%} of a core"
        )


@check(
    "CON-15",
    "instances collectable, memory flat",
    bugs=["langgenius/dify-official-plugins#530", "langgenius/dify-official-plugins#430"],
    fix="Keep nothing of a call beyond its end: no lists of requests, no unbounded caches, no cycles with __del__.",
    limit=60,
)
def con_15(ctx: Context) -> None:
    """Memory that grows with every call ends a server after days, and nobody can repeat it."""
    _judge_references(ctx)
    server = ctx.another_server(keep=1)
    handle = ctx.handle(credentials=ctx.credentials(server=server))
    filler = "lorem ipsum dolor " * 4000

    def call(number: int) -> None:
        handle.invoke(*_big(ctx, f"Number {number}. {filler}"))

    for number in range(6):
        call(number)
    was_tracing = tracemalloc.is_tracing()
    if not was_tracing:
        tracemalloc.start()
    try:
        call(90)
        first = _held()
        for number in range(100, 116):
            call(number)
        grown = _held() - first
    finally:
        if not was_tracing:
            tracemalloc.stop()
    # Sixteen calls of 72 kB each: what keeps but one of their texts has a megabyte more.
    ctx.expect(
        grown < 500_000,
        "memory grows with every call",
        expected="as much as before",
        came=f"{grown} bytes more after 16 calls of 72 kB",
    )


def _big(ctx: Context, text: str) -> tuple[Any, ...]:
    if ctx.kind == "text-embedding":
        return ([f"{text} {number}" for number in range(2)],)
    if ctx.kind == "rerank":
        return ("a question", [text, "another"])
    if ctx.kind == "speech2text":
        return (ctx.oracle.speech(text[:60]) + text.encode(),)
    # Speech is made of every sentence, so its text is short, and its sound is not.
    return (text[:600],) if ctx.kind == "tts" else (text,)


def _held() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _is_gone(ghost: weakref.ref[Any]) -> bool:
    return ghost() is None


def _judge_references(ctx: Context) -> None:
    job = jobs(ctx, 1)[0]
    runtime = ctx.target.runtime()
    handle = ctx.fresh(runtime)
    handle.invoke(*job.arguments)
    asyncio.run(handle.ainvoke(*job.arguments))
    ghosts = {"handle": weakref.ref(handle), "runtime": weakref.ref(runtime)}
    runtime.close()
    del handle, runtime
    for name, ghost in ghosts.items():
        ctx.expect(
            eventually(ctx, partial(_is_gone, ghost), 3),
            f"the {name} lives on when nobody has it",
            expected="nothing",
            came="references to it",
        )
