"""STR: how streams end."""

from __future__ import annotations

from dataclasses import replace

from mrt import InvokeConnectionError, InvokeError, InvokeTimeoutError, Timeouts
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.clocks import movable
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import NotApplicable
from mrt_testing_kit.server import Answer


@check(
    "STR-10",
    "no end mark, but a finish, is fine",
    faults=["F13"],
    fix="Take the finish reason as the end; the end mark is only one more sign of it.",
)
def str_10(ctx: Context) -> None:
    """Several servers never send the end mark; a client that insists on it loses whole answers."""
    plain = ctx.chat("Count to three.").ok()
    for what in ("mark", "blank"):
        ctx.server.next_answer(Answer(["One", " two", " three"]))
        with ctx.fault("F13", what=what):
            got = ctx.chat("Count to three.")
        if what == "blank" and got.error is not None:
            # The standard has an event without its blank line dropped; then the answer has no end.
            got.fails(InvokeConnectionError)
            continue
        sources = [one.usage.source if one.usage is not None else None for one in (plain, got.ok())]
        if what == "mark":
            ctx.equal(sources[1], sources[0], "where the counts of the last chunk come from")
        ctx.equal(got.text, "One two three", "the text of the stream")
        ctx.equal(got.finish, "stop", "the finish reason")


@check(
    "STR-11",
    "clean EOF without finish raises, partial kept",
    bugs=["BerriAI/litellm#42085"],
    faults=["F15"],
    fix="Raise InvokeConnectionError at the end of the stream unless a finish reason or the end mark was seen.",
)
def str_11(ctx: Context) -> None:
    """A stream that ends before its finish reason is an answer that was cut off; a made-up 'stop' hides that."""
    for pieces in (["One", " two", " three"], ["Only"]):
        ctx.server.next_answer(Answer(pieces))
        with ctx.fault("F15"):
            got = ctx.chat("Count to three.")
        error = got.fails(InvokeConnectionError)
        came = "".join(got.texts)
        ctx.expect(
            "".join(pieces).startswith(came),
            "the chunks before the cut are wrong",
            expected=f"the beginning of {''.join(pieces)!r}",
        )
        ctx.expect(got.finish is None, "a finish reason was made up for an answer that was cut off", expected=None)
        ctx.expect(got.partial is not None, "the error does not keep the part that came", expected="error.partial")
        ctx.equal(error.partial.text, came, "the text on the error")


@check(
    "STR-12",
    "a cut connection raises",
    essential=True,
    faults=["F16"],
    fix="Turn an incomplete body or a reset into InvokeConnectionError, and keep what had come.",
)
def str_12(ctx: Context) -> None:
    """A connection that breaks in the middle must not look like the end of the answer."""
    for how in ("reset", "terminator"):
        for after in (1, 3):
            ctx.server.next_answer(Answer(["One", " two", " three", " four"]))
            with ctx.fault("F16", how=how, after=after):
                got = ctx.chat("Count.")
            error = got.fails(InvokeConnectionError)
            ctx.expect(got.finish is None, "a finish reason was made up", expected=None)
            ctx.expect(error.retryable, "the error does not say that trying again may help", expected="retryable")
            ctx.expect("One two three four".startswith("".join(got.texts)), "the chunks before the cut are wrong")


@check(
    "STR-13",
    "a stall ends in a timeout",
    essential=True,
    faults=["F17"],
    fix="Give every read a time limit, and pass the caller's limits on; never switch them off for streams.",
)
def str_13(ctx: Context) -> None:
    """A vendor that stops sending without closing would hold the caller for ever."""
    ctx.server.next_answer(Answer(["One", " two", " three"]))
    # It is the limit between two pieces that counts here, and not the one for the first, which may be minutes.
    limits = replace(ctx.short, first_byte=ctx.seconds(20))
    with ctx.fault("F17", seconds=ctx.seconds(6)):
        got = ctx.chat("Count.", timeouts=limits)
    error = got.fails(InvokeTimeoutError)
    ctx.expect(error.partial is not None, "the error does not keep the part that came", expected="error.partial")
    ctx.expect(got.finish is None, "a finish reason was made up", expected=None)


@check(
    "STR-14",
    "a slow drip survives",
    faults=["F18"],
    fix="Limit the time between two reads, not the time in which a whole event has to come.",
)
def str_14(ctx: Context) -> None:
    """A slow answer is not a dead one: bytes that keep coming keep the stream alive."""
    ctx.server.next_answer(Answer(["One", " two"]))
    with ctx.fault("F18"):
        got = ctx.chat("Count.").ok()
    ctx.equal(got.text, "One two", "the text of the stream")
    _long(ctx)


def _long(ctx: Context) -> None:
    """Let the clock say that every piece took minutes; the caller has set no limit for the whole."""
    pieces = ["One", " two", " three", " four"]
    ctx.server.next_answer(Answer(pieces))
    minutes = Timeouts(connect=10, first_byte=300, between_bytes=300, total=None)
    handle = ctx.handle(timeouts=minutes)
    said: list[str] = []
    with movable() as forward:
        try:
            if ctx.way == "stream":
                for chunk in handle.stream("Count."):
                    said.append(chunk.text)
                    forward(200)
            else:

                async def read() -> None:
                    async for chunk in handle.astream("Count."):
                        said.append(chunk.text)
                        forward(200)

                ctx.run(read())
        except InvokeError as error:
            ctx.fail(
                "a stream was ended after minutes although the caller has set no limit for the whole",
                expected="the whole answer", came=repr(error),
            )  # fmt: skip
    ctx.equal("".join(said), "".join(pieces), "the text of a stream that took minutes")


@check(
    "STR-32",
    "an exhausted stream stays exhausted",
    essential=True,
    fix="Use a generator, or remember that the end was reached; the last chunk must not come twice.",
)
def str_32(ctx: Context) -> None:
    """Code that asks once more after the end must get the end again, not a second answer."""
    handle = ctx.handle()
    if ctx.way == "stream":
        stream = handle.stream("Say hello.")
        first = list(stream)
        again = [chunk for _ in range(2) for chunk in stream]
    else:

        async def read() -> tuple[list[object], list[object]]:
            stream = handle.astream("Say hello.")
            first = [chunk async for chunk in stream]
            return first, [chunk async for chunk in stream]

        first, again = ctx.run(read())
    ctx.expect(len(first) > 0, "the stream brought nothing")
    ctx.equal(len(again), 0, "the number of chunks after the end")
    ctx.equal(len(ctx.requests), 1, "the number of requests for one stream")


@check(
    "STR-24",
    "one finish reason, on the last chunk",
    faults=["F14"],
    fix="Set finish_reason once, on the chunk that ends the answer, and yield nothing after it.",
)
def str_24(ctx: Context) -> None:
    """Programs stop reading at the finish reason: one that comes early loses text, a second one runs code twice."""
    for pieces in (["One"], ["One", " two", " three"]):
        for after in (None, "event", "text", "bytes"):
            ctx.server.next_answer(Answer(pieces))
            try:
                if after is None:
                    got = ctx.chat("Count.").ok()
                else:
                    with ctx.fault("F14", what=after):
                        got = ctx.chat("Count.").ok()
            except NotApplicable:
                # Nothing can follow the end mark of a vendor that has none.
                continue
            finishes = [chunk.delta.finish_reason for chunk in got.chunks]
            ctx.equal(finishes, [None] * (len(finishes) - 1) + ["stop"], "the finish reasons of the chunks")
            ctx.equal(got.text, "".join(pieces), "the text of the stream")
