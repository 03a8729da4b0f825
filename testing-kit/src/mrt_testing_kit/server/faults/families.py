"""Loads every family of faults."""

from __future__ import annotations

from importlib import import_module

FAMILIES = (
    "framing",
    "ends",
    "errors",
    "chunks",
    "tools",
    "reasoning",
    "http",
    "transport",
    "payloads",
    "judgements",
    "speech",
)


def load() -> None:
    """Import each family, which registers its faults."""
    for name in FAMILIES:
        import_module(f"mrt_testing_kit.server.faults.{name}")
