"""Middleware that ships with MRT: off unless asked, as ``mrt.Runtime(middleware=[Retry(), ...])``, outermost first.

Names are imported when they are first used: a runtime without middleware loads none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrt._lazy import lazy

if TYPE_CHECKING:
    from mrt.middleware.balance import Balance
    from mrt.middleware.base import Chain, Middleware, Target, compose
    from mrt.middleware.cache import Cache
    from mrt.middleware.fallback import Fallback
    from mrt.middleware.limit import Limit
    from mrt.middleware.log import Log
    from mrt.middleware.retry import Retry
    from mrt.middleware.telemetry import Telemetry

__all__ = [
    "Balance",
    "Cache",
    "Chain",
    "Fallback",
    "Limit",
    "Log",
    "Middleware",
    "Retry",
    "Target",
    "Telemetry",
    "compose",
]

_IN_BASE = {"Chain", "Middleware", "Target", "compose"}

__getattr__, __dir__ = lazy(__name__, {name: "base" if name in _IN_BASE else name.lower() for name in __all__})
