"""A provider for the vendor of own_shape.py, written on core's base classes; and what wrong ones read instead."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import mrt
from mrt import (
    AIModelEntity,
    AssistantPromptMessage,
    EmbeddingUsage,
    HTTPModel,
    HTTPRequest,
    HTTPResponse,
    Invocation,
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeConnectionError,
    LLMResult,
    LLMResultChunk,
    LLMResultChunkDelta,
    LLMUsage,
    Provider,
    ProviderEntity,
    RerankDocument,
    RerankResult,
    ServerSentEvent,
    TextEmbeddingResult,
    hookimpl,
)
from mrt.http.status import error_from_body

CREDENTIALS = {"url": "{server}", "key": "{canary}"}
FORM: list[dict[str, Any]] = [
    {"variable": "url", "label": "URL", "type": "text-input", "required": True},
    {"variable": "key", "label": "Key", "type": "secret-input", "required": True},
]


class OwnModel(HTTPModel):
    """What all types share."""

    def post(self, invocation: Invocation[Any], path: str, body: dict[str, Any]) -> HTTPRequest:
        credentials = invocation.credentials
        return HTTPRequest.json(f"{credentials['url']}{path}", body, {"x-acme-key": credentials["key"]})

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        return AIModelEntity.model_validate({"model": model, "model_type": self.model_type})


def checked(value: Any) -> Any:
    if isinstance(value, dict) and value.get("error"):
        raise error_from_body(value)
    if not value:
        raise InvokeBadResponseError("the answer is empty")
    return value


def usage(value: dict[str, Any]) -> LLMUsage:
    prompt, completion = value.get("tokens_in"), value.get("tokens_out")
    return LLMUsage.empty_usage() if prompt is None or completion is None else LLMUsage(prompt, completion)


class Parser:
    """Reads lines of JSON."""

    done = False

    def __init__(self, model: str) -> None:
        self.model = model

    def feed(self, event: ServerSentEvent) -> Sequence[LLMResultChunk]:
        try:
            value = checked(json.loads(event.data))
        except ValueError as error:
            raise InvokeBadResponseError(f"a line is no JSON: {error}") from error
        self.done = self.done or "ended" in value
        delta = LLMResultChunkDelta(0, AssistantPromptMessage(value.get("part") or ""))
        if "ended" in value:
            delta.finish_reason, delta.usage = value["ended"], usage(value)
        return [LLMResultChunk(self.model, delta)]

    def finish(self) -> Sequence[LLMResultChunk]:
        if not self.done:
            raise InvokeConnectionError("the stream ended before the answer did")
        return []


class OwnLLM(OwnModel, mrt.LargeLanguageModel):
    """``POST /talk``."""

    framing = "ndjson"

    def build_request(self, invocation: Invocation[mrt.LLMRequest]) -> HTTPRequest:
        messages = invocation.request.prompt_messages
        lines = [{"who": str(message.role), "says": message.get_text_content()} for message in messages]
        body: dict[str, Any] = {"engine": invocation.model, "lines": lines, **invocation.request.model_parameters}
        return self.post(invocation, "/talk", body | ({"stream": True} if invocation.stream else {}))

    def parse_response(self, invocation: Invocation[mrt.LLMRequest], response: HTTPResponse) -> LLMResult:
        value = checked(response.json())
        if "says" not in value:
            raise InvokeBadResponseError("the answer says nothing")
        message = AssistantPromptMessage(value["says"] or "")
        return LLMResult(invocation.model, message, usage(value), finish_reason=value["ended"])

    def stream_parser(self, invocation: Invocation[mrt.LLMRequest]) -> Parser:
        return Parser(invocation.model)


def numbers(value: Any) -> list[float]:
    try:
        found = [float(number) for number in value]
    except (TypeError, ValueError) as error:
        raise InvokeBadResponseError("a vector is none") from error
    if not found or not all(map(math.isfinite, found)):
        raise InvokeBadResponseError("a vector is empty, or has no number in it")
    return found


class OwnEmbedding(OwnModel, mrt.TextEmbeddingModel):
    """``POST /vectors``."""

    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        texts = list(invocation.request.texts)
        if not all(texts):
            raise InvokeBadRequestError("a text is empty")
        return self.post(invocation, "/vectors", {"engine": invocation.model, "texts": texts})

    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> TextEmbeddingResult:
        value = checked(response.json())
        vectors = self.read(value.get("vectors"), len(invocation.request.texts))
        if len({len(vector) for vector in vectors}) > 1:
            raise InvokeBadResponseError("the vectors have different lengths")
        count = value.get("tokens_in")
        told = EmbeddingUsage.empty_usage() if count is None else EmbeddingUsage(tokens=count)
        return TextEmbeddingResult(invocation.model, vectors, told)

    def read(self, rows: Any, count: int) -> list[list[float]]:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise InvokeBadResponseError("the answer has no vectors")
        found = {row.get("place"): numbers(row.get("numbers")) for row in rows}
        if len(rows) != count or set(found) != set(range(count)):
            raise InvokeBadResponseError("the answer has not one vector for each text")
        return [found[place] for place in range(count)]


class ByOrder(OwnEmbedding):
    """Takes vectors in the order in which they come."""

    def read(self, rows: Any, count: int) -> list[list[float]]:
        super().read(rows, count)
        return [numbers(row["numbers"]) for row in rows]


class ShortIsFine(OwnEmbedding):
    """Fills up what is missing."""

    def read(self, rows: Any, count: int) -> list[list[float]]:
        found = super().read(rows, len(rows))
        return [*found, *([0.5] * 8 for _ in range(count - len(found)))]


class OwnRerank(OwnModel, mrt.RerankModel):
    """``POST /order``."""

    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        asked = invocation.request
        body = {"engine": invocation.model, "about": asked.query, "docs": list(asked.docs)}
        return self.post(invocation, "/order", body if asked.top_n is None else {**body, "best": asked.top_n})

    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> RerankResult:
        rows = checked(response.json()).get("answer", {}).get("order")
        if not rows:
            raise InvokeBadResponseError("the answer has no scores")
        docs = invocation.request.docs
        return RerankResult(invocation.model, [self.read(place, row, docs) for place, row in enumerate(rows)])

    def read(self, place: int, row: Any, docs: Sequence[str]) -> RerankDocument:
        index, score = (row or {}).get("place"), (row or {}).get("fit")
        if not isinstance(index, int) or not 0 <= index < len(docs):
            raise InvokeBadResponseError(f"there is no document {index}")
        if not isinstance(score, int | float) or isinstance(score, bool) or not math.isfinite(score):
            raise InvokeBadResponseError(f"{score!r} is no score")
        return RerankDocument(index, docs[index], score)


class ByPosition(OwnRerank):
    """Takes scores in the order of the documents."""

    def read(self, place: int, row: Any, docs: Sequence[str]) -> RerankDocument:
        found = super().read(place, row, docs)
        return RerankDocument(place, docs[place], found.score)


class Own(Provider):
    """The provider, described here and not in a file."""

    @hookimpl
    def provide_schema(self) -> ProviderEntity:
        return ProviderEntity.model_validate(
            {
                "provider": "own",
                "supported_model_types": list(self._sources),
                "configurate_methods": ["customizable-model"],
                "model_credential_schema": {"credential_form_schemas": FORM},
            }
        )


def provider(**models: type[mrt.AIModel]) -> Own:
    """Return the provider with other classes for some types; an underscore stands for a hyphen."""
    named = {name.replace("_", "-"): model for name, model in models.items()}
    return Own(__name__, models={"llm": OwnLLM, "text-embedding": OwnEmbedding, "rerank": OwnRerank, **named})
