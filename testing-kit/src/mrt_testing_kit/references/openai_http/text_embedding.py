"""Text embedding models: ``/embeddings``."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Sequence
from typing import Any, ClassVar

from mrt import (
    AIModelEntity,
    HTTPRequest,
    HTTPResponse,
    Invocation,
    InvokeBadRequestError,
    ModelType,
    TextEmbeddingModel,
    TextEmbeddingRequest,
    TextEmbeddingResult,
)
from mrt.entities.plain import is_list, is_mapping
from mrt.plugin import Flow
from mrt_testing_kit.references.openai_http.common import ReferenceModel, bad, object_of
from mrt_testing_kit.references.openai_http.schema import entity
from mrt_testing_kit.references.openai_http.usage import embedding_usage

BATCH = 32
"""Texts that go in one request."""


class ReferenceEmbedding(ReferenceModel, TextEmbeddingModel):
    """A text embedding model."""

    path: ClassVar[str] = "embeddings"

    def build_request(self, invocation: Invocation[TextEmbeddingRequest]) -> HTTPRequest:
        return self.post(invocation, embedding_body(invocation.model, invocation.request.texts, invocation.user))

    def parse_response(
        self, invocation: Invocation[TextEmbeddingRequest], response: HTTPResponse
    ) -> TextEmbeddingResult:
        body = object_of(response, "data")
        vectors = read_vectors(body["data"], len(invocation.request.texts))
        return TextEmbeddingResult(invocation.model, vectors, embedding_usage([body.get("usage")]), response.request_id)

    def exchange(self, invocation: Invocation[TextEmbeddingRequest]) -> Flow:
        vectors: list[list[float]] = []
        usages: list[Any] = []
        texts = checked_texts(invocation.request.texts)
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            response = yield self.post(invocation, embedding_body(invocation.model, batch, invocation.user))
            body = object_of(response, "data")
            vectors += read_vectors(body["data"], len(batch))
            usages.append(body.get("usage"))
        if len({len(vector) for vector in vectors}) > 1:
            raise bad("has vectors of different sizes")
        return TextEmbeddingResult(invocation.model, vectors, embedding_usage(usages))

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return the same for every model: the server does not tell."""
        return entity(model, ModelType.TEXT_EMBEDDING, {"max_chunks": BATCH})

    def smallest(self) -> TextEmbeddingRequest:
        """Return a short text."""
        return TextEmbeddingRequest(["ping"])


def checked_texts(texts: Sequence[str]) -> Sequence[str]:
    """Return the texts, once it is sure that each can have a vector.

    Raises:
        InvokeBadRequestError: One is empty, which makes the vendor refuse them all.
    """
    for place, text in enumerate(texts):
        if not text:
            raise InvokeBadRequestError(f"text {place} is empty: leave it out")
    return texts


def embedding_body(model: str, texts: Sequence[str], user: str | None) -> dict[str, Any]:
    """Return the body of a request."""
    body: dict[str, Any] = {"model": model, "input": list(texts), "encoding_format": "float"}
    return body if user is None else {**body, "user": user}


def read_vectors(data: Any, size: int) -> list[list[float]]:
    """Return the vectors of an answer in the order of the texts: an answer may have them in any.

    Args:
        data: Objects with ``index`` and ``embedding``.
        size: How many texts were sent.

    Raises:
        InvokeBadResponseError: A vector is missing, there twice, or not made of finite numbers.
    """
    if not is_list(data) or len(data) != size:
        raise bad(f"has not one vector for each of {size} texts")
    by_index: dict[int, list[float]] = {}
    for place, entry in enumerate(data):
        if not is_mapping(entry):
            raise bad("has a vector that is no object")
        by_index[entry.get("index", place)] = _vector(entry.get("embedding"))
    if sorted(by_index) != list(range(size)):
        raise bad("has vectors with wrong indices")
    return [by_index[index] for index in range(size)]


def _vector(value: Any) -> list[float]:
    try:
        if isinstance(value, str):
            # Some servers pack floats into base64 whatever they were asked for.
            value = [number for (number,) in struct.iter_unpack("<f", base64.b64decode(value, validate=True))]
        vector = [float(number) for number in value]
    except (TypeError, ValueError, struct.error) as error:
        raise bad("has a vector that is none") from error
    if not vector or not all(map(math.isfinite, vector)):
        raise bad("has a vector that is empty, or holds what is no number")
    return vector
