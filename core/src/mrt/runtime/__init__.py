"""Calls: handles, streams, and the runtime that makes them."""

from __future__ import annotations

from mrt.runtime.runtime import Runtime

__all__ = ["Runtime"]
