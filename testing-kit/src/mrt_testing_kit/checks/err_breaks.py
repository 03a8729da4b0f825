"""ERR: calls that are broken off, tried again, or meet a bug of the plugin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import mrt
from mrt_testing_kit import inside
from mrt_testing_kit.breaking import BLOCKED, broken_off, can_interrupt, interrupted
from mrt_testing_kit.catalogue import EVERY, Way, check
from mrt_testing_kit.context import Context
from mrt_testing_kit.crowd import judge_one
from mrt_testing_kit.failure import NotApplicable
from mrt_testing_kit.jobs import Job, jobs
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.planting import planted, reached


@check(
    "ERR-13",
    "interruption and cancellation pass",
    essential=True,
    fix="Catch Exception, never BaseException; close what is open in a finally; await what waits for the vendor.",
    ways=[],
)
def err_13(ctx: Context) -> None:
    """Ctrl-C and a cancelled task are no failures of the vendor, and must not be retried or renamed."""
    work = jobs(ctx, 5)
    handle = ctx.handle()

    def whole() -> None:
        handle.invoke(*work[0].arguments, **work[0].keywords)

    def streamed() -> None:
        for _ in handle.stream(*work[0].arguments, **work[0].keywords):
            pass

    if can_interrupt():
        cases: list[tuple[str, Callable[[], None], type[BaseException]]] = [
            ("a call that Ctrl-C interrupts", whole, KeyboardInterrupt),
            ("a call in a process that ends", whole, SystemExit),
        ]
        if "stream" in ctx.ways:
            cases.append(("a stream that Ctrl-C interrupts", streamed, KeyboardInterrupt))
        for number, (what, call, by) in enumerate(cases, start=1):
            ctx.equal(interrupted(ctx, call, by), by.__name__, f"how {what} ends")
            _goes_on(ctx, handle, work[number], what)
    if "async" in ctx.ways:
        with ctx.fault("F47", where="first-byte") as silence:
            job = work[0]
            ended = broken_off(ctx, lambda: handle.ainvoke(*job.arguments, **job.keywords), lambda: silence.hits)
            # A thread that goes on waiting has to end.
            ctx.server.disconnect(silence.hits)
        ctx.expect(ended != BLOCKED, "an awaited call blocks the event loop while it waits for the vendor")
        ctx.equal(ended, "CancelledError", "how a cancelled call ended")
        _goes_on(ctx, handle, work[4], "a call that was cancelled")


def _goes_on(ctx: Context, handle: Any, job: Job, what: str) -> None:
    # What came of the broken call must not be taken for the next answer.
    try:
        result: Any = handle.invoke(*job.arguments, **job.keywords)
    except Exception as error:
        result = error
    judge_one(ctx, job, result, f"after {what}")


@check(
    "ERR-14",
    "one call, one request",
    essential=True,
    bugs=["BerriAI/litellm#24617"],
    faults=["F16", "F41"],
    fix="Switch the SDK's own retries off: core's policy is the only one that retries.",
)
def err_14(ctx: Context) -> None:
    """Retries in two layers multiply, cost money, and a wrong key that is tried again gets banned."""
    for status in (401, 408, 409, 429, 500, 502, 503, 529):
        _asks_once(ctx, f"HTTP {status}", "F41", status=status)
    _asks_once(ctx, "a reset before the end of the answer", "F16", how="reset", after=0)
    _asks_once(ctx, "an answer that breaks off", "F16", how="length", after=0)
    _asks_once(ctx, "a web page", "F22")
    _asks_once(ctx, "an answer that is broken", "F21", what="cut", after=0)
    _asks_once(ctx, "an error in place of the answer", "F19", after=0)
    if ctx.way in ("stream", "astream"):
        _asks_once(ctx, "a stream that ends before the first word", "F15", after=0)
    _asks_once_anew(ctx)


def _asks_once(ctx: Context, met: str, fault: str, **options: Any) -> None:
    try:
        with ctx.fault(fault, times=None, **options):
            got = ctx.call()
    except NotApplicable:
        return
    got.fails(mrt.InvokeError)
    _one(ctx, got, met)


def _asks_once_anew(ctx: Context) -> None:
    """See what becomes of a request that a new connection has taken and leaves unanswered: it may be under way."""
    server = ctx.another_server()
    if server.url not in repr(ctx.credentials(server=server)):
        return
    given = ctx.credentials(server=server)
    ctx.handle(credentials=given)
    # The connection of the request for the schema is an old one.
    server.disconnect_all()
    with server.fault("F16", how="unanswered", times=None):
        got = ctx.call(credentials=given)
    got.fails(mrt.InvokeConnectionError)
    _one(ctx, got, "a new connection that was closed before any answer")


def _one(ctx: Context, got: Outcome, what: str) -> None:
    asked = [request for request in got.requests if request.method == "POST"]
    ctx.equal(len(asked), 1, f"the number of requests for one call that met {what}", outcome=got)


_BUGS = (KeyError, TypeError, AttributeError, ValueError, IndexError, NameError)
_MOST_PLACES = 20


@check(
    "ERR-17",
    "a plugin's own bug is not the vendor's fault",
    essential=True,
    bugs=["langgenius/dify-official-plugins#1636", "langgenius/dify-official-plugins#3661"],
    ways=[],
    fix="Name the vendor's exceptions in handlers and in the mapping, never Exception, TypeError and their like.",
)
def err_17(ctx: Context) -> None:
    """A catch-all tells people that the vendor is down when the plugin has a bug."""
    relay: Any = ctx.runtime.registry.get(ctx.target.name).relay
    table = relay.error_mapping(model_type=mrt.ModelType(ctx.kind or "llm"))
    for target, kinds in table.items():
        for kind in kinds:
            ctx.expect(
                not any(issubclass(bug, kind) for bug in (TypeError, AttributeError, NameError, AssertionError)),
                f"{kind.__name__} is mapped to {target.__name__}, which hides bugs of the plugin",
                expected="the vendor's own exception types",
            )
    owners = inside.packages(ctx)
    ways: tuple[Way, ...] = ("sync", "stream")
    for way in ways:
        if way in ctx.ways:
            functions = reached(owners, lambda way=way: ctx.call(way=way))  # type: ignore[misc]
            most = len(functions) if ctx.tier == "deep" else _MOST_PLACES
            for function in sorted(ctx.random.sample(functions, min(most, len(functions))), key=functions.index):
                for bug in ctx.random.sample(_BUGS, 2):
                    error = bug(f"a bug that the testing kit has planted in {function.__qualname__}")
                    with planted(function, error):
                        got = ctx.call(way=way)
                    _judge_bug(ctx, got, error, function.__qualname__)


def _judge_bug(ctx: Context, got: Outcome, bug: Exception, place: str) -> None:
    vendors = (mrt.InvokeServerUnavailableError, mrt.InvokeConnectionError, mrt.InvokeRateLimitError)
    blames = isinstance(got.error, vendors)
    if not blames or isinstance(got.error, mrt.InvokeBadResponseError):
        # That an answer cannot be read may be all that a plugin can tell of its own mistake, or of its SDK's.
        return
    behind: BaseException | None = got.error
    while behind is not None and behind is not bug:
        behind = behind.__cause__ or behind.__context__
    ctx.expect(
        behind is None and got.requests,
        f"{type(bug).__name__} in the plugin's own {place} became {type(got.error).__name__}",
        expected="PluginError, which names the plugin",
        outcome=got,
    )


@check(
    "ERR-18",
    "a stale connection",
    essential=True,
    faults=["F48"],
    fix="Look whether a kept connection is still open before it is used; map a lost one to InvokeConnectionError.",
    ways=EVERY,
)
def err_18(ctx: Context) -> None:
    """Servers close idle connections; the first call after lunch must not fail because of that."""
    ctx.call().ok()
    with ctx.fault("F48", how="idle"):
        got = ctx.call().ok()
    _closed_for_good(ctx, got)
    ctx.call().ok()
    for how in ("close", "reset"):
        # Now the end comes while the next request is on its way: nobody can tell whether it was read.
        entry = ctx.server.fault("F48", how=how)
        for _ in range(3):
            got = ctx.call()
            if entry.met:
                break
        entry.remove()
        if got.error is not None:
            error = got.fails(mrt.InvokeConnectionError)
            ctx.expect(error.retryable, "a lost connection says that it may not be tried again", expected="retryable")
        ctx.call().ok()


def _closed_for_good(ctx: Context, got: Outcome) -> None:
    """Wait until the end of the connection has reached the client."""
    used = {request.connection for request in got.requests}
    records = [record for record in ctx.server.connections if record.id in used]
    ctx.server.wait_for(lambda: all(not record.open for record in records), ctx.seconds(5))
    # The socket is closed one turn after the record; on loopback the peer then knows.
    ctx.server.call_soon(lambda: None)
    ctx.run(asyncio.sleep(0.01))
