"""The results as a Markdown table, a comparison, and SVG charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

BASE = "httpx_client"


def table(results: Mapping[str, Any]) -> str:
    """Return the results as Markdown: each cell the median, and its ratio to httpx in the same run."""
    measures: Mapping[str, Any] = results["measures"]
    names = [name for name in results["contestants"] if any(name in row for row in measures.values())]
    lines = ["| measure | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for measure, row in measures.items():
        unit = next((cell["unit"] for cell in row.values() if "unit" in cell), "")
        cells = [_cell(row.get(name), row.get(BASE)) for name in names]
        lines.append(f"| {measure} ({unit}) | " + " | ".join(cells) + " |")
    missing = [name for name in results["contestants"] if name not in names]
    notes = [f"Not installed here: {', '.join(missing)}."] if missing else []
    return "\n".join([*lines, "", *notes, "", local_table(results["local"])])


def local_table(local: Mapping[str, float]) -> str:
    """Return the measures without a server as Markdown."""
    return "\n".join(
        ["| measure | value |", "|---|---|", *(f"| {name} | {value:.1f} |" for name, value in local.items())]
    )


def _cell(cell: Mapping[str, Any] | None, base: Mapping[str, Any] | None) -> str:
    if cell is None or "value" not in cell:
        return "–"
    text = f"{cell['value']:.1f} ±{cell['spread']:.1f}"
    if base is not None and base.get("value") and cell["unit"] not in ("kB", "times"):
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


def chart(title: str, bars: Iterable[tuple[str, float]], unit: str) -> str:
    """Return a bar chart as SVG; long bars are cut and say so."""
    rows = sorted(bars, key=lambda bar: bar[1])
    if not rows:
        return ""
    longest = rows[-1][1]
    height = 34 + 26 * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{height}" viewBox="0 0 720 {height}" '
        f'font-family="sans-serif" font-size="13" role="img" aria-label="{escape(title)}">',
        f'<text x="8" y="20" font-weight="bold">{escape(title)} ({escape(unit)})</text>',
    ]
    for place, (name, value) in enumerate(rows):
        y = 34 + 26 * place
        width = max(2.0, value / longest * 430)
        colour = "#0f766e" if name.startswith("mrt") else "#94a3b8"
        parts += [
            f'<text x="8" y="{y + 15}">{escape(name)}</text>',
            f'<rect x="160" y="{y}" width="{width:.0f}" height="20" rx="3" fill="{colour}"/>',
            f'<text x="{168 + width:.0f}" y="{y + 15}">{value:.1f}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
