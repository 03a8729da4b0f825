"""Base class of text embedding models."""

from __future__ import annotations

from typing import Any, ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, TextEmbeddingRequest
from mrt.entities.results import EmbeddingInputType, TextEmbeddingResult
from mrt.plugin.base import AIModel, missing


class TextEmbeddingModel(AIModel):
    """A model that turns texts into vectors."""

    model_type: ClassVar[ModelType] = ModelType.TEXT_EMBEDDING

    def _invoke(
        self,
        model: str,
        credentials: dict[str, Any],
        texts: list[str],
        user: str | None = None,
        input_type: EmbeddingInputType = "document",
    ) -> TextEmbeddingResult:
        """Return one vector per text, in the order of the texts."""
        raise missing(self, "_invoke")

    def get_num_tokens(self, model: str, credentials: dict[str, Any], texts: list[str]) -> list[int]:
        """Count the tokens of each text."""
        return [self._get_num_tokens_by_gpt2(text) for text in texts]

    def invoke(self, invocation: Invocation[TextEmbeddingRequest]) -> Any:
        """Unpack the invocation for `_invoke`."""
        request = invocation.request
        arguments = (invocation.model, invocation.credentials.reveal(), list(request.texts))
        if request.input_type == "document":
            # Classes written before the input type existed do not take it.
            return self._invoke(*arguments, user=invocation.user)
        return self._invoke(*arguments, user=invocation.user, input_type=request.input_type)
