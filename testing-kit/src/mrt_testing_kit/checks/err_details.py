"""ERR: what an error says and carries."""

from __future__ import annotations

import json
import math
import pickle
from typing import Any

import mrt
from mrt.entities.plain import is_mapping
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context

_TEXTUAL = ("text", "html", "empty", "foreign", "vendor")


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
        for body in _TEXTUAL:
            with ctx.fault("F41", status=status, body=body):
                error = ctx.call().fails(kind)
            text = str(error)
            ctx.equal(error.status, status, f"the status on the error for HTTP {status} with a body of kind {body}")
            ctx.expect(
                len(text) < 1500, "the message is a whole body", expected="one sentence", came=f"{len(text)} characters"
            )
            ctx.expect(
                "<html" not in text.lower(), "the source of a web page is in the message", expected="one sentence"
            )
            ctx.expect(text.strip(), "the error says nothing", expected="a sentence")


@check(
    "ERR-03",
    "the vendor's message, code and request id",
    faults=["F41"],
    fix="Keep the vendor's sentence in the message and its request id in request_id.",
)
def err_03(ctx: Context) -> None:
    """Support asks for the request id, and people need the vendor's own words."""
    for status in (400, 429, 500):
        message = f"The oracle objects, case {status * 7}."
        with ctx.fault("F41", status=status, message=message):
            error = ctx.call().fails(mrt.InvokeError)
        ctx.expect(message.rstrip(".") in str(error), "the vendor's message is lost", expected=message)
        words = _codes(bytes(ctx.requests[-1].response))
        told = error.code in words or not words
        ctx.expect(told, "the vendor's code is lost", expected=" or ".join(words), came=repr(error.code))
        wanted = _request_id(bytes(ctx.requests[-1].response))
        if wanted:
            ctx.equal(error.request_id, wanted, "the request id on the error")


def _codes(response: bytes) -> list[str]:
    try:
        body: Any = json.loads(response.partition(b"\r\n\r\n")[2])
    except ValueError:
        return []
    inner: Any = body.get("error") if is_mapping(body) else None
    found = [inner.get(name) for name in ("code", "type")] if is_mapping(inner) else []
    return [code for code in found if isinstance(code, str) and not code.isdecimal()]


def _request_id(response: bytes) -> str | None:
    for line in response.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() in (b"x-request-id", b"request-id"):
            return value.strip().decode("latin-1")
    return None


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


_RETRYABLE = ((400, False), (401, False), (403, False), (422, False), (429, True), (500, True), (503, True))


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


_WORDS = {
    "context": (b"context", b"too long", b"too many tokens"),
    "filter": (b"filter", b"policy", b"safety"),
    "model": (b"model",),
}


def _reason(ctx: Context, reason: str, kind: type[mrt.InvokeError]) -> mrt.InvokeError:
    with ctx.fault("F41", reason=reason):
        got = ctx.call()
    said = bytes(ctx.requests[-1].response).lower()
    if not any(word in said for word in _WORDS[reason]):
        ctx.not_applicable("the vendor has no words of its own for this cause", by_dialect=True)
    error = got.fails(mrt.InvokeError)
    ctx.expect(
        isinstance(error, kind),
        f"the vendor's own words for this cause became {type(error).__name__}",
        expected=kind.__name__,
    )
    ctx.expect(not error.retryable, "the error asks to be tried again", expected="retryable False")
    return error


@check(
    "ERR-06",
    "context overflow is told apart",
    bugs=["BerriAI/litellm#15968"],
    faults=["F41"],
    model_types=["llm"],
    fix="Recognise the vendor's code for it; raise InvokeContextLengthError.",
)
def err_06(ctx: Context) -> None:
    """A program shortens the conversation on this error, and only on this one."""
    error = _reason(ctx, "context", mrt.InvokeBadRequestError)
    ctx.expect(
        isinstance(error, mrt.InvokeContextLengthError),
        "a prompt that is too long became a plain bad request",
        expected="InvokeContextLengthError",
    )


@check(
    "ERR-07",
    "a content filter is told apart",
    bugs=["pydantic/pydantic-ai#4315"],
    faults=["F41"],
    model_types=["llm"],
    fix="Recognise the vendor's code for it; raise InvokeContentFilterError.",
)
def err_07(ctx: Context) -> None:
    """A refusal is about what was asked, and no reason to call the vendor's support."""
    error = _reason(ctx, "filter", mrt.InvokeBadRequestError)
    ctx.expect(
        isinstance(error, mrt.InvokeContentFilterError),
        "a filtered prompt became a plain bad request",
        expected="InvokeContentFilterError",
    )


@check(
    "ERR-08",
    "an unknown model is told apart",
    faults=["F41"],
    fix="Recognise the vendor's code for it; raise InvokeModelNotFoundError.",
)
def err_08(ctx: Context) -> None:
    """A typo in the model's name must not read like a wrong URL or a wrong key."""
    error = _reason(ctx, "model", mrt.InvokeBadRequestError)
    ctx.expect(
        isinstance(error, mrt.InvokeModelNotFoundError),
        "an unknown model became a plain bad request",
        expected="InvokeModelNotFoundError",
    )


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
