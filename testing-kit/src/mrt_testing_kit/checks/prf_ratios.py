"""PRF: ratios of times and sizes, measured in one run on one machine. Reported, and no reason to fail."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from mrt_testing_kit import inside
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import TOOLS, WEATHER
from mrt_testing_kit.jobs import jobs
from mrt_testing_kit.server import Answer, OracleServer, RecordedRequest, Text
from mrt_testing_kit.server.answer import ToolCall

_ROUNDS = 9


def _time(action: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> float:
    started = clock()
    action()
    return clock() - started


def _ratio(
    first: Callable[[], Any],
    second: Callable[[], Any],
    rounds: int = _ROUNDS,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Return how many times as long the first takes as the second; of runs that take turns, the quickest count.

    With the clock ``time.process_time`` the work of this process is counted, so that others which keep the machine
    busy do not matter; waiting is not seen then.
    """
    first()
    second()
    pairs = [(_time(first, clock), _time(second, clock)) for _ in range(rounds)]
    # Whatever else the machine does makes runs longer, never shorter.
    return min(pair[0] for pair in pairs) / max(min(pair[1] for pair in pairs), 1e-9)


def _growth(read: Callable[[int], None], count: int, rounds: int = 5) -> float:
    """Return how many times the work four times as much takes."""
    return _ratio(lambda: read(4 * count), lambda: read(count), rounds, time.process_time)


def _report(ctx: Context, what: str, ratio: float, most: float) -> None:
    ctx.expect(ratio <= most, f"{what} takes long", expected=f"at most {most:g} times", came=f"{ratio:.2f} times")


@contextmanager
def _bare(ctx: Context, request: RecordedRequest) -> Generator[Callable[[], bytes]]:
    """Give a function that repeats a request with nothing but the standard library, on one connection."""
    connection = http.client.HTTPConnection(ctx.server.host, ctx.server.port)
    headers = {name: value for name, value in request.headers if name.lower() != "content-length"}

    def ask() -> bytes:
        connection.request(request.method, request.target, request.body, headers)
        return connection.getresponse().read()

    try:
        yield ask
    finally:
        connection.close()


@check(
    "PRF-01",
    "call overhead over a bare HTTP client",
    level="advisory",
    fix="Use the runtime's connections; do work once at construction, not in every call.",
)
def prf_01(ctx: Context) -> None:
    """What a provider adds to each call is paid at every call."""
    job = jobs(ctx, 1)[0]
    handle = ctx.handle()
    handle.invoke(*job.arguments)
    with _bare(ctx, ctx.requests[-1]) as ask:
        _report(ctx, "a call", _ratio(lambda: handle.invoke(*job.arguments), ask, 25), 6)


@check(
    "PRF-02",
    "stream time grows linearly",
    bugs=["langgenius/dify-plugin-sdks#201"],
    model_types=["llm"],
    level="advisory",
    fix="Collect pieces in a list and join them once; never build the whole text or the whole buffer again per chunk.",
    limit=60,
)
def prf_02(ctx: Context) -> None:
    """An answer four times as long may take four times as long, not sixteen times."""
    handle = ctx.handle()

    def read(count: int) -> None:
        ctx.server.next_answer(Answer([" word"] * count))
        for _ in handle.stream("Go on."):
            pass

    _report(ctx, "a stream four times as long", _growth(read, 500), 6)


@check(
    "PRF-03",
    "import over a bare interpreter",
    model_types=[],
    level="advisory",
    fix="Import the SDK inside the functions that need it.",
    limit=60,
)
def prf_03(ctx: Context) -> None:
    """A command-line tool pays for every import at every start."""
    # Where it says that its files are, too: the class of most is core's own.
    homes = {*inside.packages(ctx), str(getattr(ctx.target.plugin, "package", ""))}
    names = sorted(name for name in homes if name in sys.modules)
    if not names or any(not getattr(sys.modules[name], "__file__", None) for name in names):
        ctx.not_applicable("the provider is no module that can be imported by name")
    path = f"import sys; sys.path[:] = {[entry for entry in sys.path if entry]!r}; import mrt, pluggy; "
    load = path + "; ".join(f"import {name}" for name in names)

    def start(code: str) -> None:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        ctx.expect(done.returncode == 0, "the provider cannot be imported", came=done.stderr.decode()[-300:])

    _report(ctx, "importing the provider", _ratio(lambda: start(load), lambda: start(path), 3), 12)


@check(
    "PRF-04",
    "bytes per 10 000 chunks",
    tier="deep",
    model_types=["llm"],
    level="advisory",
    fix="Let go of each chunk when it has been handed on; keep texts, not events.",
    limit=60,
)
def prf_04(ctx: Context) -> None:
    """A server with a thousand streams has a thousand times what one of them keeps."""
    handle = ctx.handle()
    count = 10_000
    ctx.server.next_answer(Answer(parts=[Text([" word"] * count)]))
    stream = handle.stream("Go on.")
    for _ in range(100):
        next(stream)
    was_tracing = tracemalloc.is_tracing()
    if not was_tracing:
        tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(count // 2):
            next(stream)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        if not was_tracing:
            tracemalloc.stop()
        stream.close()
    each = grown / (count // 2)
    ctx.expect(
        each <= 600, "a stream keeps a lot of each chunk", expected="at most 600 bytes", came=f"{each:.0f} bytes"
    )


@check(
    "PRF-05",
    "first-token overhead",
    model_types=["llm"],
    level="advisory",
    fix="Yield the first chunk as soon as its event is complete.",
)
def prf_05(ctx: Context) -> None:
    """People look at the time until the first word."""
    handle = ctx.handle()
    with handle.stream("Say hello.") as stream:
        list(stream)
    asked = ctx.requests[-1]

    def first() -> None:
        with handle.stream("Say hello.") as opened:
            next(opened)
            # Read to the end, so that the connection can be used again.
            for _ in opened:
                pass

    with _bare(ctx, asked) as ask:
        _report(ctx, "the first chunk", _ratio(first, ask, 15), 8)


@check(
    "PRF-06",
    "10 000 vectors over json.loads",
    tier="deep",
    model_types=["text-embedding"],
    level="advisory",
    fix="Ask for base64 where the vendor has it, or parse the JSON once and copy nothing.",
    limit=90,
)
def prf_06(ctx: Context) -> None:
    """Filling a store means millions of numbers; each copy of them is paid in hours."""
    texts = [f"text {number}" for number in range(2000)]
    handle = ctx.handle()
    size = len(handle.invoke(texts[:1]).embeddings[0])
    text = json.dumps([ctx.oracle.embedding(item, size) for item in texts])
    handle.invoke(texts)
    server_time = _server_share(ctx.server)

    def embed() -> None:
        handle.invoke(texts)

    ratio = (min(_time(embed) for _ in range(3)) - server_time) / _time(lambda: json.loads(text))
    _report(ctx, "embedding", ratio, 100)


def _server_share(server: OracleServer) -> float:
    """Return how long the kit's own server thinks about its last requests: it is no part of the provider."""
    started = time.process_time()
    for request in list(server.requests)[-1:]:
        json.loads(request.body)
    return time.process_time() - started


@check(
    "PRF-07",
    "big tool arguments",
    model_types=["llm"],
    needs=[TOOLS],
    level="advisory",
    fix="Collect the pieces of arguments in a list, and parse them once at the end.",
    limit=60,
)
def prf_07(ctx: Context) -> None:
    """Models write whole files as arguments; parsing them anew with each piece takes minutes."""
    handle = ctx.handle()

    def read(count: int) -> None:
        value = json.dumps({"city": "x" * (64 * count)})
        fragments = [value[at : at + 64] for at in range(0, len(value), 64)]
        ctx.server.next_answer(Answer(calls=[ToolCall("get_weather", value, "call_1", fragments)]))
        with handle.stream("Go on.", tools=[WEATHER]) as stream:
            for _ in stream:
                pass

    _report(ctx, "arguments four times as long", _growth(read, 800, 3), 7)
