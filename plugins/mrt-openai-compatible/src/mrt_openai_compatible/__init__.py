"""MRT plugin for any server that speaks the OpenAI HTTP dialect; `mrt_openai_compatible.dialect` is its library."""

from __future__ import annotations

from mrt.plugin.provider import Provider

plugin = Provider(
    __name__,
    models={
        "llm": "mrt_openai_compatible.llm:OpenAICompatibleLargeLanguageModel",
        "text-embedding": "mrt_openai_compatible.text_embedding:OpenAICompatibleTextEmbeddingModel",
        "rerank": "mrt_openai_compatible.rerank:OpenAICompatibleRerankModel",
        "speech2text": "mrt_openai_compatible.speech2text:OpenAICompatibleSpeech2TextModel",
        "tts": "mrt_openai_compatible.tts:OpenAICompatibleTTSModel",
        "moderation": "mrt_openai_compatible.moderation:OpenAICompatibleModerationModel",
    },
)

__all__ = ["plugin"]
