"""Runs one measure of one contestant in a process of its own and prints what it cost as JSON.

CPU time of this process, user and system, all threads; the server has another process. Around each measurement a fixed
piece of Python is timed, so that a slower moment of the machine can be told from a slower client.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.memory import peak

CHUNKS = 2000


def calibration() -> float:
    """Return the CPU seconds of a fixed piece of Python."""
    started = time.process_time()
    total = 0
    for number in range(120_000):
        total += number * number % 7
    return time.process_time() - started


def cpu(work: Callable[[], Any], times: int) -> float:
    """Return the CPU microseconds of one of `times` runs."""
    gc.collect()
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times * 1e6


async def crowd(work: Callable[[], Awaitable[Any]], at_once: int, total: int) -> float:
    """Return the CPU microseconds of one of `total` runs, `at_once` of them under way at a time."""
    places = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with places:
            await work()

    started = time.process_time()
    await asyncio.gather(*(one() for _ in range(total)))
    return (time.process_time() - started) / total * 1e6


def _call(client: Any, count: int) -> float:
    cpu(client.call, 30)
    return cpu(client.call, count)


def _acall(client: Any, at_once: int, count: int) -> float:
    async def run() -> float:
        # The connections stand before anything is measured.
        await crowd(client.acall, at_once, max(20, at_once))
        try:
            return await crowd(client.acall, at_once, count)
        finally:
            if hasattr(client, "aclose"):
                await client.aclose()

    return asyncio.run(run())


def _wrapped(client: Any, name: str, count: int) -> float:
    return _call(client.wrapped(name), count)


def _long_prompt(client: Any, count: int) -> float:
    text = 'A text of a million bytes, with \\ and " in it. '.ljust(50) * 20_000
    client.call(text)
    return cpu(lambda: client.call(text), count)


def _stream(client: Any, model: str, times: int) -> float:
    client.stream(model)
    costs = []
    for _ in range(times):
        started = time.process_time()
        count = client.stream(model)
        costs.append((time.process_time() - started) / count * 1e6)
    return sorted(costs)[len(costs) // 2]


def _astream(client: Any, model: str, at_once: int) -> float:
    async def run() -> float:
        await client.astream(model)
        started = time.process_time()
        counts = await asyncio.gather(*(client.astream(model) for _ in range(at_once)))
        try:
            return (time.process_time() - started) / sum(counts) * 1e6
        finally:
            if hasattr(client, "aclose"):
                await client.aclose()

    return asyncio.run(run())


def _astream_memory(client: Any, at_once: int) -> float:
    """Return the kilobytes that the process's peak grows by for each of many streams, at once and half read."""

    async def run() -> float:
        await client.astream("m-20")
        before = peak()
        await asyncio.gather(*(client.astream("m-200-p5") for _ in range(at_once)))
        try:
            return float(peak() - before) / at_once
        finally:
            if hasattr(client, "aclose"):
                await client.aclose()

    return asyncio.run(run())


def _first_chunk(client: Any) -> float:
    client.stream("m-1")
    return cpu(lambda: client.stream("m-1"), 100)


def _embed(client: Any, count: int, size: int) -> float:
    texts = [f"text number {place}" for place in range(count)]
    client.embed(texts, f"e-{size}")
    return cpu(lambda: client.embed(texts, f"e-{size}"), 10)


def _growth(client: Any) -> float:
    """Return the cost of a call with 4n characters of arguments over that of n: 4 is linear."""
    return _stream_whole(client, "tool-1000000") / _stream_whole(client, "tool-250000")


def _stream_whole(client: Any, model: str) -> float:
    client.stream(model)
    return cpu(lambda: client.stream(model), 2)


def _memory(client: Any, count: int) -> float:
    """Return the kilobytes that the process's peak grows by over many calls."""
    cpu(client.call, count // 4)
    before = peak()
    cpu(client.call, count)
    return float(peak() - before)


MEASURES: dict[str, tuple[str, str, Callable[[Any, bool], float]]] = {
    # name: (what is needed, unit, how)
    "sync call": ("call", "µs/call", lambda c, quick: _call(c, 150 if quick else 600)),
    "async call, 1 at once": ("acall", "µs/call", lambda c, quick: _acall(c, 1, 150 if quick else 400)),
    "async call, 100 at once": ("acall", "µs/call", lambda c, quick: _acall(c, 100, 300 if quick else 1500)),
    "async call, 1000 at once": ("acall", "µs/call", lambda c, quick: _acall(c, 1000, 1000 if quick else 3000)),
    "sync call, prompt of 1 MB": ("call", "µs/call", lambda c, quick: _long_prompt(c, 5 if quick else 20)),
    "sync stream": ("stream", "µs/chunk", lambda c, quick: _stream(c, f"m-{CHUNKS}", 3 if quick else 7)),
    "sync stream, paced": ("stream", "µs/chunk", lambda c, quick: _stream(c, "m-200-p1", 1 if quick else 3)),
    "async stream": ("astream", "µs/chunk", lambda c, quick: _astream(c, f"m-{CHUNKS}", 3)),
    "async stream, paced": ("astream", "µs/chunk", lambda c, quick: _astream(c, "m-200-p1", 10)),
    "1000 async streams": ("astream", "µs/chunk", lambda c, quick: _astream(c, "m-20", 1000)),
    "memory of 1000 async streams": ("astream", "kB/stream", lambda c, quick: _astream_memory(c, 1000)),
    "first chunk": ("stream", "µs", lambda c, quick: _first_chunk(c)),
    "embeddings 256 x 1024": ("embed", "µs", lambda c, quick: _embed(c, 256, 1024)),
    "embeddings 2048 x 1536": ("embed", "µs", lambda c, quick: _embed(c, 2048, 1536)),
    "tool arguments, 1 MB over 250 kB": ("stream", "times", lambda c, quick: _growth(c)),
    "memory over calls": ("call", "kB", lambda c, quick: _memory(c, 2000 if quick else 20000)),
}
MIDDLEWARE = ("Retry", "Fallback", "Balance", "Limit", "Cache", "Log", "Telemetry")
for _name in MIDDLEWARE:
    MEASURES[f"sync call through {_name}"] = (
        "wrapped",
        "µs/call",
        lambda c, quick, name=_name: _wrapped(c, name, 150 if quick else 600),
    )


def stay_on(*cores: int) -> None:
    """Keep this process on some of the machine's cores, counted from the last, where there are several."""
    if hasattr(os, "sched_setaffinity"):
        there = sorted(os.sched_getaffinity(0))
        if len(there) > 1:
            os.sched_setaffinity(0, {there[-core] for core in cores})


def main(name: str, measure: str, url: str, quick: bool) -> dict[str, Any]:
    """Return what a measure of a contestant cost."""
    # The server has the last core to itself.
    stay_on(2)
    module = importlib.import_module(f"benchmarks.contestants.{name}")
    needed, unit, how = MEASURES[measure]
    versions = {dist: importlib.metadata.version(dist) for dist in module.DISTRIBUTIONS}
    client = module.make(url)
    if getattr(client, needed, None) is None:
        return {"skipped": f"it has no {needed}"}
    before = calibration()
    # One whose call costs many milliseconds is measured over fewer of them.
    is_slow = getattr(module, "IS_SLOW", False)
    value = how(client, quick or is_slow)
    both = (before + calibration()) / 2
    return {"value": value, "unit": unit, "calibration": both, "versions": versions, "is_slow": is_slow}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4] == "quick")))
