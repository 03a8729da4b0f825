"""ERR: vendors that cannot be reached, and calls that are broken off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import mrt
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.outcome import Outcome


def _once(ctx: Context, got: Outcome, what: str) -> None:
    """Fail the check when a call asked more than once."""
    asked = [request for request in got.requests if request.method == "POST"]
    ctx.equal(len(asked), 1, f"the number of requests for one call that met {what}", outcome=got)


def _elsewhere(ctx: Context, url: str) -> dict[str, Any]:
    """Return credentials that lead to another address."""
    here = ctx.server.url
    return {
        name: value.replace(here, url) if isinstance(value, str) else value for name, value in ctx.credentials().items()
    }


@check(
    "ERR-09",
    "each kind of timeout",
    essential=True,
    bugs=["langchain-ai/langchain#35597"],
    faults=["F47"],
    fix="Pass all time limits on to the HTTP library, and raise InvokeTimeoutError when one passes.",
)
def err_09(ctx: Context) -> None:
    """A vendor that takes the request and says nothing must not hold the caller for ever."""
    # Silence takes half a second each time, so every way tries one or two places, and types beside llm only one.
    places: tuple[str, ...] = {"sync": ("first-byte", "head"), "async": ("first-byte", "read")}.get(
        ctx.way, ("first-byte",)
    )
    if ctx.kind != "llm":
        places = {"sync": ("first-byte",), "async": ("read",)}.get(ctx.way, ())
    for where in places:
        # The limit that counts is short, and the other one long; in the middle of a head either may count.
        limits = ctx.short
        if where != "head":
            limits = replace(limits, **{"between_bytes" if where == "first-byte" else "first_byte": ctx.seconds(20)})
        with ctx.fault("F47", where=where, seconds=ctx.seconds(6)):
            got = ctx.call(timeouts=limits)
        error = got.fails(mrt.InvokeTimeoutError)
        ctx.expect(error.retryable, "a timeout says that it may not be tried again", expected="retryable")
        _once(ctx, got, f"silence ({where})")


@check(
    "ERR-10",
    "refused, unknown host, broken connection",
    essential=True,
    faults=["F46"],
    fix="Map the HTTP library's connection errors to InvokeConnectionError, with host and port in the message.",
)
def err_10(ctx: Context) -> None:
    """'Connection refused' has to say to whom, so that a wrong port is found in a minute."""
    if ctx.server.url not in "".join(str(value) for value in ctx.credentials().values()):
        ctx.not_applicable("the credentials hold no address")
    for how in ("refused", "dns"):
        with ctx.fault("F46", how=how) as entry:
            url = str(entry.url)
            host = url.partition("//")[2].partition(":")[0]
            got = ctx.call(credentials=_elsewhere(ctx, url), timeouts=ctx.short)
            error = got.fails(mrt.InvokeConnectionError)
            ctx.expect(host in str(error), "the error does not name the host", expected=host)
            ctx.expect(error.retryable, "a lost connection says that it may not be tried again", expected="retryable")
    for how in ("reset", "close"):
        with ctx.fault("F46", how=how, times=None):
            ctx.call().fails(mrt.InvokeConnectionError)


@check(
    "ERR-11",
    "no foreign exception escapes",
    essential=True,
    bugs=["openai/openai-python#2722"],
    faults=["F16", "F21", "F22", "F24", "F41", "F45"],
    fix="Map every exception of the libraries that you use; nothing but MRT's errors may reach the caller.",
)
def err_11(ctx: Context) -> None:
    """A caller catches InvokeError; an exception of some library goes past it and ends the program."""
    tried: tuple[tuple[str, dict[str, Any]], ...] = (
        ("F41", {"status": 418}),
        ("F41", {"status": 451, "body": "text"}),
        ("F41", {"status": 507, "body": "empty"}),
        ("F41", {"status": 599, "body": "html"}),
        ("F16", {"how": "reset"}),
        ("F16", {"how": "length"}),
        ("F21", {"what": "cut"}),
        ("F22", {}),
        ("F24", {"what": "empty"}),
        ("F44", {"coding": "liar"}),
    )
    from mrt_testing_kit.failure import NotApplicable

    for fault, options in tried:
        try:
            with ctx.fault(fault, **options):
                error = ctx.call().error
        except NotApplicable:
            continue
        ctx.expect(
            isinstance(error, mrt.InvokeError),
            f"{fault} {options or ''} ended with {type(error).__name__ if error else 'no error'}",
            expected="an InvokeError",
        )


@check(
    "ERR-12",
    "the cause is chained",
    essential=True,
    faults=["F46"],
    fix="Raise the mapped error 'from' the library's one, or let core do it by the error mapping.",
)
def err_12(ctx: Context) -> None:
    """The library's own error says what happened underneath; it belongs behind ours."""
    with ctx.fault("F16", how="reset"):
        error = ctx.call().fails(mrt.InvokeError)
    behind: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in behind:
        behind.append(current)
        current = current.__cause__ or current.__context__
    ctx.expect(len(behind) > 1, "nothing stands behind the error", expected="__cause__", came=repr(error))


@check(
    "ERR-15",
    "every path of the error handling works",
    essential=True,
    bugs=["langgenius/dify-official-plugins#449"],
    faults=["F41", "F19", "F21"],
    fix="Run each branch of the error handling once; a NameError in one of them hides the vendor's error.",
)
def err_15(ctx: Context) -> None:
    """Error handling is the code that nobody runs until it is needed."""
    from mrt_testing_kit.failure import NotApplicable

    def faults() -> Iterator[tuple[str, dict[str, Any]]]:
        for status in (400, 401, 402, 403, 404, 408, 409, 413, 415, 422, 429, 500, 501, 502, 503, 504, 529):
            yield "F41", {"status": status}
        for status in (400, 500):
            for body in ("empty", "text", "foreign", "html"):
                yield "F41", {"status": status, "body": body}
        yield "F19", {}
        yield "F21", {}

    for fault, options in faults():
        try:
            with ctx.fault(fault, **options):
                error = ctx.call().error
        except NotApplicable:
            continue
        ctx.expect(
            isinstance(error, mrt.InvokeError),
            f"{fault} {options} ended with {type(error).__name__ if error else 'no error'}",
            expected="an InvokeError",
            came=repr(error),
        )
