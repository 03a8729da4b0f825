"""Text embedding models of any OpenAI-compatible server."""

from __future__ import annotations

from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, TextEmbeddingRequest
from mrt.entities.model import AIModelEntity, ModelPropertyKey
from mrt_openai_compatible.declarations import declared_number, entity
from mrt_openai_compatible.dialect.text_embedding import OpenAITextEmbeddingModel


class OpenAICompatibleTextEmbeddingModel(OpenAITextEmbeddingModel):
    """A text embedding model; its limits are what its credentials declare."""

    def dimensions(self, invocation: Invocation[TextEmbeddingRequest]) -> int | None:
        return declared_number(invocation.credentials, "dimensions")

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Make the schema from the declarations."""
        properties = {
            ModelPropertyKey.CONTEXT_SIZE: declared_number(credentials, "context_size"),
            ModelPropertyKey.MAX_CHUNKS: declared_number(credentials, "max_chunks") or self.batch_size,
            ModelPropertyKey.DIMENSIONS: declared_number(credentials, "dimensions"),
        }
        return entity(model, ModelType.TEXT_EMBEDDING, properties)
