"""STR: errors and rubbish where a stream is due."""

from __future__ import annotations

from typing import Any

import mrt
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.said import codes_of
from mrt_testing_kit.server import Answer

_PIECES = ["One", " two", " three", " four"]


def _under(ctx: Context, fault: str, **options: Any) -> Outcome:
    ctx.server.next_answer(Answer(_PIECES))
    with ctx.fault(fault, **options):
        return ctx.chat("Count.")


def _no_success(ctx: Context, got: Outcome, *kinds: type[mrt.InvokeError]) -> mrt.InvokeError:
    error = got.fails(*(kinds or (mrt.InvokeError,)))
    ctx.expect(got.finish is None, "a finish reason was made up for a failed answer", expected=None)
    ctx.expect("".join(_PIECES).startswith(got.text), "the chunks before the error are wrong")
    return error


@check(
    "STR-15",
    "an error object in a 200 stream is typed",
    bugs=["BerriAI/litellm#40578"],
    faults=["F19"],
    fix="Look for 'error' in every event, as an object and as a text, and map it like an error status.",
)
def str_15(ctx: Context) -> None:
    """A quota that runs out in the middle of a stream arrives as an event; skipped, it looks like an empty success."""
    # Where the vendor's events have names, readers may pass over one without; that the answer has no end is then seen.
    named = any(event.name for event in ctx.server.dialect.error_events(429, ""))
    for shape in ("vendor", "object", "string"):
        for after in (0, 1, 3):
            message = f"Rate limit reached, shape {shape}, {after}."
            got = _under(ctx, "F19", shape=shape, after=after, message=message, status=429)
            error = _no_success(ctx, got)
            if shape != "vendor" and named:
                continue
            ctx.expect(
                isinstance(error, (mrt.InvokeRateLimitError, mrt.InvokeServerUnavailableError)),
                f"the error in the stream became {type(error).__name__}",
                expected="InvokeRateLimitError where the event tells, else InvokeServerUnavailableError",
            )
            ctx.expect("Rate limit reached" in str(error), "the vendor's message is lost", expected=message)
            if shape == "vendor":
                _judge_limit(ctx, error)


def _judge_limit(ctx: Context, error: mrt.InvokeError) -> None:
    ctx.expect(
        isinstance(error, mrt.InvokeRateLimitError),
        f"the vendor's rate limit became {type(error).__name__}",
        expected="InvokeRateLimitError",
    )
    ctx.expect(error.retryable, "a rate limit in a stream says that it may not be tried again", expected="retryable")
    words = [code for event in ctx.server.dialect.error_events(429, "") for code in codes_of(event.data)]
    told = error.code in words or not words
    ctx.expect(told, "the vendor's code is lost", expected=" or ".join(words), came=repr(error.code))


@check(
    "STR-16",
    "an event named error is an error",
    faults=["F20"],
    fix="Look at the event's name as well as at its data.",
)
def str_16(ctx: Context) -> None:
    """Vendors announce trouble with 'event: error'; data without an error key must not hide it."""
    for after in (0, 1, 2):
        error = _no_success(ctx, _under(ctx, "F20", after=after, message="The oracle is overloaded."))
        ctx.expect(
            isinstance(error, (mrt.InvokeServerUnavailableError, mrt.InvokeRateLimitError)),
            f"an overload became {type(error).__name__}",
            expected="InvokeServerUnavailableError",
        )
        ctx.expect(error.retryable, "an overload says that it may not be tried again", expected="retryable")
        ctx.expect("overloaded" in str(error).lower(), "the vendor's message is lost", expected="overloaded")


@check(
    "STR-17",
    "broken JSON in a stream is typed",
    essential=True,
    bugs=["openai/openai-python#2722"],
    faults=["F21"],
    fix="Catch the JSON error where it happens and raise an InvokeError from it.",
)
def str_17(ctx: Context) -> None:
    """One broken event must end as an error that callers know, not as a JSON error or as a shorter answer."""
    for what in ("cut", "text", "single-quotes", "null"):
        for after in (0, 2):
            _no_success(ctx, _under(ctx, "F21", what=what, after=after))


@check(
    "STR-18",
    "a web page instead of a stream",
    essential=True,
    faults=["F22"],
    fix="Look at the content type before reading events; a page of a proxy is no empty answer.",
)
def str_18(ctx: Context) -> None:
    """Gateways answer 200 with a login page; read as events it has none, and the answer looks empty."""
    error = _no_success(ctx, _under(ctx, "F22"))
    ctx.expect(len(str(error)) < 1000, "the whole page is in the message", expected="one sentence")
    ctx.expect("<html" not in str(error).lower(), "the page's source is in the message", expected="one sentence")


@check(
    "STR-19",
    "a JSON error instead of a stream",
    essential=True,
    faults=["F23"],
    fix="When a stream was asked for and JSON came, read it as an error.",
)
def str_19(ctx: Context) -> None:
    """A JSON error with status 200 has no events, so that a reader of events sees an empty answer."""
    error = _no_success(ctx, _under(ctx, "F23", message="The oracle is overloaded."))
    ctx.expect("overloaded" in str(error).lower(), "the vendor's message is lost", expected="overloaded")
