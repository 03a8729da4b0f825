"""ERR: what an error says and carries."""

from __future__ import annotations

import math
import pickle
from typing import Any

import mrt
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.server.faults.base import NOT_OPENAI

_BODIES = ("text", "html", "empty", "foreign", "vendor", "list", "detail")
_TOLD = ("list", "detail")
"""Shapes that servers of OpenAI's kind have beside their own: Google's list, and what FastAPI says of a request."""


@check(
    "ERR-02",
    "every kind of error body",
    bugs=["HKUDS/nanobot#536"],
    faults=["F41"],
    fix="Go by the status; take a message out of the body where there is one; name a web page, do not show it.",
)
def err_02(ctx: Context) -> None:
    """Proxies answer with pages, gateways with their own JSON, some with nothing: the status still says what it is."""
    for status, kind in (
        (401, mrt.InvokeAuthorizationError),
        (429, mrt.InvokeRateLimitError),
        (503, mrt.InvokeServerUnavailableError),
    ):
        for body in _BODIES:
            message = f"The oracle objects, case {status}."
            with ctx.fault("F41", status=status, body=body, message=message):
                error = ctx.call().fails(kind)
            text = str(error)
            if body in _TOLD and ctx.server.dialect.name not in NOT_OPENAI:
                ctx.expect(message in text, f"what the body says is lost (kind {body})", expected=message)
            ctx.equal(error.status, status, f"the status on the error for HTTP {status} with a body of kind {body}")
            ctx.expect(
                len(text) < 1500, "the message is a whole body", expected="one sentence", came=f"{len(text)} characters"
            )
            ctx.expect(
                "<html" not in text.lower(), "the source of a web page is in the message", expected="one sentence"
            )
            ctx.expect(text.strip(), "the error says nothing", expected="a sentence")


@check(
    "ERR-04",
    "how long to wait",
    bugs=["BerriAI/litellm#27823"],
    faults=["F42"],
    fix="Read Retry-After as seconds and as a date, clamp nonsense, and put seconds into retry_after.",
)
def err_04(ctx: Context) -> None:
    """The vendor says when to come back; without the number clients hammer or sleep far too long."""
    for form, low, high in (("seconds", 2, 2), ("fraction", 2, 2), ("date", 0, 3), ("ms", 2, 2)):
        with ctx.fault("F42", form=form, seconds=2):
            error = ctx.call().fails(mrt.InvokeRateLimitError)
        wait = error.retry_after
        if form in ("ms", "fraction") and wait is None:
            continue
        ctx.expect(
            wait is not None and low <= wait <= high + 0.5,
            f"retry_after is wrong for a wait given as {form}",
            expected=f"{high} seconds",
            came=wait,
        )
    for status in (503, 529):
        with ctx.fault("F42", form="seconds", seconds=3, status=status):
            unavailable = ctx.call().fails(mrt.InvokeServerUnavailableError)
        ctx.equal(unavailable.retry_after, 3, f"retry_after for HTTP {status}")
    for form in ("absurd", "negative", "garbage"):
        with ctx.fault("F42", form=form):
            error = ctx.call().fails(mrt.InvokeRateLimitError)
        wait = error.retry_after
        ctx.expect(
            wait is None or (math.isfinite(wait) and 0 <= wait <= 7 * 24 * 3600),
            f"a senseless wait ({form}) is passed on",
            expected="None, or at most a week",
            came=wait,
        )


@check(
    "ERR-05",
    "retryable or not",
    faults=["F41"],
    fix="429, 5xx and lost connections may be tried again; wrong keys and wrong requests may not.",
)
def err_05(ctx: Context) -> None:
    """A retry policy goes by this flag alone."""
    for status, expected in (
        (400, False),
        (401, False),
        (403, False),
        (408, True),
        (422, False),
        (429, True),
        (500, True),
        (503, True),
    ):
        with ctx.fault("F41", status=status):
            error = ctx.call().fails(mrt.InvokeError)
        ctx.equal(error.retryable, expected, f"retryable for HTTP {status}")
    with ctx.fault("F41", reason="quota"):
        error = ctx.call().fails(mrt.InvokeError)
    if b"quota" in bytes(ctx.requests[-1].response):
        # Some vendors have no word for it, and send a plain limit.
        ctx.expect(
            not error.retryable, "a quota that is used up asks to be tried again", expected="retryable False",
            came=repr(error),
        )  # fmt: skip


@check(
    "ERR-16",
    "errors can be pickled",
    essential=True,
    faults=["F41"],
    fix="Give own exceptions the signature of their base class, or a __reduce__.",
)
def err_16(ctx: Context) -> None:
    """Workers send errors to their parents by pickle; one that cannot travel hides itself behind another."""
    for status in (401, 429, 500):
        with ctx.fault("F41", status=status):
            error = ctx.call().fails(mrt.InvokeError)
        copy: Any = pickle.loads(pickle.dumps(error))
        ctx.equal(type(copy), type(error), "the type of the pickled error")
        for name in ("status", "code", "request_id", "retry_after", "retryable", "provider", "model"):
            ctx.equal(getattr(copy, name), getattr(error, name), f"{name} of the pickled error")
        ctx.equal(str(copy), str(error), "the text of the pickled error")


@check(
    "ERR-19",
    "a compressed error",
    essential=True,
    faults=["F44"],
    fix="Undo the content coding of error bodies, too.",
)
def err_19(ctx: Context) -> None:
    """Gateways compress everything; an error that is shown as gzip bytes helps nobody."""
    with ctx.fault("F44", coding="liar"):
        error = ctx.call().fails(mrt.InvokeError)
    ctx.expect(str(error).isprintable() or "\n" in str(error), "the message holds raw bytes", expected="a sentence")


@check(
    "ERR-20",
    "a huge error is bounded",
    essential=True,
    faults=["F41"],
    fix="Read a limited part of an error's body and show a limited part of that.",
)
def err_20(ctx: Context) -> None:
    """Ten megabytes of error must not end in a log line of ten megabytes."""
    # The caller's mistake in some ways and the vendor's in others: both kinds of body are read, each way once.
    status = 400 if ctx.way in ("sync", "astream") else 500
    with ctx.fault("F41", status=status, body="huge"):
        error = ctx.call().fails(mrt.InvokeError)
    size = len(str(error)) + sum(len(str(argument)) for argument in error.args)
    ctx.expect(size < 20_000, "the error carries a huge body", expected="a few hundred characters", came=f"{size}")
