"""The dialect of the OpenAI API."""

from __future__ import annotations

from mrt_testing_kit.server.dialects.openai.dialect import OpenAI

__all__ = ["OpenAI"]
