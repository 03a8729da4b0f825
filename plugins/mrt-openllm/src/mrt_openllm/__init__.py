"""MRT plugin for OpenLLM servers, of the present generation and of the old ones."""

from __future__ import annotations

from mrt.plugin.provider import Provider

plugin = Provider(
    __name__,
    models={
        "llm": "mrt_openllm.llm:OpenLLMLargeLanguageModel",
        "text-embedding": "mrt_openllm.text_embedding:OpenLLMTextEmbeddingModel",
    },
)

__all__ = ["plugin"]
