"""Embedding models with one mistake each."""

from __future__ import annotations

import asyncio
import math
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from workshop_text import Embedding, Wrong, provider

import mrt
from mrt import HTTPResponse, Invocation, TextEmbeddingResult
from mrt.plugin import Flow
from mrt_testing_kit.references.openai_http.common import object_of
from mrt_testing_kit.references.openai_http.text_embedding import embedding_body, read_vectors

Vectors = list[list[float]]


class ReplyOrder(Embedding):
    def read(self, data: Any, batch: Sequence[str]) -> Vectors:
        return [item["embedding"] for item in data]


class SendsEarlierAgain(Embedding):
    def cut(self, texts: Sequence[str]) -> list[Sequence[str]]:
        return [texts[: start + 32] for start in range(0, len(texts), 32)]

    def judged(self, vectors: Vectors, texts: Sequence[str]) -> Vectors:
        return vectors[-len(texts) :]


class IndexAcrossBatches(Embedding):
    def judged(self, vectors: Vectors, texts: Sequence[str]) -> Vectors:
        return [vectors[place] for place in sorted(range(len(texts)), key=lambda place: place % 32)]


class LosesLastOfFullBatch(Embedding):
    def cut(self, texts: Sequence[str]) -> list[Sequence[str]]:
        return [texts[start : start + 31] for start in range(0, len(texts), 32)]

    def judged(self, vectors: Vectors, texts: Sequence[str]) -> Vectors:
        return [*vectors, *vectors][: len(texts)]


class OneForAll(Embedding):
    def body(self, invocation: Invocation[Any], batch: Sequence[str]) -> dict[str, Any]:
        return embedding_body(invocation.model, [" ".join(batch)], None)

    def read(self, data: Any, batch: Sequence[str]) -> Vectors:
        return [data[0]["embedding"] for _ in batch]


class FillsUp(Embedding):
    def read(self, data: Any, batch: Sequence[str]) -> Vectors:
        found = {item["index"]: item["embedding"] for item in data}
        return [found.get(place, [0.0] * 8) for place in range(len(batch))]


class CountsTheWholeOnly(Embedding):
    def read(self, data: Any, batch: Sequence[str]) -> Vectors:
        return [item["embedding"] for item in sorted(data, key=lambda item: item["index"])]

    def judged(self, vectors: Vectors, texts: Sequence[str]) -> Vectors:
        if len(vectors) != len(texts):
            raise mrt.InvokeBadResponseError("wrong number of vectors")
        return vectors


class AnyLength(Embedding):
    def judged(self, vectors: Vectors, texts: Sequence[str]) -> Vectors:
        return vectors


class Rounds(Embedding):
    def judged(self, vectors: Vectors, texts: Sequence[str]) -> Vectors:
        return [[round(number, 4) for number in vector] for vector in vectors]


class Texts(Embedding):
    def judged(self, vectors: Vectors, texts: Sequence[str]) -> Vectors:
        made: list[list[Any]] = [[str(number) for number in vector] for vector in vectors]
        return made


class FirstHalf(Embedding):
    def judged(self, vectors: Vectors, texts: Sequence[str]) -> Vectors:
        return [vector[: len(vector) // 2] for vector in vectors]


class NullIsZero(Embedding):
    def read(self, data: Any, batch: Sequence[str]) -> Vectors:
        for item in data:
            item["embedding"] = [
                0.0 if number is None or not math.isfinite(number) else number for number in item["embedding"] or []
            ]
        return super().read(data, batch)


class AcceptsNaN(Embedding):
    def read(self, data: Any, batch: Sequence[str]) -> Vectors:
        return [item["embedding"] for item in sorted(data, key=lambda item: item["index"])]


class TrustsBase64(Embedding):
    def body(self, invocation: Invocation[Any], batch: Sequence[str]) -> dict[str, Any]:
        return {**super().body(invocation, batch), "encoding_format": "base64"}

    def read(self, data: Any, batch: Sequence[str]) -> Vectors:
        if not all(isinstance(item["embedding"], str) for item in data):
            raise mrt.InvokeBadResponseError("no data")
        return super().read(data, batch)


class DividesByLength(Embedding):
    def texts(self, invocation: Invocation[Any]) -> Sequence[str]:
        return [text for text in invocation.request.texts if 1 / len(text)]


class DropsEmpty(Embedding):
    def texts(self, invocation: Invocation[Any]) -> Sequence[str]:
        return [text for text in invocation.request.texts if text] or ["-"]

    def exchange(self, invocation: Invocation[Any]) -> Flow:
        result = yield from super().exchange(invocation)
        size, count = len(result.vectors[0]), len(invocation.request.texts)
        result.vectors = [*result.vectors, *([[0.0] * size] * count)][:count]
        return result


class UniqueTexts(Embedding):
    def texts(self, invocation: Invocation[Any]) -> Sequence[str]:
        return list(dict.fromkeys(super().texts(invocation)))

    def exchange(self, invocation: Invocation[Any]) -> Flow:
        result = yield from super().exchange(invocation)
        result.vectors = [*result.vectors, *result.vectors][: len(invocation.request.texts)]
        return result


class CutsCharacters(Embedding):
    def texts(self, invocation: Invocation[Any]) -> Sequence[str]:
        return [text[:512] for text in super().texts(invocation)]


class HalvesForEver(Embedding):
    def exchange(self, invocation: Invocation[Any]) -> Flow:
        while True:
            try:
                return (yield from super().exchange(invocation))
            except mrt.InvokeContextLengthError:
                if getattr(self, "tries", 0) > 200:
                    raise
                self.tries = getattr(self, "tries", 0) + 1


class UnaskedDimensions(Embedding):
    def body(self, invocation: Invocation[Any], batch: Sequence[str]) -> dict[str, Any]:
        return {**super().body(invocation, batch), "dimensions": 8}


class NullDimensions(Embedding):
    def body(self, invocation: Invocation[Any], batch: Sequence[str]) -> dict[str, Any]:
        return {**super().body(invocation, batch), "size": None}


class SwappedTypes(Embedding):
    def texts(self, invocation: Invocation[Any]) -> Sequence[str]:
        word = "passage: " if invocation.request.input_type == "query" else "query: "
        return [word + text for text in super().texts(invocation)]


class TypeOfTheLastCall(Embedding):
    kind = ""

    def texts(self, invocation: Invocation[Any]) -> Sequence[str]:
        now = invocation.request.input_type
        used, self.kind = self.kind or now, now
        return [f"{used}: {text}" for text in super().texts(invocation)]


class KnowsNoType(Embedding):
    def exchange(self, invocation: Invocation[Any]) -> Flow:
        if invocation.request.input_type == "query":
            raise TypeError("unexpected keyword argument 'input_type'")
        return (yield from super().exchange(invocation))


class OtherModelForQueries(Embedding):
    def body(self, invocation: Invocation[Any], batch: Sequence[str]) -> dict[str, Any]:
        body = super().body(invocation, batch)
        return {**body, "model": "oracle-query"} if invocation.request.input_type == "query" else body


class NeverSplits(Embedding):
    def cut(self, texts: Sequence[str]) -> list[Sequence[str]]:
        return [texts]


class LastUsage(Embedding):
    def counted(self, usages: list[Any], texts: Sequence[str]) -> mrt.EmbeddingUsage:
        return super().counted(usages[-1:], texts)


class InventsUsage(Embedding):
    def counted(self, usages: list[Any], texts: Sequence[str]) -> mrt.EmbeddingUsage:
        told = super().counted(usages, texts)
        return mrt.EmbeddingUsage(128 * len(texts)) if told.source == "unknown" else told


class NoUsage(Embedding):
    def counted(self, usages: list[Any], texts: Sequence[str]) -> mrt.EmbeddingUsage:
        return mrt.EmbeddingUsage(0)


class FailedBatchIsZero(Embedding):
    def exchange(self, invocation: Invocation[Any]) -> Flow:
        vectors: Vectors = []
        for batch in self.cut(self.texts(invocation)):
            try:
                response: HTTPResponse = yield self.post(invocation, self.body(invocation, batch))
                vectors += self.read(object_of(response, "data")["data"], batch)
            except mrt.InvokeError:
                vectors += [[0.0] * 8 for _ in batch]
        return TextEmbeddingResult(invocation.model, vectors)


class SideBySide(Embedding):
    """Asks for all batches at once; the mistakes are in how it collects them."""

    def one(self, invocation: Invocation[Any], batch: Sequence[str]) -> Vectors:
        context = invocation.context
        response = context.transport.send(self.post(invocation, self.body(invocation, batch)), context.timeouts)
        return self.answer(invocation, batch, response)

    async def aone(self, invocation: Invocation[Any], batch: Sequence[str]) -> Vectors:
        context = invocation.context
        response = await context.transport.asend(self.post(invocation, self.body(invocation, batch)), context.timeouts)
        return self.answer(invocation, batch, response)

    def answer(self, invocation: Invocation[Any], batch: Sequence[str], response: HTTPResponse) -> Vectors:
        if response.status >= 300:
            raise self.parse_error(invocation, response)
        return read_vectors(object_of(response, "data")["data"], len(batch))


class OrderOfEnds(SideBySide):
    def invoke(self, invocation: Invocation[Any]) -> Any:
        with ThreadPoolExecutor(8) as pool:
            jobs = [pool.submit(self.one, invocation, batch) for batch in self.cut(self.texts(invocation))]
            return TextEmbeddingResult(invocation.model, [v for job in as_completed(jobs) for v in job.result()])

    async def ainvoke(self, invocation: Invocation[Any]) -> Any:
        jobs = [self.aone(invocation, batch) for batch in self.cut(self.texts(invocation))]
        vectors: Vectors = []
        for job in asyncio.as_completed(jobs):
            vectors += await job
        return TextEmbeddingResult(invocation.model, vectors)


class LeavesOrphans(SideBySide):
    def invoke(self, invocation: Invocation[Any]) -> Any:
        batches = self.cut(self.texts(invocation))
        for batch in batches[1:]:
            threading.Thread(target=self.quietly, args=(invocation, batch), daemon=True).start()
        vectors = self.one(invocation, batches[0])
        return TextEmbeddingResult(
            invocation.model, vectors + [v for b in batches[1:] for v in self.one(invocation, b)]
        )

    def quietly(self, invocation: Invocation[Any], batch: Sequence[str]) -> None:
        try:
            self.one(invocation, batch)
        except mrt.InvokeError:
            return

    async def ainvoke(self, invocation: Invocation[Any]) -> Any:
        batches = self.cut(self.texts(invocation))
        found = await asyncio.gather(*(self.aone(invocation, batch) for batch in batches))
        return TextEmbeddingResult(invocation.model, [vector for part in found for vector in part])


class Strips(Embedding):
    def texts(self, invocation: Invocation[Any]) -> Sequence[str]:
        return [text.strip() for text in super().texts(invocation)]


class NoLineFeeds(Embedding):
    def texts(self, invocation: Invocation[Any]) -> Sequence[str]:
        return [text.replace("\n", " ") for text in super().texts(invocation)]


class Fetches(Embedding):
    def texts(self, invocation: Invocation[Any]) -> Sequence[str]:
        for text in super().texts(invocation):
            if text.startswith("http://127.0.0.1"):
                try:
                    urllib.request.urlopen(text, timeout=5).close()
                except urllib.error.HTTPError as answer:
                    answer.close()
        return super().texts(invocation)


class Normalises(Embedding):
    def judged(self, vectors: Vectors, texts: Sequence[str]) -> Vectors:
        return [[number / math.hypot(*vector) for number in vector] for vector in super().judged(vectors, texts)]


def _wrong(check: str, made: type[Embedding], bug: str = "") -> Wrong:
    return Wrong(check, bug, lambda: provider(text_embedding=made))


RIGHT = Wrong("", "", lambda: provider(text_embedding=Embedding))
WRONG = {
    f"{check}-{found.__name__}": _wrong(check, found, bug)
    for check, found, bug in (
        ("EMB-01", ReplyOrder, "B090"),
        ("EMB-02", IndexAcrossBatches, "B091"),
        ("EMB-02", SendsEarlierAgain, "B105"),
        ("EMB-02", LosesLastOfFullBatch, ""),
        ("EMB-03", OneForAll, "B092"),
        ("EMB-03", FillsUp, ""),
        ("EMB-03", CountsTheWholeOnly, ""),
        ("EMB-04", AnyLength, "B097"),
        ("EMB-05", Rounds, ""),
        ("EMB-05", Texts, ""),
        ("EMB-05", FirstHalf, ""),
        ("EMB-06", NullIsZero, ""),
        ("EMB-06", AcceptsNaN, "B097"),
        ("EMB-07", TrustsBase64, "B096"),
        ("EMB-09", DividesByLength, "B094"),
        ("EMB-09", DropsEmpty, ""),
        ("EMB-10", UniqueTexts, ""),
        ("EMB-11", CutsCharacters, "B100"),
        ("EMB-11", HalvesForEver, "B100"),
        ("EMB-12", UnaskedDimensions, ""),
        ("EMB-12", NullDimensions, ""),
        ("EMB-13", SwappedTypes, "B099"),
        ("EMB-13", TypeOfTheLastCall, ""),
        ("EMB-13", KnowsNoType, "B099"),
        ("EMB-14", NeverSplits, "B104"),
        ("EMB-15", LastUsage, ""),
        ("EMB-15", InventsUsage, "B106"),
        ("EMB-15", NoUsage, "B102"),
        ("EMB-16", FailedBatchIsZero, ""),
        ("EMB-16", LeavesOrphans, "B155"),
        ("EMB-17", Strips, ""),
        ("EMB-17", NoLineFeeds, ""),
        ("EMB-18", OtherModelForQueries, ""),
        ("EMB-19", OrderOfEnds, ""),
        ("EMB-20", Fetches, "B071"),
        ("EMB-21", Normalises, ""),
    )
}
