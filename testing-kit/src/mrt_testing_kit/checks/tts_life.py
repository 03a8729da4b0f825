"""TTS: connections and files."""

from __future__ import annotations

import gc
from typing import Any

import mrt
from mrt_testing_kit import residue, sound
from mrt_testing_kit.catalogue import STREAMS, check
from mrt_testing_kit.checks.tts_sound import judge
from mrt_testing_kit.context import Context
from mrt_testing_kit.server import RecordedRequest

_LONG = " ".join(f"word{number}" for number in range(300))


@check(
    "TTS-08",
    "early close",
    essential=True,
    ways=STREAMS,
    faults=["F18"],
    fix="Close the response in a finally of the generator, so that close() and an exception reach it.",
)
def tts_08(ctx: Context) -> None:
    """Who stops listening must not pay for the rest, nor hold the connection."""
    for leave in (_by_block, _by_dropping):
        with ctx.fault("F18", pause=0.02, slices=100):
            first = leave(ctx)
        last = ctx.server.requests[-1]
        _until_ended(ctx, last)
        if first == sound.sent_back(last):
            # It came whole: nothing is left to leave, and the connection may be kept for the next call.
            break
        ctx.expect(
            last.outcome == "left",
            "the connection stays open after the stream was left",
            expected="a closed connection",
        )
        judge(ctx, ctx.speak("Hello there."), "Hello there.")
    judge(ctx, ctx.speak("Hello there."), "Hello there.")


def _until_ended(ctx: Context, request: RecordedRequest) -> None:
    ctx.server.wait_for(lambda: request.outcome != "pending", ctx.seconds(5))


def _by_block(ctx: Context) -> bytes:
    got = ctx.speak(_LONG, until=1).ok()
    ctx.equal(len(got.chunks), 1, "the number of pieces before the stream was left")
    return got.audio


def _by_dropping(ctx: Context) -> bytes:
    handle: Any = ctx.handle()
    first = b""
    if ctx.way == "stream":
        for first in handle.stream(_LONG):  # noqa: B007
            break
    else:
        first = ctx.run(_first(handle))
    gc.collect()
    return first


async def _first(handle: Any) -> bytes:
    import asyncio

    first = b""
    async for first in handle.astream(_LONG):  # noqa: B007
        break
    gc.collect()
    # The event loop closes abandoned generators in a task of its own.
    await asyncio.sleep(0.05)
    return first


@check(
    "TTS-09",
    "no temporary files left",
    essential=True,
    bugs=["langgenius/dify-official-plugins#2076", "langgenius/dify-official-plugins#2505"],
    faults=["F41", "F56", "F16"],
    fix="Keep sound in memory, or delete temporary files in a finally.",
)
def tts_09(ctx: Context) -> None:
    """Files of every sentence that was ever spoken fill the disk of a server that runs for months."""
    faults: tuple[tuple[str, dict[str, Any]], ...] = (
        ("F41", {"status": 500}),
        ("F56", {"what": "json"}),
        ("F56", {"what": "empty"}),
        ("F16", {"how": "length"}),
    )
    with residue.own_temporary_folder() as folder:
        judge(ctx, ctx.speak("Hello there."), "Hello there.")
        ctx.speak(_LONG).ok()
        if ctx.way in STREAMS:
            ctx.speak(_LONG, until=1)
        for id, options in faults:
            with ctx.fault(id, **options):
                ctx.speak().fails(mrt.InvokeError)
        gc.collect()
        left = folder.left()
    ctx.expect(not left, f"{len(left)} temporary files are left", expected="none", came=left)
