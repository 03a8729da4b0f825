"""Embeddings."""

from __future__ import annotations

import math
from typing import Any

import openai

import mrt
from openai_sdk.client import Validates, ask, client_of

MOST = 2048
"""Texts in one request."""


class SDKTextEmbeddingModel(Validates, mrt.TextEmbeddingModel):
    """``client.embeddings``."""

    def _invoke(
        self,
        model: str,
        credentials: dict[str, Any],
        texts: list[str],
        user: str | None = None,
        input_type: str = "document",
    ) -> mrt.TextEmbeddingResult:
        if "" in texts:
            raise mrt.InvokeBadRequestError(f"text number {texts.index('')} is empty")
        create = client_of(credentials).embeddings.create
        named = {"user": user} if user else {}
        vectors: list[list[float]] = []
        counts: list[int | None] = []
        for start in range(0, len(texts), MOST):
            batch = texts[start : start + MOST]
            answer = ask(create, openai.types.CreateEmbeddingResponse, "data", model=model, input=batch, **named)
            # The order is that of `index`, whatever order they come in.
            rows = sorted(answer.data, key=lambda row: -1 if row.index is None else row.index)
            if [row.index for row in rows] != list(range(len(batch))):
                raise mrt.InvokeBadResponseError(f"{len(rows)} vectors came for {len(batch)} texts")
            vectors += [row.embedding for row in rows]
            counts.append(answer.usage and answer.usage.prompt_tokens)
        size = len(vectors[0] or ()) if vectors else 0
        if any(not _is_vector(vector, size) for vector in vectors):
            raise mrt.InvokeBadResponseError("a vector is empty, of another length, or holds what is no number")
        known = [count for count in counts if count is not None]
        usage = mrt.EmbeddingUsage(sum(known)) if len(known) == len(counts) else mrt.EmbeddingUsage.empty_usage()
        return mrt.TextEmbeddingResult(model, vectors, usage)

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> mrt.AIModelEntity:
        """Describe a model that the user named."""
        return mrt.AIModelEntity.model_validate(
            {
                "model": model,
                "label": {"en_US": model},
                "model_type": "text-embedding",
                "fetch_from": "customizable-model",
                "model_properties": {"context_size": 8191, "max_chunks": MOST},
            }
        )


def _is_vector(vector: Any, size: int) -> bool:
    return (
        isinstance(vector, list)
        and 0 < len(vector) == size
        and all(isinstance(value, (int, float)) and math.isfinite(value) for value in vector)
    )
