"""Base class of rerank models."""

from __future__ import annotations

from typing import Any, ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, RerankRequest
from mrt.entities.results import RerankResult
from mrt.plugin.base import AIModel, missing


class RerankModel(AIModel):
    """A model that sorts documents by how well they fit a query."""

    model_type: ClassVar[ModelType] = ModelType.RERANK

    def _invoke(
        self,
        model: str,
        credentials: dict[str, Any],
        query: str,
        docs: list[str],
        score_threshold: float | None = None,
        top_n: int | None = None,
        user: str | None = None,
    ) -> RerankResult:
        """Return the documents with scores; `RerankDocument.index` is the place in `docs`."""
        raise missing(self, "_invoke")

    def invoke(self, invocation: Invocation[RerankRequest]) -> Any:
        """Unpack the invocation for `_invoke`."""
        request = invocation.request
        return self._invoke(
            invocation.model,
            invocation.credentials.reveal(),
            request.query,
            list(request.docs),
            score_threshold=request.score_threshold,
            top_n=request.top_n,
            user=invocation.user,
        )
