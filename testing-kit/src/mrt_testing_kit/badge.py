"""A badge that names its contract, and is no better than the run behind it."""

from __future__ import annotations

from html import escape

from mrt_testing_kit.report import Report
from mrt_testing_kit.report_text import partial

_GREEN, _YELLOW, _RED = "#2e7d32", "#b26a00", "#b71c1c"

# Signs to their width in 11 px Verdana, in pixels; small letters and digits are 6.7 wide.
_WIDTHS = {"ijl'": 3.1, " .,:;-()frt": 4.4, "mwMW": 9.6, "ACGHNOQRU": 7.9}


def words(report: Report) -> tuple[str, str, str]:
    """Return a badge's left text, right text and colour."""
    counts = report.counts
    passes, fails = counts.get("pass", 0), counts.get("fail", 0)
    excused = counts.get("vendor-unsupported", 0) + counts.get("not-implemented", 0)
    known = counts.get("known-bug", 0)
    if fails or not passes:
        return report.contract, f"{fails} failing" if fails else "not run", _RED
    told = [partial(report) or f"{passes} pass"]
    told += [f"{excused} excused"] if excused else []
    told += [f"{known} known bug{'' if known == 1 else 's'}"] if known else []
    return report.contract, ", ".join(told), _YELLOW if known or report.left_out else _GREEN


def as_svg(report: Report) -> str:
    """Return the badge as an SVG image, without anything from outside."""
    left, right, colour = words(report)
    # textLength makes other fonts fit.
    first, second = _width(left) + 12, _width(right) + 12
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


def _width(text: str) -> int:
    return round(sum(next((width for signs, width in _WIDTHS.items() if sign in signs), 6.7) for sign in text))
