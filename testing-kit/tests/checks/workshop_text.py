"""The reference provider's models with their steps laid open, so that wrong ones can break one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mrt
from mrt import AIModel, HTTPRequest, HTTPResponse, Invocation, Provider, RerankResult, TextEmbeddingResult
from mrt.plugin import Flow
from mrt_testing_kit.references import openai_http
from mrt_testing_kit.references.openai_http import moderation, rerank, text_embedding
from mrt_testing_kit.references.openai_http.common import bad, object_of
from mrt_testing_kit.references.openai_http.usage import embedding_usage

CREDENTIALS = {"base_url": "{server}", "api_key": "{canary}"}


@dataclass(frozen=True)
class Wrong:
    """A provider with one mistake.

    Args:
        check: Id of the check that has to find it.
        bug: The line of the contract that has it, such as ``B090``; empty for one of our own.
        make: Makes the provider.
    """

    check: str
    bug: str
    make: Callable[[], Provider]


def provider(**models: type[AIModel]) -> Provider:
    """Return the reference provider with other classes for some model types (``text_embedding=``)."""
    home = openai_http.__name__
    classes = {
        "llm": f"{home}.llm:ReferenceLLM",
        "text-embedding": f"{home}.text_embedding:ReferenceEmbedding",
        "rerank": f"{home}.rerank:ReferenceRerank",
        "speech2text": f"{home}.speech2text:ReferenceSpeech2Text",
        "tts": f"{home}.tts:ReferenceTTS",
        "moderation": f"{home}.moderation:ReferenceModeration",
    }
    return Provider(home, models={**classes, **{name.replace("_", "-"): found for name, found in models.items()}})


class Embedding(text_embedding.ReferenceEmbedding):
    """An embedding model."""

    def texts(self, invocation: Invocation[Any]) -> Sequence[str]:
        return text_embedding.checked_texts(invocation.request.texts)

    def cut(self, texts: Sequence[str]) -> list[Sequence[str]]:
        return [texts[start : start + text_embedding.BATCH] for start in range(0, len(texts), text_embedding.BATCH)]

    def body(self, invocation: Invocation[Any], batch: Sequence[str]) -> dict[str, Any]:
        return text_embedding.embedding_body(invocation.model, batch, invocation.user)

    def read(self, data: Any, batch: Sequence[str]) -> list[list[float]]:
        return text_embedding.read_vectors(data, len(batch))

    def judged(self, vectors: list[list[float]], texts: Sequence[str]) -> list[list[float]]:
        if len({len(vector) for vector in vectors}) > 1:
            raise bad("has vectors of different sizes")
        return vectors

    def counted(self, usages: list[Any], texts: Sequence[str]) -> mrt.EmbeddingUsage:
        return embedding_usage(usages)

    def exchange(self, invocation: Invocation[Any]) -> Flow:
        vectors: list[list[float]] = []
        usages: list[Any] = []
        texts = self.texts(invocation)
        for batch in self.cut(texts):
            response: HTTPResponse = yield self.post(invocation, self.body(invocation, batch))
            found = object_of(response, "data")
            vectors += self.read(found["data"], batch)
            usages.append(found.get("usage"))
        return TextEmbeddingResult(invocation.model, self.judged(vectors, texts), self.counted(usages, texts))


class Rerank(rerank.ReferenceRerank):
    """A rerank model."""

    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        asked = invocation.request
        return rerank.rerank_body(invocation.model, asked.query, asked.docs, asked.top_n)

    def read(self, results: Any, invocation: Invocation[Any]) -> list[mrt.RerankDocument]:
        return rerank.read_scores(results, invocation.request.docs)

    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        return self.post(invocation, self.body(invocation))

    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> RerankResult:
        return RerankResult(invocation.model, self.read(object_of(response, "results")["results"], invocation))


class Moderation(moderation.ReferenceModeration):
    """A moderation model."""

    def pieces(self, text: str) -> list[str]:
        return moderation.pieces(text)

    def read(self, results: Any, size: int, model: str) -> mrt.ModerationResult:
        return moderation.read_results(results, size, model)

    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        return self.post(invocation, {"model": invocation.model, "input": self.pieces(invocation.request.text)})

    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> mrt.ModerationResult:
        pieces = self.pieces(invocation.request.text)
        return self.read(object_of(response, "results")["results"], len(pieces), invocation.model)
