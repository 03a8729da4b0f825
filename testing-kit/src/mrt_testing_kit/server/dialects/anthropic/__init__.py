"""The dialect of Anthropic's Messages API."""

from __future__ import annotations

from mrt_testing_kit.server.dialects.anthropic.dialect import Anthropic

__all__ = ["Anthropic"]
