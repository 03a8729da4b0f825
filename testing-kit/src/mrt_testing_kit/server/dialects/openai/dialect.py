"""The routes of the OpenAI API, with rerank as Jina and Cohere have it."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server import oracle
from mrt_testing_kit.server.answer import ABSENT
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.base import Dialect, Route, register_dialect
from mrt_testing_kit.server.dialects.openai import audio, chat, read
from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.strict.fields import OPENAI
from mrt_testing_kit.server.strict.openai import grammar
from mrt_testing_kit.server.strict.rules import Violation
from mrt_testing_kit.server.wire import Event, Reply, json_reply

MODELS = (
    "oracle-chat",
    "oracle-reason",
    "oracle-instruct",
    "oracle-embed",
    "oracle-rerank",
    "oracle-transcribe",
    "oracle-speak",
    "oracle-moderation",
)

_TYPES = {
    400: "invalid_request_error",
    401: "invalid_request_error",
    403: "permission_error",
    404: "invalid_request_error",
    409: "conflict",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_exceeded",
}
_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


@register_dialect
class OpenAI(Dialect):
    """OpenAI's API.

    Any model id is served, except those that begin with ``no-such`` or ``unknown``, until ``models`` is given.
    Embeddings have 8 dimensions, or as many as the request asks for.
    """

    name = "openai"
    setting_names = ()
    routes = (
        Route("POST", "/v1/chat/completions", "chat", chat.chat),
        Route("POST", "/v1/completions", "completion", chat.completion),
        Route("POST", "/v1/embeddings", "embedding", "embed"),
        Route("POST", "/v1/rerank", "rerank", "rerank"),
        Route("POST", "/v1/audio/transcriptions", "transcription", audio.transcribe),
        Route("POST", "/v1/audio/translations", "transcription", audio.transcribe),
        Route("POST", "/v1/audio/speech", "speech", audio.speak),
        Route("POST", "/v1/moderations", "moderation", "moderate"),
        Route("GET", "/v1/models", "models", "list_models"),
        Route("GET", "/v1/models/{model}", "model", "describe"),
    )
    dimensions = 8
    fields = OPENAI
    usage_flag = True
    renamed_limit = True
    speakers = True
    image_detail = True
    tolerant = True
    voices = audio.VOICES

    def grammar(self, call: Call) -> list[Violation]:
        """OpenAI's grammar."""
        return grammar(call)

    def knows(self, model: str) -> bool:
        """Say whether a model exists."""
        if self.server.models is not None:
            return model in self.server.models
        return not model.startswith(("no-such", "unknown"))

    def error(self, status: int, message: str, **details: Any) -> Reply:
        """OpenAI's error object."""
        kind = details.get("type") or _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
        code = details.get("code", _CODES.get(status))
        return json_reply(
            {"error": {"message": message, "type": kind, "param": details.get("param"), "code": code}}, status
        )

    def error_events(self, status: int, message: str) -> list[Event]:
        """OpenAI's error object in an event."""
        return [Event(self.error_value(status, message), kind="error")]

    def unauthorized(self, request: RecordedRequest, key: str, route: Route) -> Reply:
        """401, with the key as OpenAI shows it: its ends only."""
        if not key:
            return self.error(401, "You didn't provide an API key.", code=None)
        shown = f"{key[:3]}***{key[-2:]}" if len(key) > 8 else "***"
        return self.error(401, f"Incorrect API key provided: {shown}.", code="invalid_api_key")

    def headers(self, request: RecordedRequest, reply: Reply) -> list[tuple[str, str]]:
        """Date, request id and version."""
        own = [("x-request-id", f"req_{self.server.hexes(32)}"), ("openai-version", "2020-10-01")]
        return super().headers(request, reply) + own

    def check(self, call: Call) -> Reply | None:
        """Refuse unknown models, missing fields and values out of range."""
        if call.kind in ("models", "model"):
            return None
        if call.kind == "transcription":
            part = call.request.field("model")
            model = part.text if part is not None else ""
        else:
            model = call.model
        if not model:
            return self.error(400, "you must provide a model parameter", code=None)
        if not self.knows(model):
            return self.error(404, f"The model `{model}` does not exist or you do not have access to it.")
        return _missing(self, call) or _range(self, call)

    def embed(self, call: Call) -> Reply:
        """Answer ``POST /v1/embeddings``."""
        items = read.texts(call.body.get("input"))
        size = call.body.get("dimensions") or self.dimensions
        coded = call.body.get("encoding_format") == "base64"
        rows = call.vectors(items, size, coded=coded)
        payload = {
            "object": "list",
            "data": [{"object": "embedding", "index": row.index, "embedding": row.vector} for row in rows],
            "model": call.model,
            "usage": {"prompt_tokens": rows.usage.prompt, "total_tokens": rows.usage.prompt},
        }
        return call.json_reply(payload)

    def rerank(self, call: Call) -> Reply:
        """Answer ``POST /v1/rerank``."""
        query, texts = str(call.body.get("query", "")), read.documents(call.body.get("documents"))
        rows = call.ranks(query, texts, call.body.get("top_n"), echo=bool(call.body.get("return_documents")))
        results = [
            {
                "index": row.index,
                "relevance_score": row.score,
                "document": {"text": row.text} if isinstance(row.text, str) else ABSENT,
            }
            for row in rows
        ]
        counts = {"total_tokens": rows.usage.prompt}
        return call.json_reply({"id": self.uuid(), "model": call.model, "results": results, "usage": counts})

    def moderate(self, call: Call) -> Reply:
        """Answer ``POST /v1/moderations``."""
        given = call.body.get("input", "")
        items = given if is_array(given) else [given]
        texts = [str(item.get("text", "")) if is_object(item) else str(item) for item in items]
        results = [
            {
                "flagged": row.flagged,
                "categories": row.categories,
                "category_scores": row.scores,
                "category_applied_input_types": {category: ["text"] for category in oracle.OFFENCES},
            }
            for row in call.verdicts(texts)
        ]
        return call.json_reply({"id": f"modr-{self.server.hexes(32)}", "model": call.model, "results": results})

    def list_models(self, call: Call) -> Reply:
        """Answer ``GET /v1/models``."""
        names = MODELS if self.server.models is None else tuple(self.server.models)
        return call.json_reply({"object": "list", "data": [self._card(name) for name in names]})

    def describe(self, call: Call) -> Reply:
        """Answer ``GET /v1/models/{model}``."""
        name = call.params["model"]
        if not self.knows(name):
            return self.error(404, f"The model '{name}' does not exist")
        return call.json_reply(self._card(name))

    def _card(self, name: str) -> dict[str, Any]:
        extra: dict[str, Any] = (self.server.models or {}).get(name) or {}
        return {"id": name, "object": "model", "created": 1700000000, "owned_by": "oracle", **extra}


_NEEDED = {
    "chat": ("messages",),
    "completion": ("prompt",),
    "embedding": ("input",),
    "rerank": ("query", "documents"),
    "moderation": ("input",),
    "speech": ("input", "voice"),
}

_RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "max_tokens": (1, 1 << 31),
    "max_completion_tokens": (1, 1 << 31),
    "n": (1, 128),
    "top_logprobs": (0, 20),
    "dimensions": (1, 1 << 16),
}


def _missing(dialect: OpenAI, call: Call) -> Reply | None:
    for name in _NEEDED.get(call.kind, ()):
        if call.body.get(name) is None:
            return dialect.error(
                400, f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter"
            )
    if call.kind == "chat" and not call.body["messages"]:
        return dialect.error(400, "[] is too short - 'messages'", param="messages")
    if call.kind == "transcription" and call.request.field("file") is None:
        return dialect.error(400, "Missing required parameter: 'file'.", param="file")
    if call.kind == "embedding" and is_array(call.body["input"]):
        limit = dialect.server.max_items
        if limit is not None and len(call.body["input"]) > limit:
            return dialect.error(400, f"too many inputs: at most {limit} in one request", param="input")
    return None


def _range(dialect: OpenAI, call: Call) -> Reply | None:
    for name, (low, high) in _RANGES.items():
        value = call.body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            sentence = f"Invalid type for '{name}': expected a number, but got {type(value).__name__} instead."
            return dialect.error(400, sentence, param=name, code="invalid_type")
        if not low <= value <= high:
            bound = f">= {low}" if value < low else f"<= {high}"
            sentence = f"Invalid '{name}': expected a value {bound}, but got {value} instead."
            return dialect.error(
                400, sentence, param=name, code="decimal_above_max_value" if value > high else "below_min"
            )
    return None
