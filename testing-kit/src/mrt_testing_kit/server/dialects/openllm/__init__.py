"""The dialect of OpenLLM 0.6: a BentoML service with vLLM's OpenAI routes mounted."""

from __future__ import annotations

from mrt_testing_kit.server.dialects.openllm.dialect import OpenLLM

__all__ = ["OpenLLM"]
