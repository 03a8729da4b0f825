"""Moderation models of any OpenAI-compatible server."""

from __future__ import annotations

from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.model import AIModelEntity, ModelPropertyKey
from mrt_openai_compatible.declarations import entity
from mrt_openai_compatible.dialect.moderation import OpenAIModerationModel


class OpenAICompatibleModerationModel(OpenAIModerationModel):
    """A moderation model."""

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Make the schema: how texts are cut."""
        properties = {
            ModelPropertyKey.MAX_CHARACTERS_PER_CHUNK: self.piece_characters,
            ModelPropertyKey.MAX_CHUNKS: self.batch_size,
        }
        return entity(model, ModelType.MODERATION, properties)
