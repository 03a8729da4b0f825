"""Counting tokens without a network, for vendors that do not say how many a request used."""

from __future__ import annotations

from mrt.tokens.gpt2 import count as count_gpt2

__all__ = ["count_gpt2"]
