"""Rerank models of any OpenAI-compatible server."""

from __future__ import annotations

from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.model import AIModelEntity
from mrt_openai_compatible.declarations import entity
from mrt_openai_compatible.dialect.rerank import OpenAIRerankModel


class OpenAICompatibleRerankModel(OpenAIRerankModel):
    """A rerank model."""

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Make the schema, of which nothing is known but the name."""
        return entity(model, ModelType.RERANK, {})
