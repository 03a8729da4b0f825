"""Proves that an MRT plugin keeps the contract: checks, a fake server, a pytest plugin.

    from mrt_testing_kit import contract

    globals().update(contract("acme", dialect="openai", credentials={"url": "{server}", "api_key": "{canary}"}))

Names are imported when they are first used: pytest loads this package in every run, also of projects without a plugin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mrt_testing_kit.catalogue import Check as Check, check as check
    from mrt_testing_kit.context import Context as Context
    from mrt_testing_kit.failure import CheckFailure as CheckFailure, NotApplicable as NotApplicable
    from mrt_testing_kit.manifest import CONTRACT as CONTRACT
    from mrt_testing_kit.report import Report as Report
    from mrt_testing_kit.runner import run as run
    from mrt_testing_kit.suite import contract as contract
    from mrt_testing_kit.target import Target as Target, TargetError as TargetError

__version__ = "0.1.0"

_HOMES = {
    "CONTRACT": "manifest",
    "Check": "catalogue",
    "CheckFailure": "failure",
    "Context": "context",
    "NotApplicable": "failure",
    "Report": "report",
    "Target": "target",
    "TargetError": "target",
    "check": "catalogue",
    "contract": "suite",
    "run": "runner",
}

__all__ = ["__version__", *sorted(_HOMES)]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'mrt_testing_kit' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"mrt_testing_kit.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
