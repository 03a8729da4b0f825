"""Text embedding models."""

from __future__ import annotations

from typing import ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, TextEmbeddingRequest
from mrt.entities.model import AIModelEntity, ModelPropertyKey
from mrt_openai_compatible.dialect.text_embedding import OpenAITextEmbeddingModel
from mrt_xinference.description import Description
from mrt_xinference.model import XinferenceModel, entity


class XinferenceTextEmbeddingModel(XinferenceModel, OpenAITextEmbeddingModel):
    """A text embedding model that the server runs.

    Base64 is new in the server (absent at 3.2.1); older ones answer with lists, which are read as well. A text that is
    longer than the model takes is cut by the server without a word, and the usage counts what was left.
    """

    accepts_empty_texts: ClassVar[bool] = True

    def schema_of(self, model: str, found: Description) -> AIModelEntity:
        properties = {
            ModelPropertyKey.CONTEXT_SIZE: found.max_tokens,
            ModelPropertyKey.DIMENSIONS: found.dimensions,
            ModelPropertyKey.MAX_CHUNKS: self.batch_size,
        }
        return entity(model, ModelType.TEXT_EMBEDDING, properties)

    def expected_size(self, invocation: Invocation[TextEmbeddingRequest]) -> int | None:
        # The description has the size that was registered; a model may be launched to cut its vectors shorter.
        return None
