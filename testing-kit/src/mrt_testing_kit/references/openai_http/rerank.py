"""Rerank models: ``/rerank``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from mrt import (
    AIModelEntity,
    HTTPRequest,
    HTTPResponse,
    Invocation,
    ModelType,
    RerankDocument,
    RerankModel,
    RerankRequest,
    RerankResult,
)
from mrt.entities.plain import is_list, is_mapping
from mrt_testing_kit.references.openai_http.common import ReferenceModel, bad, object_of
from mrt_testing_kit.references.openai_http.schema import entity


class ReferenceRerank(ReferenceModel, RerankModel):
    """A rerank model; core sorts, and applies the threshold."""

    path: ClassVar[str] = "rerank"

    def build_request(self, invocation: Invocation[RerankRequest]) -> HTTPRequest:
        asked = invocation.request
        return self.post(invocation, rerank_body(invocation.model, asked.query, asked.docs, asked.top_n))

    def parse_response(self, invocation: Invocation[RerankRequest], response: HTTPResponse) -> RerankResult:
        docs = read_scores(object_of(response, "results")["results"], invocation.request.docs)
        return RerankResult(invocation.model, docs, response.request_id)

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return the same for every model: the server does not tell."""
        return entity(model, ModelType.RERANK)

    def smallest(self) -> RerankRequest:
        """Return a short question with one document."""
        return RerankRequest("ping", ["ping"])


def rerank_body(model: str, query: str, docs: Sequence[str], top_n: int | None) -> dict[str, Any]:
    """Return the body of a request."""
    body: dict[str, Any] = {"model": model, "query": query, "documents": list(docs)}
    return body if top_n is None else {**body, "top_n": top_n}


def read_scores(results: Any, docs: Sequence[str]) -> list[RerankDocument]:
    """Return the documents that an answer names, with the vendor's own scores.

    Args:
        results: Objects with ``index`` and ``relevance_score``, in any order; their texts are the caller's own.
        docs: The documents that were sent.

    Raises:
        InvokeBadResponseError: A document is none of them, or a score is no finite number.
    """
    if not is_list(results) or not results:
        raise bad("has no results")
    return [_document(entry, docs) for entry in results]


def _document(entry: Any, docs: Sequence[str]) -> RerankDocument:
    index = entry.get("index") if is_mapping(entry) else None
    if not isinstance(index, int) or not 0 <= index < len(docs):
        raise bad(f"names document {index!r} of {len(docs)}")
    try:
        score = float(entry["relevance_score"])
    except (KeyError, TypeError, ValueError) as error:
        raise bad(f"has no score for document {index}") from error
    if not math.isfinite(score):
        raise bad(f"has the score {score} for document {index}")
    return RerankDocument(index, docs[index], score)
