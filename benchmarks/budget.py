"""The budgets, and how far MRT is from each: ``python -m benchmarks.budget RESULTS.json``. Reports, fails nobody."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Ratio = Callable[[Mapping[str, Any]], float | None]


def _against(measure: str, name: str, base: str = "httpx_client") -> Ratio:
    def ratio(results: Mapping[str, Any]) -> float | None:
        row = results["measures"].get(measure, {})
        ours, theirs = row.get(name, {}).get("value"), row.get(base, {}).get("value")
        return ours / theirs if ours is not None and theirs else None

    return ratio


def _local(ours: str, theirs: str | None = None) -> Ratio:
    def ratio(results: Mapping[str, Any]) -> float | None:
        local = results["local"]
        if ours not in local or (theirs is not None and theirs not in local):
            return None
        return local[ours] / local[theirs] if theirs is not None else local[ours]

    return ratio


def _value(measure: str, name: str) -> Ratio:
    return lambda results: results["measures"].get(measure, {}).get(name, {}).get("value")


BUDGETS: tuple[tuple[str, float, Ratio], ...] = (
    ("import mrt / bare interpreter + pluggy", 1.5, _local("import mrt", "bare interpreter + pluggy")),
    ("mrt --help / import openai", 0.5, _local("mrt --help", "import openai")),
    ("mrt chat to its first request / import openai", 0.5, _local("mrt chat, to the first request", "import openai")),
    ("sync call, xinference / httpx", 1.0, _against("sync call", "mrt_xinference")),
    ("sync call, openai / httpx", 1.0, _against("sync call", "mrt_openai")),
    ("async call, 1 at once / httpx", 1.0, _against("async call, 1 at once", "mrt_xinference")),
    ("async call, 100 at once / httpx", 0.10, _against("async call, 100 at once", "mrt_xinference")),
    ("async call, 1000 at once / httpx", 0.08, _against("async call, 1000 at once", "mrt_xinference")),
    ("stream per chunk / httpx iter_lines + json.loads", 1.0, _against("sync stream", "mrt_xinference")),
    ("async stream per chunk / httpx", 1.0, _against("async stream", "mrt_xinference")),
    ("256 embeddings of 1024 / httpx + json.loads", 0.12, _against("embeddings 256 x 1024", "mrt_openai")),
    ("tool arguments, 1 MB / 250 kB", 4.8, _value("tool arguments, 1 MB over 250 kB", "mrt_openai")),
    ("memory over 20 000 calls (kB)", 1024.0, _value("memory over calls", "mrt_openai")),
    ("listing 1000 plugins, warm (ms)", 10.0, _local("listing 1000 plugins, warm")),
    ("mrt providers with 1000 / with 10", 1.5, _local("mrt providers with 1000, warm", "mrt providers with 10, warm")),
    ("a call with 1000 plugins / with 1", 1.1, _local("2000 calls with 1000 plugins", "2000 calls with 1 plugins")),
    ("schemas cold / bare CSafeLoader", 1.2, _local("schemas, cold", "schemas, bare CSafeLoader")),
    ("schemas warm / bare CSafeLoader", 0.1, _local("schemas, warm", "schemas, bare CSafeLoader")),
    ("core alone, MB", 14.0, _local("mrt-core alone, MB")),
    ("core alone, distributions", 16.0, _local("mrt-core alone, distributions")),
)


def lines(results: Mapping[str, Any]) -> list[str]:
    """Return one line a budget: what, the limit, what was reached."""
    shown = ["| what | budget | reached | |", "|---|---|---|---|"]
    for what, limit, ratio in BUDGETS:
        reached = ratio(results)
        verdict = (
            "not measured" if reached is None else "met" if reached <= limit else f"missed by {reached / limit - 1:.0%}"
        )
        shown.append(f"| {what} | {limit:g} | {'–' if reached is None else f'{reached:.3g}'} | {verdict} |")
    return shown


if __name__ == "__main__":
    print("\n".join(lines(json.loads(Path(sys.argv[1]).read_text("utf-8")))))
