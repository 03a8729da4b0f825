"""STR: how streams end."""

from __future__ import annotations

from mrt import InvokeConnectionError
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.server import Answer


@check(
    "STR-10",
    "no end mark, but a finish, is fine",
    faults=["F13"],
    fix="Take the finish reason as the end; the end mark is only one more sign of it.",
)
def str_10(ctx: Context) -> None:
    """Several servers never send the end mark; a client that insists on it loses whole answers."""
    ctx.server.next_answer(Answer(["One", " two", " three"]))
    with ctx.fault("F13"):
        got = ctx.chat("Count to three.").ok()
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
