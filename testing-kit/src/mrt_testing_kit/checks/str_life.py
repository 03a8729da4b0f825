"""STR: what becomes of the connection when a stream is left."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import mrt
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.server import Answer

_ENDLESS = Answer([" word"] * 4000)


def _left(ctx: Context, leave: Callable[[], None], how: str) -> None:
    """Start an endless answer, leave it, and wait until the server sees that its client has gone."""
    ctx.server.next_answer(_ENDLESS)
    leave()
    gone = ctx.server.wait_for(
        lambda: any(connection.left_during is not None for connection in ctx.server.connections), ctx.seconds(5)
    )
    ctx.expect(
        gone,
        f"the connection stays open after {how}, and the vendor writes on",
        expected="a closed connection within 5 seconds",
        came="an open connection",
    )


@check(
    "STR-25",
    "closing a stream frees its connection",
    essential=True,
    bugs=["BerriAI/litellm#21213", "BerriAI/litellm#31619", "BerriAI/litellm#30245"],
    fix="Close the response in a finally of the generator, and give the stream a close() that reaches it.",
)
def str_25(ctx: Context) -> None:
    """A reader that leaves early must not leave the vendor writing, and paid for, until the end."""
    handle = ctx.handle()

    def leave() -> None:
        if ctx.way == "stream":
            stream = handle.stream("Go on.")
            next(iter(stream))
            stream.close()
        else:

            async def read() -> None:
                stream = handle.astream("Go on.")
                async for _ in stream:
                    break
                await stream.aclose()

            ctx.run(read())

    _left(ctx, leave, "close()")


@check(
    "STR-26",
    "an abandoned stream frees its connection",
    essential=True,
    bugs=["BerriAI/litellm#21213"],
    fix="Hold the response in the generator alone, so that it goes when the generator goes.",
)
def str_26(ctx: Context) -> None:
    """A loop that is left with break, without close(), must not hold a connection for ever."""
    handle = ctx.handle()

    def leave() -> None:
        if ctx.way == "stream":
            for _ in handle.stream("Go on."):
                break
        else:

            async def read() -> None:
                async for _ in handle.astream("Go on."):
                    break
                gc.collect()
                import asyncio

                # The event loop closes abandoned generators in a task of its own.
                await asyncio.sleep(0.05)

            ctx.run(read())
        gc.collect()

    _left(ctx, leave, "the last reference is gone")


@check(
    "STR-33",
    "an exception of the consumer closes the stream",
    essential=True,
    fix="Close the response in a finally, whatever ends the generator.",
)
def str_33(ctx: Context) -> None:
    """A program that fails while it reads must not leave the connection open."""
    handle = ctx.handle()

    class OwnError(Exception):
        pass

    def leave() -> None:
        try:
            if ctx.way == "stream":
                with handle.stream("Go on.") as stream:
                    for _ in stream:
                        raise OwnError
            else:

                async def read() -> None:
                    async with handle.astream("Go on.") as stream:
                        async for _ in stream:
                            raise OwnError

                ctx.run(read())
        except OwnError:
            return
        ctx.fail("the consumer's own exception was swallowed", expected="the same exception")

    _left(ctx, leave, "an exception of the consumer")


@check(
    "STR-27",
    "the next call works after a failed stream",
    essential=True,
    faults=["F16", "F19", "F21"],
    fix="Drop the connection of a failed stream; never give it back with bytes left in it.",
)
def str_27(ctx: Context) -> None:
    """A connection that went wrong must not serve the next call with the rest of the last answer."""
    faults: tuple[tuple[str, dict[str, Any]], ...] = (("F16", {}), ("F19", {}), ("F21", {}))
    for fault, options in faults:
        ctx.server.next_answer(Answer(["Old", " answer", " here"]))
        with ctx.fault(fault, **options):
            ctx.chat("Go on.").fails(mrt.InvokeError)
        for question in ("Say hello.", "What is 2 times 3?"):
            ctx.equal(ctx.chat(question).ok().text, ctx.oracle.reply(question), f"the answer after {fault}")
    ctx.server.next_answer(_ENDLESS)
    ctx.chat("Go on.", until=2)
    ctx.equal(ctx.chat("Say hello.").ok().text, ctx.oracle.reply("Say hello."), "the answer after a stream was left")


@check(
    "STR-28",
    "the stream outlives its handle and runtime",
    essential=True,
    bugs=["langgenius/dify-official-plugins#2114"],
    fix="Let the generator hold what it needs; a client that closes itself when collected kills its streams.",
)
def str_28(ctx: Context) -> None:
    """A function that returns a stream drops the handle; the answer must not die with it."""
    pieces = [f" word{number}" for number in range(40)]
    ctx.server.next_answer(Answer(pieces))
    runtime = ctx.target.runtime()
    method = "stream" if ctx.way == "stream" else "astream"
    stream = getattr(runtime.llm(f"{ctx.target.name}/{ctx.model}", ctx.credentials()), method)("Go on.")
    if ctx.way == "stream":
        said = next(stream).text
        del runtime
        gc.collect()
        said += "".join(chunk.text for chunk in stream)
    else:
        del runtime
        gc.collect()

        async def read() -> str:
            said = ""
            async for chunk in stream:
                gc.collect() if not said else None
                said += chunk.text
            return said

        said = ctx.run(read())
    ctx.equal(said, "".join(pieces), "the text of a stream whose handle is gone")


@check(
    "STR-30",
    "the first chunk comes before the second is written",
    fix="Yield each chunk as it comes; do not collect the answer first.",
)
def str_30(ctx: Context) -> None:
    """A stream that is delivered at the end is no stream: people wait for the first word."""
    with ctx.fault("F17", after=8):
        got = ctx.chat("[[oracle: repeat 20 word]]", timeouts=ctx.short)
    got.fails(mrt.InvokeError)
    ctx.expect(
        len(got.texts) >= 1,
        "nothing was delivered although the server had sent some of the answer and waits",
        expected="the chunks that had come",
    )
