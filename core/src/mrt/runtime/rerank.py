"""Handles of rerank models."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import RerankRequest
from mrt.entities.results import RerankDocument, RerankResult
from mrt.errors import InvokeBadResponseError
from mrt.runtime.handle import Handle


class RerankHandle(Handle):
    """A rerank model, ready to be called."""

    model_type: ClassVar[ModelType] = ModelType.RERANK

    def invoke(
        self,
        query: str,
        docs: Iterable[str],
        *,
        score_threshold: float | None = None,
        top_n: int | None = None,
        user: str | None = None,
    ) -> RerankResult:
        """Sort documents by how well they fit a query, best first; no document, no request.

        Args:
            query: What is looked for.
            docs: The documents.
            score_threshold: Leave out documents with a lower score; the threshold itself stays in.
            top_n: Return at most this many.
            user: The end user's id, for vendors that want one.

        Raises:
            InvokeError: The vendor failed; see `mrt.errors`.
        """
        request = self._request(query, docs, score_threshold, top_n)
        if not request.docs or request.top_n == 0:
            return RerankResult(self.model, [])
        invocation = self._invocation(request, False, user, self._schema())
        return self._finish(request, self._runtime.chain.call(invocation))

    async def ainvoke(
        self,
        query: str,
        docs: Iterable[str],
        *,
        score_threshold: float | None = None,
        top_n: int | None = None,
        user: str | None = None,
    ) -> RerankResult:
        """Sort documents; arguments and errors as in `invoke`."""
        request = self._request(query, docs, score_threshold, top_n)
        if not request.docs or request.top_n == 0:
            return RerankResult(self.model, [])
        invocation = self._invocation(request, False, user, await self._aschema())
        return self._finish(request, await self._runtime.chain.acall(invocation))

    def _request(
        self, query: str, docs: Iterable[str], score_threshold: float | None, top_n: int | None
    ) -> RerankRequest:
        if not isinstance(docs, Iterable):
            raise self._refuse(f"docs is {type(docs).__name__}: give a list of strings")
        given = tuple(docs) if not isinstance(docs, str) else (docs,)
        for place, text in enumerate(given):
            if not isinstance(text, str):
                raise self._refuse(f"docs[{place}] is {type(text).__name__}: documents are strings")
        if not isinstance(query, str) or not query.strip():
            raise self._refuse("the query is empty: give the text to sort by")
        if top_n is not None and (isinstance(top_n, bool) or not isinstance(top_n, int) or top_n < 0):
            raise self._refuse(f"top_n is a number of documents from 0, not {top_n!r}")
        if score_threshold is not None and not _is_finite(score_threshold):
            raise self._refuse(f"score_threshold is a finite number, not {score_threshold!r}")
        # Some vendors refuse to return more documents than they got.
        return RerankRequest(query, given, score_threshold, None if top_n is None else min(top_n, len(given)))

    def _finish(self, request: RerankRequest, result: Any) -> RerankResult:
        if not isinstance(result, RerankResult):
            raise self._misbehaved(f"invoke returned {type(result).__name__} where a RerankResult is due")
        seen: set[int] = set()
        kept: list[RerankDocument] = []
        for doc in result.docs:
            if not 0 <= doc.index < len(request.docs) or doc.index in seen:
                told = "twice" if doc.index in seen else f"of {len(request.docs)}"
                raise self._bad(f"the answer names document {doc.index} {told}", result)
            seen.add(doc.index)
            if request.score_threshold is None or doc.score >= request.score_threshold:
                kept.append(RerankDocument(doc.index, request.docs[doc.index], doc.score))
        wanted = len(request.docs) if request.top_n is None else request.top_n
        if request.score_threshold is None and len(kept) < wanted:
            # Documents without a score must not vanish; with a threshold the plugin may have left some out.
            raise self._bad(f"{wanted} documents were asked for and {len(kept)} came back", result)
        # Best first, and documents of equal score in the order in which they were given.
        kept.sort(key=lambda doc: (-doc.score, doc.index))
        result.docs = kept[: request.top_n]
        return result

    def _bad(self, told: str, result: RerankResult) -> InvokeBadResponseError:
        return InvokeBadResponseError(told, provider=self.provider, model=self.model, request_id=result.request_id)


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
