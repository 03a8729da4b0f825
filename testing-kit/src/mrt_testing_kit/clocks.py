"""A clock that a check can put forward, so that nobody has to wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

_NAMES = ("monotonic", "perf_counter", "time")
_CLOCKS = {name + end: unit for name in _NAMES for end, unit in (("", 1), ("_ns", 10**9))}


@contextmanager
def movable() -> Generator[Callable[[float], None]]:
    """Give a function that puts the process's clocks forward by so many seconds, for all who ask `time` itself."""
    passed = 0.0
    kept: dict[str, Any] = {name: getattr(time, name) for name in _CLOCKS}

    def moved(name: str, unit: int) -> Callable[[], Any]:
        real = kept[name]
        return lambda: real() + type(real())(passed * unit)

    def forward(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    try:
        for name, unit in _CLOCKS.items():
            setattr(time, name, moved(name, unit))
        yield forward
    finally:
        for name, real in kept.items():
            setattr(time, name, real)
