"""What plugin authors build on: the base classes and `Provider`."""

from __future__ import annotations

from mrt.hookspecs import MRT_API, hookimpl
from mrt.plugin.base import AIModel
from mrt.plugin.http_model import Flow, HTTPModel, StreamParser
from mrt.plugin.llm import LargeLanguageModel
from mrt.plugin.moderation import ModerationModel
from mrt.plugin.provider import Provider
from mrt.plugin.rerank import RerankModel
from mrt.plugin.speech2text import Speech2TextModel
from mrt.plugin.text_embedding import TextEmbeddingModel
from mrt.plugin.tts import TTSModel

__all__ = [
    "MRT_API",
    "AIModel",
    "Flow",
    "HTTPModel",
    "LargeLanguageModel",
    "ModerationModel",
    "Provider",
    "RerankModel",
    "Speech2TextModel",
    "StreamParser",
    "TTSModel",
    "TextEmbeddingModel",
    "hookimpl",
]
