"""Handles of text embedding models."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import TextEmbeddingRequest
from mrt.entities.model import AIModelEntity
from mrt.entities.results import EmbeddingInputType, TextEmbeddingResult
from mrt.entities.usage import EmbeddingUsage
from mrt.errors import InvokeBadResponseError
from mrt.runtime.handle import Handle
from mrt.runtime.usage import count_text, is_counted, price_embedding


class TextEmbeddingHandle(Handle):
    """A text embedding model, ready to be called."""

    model_type: ClassVar[ModelType] = ModelType.TEXT_EMBEDDING

    def invoke(
        self, texts: Iterable[str], *, input_type: EmbeddingInputType = "document", user: str | None = None
    ) -> TextEmbeddingResult:
        """Return one vector per text, in the order of the texts; no text, no request.

        Args:
            texts: Texts, or one text.
            input_type: ``document`` for texts to be found, ``query`` for a text to find them by.
            user: The end user's id, for vendors that want one.

        Raises:
            InvokeError: The vendor failed; see `mrt.errors`. A failure in one part fails the whole.
        """
        started = time.perf_counter()
        request = self._request(texts, input_type)
        schema = self._schema() if request.texts else None
        invocation = self._invocation(request, False, user, schema)
        result = self._runtime.chain.call(invocation) if request.texts else self._nothing()
        return self._finish(request, schema, result, started)

    async def ainvoke(
        self, texts: Iterable[str], *, input_type: EmbeddingInputType = "document", user: str | None = None
    ) -> TextEmbeddingResult:
        """Return one vector per text; arguments and errors as in `invoke`."""
        started = time.perf_counter()
        request = self._request(texts, input_type)
        schema = await self._aschema() if request.texts else None
        invocation = self._invocation(request, False, user, schema)
        result = await self._runtime.chain.acall(invocation) if request.texts else self._nothing()
        return self._finish(request, schema, result, started)

    def _request(self, texts: Iterable[str], input_type: EmbeddingInputType) -> TextEmbeddingRequest:
        if not isinstance(texts, Iterable):
            raise self._refuse(f"texts is {type(texts).__name__}: give a list of strings")
        given = (texts,) if isinstance(texts, str) else tuple(texts)
        for place, text in enumerate(given):
            if not isinstance(text, str):
                raise self._refuse(f"texts[{place}] is {type(text).__name__}: texts are strings")
        if input_type not in ("document", "query"):
            raise self._refuse(f"input_type is 'document' or 'query', not {input_type!r}")
        return TextEmbeddingRequest(given, input_type)

    def _nothing(self) -> TextEmbeddingResult:
        return TextEmbeddingResult(self.model, [], EmbeddingUsage())

    def _finish(
        self, request: TextEmbeddingRequest, schema: AIModelEntity | None, result: Any, started: float
    ) -> TextEmbeddingResult:
        if not isinstance(result, TextEmbeddingResult):
            raise self._misbehaved(f"invoke returned {type(result).__name__} where a TextEmbeddingResult is due")
        if len(result.vectors) != len(request.texts):
            raise InvokeBadResponseError(
                f"{len(request.texts)} texts were sent and {len(result.vectors)} vectors came back",
                provider=self.provider,
                model=self.model,
                request_id=result.request_id,
            )
        usage = result.usage
        if not is_counted(usage):
            usage = EmbeddingUsage(tokens=count_text(request.texts), source="estimated")
        result.usage = price_embedding(schema, usage)
        result.usage.latency = time.perf_counter() - started
        return result
