"""The dialects that ship with the kit, one folder or file each."""

from __future__ import annotations

from importlib import import_module

_BUILT_IN = ("openai", "xinference", "anthropic", "openllm", "openllm_old")


def load() -> None:
    """Import every built-in dialect, which registers it."""
    for name in _BUILT_IN:
        import_module(f"mrt_testing_kit.server.dialects.{name}")
