"""The results as Markdown tables, and a comparison with older ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.chart import NAMES, number

BASE = "httpx_client"


def table(results: Mapping[str, Any]) -> str:
    """Return all results as Markdown."""
    rows = results["measures"].values()
    missing = [name for name in results["contestants"] if not any(name in row for row in rows)]
    notes = [f"Not installed here: {', '.join(missing)}.", ""] if missing else []
    return "\n".join([comparison(results), "", *notes, local_table(results["local"]), "", versions(results)])


def local_table(local: Mapping[str, float], unit: str = "") -> str:
    """Return the measures without a server as Markdown."""
    head = f"| measure | {unit or 'value'} |"
    return "\n".join([head, "|---|---|", *(f"| {name} | {number(value)} |" for name, value in local.items())])


def comparison(results: Mapping[str, Any]) -> str:
    """Return what contestants cost: each cell the median, its spread, and its ratio to httpx in the same run.

    Four measures to a table, a row per contestant, so that it is narrow enough for a page and a terminal.
    """
    measures: Mapping[str, Any] = results["measures"]
    shown: list[str] = []
    whats = list(measures)
    for start in range(0, len(whats), 4):
        some = whats[start : start + 4]
        units = [next((cell["unit"] for cell in measures[what].values()), "") for what in some]
        heads = [f"{what} ({unit})" for what, unit in zip(some, units, strict=True)]
        shown += ["| | " + " | ".join(heads) + " |", "|---" * (len(some) + 1) + "|"]
        for name in results["contestants"]:
            cells = [_cell(measures[what].get(name), measures[what].get(BASE)) for what in some]
            if any(cell != "–" for cell in cells):
                shown.append(f"| {NAMES.get(name, name)} | " + " | ".join(cells) + " |")
        shown.append("")
    return "\n".join(shown).rstrip()


def versions(results: Mapping[str, Any]) -> str:
    """Return in one sentence what was measured, and on what."""
    found: dict[str, str] = {}
    for row in results["measures"].values():
        for cell in row.values():
            found.update(cell.get("versions", {}))
    listed = ", ".join(f"{name} {version}" for name, version in sorted(found.items()))
    return f"Python {results['python']} on {results['machine']}: {listed}."


def _cell(cell: Mapping[str, Any] | None, base: Mapping[str, Any] | None) -> str:
    if cell is None or "value" not in cell:
        return "–"
    text = f"{number(cell['value'])} ±{number(cell['spread'])}"
    if base is not None and base.get("value") and cell["unit"] not in ("kB", "kB/stream", "times"):
        text += f" ({cell['value'] / base['value']:.2f}×)"
    return text


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return what changed by more than both spreads, as Markdown."""
    lines = ["| measure | contestant | before | after | change |", "|---|---|---|---|---|"]
    for measure, row in new["measures"].items():
        for name, cell in row.items():
            before = old["measures"].get(measure, {}).get(name)
            if not before or "value" not in before or "value" not in cell or not before["value"]:
                continue
            if abs(cell["value"] - before["value"]) > cell["spread"] + before["spread"]:
                change = cell["value"] / before["value"] - 1
                lines.append(f"| {measure} | {name} | {before['value']:.1f} | {cell['value']:.1f} | {change:+.0%} |")
    return "\n".join(lines) if len(lines) > 2 else "Nothing changed by more than the spread."
