"""``python -m benchmarks``: measure, print a table, write JSON; `benchmarks.page` makes page and charts of it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import local, report
from benchmarks.budget import lines as budget_lines
from benchmarks.contestants import NAMES
from benchmarks.counting import tokens
from benchmarks.first import first_calls
from benchmarks.footprint import installed
from benchmarks.worker import MEASURES

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = Path(os.environ.get("MRT_BENCH_ENVS", Path.home() / ".cache" / "mrt-benchmarks"))
LOCAL = "local"
"""Names the measures of fresh processes."""
# Contestant to what has to be installed; each gets an environment of its own.
INSTALL = {
    "openai_sdk": ["openai"],
    "litellm_sdk": ["litellm"],
    "langchain_sdk": ["langchain-openai"],
    "pydantic_ai_sdk": ["pydantic-ai-slim[openai]"],
    "any_llm_sdk": ["any-llm-sdk[openai]"],
    "llm_sdk": ["llm"],
    "httpx2_client": ["httpx2"],
    "tiktoken": ["tiktoken"],
}


def environment_of(name: str) -> str:
    """Return the interpreter for a contestant: that of its own environment, or this one."""
    folder = "Scripts" if os.name == "nt" else "bin"
    own = ENVIRONMENTS / name / folder / "python"
    return str(own) if own.exists() else sys.executable


def install(names: list[str]) -> None:
    """Make the environments of contestants that need one."""
    for name in names:
        folder = ENVIRONMENTS / name
        if name in INSTALL and not folder.exists():
            print(f"installing {name} into {folder}", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            subprocess.run([environment_of(name), "-m", "pip", "install", "-q", *INSTALL[name]], check=True)


def measure(name: str, what: str, url: str, quick: bool) -> dict[str, Any]:
    """Run one measure in a process of its own; what cannot be measured says why."""
    command = [environment_of(name), "-m", "benchmarks.worker", name, what, url, "quick" if quick else "full"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, cwd=ROOT)
    except subprocess.TimeoutExpired:
        return {"skipped": "took longer than two minutes"}
    if done.returncode:
        return {"skipped": (done.stderr.strip().splitlines() or ["it failed"])[-1][:200]}
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def rounds(names: list[str], measures: list[str], count: int, quick: bool, url: str) -> dict[str, dict[str, Any]]:
    """Measure in interleaved rounds and return medians and spreads, scaled by the machine's speed at the time."""
    table: dict[str, dict[str, Any]] = {}
    for what in measures:
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        for number in range(count):
            for name in names:
                # What cannot be measured is tried once, and so is what takes long.
                if number and found[name][0].get("is_slow", True):
                    continue
                found[name].append(measure(name, what, url, quick))
        usual = statistics.median(cell["calibration"] for cells in found.values() for cell in cells if "value" in cell)
        table[what] = {}
        for name, tried in found.items():
            cells = [cell for cell in tried if "value" in cell]
            if not cells:
                table[what][name] = tried[0]
                continue
            scaled = [
                cell["value"] * (usual / cell["calibration"] if cell["unit"].startswith("µs") else 1) for cell in cells
            ]
            middle = statistics.median(scaled)
            spread = statistics.median(abs(value - middle) for value in scaled)
            table[what][name] = {**cells[0], "value": middle, "spread": spread, "rounds": len(scaled)}
        row = ", ".join(f"{name} {cell['value']:.0f}" for name, cell in table[what].items() if "value" in cell)
        print(f"{what}: {row}", file=sys.stderr)
    return {what: {name: cell for name, cell in row.items() if "value" in cell} for what, row in table.items()}


def of_processes(quick: bool, url: str) -> dict[str, float]:
    """Run the measures of fresh processes: starting, listing, loading, counting."""
    times = 3 if quick else 7
    openai, tiktoken = interpreter_with("openai", "openai_sdk"), interpreter_with("tiktoken", "tiktoken")
    found = local.imports(times, openai) | first_calls(times, url, openai) | local.modules() | installed()
    found |= local.discovery((1, 10, 100) if quick else (1, 10, 100, 1000), times)
    found |= tokens(times, tiktoken)
    sys.path.insert(0, str(ROOT / "core" / "tests" / "schema"))
    from corpus import generate

    return found | local.schemas(times, generate)


def interpreter_with(module: str, environment: str) -> str | None:
    """Return an interpreter that has a module, if there is one."""
    found = environment_of(environment)
    has = subprocess.run([found, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0
    return found if has else None


def main() -> int:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and measures: about two minutes")
    parser.add_argument("--short", action="store_true", help="fewer calls in each measurement")
    parser.add_argument("--rounds", type=int, metavar="N", help="interleaved rounds (default: 5, quick: 2)")
    parser.add_argument("--install", action="store_true", help="make the environments of the other libraries first")
    parser.add_argument("--only", action="append", metavar="NAME", help="only these contestants, measures, or 'local'")
    parser.add_argument("--json", metavar="FILE", help="write the results; with --only into those that it holds")
    parser.add_argument("--compare", metavar="OLD.json", help="show what changed")
    parser.add_argument("--markdown", metavar="FILE", help="write the table")
    args = parser.parse_args()
    chosen = args.only or []
    names = [name for name in NAMES if not chosen or name in chosen or not set(chosen) & set(NAMES)]
    measured = set(chosen) & {*MEASURES, LOCAL}
    measures = [what for what in MEASURES if not measured or what in measured]
    if args.quick and not set(chosen) & set(NAMES):
        names = [name for name in names if name in ("httpx_client", "mrt_openai", "mrt_xinference", "openai_sdk")]
    if args.quick and not set(chosen) & set(MEASURES):
        measures = [what for what in measures if what not in ("embeddings 2048 x 1536", "sync stream, paced")]
    if args.install:
        install([*names, "tiktoken"])
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        table = rounds(names, measures, args.rounds or (2 if args.quick else 5), args.quick or args.short, url)
        others = of_processes(args.quick, url) if not measured or LOCAL in measured else {}
    finally:
        server.communicate()
    results: dict[str, Any] = {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "contestants": names,
        "measures": table,
        "local": others,
    }
    return _write(results, args)


def _write(results: dict[str, Any], args: argparse.Namespace) -> int:
    text = "\n".join([report.table(results), "", *budget_lines(results), ""])
    print(text)
    if args.json:
        file = Path(args.json)
        if args.only and file.exists():
            # What was not measured now stays as it was.
            kept: dict[str, Any] = json.loads(file.read_text("utf-8"))
            results = {**kept, **{part: kept[part] | results[part] for part in ("measures", "local")}}
        file.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if args.markdown:
        Path(args.markdown).write_text(text, "utf-8")
    if args.compare:
        print(report.compare(json.loads(Path(args.compare).read_text("utf-8")), results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
