"""Strict modes S1 to S6: the requests that picky vendors refuse."""

from __future__ import annotations

from mrt_testing_kit.server.strict.rules import Violation

__all__ = ["Violation"]
