"""Middleware that ships with MRT: off unless asked, as ``mrt.Runtime(middleware=[Retry(), ...])``, outermost first."""

from __future__ import annotations

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
