"""MRT plugin for Xinference: any model that a server of yours runs."""

from __future__ import annotations

from mrt.plugin.provider import Provider

plugin = Provider(
    __name__,
    models={
        "llm": "mrt_xinference.llm:XinferenceLargeLanguageModel",
        "text-embedding": "mrt_xinference.text_embedding:XinferenceTextEmbeddingModel",
        "rerank": "mrt_xinference.rerank:XinferenceRerankModel",
        "speech2text": "mrt_xinference.speech2text:XinferenceSpeech2TextModel",
        "tts": "mrt_xinference.tts:XinferenceTTSModel",
    },
)

__all__ = ["plugin"]
