"""OpenAI's official SDK as a provider: what an SDK does well stays its work, and what it lacks is added here."""

from __future__ import annotations

from mrt import Provider

plugin = Provider(
    __name__,
    models={
        "llm": "openai_sdk.llm:SDKLargeLanguageModel",
        "text-embedding": "openai_sdk.text_embedding:SDKTextEmbeddingModel",
    },
)
