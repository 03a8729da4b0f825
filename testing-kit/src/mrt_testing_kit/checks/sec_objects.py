"""SEC: secrets in what programs print, log, dump and write."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import mrt
from mrt_testing_kit import inside
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.given import key_field
from mrt_testing_kit.leaks import calls, judge, judge_all
from mrt_testing_kit.server import RecordedRequest


@check(
    "SEC-01",
    "repr, str and format",
    bugs=["langchain-ai/langchain#12110", "langchain-ai/langchain#34357"],
    fix="Hold the key as a mrt.Secret, or keep it out of the repr of every object that has it.",
)
def sec_01(ctx: Context) -> None:
    """Somebody prints the object that does not work, and sends what came to a mailing list."""
    key_field(ctx)
    owners = inside.packages(ctx)
    seen: list[tuple[str, str]] = []

    def look(_: RecordedRequest) -> bool:
        # While the vendor is asked, the objects that make the call are all there.
        seen.extend(_printed(inside.instances(owners), "an object of the provider, while it calls"))
        return False

    spy = ctx.server.fault("F41", when=look)
    for got in calls(ctx):
        shown: list[Any] = [got.result, *got.chunks[:3], *([got.usage] if got.kind == "llm" else [])]
        judge_all(ctx, _printed(shown, "what the call returned"), got)
    spy.remove()
    handle = ctx.handle()
    living = [handle, handle.credentials, handle.schema, ctx.runtime, ctx.target.plugin, ctx.target.entity]
    judge_all(ctx, _printed(living, "an object that programs hold"))
    judge_all(ctx, _printed([vars(handle)], "the fields of the handle"))
    for thing in inside.instances(owners):
        judge_all(ctx, _printed([thing, *_held(thing)], "an object of the provider, or in one"))
    judge_all(ctx, seen)


def _held(thing: Any) -> list[Any]:
    fields: dict[str, Any] = getattr(thing, "__dict__", {})
    return [value for value in fields.values() if not isinstance(value, (str, bytes))]


def _printed(things: list[Any], what: str) -> Iterator[tuple[str, str]]:
    for thing in things:
        kind = type(thing).__name__
        for how, show in (("repr", repr), ("str", str), ("format", format)):
            yield f"the {how} of {what} ({kind})", _text(partial(show, thing))


def _text(make: Callable[[], str]) -> str:
    # What cannot be printed or refuses to be dumped gives nothing away.
    with contextlib.suppress(Exception):
        return make()
    return ""


@check(
    "SEC-05",
    "warnings",
    faults=["F41"],
    fix="Say in a warning what is wrong, without the value.",
)
def sec_05(ctx: Context) -> None:
    """Warnings go to stderr, and from there into the logs of everybody who runs the program."""
    key_field(ctx)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for got in calls(ctx):
            del got
        ctx.validate()
    for warning in caught:
        judge(ctx, f"a warning ({warning.category.__name__})", f"{warning.message} {warning.source!r} {warning.line}")


@check(
    "SEC-06",
    "dump, pickle and JSON",
    fix="Keep credentials out of results, and let what holds them refuse to be pickled, as mrt.Credentials does.",
)
def sec_06(ctx: Context) -> None:
    """Results are kept in caches and sent to workers; a key that travels with them ends in files."""
    key_field(ctx)
    handle = ctx.handle()
    for got in calls(ctx):
        things: list[Any] = [got.result, *got.chunks[:3], got.error]
        for thing in things:
            judge_all(ctx, _dumped(thing), got)
    for thing in (handle, handle.credentials, handle.schema, ctx.target.entity, ctx.target.plugin):
        judge_all(ctx, _dumped(thing))


def _dumped(thing: Any) -> Iterator[tuple[str, str]]:
    kind = type(thing).__name__
    ways: dict[str, Callable[[], str]] = {
        "pickle": lambda: pickle.dumps(thing).decode("latin-1"),
        "JSON": lambda: json.dumps(thing, default=lambda value: getattr(value, "__dict__", None) or str(value)),
        "dump": lambda: repr(thing.model_dump()),
        "dumped JSON": lambda: thing.model_dump_json(),
        "deep copy": lambda: repr(copy.deepcopy(thing)),
    }
    for how, make in ways.items():
        yield f"the {how} of a {kind}", _text(make)


@check(
    "SEC-04",
    "URLs",
    bugs=["BerriAI/litellm#15799", "BerriAI/litellm#8075"],
    fix="Send the key in a header: URLs stand in the logs of every proxy on the way.",
)
def sec_04(ctx: Context) -> None:
    """A key in a query string is written down by proxies, by servers, and by every exception that names the URL."""
    key_field(ctx)
    ctx.validate().ok()
    ctx.call().ok()
    entity = ctx.target.entity
    if ctx.single_way in (None, "sync"):
        # Not every vendor has a list; its requests are looked at all the same.
        with contextlib.suppress(mrt.MRTError, mrt.CredentialsValidateFailedError):
            ctx.runtime.models(ctx.target.name, ctx.kind, ctx.credentials())
    ctx.expect(ctx.server.requests, f"{entity.provider} asked nothing", expected="requests")
    for request in ctx.server.requests:
        judge(ctx, f"the URL of {request.method} {request.raw_path}", request.target)
        judge(ctx, "the query of a request", repr(request.query))
        others = [(name, value) for name, value in request.headers if name.lower() in ("referer", "user-agent", "host")]
        judge(ctx, "a header that every server logs", repr(others))


@check(
    "SEC-10",
    "mask shows at most 4 characters",
    faults=["F60", "F16"],
    fix="Mask whole keys; core does so in messages, and Secret in what is printed.",
)
def sec_10(ctx: Context) -> None:
    """Ends of a key are enough to find it in a leak, and short keys are shown nearly whole."""
    key_field(ctx)
    texts = [f"{ctx.handle().credentials!r} {ctx.handle()!r}"]
    for body in ("vendor", "text", "foreign"):
        with ctx.fault("F60", body=body):
            texts.append(_said(ctx.call().error))
    for how in ("unanswered", "length"):
        # A kept connection may be given up for a new one.
        with ctx.fault("F16", how=how, after=0, times=None):
            texts.append(_said(ctx.call().error))
    for status in (401, 403):
        with ctx.fault("F60", status=status, times=None, path="*"):
            texts.append(_said(ctx.validate().error))
    for text in texts:
        shown = masked(ctx.canary, text)
        ctx.expect(
            shown <= 4, "a mask shows too much of the key", expected="at most 4 characters", came=f"{shown}: {text}"
        )


def _said(error: BaseException | None) -> str:
    if error is None:
        return ""
    id = getattr(error, "request_id", None)
    return f"{error} {error!r}".replace(str(id), "") if id else f"{error} {error!r}"


_MASKS = "*•…#█"


def masked(secret: str, text: str) -> int:
    """Return how many characters of a secret a text shows: around a mask, or five and more in a row."""
    own = secret.rpartition("-")[2]
    most = 0
    for size in range(len(own), 4, -1):
        if any(own[at : at + size] in text for at in range(len(own) - size + 1)):
            return size
    for place, sign in enumerate(text):
        if sign not in _MASKS and text[place : place + 3] != "...":
            continue
        before = text[:place].rstrip(_MASKS + ".")
        after = text[place:].lstrip(_MASKS + ".")
        head = next((size for size in range(len(secret), 0, -1) if before.endswith(secret[:size])), 0)
        tail = next((size for size in range(len(secret), 0, -1) if after.startswith(secret[-size:])), 0)
        most = max(most, head + tail)
    return most
