"""MRT through mrt-openllm."""

from __future__ import annotations

from typing import Any

from benchmarks.contestants.mrt_base import Plugin

DISTRIBUTIONS = ("mrt-core", "mrt-openllm")


class make(Plugin):
    """The plugin; its server serves the one model that it lists, so that streams are not measured."""

    stream: Any = None
    astream: Any = None

    def __init__(self, url: str) -> None:
        super().__init__(url, "openllm", {"server_url": url})
