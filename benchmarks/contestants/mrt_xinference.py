"""MRT through mrt-xinference."""

from __future__ import annotations

from benchmarks.contestants.mrt_base import Plugin

DISTRIBUTIONS = ("mrt-core", "mrt-xinference")


class make(Plugin):
    """The plugin."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "xinference", {"server_url": url, "model_uid": "bench"})
