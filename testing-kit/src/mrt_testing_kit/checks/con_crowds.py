"""CON: many calls at once, from threads and from event loops."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.crowd import judge_all, judge_one, together
from mrt_testing_kit.given import address_field, carries, key_field, with_key
from mrt_testing_kit.jobs import Job, jobs


@check(
    "CON-01",
    "32 threads, no cross-talk",
    bugs=["simonw/llm#1182"],
    faults=["F49"],
    fix="Keep what belongs to a call in local variables; models and plugins are shared by all threads.",
)
def con_01(ctx: Context) -> None:
    """Web servers share one provider between all of their threads; a mixed-up answer goes to another person."""
    work = jobs(ctx, 32)
    # A runtime of its own, so that what is built at first use is built by all of them at once.
    with ctx.target.runtime() as runtime:

        def call(job: Job) -> Any:
            return _invoked(
                ctx, ctx.fresh(runtime), job, streamed=int(job.mark.split()[1]) % 2 == 1 if job.mark else False
            )

        # Held back until all have come, for a moment: a provider that lets in fewer at a time is right as well.
        ctx.server.fault("F49", count=32, seconds=ctx.seconds(0.3), times=None).fault.o["count"] = 32
        judge_all(ctx, work, together(work, call), "32 threads")
        ctx.server.script.clear()
        _judge_once(ctx, work)
    _judge_tasks(ctx)


def _invoked(ctx: Context, handle: Any, job: Job, *, streamed: bool) -> Any:
    if ctx.kind != "llm" or not streamed:
        return handle.invoke(*job.arguments, **job.keywords)
    with handle.stream(*job.arguments, **job.keywords) as stream:
        text = "".join(chunk.text for chunk in stream)
        result = stream.result
    ctx.equal(text, result.text, "the text in the chunks of a stream among 32 threads")
    return result


def _judge_once(ctx: Context, work: Sequence[Job]) -> None:
    for job in work:
        if job.mark:
            sent = sum(carries(request, job.mark) for request in ctx.server.requests)
            ctx.expect(sent == 1, f"{job.mark!r} was sent {sent} times", expected="once")


def _judge_tasks(ctx: Context) -> None:
    work = jobs(ctx, 32, "Task")
    handle = ctx.handle()

    async def all_of_them() -> list[Any]:
        calls = (handle.ainvoke(*job.arguments, **job.keywords) for job in work)
        return await asyncio.gather(*calls, return_exceptions=True)

    judge_all(ctx, work, ctx.run(all_of_them()), "32 tasks of one event loop")


@check(
    "CON-02",
    "two credentials, two URLs",
    bugs=[
        "langgenius/dify-official-plugins#2473",
        "langgenius/dify-official-plugins#2183",
        "langchain-ai/langchain-litellm#161",
    ],
    fix="Hand address and key to each call; never set them on a module, a class or an SDK's globals.",
)
def con_02(ctx: Context) -> None:
    """A second customer whose calls go to the first one's server, or with the first one's key, is a breach."""
    key_field(ctx)
    address_field(ctx)
    keys = ("sk-test-left-000001", "sk-test-right-000002")
    servers = [ctx.another_server(api_key=key) for key in keys]
    handles = [ctx.handle(credentials=with_key(ctx, *pair)) for pair in zip(keys, servers, strict=True)]
    work = jobs(ctx, 24)

    def call(job: Job) -> Any:
        side = work.index(job) % 2
        return handles[side].invoke(*job.arguments, **job.keywords)

    async def both() -> list[Any]:
        calls = (handles[n % 2].ainvoke(*job.arguments, **job.keywords) for n, job in enumerate(work))
        return await asyncio.gather(*calls, return_exceptions=True)

    judge_all(ctx, work, together(work, call), "threads with two sets of credentials")
    judge_all(ctx, work, ctx.run(both()), "tasks with two sets of credentials")
    for side, server in enumerate(servers):
        for request in server.requests:
            fine = not carries(request, keys[1 - side])
            ctx.expect(fine, "a request holds the key of the other server", expected=keys[side], came=keys[1 - side])
        for number, job in enumerate(work):
            if job.mark:
                sent = any(carries(request, job.mark) for request in server.requests)
                wanted = number % 2 == side
                ctx.expect(sent == wanted, f"{job.mark!r} went to the wrong server", expected=f"server {number % 2}")


@check(
    "CON-03",
    "three event loops",
    bugs=["mozilla-ai/any-llm#1267", "pydantic/pydantic-ai#4316"],
    fix="Bind nothing to an event loop when an object is made: not clients, not locks, not queues.",
)
def con_03(ctx: Context) -> None:
    """Scripts call asyncio.run several times with one handle, and servers have a loop in each thread."""
    handle = ctx.handle()
    work = jobs(ctx, 9)

    async def ask(job: Job) -> Any:
        return await handle.ainvoke(*job.arguments, **job.keywords)

    for job in work[:3]:
        judge_one(ctx, job, _result(partial(_alone, handle, job)), "an event loop of its own")
    judge_all(ctx, work[3:6], together(work[3:6], lambda job: asyncio.run(ask(job))), "event loops in three threads")

    async def two(first: Job, second: Job) -> list[Any]:
        return list(await asyncio.gather(ask(first), ask(second), return_exceptions=True))

    judge_all(ctx, work[6:8], asyncio.run(two(*work[6:8])), "the last of several event loops")
    judge_one(ctx, work[8], _result(lambda: handle.invoke(*work[8].arguments)), "a sync call after event loops")
    if ctx.kind == "llm":
        _judge_streams(ctx, handle)


def _alone(handle: Any, job: Job) -> Any:
    async def ask() -> Any:
        return await handle.ainvoke(*job.arguments, **job.keywords)

    return asyncio.run(ask())


def _judge_streams(ctx: Context, handle: Any) -> None:
    async def read() -> str:
        async with handle.astream("Say hello.") as stream:
            return "".join([chunk.text async for chunk in stream])

    for _ in range(3):
        ctx.equal(asyncio.run(read()), ctx.oracle.reply("Say hello."), "the text of a stream in a new event loop")


def _result(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except Exception as error:
        # Judged with the results.
        return error


@check(
    "CON-04",
    "sync inside a loop",
    bugs=["mozilla-ai/any-llm#1256"],
    fix="Make sync calls with sync code; asyncio.run and run_until_complete refuse to work where a loop runs.",
)
def con_04(ctx: Context) -> None:
    """Notebooks run everything in an event loop: a sync call there must work as anywhere else."""
    handle = ctx.handle()
    work = jobs(ctx, 2)

    async def main() -> list[Any]:
        found = [_result(partial(handle.invoke, *job.arguments, **job.keywords)) for job in work]
        if ctx.kind == "llm":
            found.append(_result(lambda: "".join(chunk.text for chunk in handle.stream("Say hello."))))
        found.append(_result(handle.validate_credentials))
        return found

    found = ctx.run(main())
    judge_all(ctx, work, found[:2], "a running event loop")
    for other in found[2:]:
        ctx.expect(not isinstance(other, BaseException), "a sync call inside a loop failed", came=repr(other))
    if ctx.kind == "llm":
        ctx.equal(found[2], ctx.oracle.reply("Say hello."), "the text of a sync stream inside a loop")


@check(
    "CON-05",
    "sync stream from another thread",
    bugs=["mozilla-ai/any-llm#1256", "pydantic/pydantic-ai#6454"],
    model_types=["llm", "tts"],
    fix="Let the stream's generator own its connection; bind nothing to the thread that opened it.",
)
def con_05(ctx: Context) -> None:
    """Web frameworks open a stream in one thread and read it in others."""
    handle = ctx.handle()
    job = jobs(ctx, 1)[0]
    pieces: list[Any] = []
    # Threads that live at the same time: an id is given away again when its thread has ended.
    with contextlib.ExitStack() as stack:
        threads = [stack.enter_context(ThreadPoolExecutor(1)) for _ in range(4)]

        def step(number: int, action: Callable[[], Any]) -> Any:
            try:
                return threads[number].submit(action).result()
            except Exception as error:
                ctx.fail("a stream fails in another thread", expected="its next chunk", came=repr(error))

        stream = step(0, lambda: handle.stream(*job.arguments))
        pieces.append(step(1, lambda: next(stream)))
        pieces += step(2, lambda: list(stream))
        step(3, stream.close)
    if ctx.kind == "llm":
        ctx.equal("".join(piece.text for piece in pieces), job.expected, "the text of a stream that changed threads")
    else:
        ctx.equal(ctx.oracle.transcript(b"".join(pieces)), job.expected, "the speech of a stream that changed threads")


@check(
    "CON-13",
    "free-threaded smoke",
    bugs=["simonw/llm#1182"],
    fix="Guard what several threads change with a lock, and build shared things once, under it.",
)
def con_13(ctx: Context) -> None:
    """Without the GIL, and with a busy one, threads change places between any two steps."""
    kept = sys.getswitchinterval()
    was_free = not getattr(sys, "_is_gil_enabled", lambda: True)()
    sys.setswitchinterval(1e-6)
    try:
        work = jobs(ctx, 96)
        with ctx.target.runtime() as runtime:

            def call(job: Job) -> Any:
                return ctx.fresh(runtime).invoke(*job.arguments)

            # In rounds: threads meet in the provider's code when they start together, and later most of them wait for
            # the server.
            for first in range(0, len(work), 12):
                part = work[first : first + 12]
                judge_all(ctx, part, together(part, call), "threads that take turns all the time")
    finally:
        sys.setswitchinterval(kept)
    is_free = not getattr(sys, "_is_gil_enabled", lambda: True)()
    ctx.equal(is_free, was_free, "whether the interpreter runs without the GIL after the provider was used")
