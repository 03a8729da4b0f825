"""Rerank models with one mistake each."""

from __future__ import annotations

import math
from typing import Any

from workshop_text import Rerank, Wrong, provider

import mrt
from mrt import HTTPRequest, HTTPResponse, Invocation, RerankDocument
from mrt.plugin import Flow
from mrt_testing_kit.references.openai_http.common import key_headers, object_of, url_of

Documents = list[RerankDocument]


class ByPlace(Rerank):
    def read(self, results: Any, invocation: Invocation[Any]) -> Documents:
        docs = invocation.request.docs
        return [RerankDocument(place, docs[place], item["relevance_score"]) for place, item in enumerate(results)]


class ByText(Rerank):
    def read(self, results: Any, invocation: Invocation[Any]) -> Documents:
        docs = list(invocation.request.docs)
        found = {docs.index(doc.text): doc for doc in super().read(results, invocation)}
        return [RerankDocument(place, doc.text, doc.score) for place, doc in found.items()]


class SendsUnique(Rerank):
    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        return {**super().body(invocation), "documents": list(dict.fromkeys(invocation.request.docs))}


class ThreeByDefault(Rerank):
    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        return {**super().body(invocation), "top_n": invocation.request.top_n or 3}


class NullTop(Rerank):
    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        return {**super().body(invocation), "top_n": invocation.request.top_n}


class NullScoreIsZero(Rerank):
    def read(self, results: Any, invocation: Invocation[Any]) -> Documents:
        docs = invocation.request.docs
        return [RerankDocument(item["index"], "", float(item["relevance_score"] or 0)) for item in results if docs]


class SkipsBadIndex(Rerank):
    def read(self, results: Any, invocation: Invocation[Any]) -> Documents:
        size = len(invocation.request.docs)
        good = [item for item in results if 0 <= item.get("index", -1) < size]
        return super().read(good, invocation) if good else []


class CountsFromTheEnd(Rerank):
    def read(self, results: Any, invocation: Invocation[Any]) -> Documents:
        size = len(invocation.request.docs)
        for item in results:
            item["index"] = item["index"] % size
        return super().read(results, invocation)


class NeedsEcho(Rerank):
    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        return {**super().body(invocation), "return_documents": True}

    def read(self, results: Any, invocation: Invocation[Any]) -> Documents:
        return [RerankDocument(item["index"], item["document"]["text"], item["relevance_score"]) for item in results]


class OnePerScore(Rerank):
    def read(self, results: Any, invocation: Invocation[Any]) -> Documents:
        return list({doc.score: doc for doc in super().read(results, invocation)}.values())


class NudgesTies(Rerank):
    def read(self, results: Any, invocation: Invocation[Any]) -> Documents:
        found = super().read(results, invocation)
        return [RerankDocument(doc.index, doc.text, doc.score + doc.index * 1e-4) for doc in found]


class AboveThreshold(Rerank):
    def read(self, results: Any, invocation: Invocation[Any]) -> Documents:
        limit = invocation.request.score_threshold
        found = super().read(results, invocation)
        return found if limit is None else [doc for doc in found if doc.score > limit]


class ZeroIsNothing(Rerank):
    def read(self, results: Any, invocation: Invocation[Any]) -> Documents:
        return [doc for doc in super().read(results, invocation) if doc.score]


class HalfByDefault(Rerank):
    def read(self, results: Any, invocation: Invocation[Any]) -> Documents:
        limit = invocation.request.score_threshold or 0.3
        return [doc for doc in super().read(results, invocation) if doc.score >= limit]


class SendsThreshold(Rerank):
    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        limit = invocation.request.score_threshold
        return super().body(invocation) if limit is None else {**super().body(invocation), "score_threshold": limit}


class Sigmoid(Rerank):
    def read(self, results: Any, invocation: Invocation[Any]) -> Documents:
        found = super().read(results, invocation)
        return [RerankDocument(doc.index, doc.text, 1 / (1 + math.exp(-doc.score))) for doc in found]


class Clamps(Rerank):
    def read(self, results: Any, invocation: Invocation[Any]) -> Documents:
        found = super().read(results, invocation)
        return [RerankDocument(doc.index, doc.text, min(max(doc.score, 0.0), 1.0)) for doc in found]


class ShortensQuery(Rerank):
    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        return {**super().body(invocation), "query": invocation.request.query.strip()[:100]}


class BestOfEachBatch(Rerank):
    def exchange(self, invocation: Invocation[Any]) -> Flow:
        docs, found = invocation.request.docs, Documents()
        for start in range(0, len(docs), 100):
            body = {**self.body(invocation), "documents": list(docs[start : start + 100])}
            response: HTTPResponse = yield self.post(invocation, body)
            for item in object_of(response, "results")["results"][: invocation.request.top_n]:
                found.append(RerankDocument(item["index"], "", item["relevance_score"]))
        unique = {doc.index: doc for doc in found}
        return mrt.RerankResult(invocation.model, list(unique.values()))


class SendsSorted(Rerank):
    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        return {**super().body(invocation), "documents": sorted(invocation.request.docs)}


class TidiesDocuments(Rerank):
    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        return {**super().body(invocation), "documents": [" ".join(doc.split()) for doc in invocation.request.docs]}


class TwoSlashes(Rerank):
    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        url = f"{invocation.credentials['base_url']}/v1/rerank"
        return HTTPRequest.json(url, self.body(invocation), key_headers(invocation.credentials))


class AsksTwice(Rerank):
    def exchange(self, invocation: Invocation[Any]) -> Flow:
        yield HTTPRequest("GET", url_of(invocation.credentials, "models"), key_headers(invocation.credentials))
        return (yield from super().exchange(invocation))


RIGHT = Wrong("", "", lambda: provider(rerank=Rerank))


def _wrong(check: str, made: type[Rerank], bug: str) -> Wrong:
    return Wrong(check, bug, lambda: provider(rerank=made))


WRONG = {
    f"{check}-{found.__name__}": _wrong(check, found, bug)
    for check, found, bug in (
        ("RRK-01", ByPlace, "B107"),
        ("RRK-02", ByText, "B107"),
        ("RRK-02", SendsUnique, "B107"),
        ("RRK-03", ThreeByDefault, "B112"),
        ("RRK-03", NullTop, "B109"),
        ("RRK-05", NullScoreIsZero, ""),
        ("RRK-06", SkipsBadIndex, ""),
        ("RRK-06", CountsFromTheEnd, ""),
        ("RRK-07", NeedsEcho, "B110"),
        ("RRK-08", OnePerScore, ""),
        ("RRK-08", NudgesTies, ""),
        ("RRK-09", AboveThreshold, ""),
        ("RRK-09", ZeroIsNothing, "B112"),
        ("RRK-09", HalfByDefault, "B112"),
        ("RRK-09", SendsThreshold, ""),
        ("RRK-10", Sigmoid, "B111"),
        ("RRK-10", Clamps, ""),
        ("RRK-11", ShortensQuery, ""),
        ("RRK-12", BestOfEachBatch, ""),
        ("RRK-13", SendsSorted, ""),
        ("RRK-13", TidiesDocuments, ""),
        ("RRK-14", TwoSlashes, ""),
        ("RRK-14", AsksTwice, ""),
    )
}
