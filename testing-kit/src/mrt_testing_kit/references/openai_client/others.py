"""Text embedding, rerank and moderation models."""

from __future__ import annotations

from typing import Any, Literal

from mrt import (
    AIModelEntity,
    InvokeError,
    ModelType,
    ModerationModel,
    ModerationResult,
    RerankModel,
    RerankResult,
    TextEmbeddingModel,
    TextEmbeddingResult,
)
from mrt_testing_kit.references.openai_client.client import Client, object_of
from mrt_testing_kit.references.openai_client.errors import MAPPING
from mrt_testing_kit.references.openai_http.common import bad
from mrt_testing_kit.references.openai_http.moderation import SIZE, pieces, read_results
from mrt_testing_kit.references.openai_http.rerank import read_scores, rerank_body
from mrt_testing_kit.references.openai_http.schema import entity
from mrt_testing_kit.references.openai_http.text_embedding import BATCH, checked_texts, embedding_body, read_vectors
from mrt_testing_kit.references.openai_http.usage import embedding_usage


class ClientEmbedding(TextEmbeddingModel):
    """A text embedding model."""

    def _invoke(
        self,
        model: str,
        credentials: dict[str, Any],
        texts: list[str],
        user: str | None = None,
        input_type: Literal["document", "query"] = "document",
    ) -> TextEmbeddingResult:
        client = Client(credentials)
        vectors: list[list[float]] = []
        usages: list[Any] = []
        checked_texts(texts)
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            body = object_of(client.post("embeddings", embedding_body(model, batch, user)), "data")
            vectors += read_vectors(body["data"], len(batch))
            usages.append(body.get("usage"))
        if len({len(vector) for vector in vectors}) > 1:
            raise bad("has vectors of different sizes")
        return TextEmbeddingResult(model, vectors, embedding_usage(usages))

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Embed a word."""
        self._invoke(model, credentials, ["ping"])

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return the same for every model: the server does not tell."""
        return entity(model, ModelType.TEXT_EMBEDDING, {"max_chunks": BATCH})

    @property
    def _invoke_error_mapping(self) -> dict[type[InvokeError], list[type[Exception]]]:
        return MAPPING


class ClientRerank(RerankModel):
    """A rerank model; core sorts, and applies the threshold."""

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
        body = object_of(Client(credentials).post("rerank", rerank_body(model, query, docs, top_n)), "results")
        return RerankResult(model, read_scores(body["results"], docs))

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Compare a word with itself."""
        self._invoke(model, credentials, "ping", ["ping"])

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return the same for every model: the server does not tell."""
        return entity(model, ModelType.RERANK)

    @property
    def _invoke_error_mapping(self) -> dict[type[InvokeError], list[type[Exception]]]:
        return MAPPING


class ClientModeration(ModerationModel):
    """A moderation model."""

    def _invoke(self, model: str, credentials: dict[str, Any], text: str, user: str | None = None) -> ModerationResult:
        cut = pieces(text)
        body = object_of(Client(credentials).post("moderations", {"model": model, "input": cut}), "results")
        return read_results(body["results"], len(cut), model)

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Look at a word."""
        self._invoke(model, credentials, "ping")

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return the same for every model: the server does not tell."""
        return entity(model, ModelType.MODERATION, {"max_characters_per_chunk": SIZE})

    @property
    def _invoke_error_mapping(self) -> dict[type[InvokeError], list[type[Exception]]]:
        return MAPPING
