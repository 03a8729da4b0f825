"""The user's page about speed, its charts, and the results behind both: ``python -m benchmarks.page [RESULTS.json]``.

Writes tables into docs/performance.md between its marks, charts into docs/charts, and keeps the results that they were
made from in benchmarks/results/latest.json. ``--check`` says whether the page is that of the kept results.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.budget import lines as budget_lines
from benchmarks.chart import chart
from benchmarks.report import comparison, local_table, versions
from benchmarks.worker import MIDDLEWARE

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "latest.json"
PAGE = ROOT / "docs" / "performance.md"
CHARTS = {
    "sync-call": ("sync call", "CPU time of a call with an answer of 1 kB"),
    "crowd": ("async call, 1000 at once", "CPU time of a call, 1000 at once"),
    "stream": ("sync stream", "CPU time of a chunk of a stream"),
    "embeddings": ("embeddings 256 x 1024", "CPU time of 256 embeddings of 1024 numbers"),
}
_STARTING = ("import", "bare", "mrt --help", "mrt providers, warm", "mrt chat", "first call")


def middleware_table(results: Mapping[str, Any]) -> str:
    """Return what each middleware adds to a call, in microseconds."""
    rows = results["measures"]
    plain = rows["sync call"]["mrt_openai"]["value"]
    shown = ["| a call through | costs (µs) | more than without |", "|---|---|---|", f"| nothing | {plain:.0f} | |"]
    for name in MIDDLEWARE:
        value = rows[f"sync call through {name}"]["mrt_openai"]["value"]
        shown.append(f"| `{name}` | {value:.0f} | {value - plain:+.0f} |")
    return "\n".join(shown)


def parts(results: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables of the page by the names of their marks."""
    local: Mapping[str, float] = results["local"]
    starting = {name: value for name, value in local.items() if name.startswith(_STARTING)}
    tokens = {name: value for name, value in local.items() if name.startswith("tokens of")}
    rest = {name: value for name, value in local.items() if name not in {*starting, *tokens}}
    calls = {what: row for what, row in results["measures"].items() if "through" not in what}
    return {
        "budgets": "\n".join(budget_lines(results)),
        "calls": comparison({**results, "measures": calls}),
        "middleware": middleware_table(results),
        "starting": local_table(starting, "CPU ms"),
        "tokens": local_table(tokens, "CPU ms"),
        "others": local_table(rest),
        "versions": versions(results),
    }


def rendered(page: str, results: Mapping[str, Any]) -> str:
    """Return the page with the tables of these results.

    Raises:
        ValueError: The page lacks a mark.
    """
    for name, text in parts(results).items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        before, found, rest = page.partition(begin)
        _, ended, after = rest.partition(end)
        if not found or not ended:
            raise ValueError(f"the page has no marks for {name}")
        page = f"{before}{begin}{text}\n{end}{after}"
    return page


def charts(results: Mapping[str, Any]) -> dict[str, str]:
    """Return the charts as SVG, by the names of their files."""
    found: dict[str, str] = {}
    for file, (measure, title) in CHARTS.items():
        row = results["measures"][measure]
        unit = next(cell["unit"] for cell in row.values())
        found[f"{file}.svg"] = chart(title, [(name, cell["value"]) for name, cell in row.items()], unit)
    return found


def main(arguments: list[str]) -> int:
    """Write the page, or check it; 1 when it is old."""
    check = "--check" in arguments
    files = [Path(name) for name in arguments if not name.startswith("-")]
    results: dict[str, Any] = json.loads((files[0] if files else RESULTS).read_text("utf-8"))
    wanted = {PAGE: rendered(PAGE.read_text("utf-8"), results)}
    wanted |= {ROOT / "docs" / "charts" / name: svg for name, svg in charts(results).items()}
    if check:
        old = [path.relative_to(ROOT) for path, text in wanted.items() if not path.exists() or path.read_text() != text]
        if old:
            print(f"{', '.join(map(str, old))}: run python -m benchmarks.page", file=sys.stderr)
        return 1 if old else 0
    wanted[RESULTS] = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
