"""Bar charts as SVG, legible on light and on dark pages."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

NAMES = {
    "raw_socket": "raw socket",
    "http_client": "http.client",
    "httpx_client": "httpx",
    "httpx2_client": "httpx2",
    "mrt_openai": "mrt-openai-compatible",
    "mrt_xinference": "mrt-xinference",
    "mrt_openllm": "mrt-openllm",
    "mrt_anthropic": "mrt-anthropic",
    "openai_sdk": "openai",
    "litellm_sdk": "litellm",
    "langchain_sdk": "langchain-openai",
    "pydantic_ai_sdk": "pydantic-ai",
    "any_llm_sdk": "any-llm",
    "llm_sdk": "llm",
}
"""Contestant to what its users call it."""

_STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 14px }
.value { fill: #59636e }
.page { fill: #ffffff; stroke: #d1d9e0 }
.ours { fill: #0f766e } .other { fill: #94a3b8 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .value { fill: #9198a1 } .page { fill: #0d1117; stroke: #3d444d }
  .ours { fill: #2dd4bf } .other { fill: #64748b }
}
</style>"""
_LEFT, _LONGEST, _WIDTH = 176, 430, 720


def number(value: float) -> str:
    """Return a number with three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def chart(title: str, bars: Iterable[tuple[str, float]], unit: str) -> str:
    """Return a bar chart, the shortest bar first; all bars begin at zero and have one scale.

    Args:
        title: What is measured.
        bars: Contestants and their values.
        unit: The unit of all values.
    """
    rows = sorted(bars, key=lambda bar: bar[1])
    if not rows:
        return ""
    longest = rows[-1][1]
    height = 48 + 26 * len(rows)
    label = "; ".join(f"{NAMES.get(name, name)} {number(value)} {unit}" for name, value in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
        f'role="img" aria-label="{escape(title)}: {escape(label)}">',
        _STYLE,
        f'<rect class="page" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="6"/>',
        f'<text class="title" x="14" y="25">{escape(title)} ({escape(unit)}, less is better)</text>',
    ]
    for place, (name, value) in enumerate(rows):
        y = 40 + 26 * place
        width = max(2.0, value / longest * _LONGEST)
        kind = "ours" if name.startswith("mrt") else "other"
        parts += [
            f'<text x="14" y="{y + 14}">{escape(NAMES.get(name, name))}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{width:.0f}" height="19" rx="3"/>',
            f'<text class="value" x="{_LEFT + 8 + width:.0f}" y="{y + 14}">{number(value)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
