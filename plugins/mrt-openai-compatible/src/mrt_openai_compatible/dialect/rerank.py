"""Rerank models: ``/rerank`` in the shape that Jina, Cohere, vLLM and Xinference share."""

from __future__ import annotations

from math import isfinite
from typing import Any, ClassVar

from mrt.entities.invocation import Invocation, RerankRequest
from mrt.entities.plain import is_list, is_mapping
from mrt.entities.results import RerankDocument, RerankResult
from mrt.errors import InvokeBadRequestError
from mrt.http.messages import HTTPRequest, HTTPResponse
from mrt.plugin.http_model import Flow
from mrt.plugin.rerank import RerankModel
from mrt_openai_compatible.dialect.base import OpenAIModel
from mrt_openai_compatible.dialect.errors import bad_answer


class OpenAIRerankModel(OpenAIModel, RerankModel):
    """A rerank model.

    Scores are the server's own, on its own scale. Texts are the caller's: servers echo them, or null, or nothing.
    """

    path: ClassVar[str] = "/rerank"

    def body(self, invocation: Invocation[RerankRequest]) -> dict[str, Any]:
        """Return the JSON body of a request.

        Raises:
            InvokeBadRequestError: `top_n` is no number of documents.
        """
        request = invocation.request
        body: dict[str, Any] = {
            "model": self.model_name(invocation),
            "query": request.query,
            "documents": list(request.docs),
            "return_documents": False,
        }
        if request.top_n is not None:
            if request.top_n < 1:
                raise InvokeBadRequestError(f"top_n is a number of documents from 1, not {request.top_n}")
            # Some servers refuse to return more documents than they got.
            body["top_n"] = min(request.top_n, len(request.docs))
        return body

    def build_request(self, invocation: Invocation[RerankRequest]) -> HTTPRequest:
        return self.post(invocation, self.body(invocation))

    def exchange(self, invocation: Invocation[RerankRequest]) -> Flow:
        if not invocation.request.docs:
            return RerankResult(invocation.model, [])
        return (yield from super().exchange(invocation))

    def parse_response(self, invocation: Invocation[RerankRequest], response: HTTPResponse) -> RerankResult:
        request = invocation.request
        value = response.json()
        # TEI answers with the bare list.
        body: dict[str, Any] = {"results": value} if is_list(value) else self.checked(response, "results")
        found = read_scores(body.get("results", body.get("data")), len(request.docs), response)
        if not found and request.docs and request.top_n != 0:
            raise bad_answer(f"has no results for {len(request.docs)} documents", response)
        kept = [
            RerankDocument(index, request.docs[index], score)
            for index, score in found.items()
            if request.score_threshold is None or score >= request.score_threshold
        ]
        kept.sort(key=lambda doc: (-doc.score, doc.index))
        model = body.get("model")
        return RerankResult(
            model if isinstance(model, str) and model else invocation.model, kept[: request.top_n], response.request_id
        )

    def probe_request(self) -> RerankRequest:
        """Return the smallest question."""
        return RerankRequest("ping", ("ping",))


def read_scores(results: Any, count: int, response: HTTPResponse) -> dict[int, float]:
    """Return the scores of an answer by the index of their document.

    Args:
        results: Objects with ``index`` and ``relevance_score`` or ``score``, in any order.
        count: How many documents were sent.
        response: The response around it.

    Raises:
        InvokeBadResponseError: An index is none of the documents, or stands twice; a score is no finite number.
    """
    if not is_list(results):
        raise bad_answer("has no results", response)
    scores: dict[int, float] = {}
    for entry in results:
        index: Any = entry.get("index") if is_mapping(entry) else None
        if index.__class__ is not int or not 0 <= index < count:
            raise bad_answer(f"names document {index!r} of {count}", response)
        if index in scores:
            raise bad_answer(f"names document {index} twice", response)
        score = entry.get("relevance_score", entry.get("score"))
        try:
            if isinstance(score, bool):
                raise ValueError
            number = float(score)
        except (TypeError, ValueError):
            raise bad_answer(f"has the score {score!r} for document {index}", response) from None
        if not isfinite(number):
            raise bad_answer(f"has the score {score!r} for document {index}", response)
        scores[index] = number
    return scores
