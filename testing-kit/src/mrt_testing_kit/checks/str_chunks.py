"""STR: chunks that carry little, nothing, or odd things."""

from __future__ import annotations

import random
import tracemalloc
from typing import Any

from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import Answer

_PIECES = ["One", " two", " three"]


def _whole(ctx: Context, fault: str | None, pieces: list[str] | None = None, **options: Any) -> Outcome:
    pieces = pieces or _PIECES
    ctx.server.next_answer(Answer(pieces))
    if fault is None:
        got = ctx.chat("Count.").ok()
    else:
        with ctx.fault(fault, **options):
            got = ctx.chat("Count.").ok()
    ctx.equal(got.text, "".join(pieces), "the text of the stream")
    ctx.equal(got.finish, "stop", "the finish reason")
    return got


@check(
    "STR-20",
    "chunks with empty choices",
    bugs=["mozilla-ai/any-llm#515", "langchain-ai/langchain-litellm#56"],
    faults=["F25"],
    fix="Read usage before looking at choices, and take the first choice only if there is one.",
)
def str_20(ctx: Context) -> None:
    """The chunk with the usage has no choices; indexing them ends a good answer with an exception."""
    for pieces in (_PIECES, ["Only"]):
        got = _whole(ctx, "F25", pieces)
        ctx.expect(got.usage is not None, "the last chunk has no usage", expected="usage on the last chunk")


@check(
    "STR-21", "choices null or missing", faults=["F26"],
    fix="Treat null, missing and empty choices alike: nothing new.",
)  # fmt: skip
def str_21(ctx: Context) -> None:
    """Proxies send chunks without choices to keep a stream alive."""
    for what in ("null", "missing"):
        _whole(ctx, "F26", what=what)


@check(
    "STR-22",
    "delta null or missing",
    bugs=["mozilla-ai/any-llm#657", "deepset-ai/haystack-core-integrations#2759"],
    faults=["F27"],
    fix="Read a null or missing delta as one that says nothing.",
)
def str_22(ctx: Context) -> None:
    """Some servers send 'delta': null on chunks that only carry a role or an end."""
    for what in ("null", "missing"):
        _whole(ctx, "F27", what=what)


@check(
    "STR-23",
    "chunks with a role only, empty or null text",
    bugs=["BerriAI/litellm#7094"],
    faults=["F28"],
    fix="Add text only when there is some; never join None.",
)
def str_23(ctx: Context) -> None:
    """First chunks carry a role and no text; joined carelessly they crash or print 'None'."""
    for what in ("empty", "null", "all", "role"):
        got = _whole(ctx, "F28", what=what)
        ctx.expect("None" not in got.text, "the word None is in the text", expected="".join(_PIECES))


@check(
    "STR-29",
    "increments join to exactly the answer",
    essential=True,
    bugs=["langgenius/dify-official-plugins#1160", "langgenius/dify-official-plugins#1419"],
    faults=["F31"],
    fix="Pass each increment on as it is; never find it by searching in what came before.",
)
def str_29(ctx: Context) -> None:
    """Repeated words are where homemade differences fail: 'hahaha' loses a 'ha', or the last piece comes twice."""
    fixed = [["ha"] * 12, ["a", "a", "b", "a", "a"], [" ", " ", "x"], ["no", "no", "!", "!"], ["x"]]
    for pieces in fixed:
        _whole(ctx, None, pieces)
    for pieces in fixed[:2]:
        for together in (False, True):
            ctx.server.next_answer(Answer(pieces))
            with ctx.fault("F31", finish="length", together=together):
                got = ctx.chat("Count.").ok()
            ctx.equal(got.text, "".join(pieces), "the text of an answer that was cut at the limit")

    def repeated(draw: random.Random) -> None:
        words = ["ha", "a", " a", "\n", "é", "aa"]
        _whole(ctx, None, [draw.choice(words) for _ in range(draw.randint(1, 30))] + ["."])

    ctx.explore(repeated, times=3, deep=60)


@check("STR-31", "chunk indices from 0", essential=True, fix="Number the chunks of each stream from 0, one by one.")
def str_31(ctx: Context) -> None:
    """The index tells a consumer whether it has missed a chunk."""
    for _ in range(2):
        got = ctx.chat("Say hello.").ok()
        indices = [chunk.delta.index for chunk in got.chunks]
        ctx.equal(indices, list(range(len(indices))), "the indices of the chunks")


@check(
    "STR-34",
    "memory does not grow with the number of chunks",
    essential=True,
    fix="Keep no list of chunks or events; pass each on and forget it.",
)
def str_34(ctx: Context) -> None:
    """A long answer must not be held several times over while it is read."""
    words, behind = 2000, 200
    ctx.server.next_answer(Answer([" word"] * words))
    handle = ctx.handle()
    seen: list[int] = []

    def look(count: int) -> None:
        if count in (behind, words - behind):
            seen.append(_held())

    tracemalloc.start()
    try:
        if ctx.way == "stream":
            for count, _ in enumerate(handle.stream("Go on.")):
                look(count)
        else:

            async def read() -> None:
                count = 0
                async for _ in handle.astream("Go on."):
                    look(count)
                    count += 1

            ctx.run(read())
    finally:
        tracemalloc.stop()
    ctx.equal(len(seen), 2, "the number of looks at the memory: the stream brought too few chunks")
    # The text itself may be kept (about 60 bytes a chunk); whole chunks or events (1 kB and more) may not.
    grown = (seen[1] - seen[0]) / (words - 2 * behind)
    ctx.expect(
        grown < 500,
        "what is held grows with every chunk of the stream",
        expected="less than 500 bytes per chunk, enough for the text",
        came=f"{grown:.0f} bytes per chunk",
    )


def _held() -> int:
    """Return the bytes that are allocated by other code than the kit's server, which runs in the same process."""
    ours = [tracemalloc.Filter(False, pattern) for pattern in ("*/mrt_testing_kit/*", "*/asyncio/*")]
    return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces(ours).traces)
