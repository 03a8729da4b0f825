"""MRT through mrt-anthropic."""

from __future__ import annotations

from benchmarks.contestants.mrt_base import Plugin

DISTRIBUTIONS = ("mrt-core", "mrt-anthropic")


class make(Plugin):
    """The plugin."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "anthropic", {"anthropic_api_url": url, "anthropic_api_key": "sk-bench-0000"})
