"""A badge that names its contract, and is no better than the run behind it."""

from __future__ import annotations

from html import escape

from mrt_testing_kit.report import Report

_GREEN, _YELLOW, _RED = "#2e7d32", "#b26a00", "#b71c1c"


def words(report: Report) -> tuple[str, str, str]:
    """Return a badge's left text, right text and colour."""
    counts = report.counts
    passes, fails = counts.get("pass", 0), counts.get("fail", 0)
    known = counts.get("known-bug", 0)
    if fails or not passes:
        return report.contract, f"{fails} failing" if fails else "not run", _RED
    if known:
        return report.contract, f"{passes} pass, {known} known bug{'' if known == 1 else 's'}", _YELLOW
    return report.contract, f"{passes} pass", _GREEN


def as_svg(report: Report) -> str:
    """Return the badge as an SVG image, without anything from outside."""
    left, right, colour = words(report)
    # 11 px Verdana is about 7 px a character; textLength makes other fonts fit.
    first, second = 7 * len(left) + 12, 7 * len(right) + 12
    total = first + second
    label = escape(f"{left}: {right}")

    def text(words: str, centre: float, width: int) -> str:
        return f'<text x="{centre:g}" y="14" textLength="{width - 12}">{escape(words)}</text>'

    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="20" role="img" aria-label="{label}">'
        f"<title>{label}</title>"
        f'<rect width="{total}" height="20" rx="3" fill="#444"/>'
        f'<path d="M{first} 0h{second - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{second - 3}z" fill="{colour}"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{text(left, first / 2, first)}{text(right, first + second / 2, second)}</g></svg>\n"
    )
