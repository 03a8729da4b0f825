"""The dialect of the old OpenLLM line, up to 0.5."""

from __future__ import annotations

from mrt_testing_kit.server.dialects.openllm_old.dialect import OldOpenLLM

__all__ = ["OldOpenLLM"]
