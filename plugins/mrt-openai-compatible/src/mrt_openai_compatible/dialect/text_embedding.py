"""Text embedding models of this dialect: ``/embeddings``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

from mrt.entities.invocation import Invocation, TextEmbeddingRequest
from mrt.entities.model import ModelPropertyKey
from mrt.entities.results import TextEmbeddingResult
from mrt.errors import InvokeBadRequestError
from mrt.http.messages import HTTPRequest, HTTPResponse
from mrt.plugin.http_model import Flow
from mrt.plugin.text_embedding import TextEmbeddingModel
from mrt_openai_compatible.dialect.base import OpenAIModel
from mrt_openai_compatible.dialect.errors import bad_answer
from mrt_openai_compatible.dialect.properties import number_property
from mrt_openai_compatible.dialect.usage import read_embedding_usage
from mrt_openai_compatible.dialect.vectors import Vector, packed_body, read_vectors

Encoding = Literal["base64", "float"]


class OpenAITextEmbeddingModel(OpenAIModel, TextEmbeddingModel):
    """A text embedding model.

    Vectors are asked for in base64, which is a quarter of the bytes and decodes without Python floats; a server that
    sends lists all the same is understood, and one that refuses the encoding is asked again without.
    """

    path: ClassVar[str] = "/embeddings"
    encoding: ClassVar[Encoding | None] = "base64"
    """Encoding that is asked for; None asks for none."""

    batch_size: ClassVar[int] = 256
    """Texts per request where the schema's ``max_chunks`` says nothing."""

    batch_characters: ClassVar[int] = 400_000
    """Characters per request: OpenAI takes 300,000 tokens. A longer text goes alone, and the server decides."""

    accepts_empty_texts: ClassVar[bool] = False
    """Whether the server embeds an empty text; OpenAI refuses the whole request then."""

    def texts(self, invocation: Invocation[TextEmbeddingRequest]) -> Sequence[str]:
        """Return the texts as they go out; override it where queries and documents get different prefixes."""
        return invocation.request.texts

    def extra_fields(self, invocation: Invocation[TextEmbeddingRequest]) -> dict[str, Any]:
        """Return further fields; override it where the vendor has a field for the input type."""
        return {}

    def dimensions(self, invocation: Invocation[TextEmbeddingRequest]) -> int | None:
        """Return the size of vector to ask for, or None for the model's own."""
        return None

    def expected_size(self, invocation: Invocation[TextEmbeddingRequest]) -> int | None:
        """Return the size that vectors must have: the one asked for, else the schema's; None takes any."""
        wanted = self.dimensions(invocation)
        return number_property(invocation, ModelPropertyKey.DIMENSIONS) if wanted is None else wanted

    def body(
        self, invocation: Invocation[TextEmbeddingRequest], texts: Sequence[str], encoding: Encoding | None
    ) -> dict[str, Any]:
        """Return the JSON body of the request for one batch."""
        body: dict[str, Any] = {"model": self.model_name(invocation), "input": list(texts)}
        if encoding is not None:
            body["encoding_format"] = encoding
        if (dimensions := self.dimensions(invocation)) is not None:
            body["dimensions"] = dimensions
        if invocation.user is not None:
            body["user"] = invocation.user
        return body | self.extra_fields(invocation)

    def batches(self, invocation: Invocation[TextEmbeddingRequest]) -> Iterator[Sequence[str]]:
        """Cut the texts into batches that the server takes, in their order."""
        texts = self.texts(invocation)
        limit = number_property(invocation, ModelPropertyKey.MAX_CHUNKS) or self.batch_size
        start, characters = 0, 0
        for place, text in enumerate(texts):
            if not text and not self.accepts_empty_texts:
                raise InvokeBadRequestError(f"text {place} is empty, and empty texts have no vector: leave it out")
            if place > start and (place - start >= limit or characters + len(text) > self.batch_characters):
                yield texts[start:place]
                start, characters = place, 0
            characters += len(text)
        if texts:
            yield texts[start:]

    def build_request(self, invocation: Invocation[TextEmbeddingRequest]) -> HTTPRequest:
        """Return the request for all texts at once; calls go through `exchange`, which cuts batches."""
        return self.post(invocation, self.body(invocation, self.texts(invocation), self.encoding))

    def parse_response(
        self, invocation: Invocation[TextEmbeddingRequest], response: HTTPResponse
    ) -> TextEmbeddingResult:
        vectors, body = self._read(response, len(self.texts(invocation)))
        return self._result(invocation, vectors, [body], response.request_id)

    def exchange(self, invocation: Invocation[TextEmbeddingRequest]) -> Flow:
        # All batches are cut first: a text that cannot go must not leave earlier ones paid for.
        batches = list(self.batches(invocation))
        encoding = self.encoding
        vectors: list[Vector] = []
        bodies: list[dict[str, Any]] = []
        request_id: str | None = None
        for batch in batches:
            try:
                response = yield self.post(invocation, self.body(invocation, batch, encoding))
            except InvokeBadRequestError as error:
                if encoding != "base64" or not _is_about_encoding(error):
                    raise
                encoding = None
                response = yield self.post(invocation, self.body(invocation, batch, encoding))
            found, body = self._read(response, len(batch))
            vectors += found
            bodies.append(body)
            request_id = request_id or response.request_id
        return self._result(invocation, vectors, bodies, request_id)

    def _read(self, response: HTTPResponse, count: int) -> tuple[list[Vector], dict[str, Any]]:
        body = packed_body(response) or self.checked(response, "data")
        return read_vectors(body.get("data"), count, response), body

    def _result(
        self,
        invocation: Invocation[TextEmbeddingRequest],
        vectors: list[Vector],
        bodies: list[dict[str, Any]],
        request_id: str | None,
    ) -> TextEmbeddingResult:
        self._check_size(invocation, vectors)
        model = next((body["model"] for body in bodies if isinstance(body.get("model"), str) and body["model"]), None)
        usage = read_embedding_usage([body.get("usage") for body in bodies])
        return TextEmbeddingResult(model or invocation.model, vectors, usage, request_id)

    def _check_size(self, invocation: Invocation[TextEmbeddingRequest], vectors: list[Vector]) -> None:
        wanted = self.expected_size(invocation)
        sizes = {len(vector) for vector in vectors}
        if wanted is not None and sizes - {wanted}:
            raise bad_answer(f"has vectors of {min(sizes - {wanted})} numbers where {wanted} were asked for")
        if len(sizes) > 1:
            raise bad_answer(f"has vectors of different sizes: {min(sizes)} and {max(sizes)}")

    def probe_request(self) -> TextEmbeddingRequest:
        """Return the shortest text."""
        return TextEmbeddingRequest(("ping",))


def _is_about_encoding(error: InvokeBadRequestError) -> bool:
    text = str(error).lower()
    return "encoding_format" in text or "base64" in text
