"""The routes of OpenLLM 0.6."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.base import Dialect, Route, register_dialect
from mrt_testing_kit.server.dialects.openai import read
from mrt_testing_kit.server.dialects.openllm import chat, documents, validate
from mrt_testing_kit.server.dialects.openllm.validate import unprocessable
from mrt_testing_kit.server.loose import is_object
from mrt_testing_kit.server.oracle import Conversation, Turn
from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.strict.openai import grammar
from mrt_testing_kit.server.strict.rules import Violation
from mrt_testing_kit.server.wire import Event, Framing, Reply, json_reply, text_reply

_NAMES = {400: "BadRequestError", 404: "NotFoundError", 401: "AuthenticationError", 429: "RateLimitError"}


@register_dialect
class OpenLLM(Dialect):
    """OpenLLM 0.6.

    One model is served, ``local/tiny-llama`` unless ``models`` names another. Settings: ``tool_parser`` (True; False
    refuses tools as the recorded server did), ``max_model_len`` (131072; the recorded server had 256), ``without``
    (request fields that the engine does not know, such as ``["top_k"]``), ``vllm="0.8.5"`` (flat errors, no limit of
    stops, ``top_k`` 0 refused, ``reasoning_content``), ``embeddings`` (``"none"``; ``"refused"`` answers 200 with an
    error object, ``"openai"`` serves them).
    """

    name = "openllm"
    setting_names = ("embeddings", "max_model_len", "model", "tool_parser", "vision", "vllm", "without")
    routes = (
        Route("GET", "/readyz", "other", "alive", open=True),
        Route("GET", "/livez", "other", "alive", open=True),
        Route("GET", "/healthz", "other", "alive", open=True),
        Route("GET", "/metrics", "other", "metrics", open=True),
        Route("GET", "/docs.json", "other", "docs", open=True),
        Route("GET", "/", "other", "page", open=True),
        Route("GET", "/schema.json", "other", "schema", open=True),
        Route("GET", "/v1/openapi.json", "other", "openapi", open=True),
        Route("GET", "/v1/models", "models", "list_models"),
        Route("POST", "/v1/chat/completions", "chat", chat.chat),
        Route("POST", "/v1/completions", "completion", chat.completion),
        Route("POST", "/v1/embeddings", "embedding", "embed"),
        Route("POST", "/generate", "generate", "generate"),
    )

    fields = documents.FIELDS
    usage_flag = True
    # Most servers do not embed; those that do are the ones to test with.
    tested_with: ClassVar[Mapping[str, Any]] = {"embeddings": "openai"}

    def grammar(self, call: Call) -> list[Violation]:
        """OpenAI's grammar."""
        return grammar(call)

    @property
    def served(self) -> tuple[str, ...]:
        """The models."""
        return tuple(self.server.models or ("local/tiny-llama",))

    @property
    def old(self) -> bool:
        """Whether the engine is vLLM 0.8.5, as in published bentos."""
        return self.server.settings.get("vllm") == "0.8.5"

    @property
    def context(self) -> int:
        """The context size in tokens."""
        return int(self.server.settings.get("max_model_len", 131072))

    def error(self, status: int, message: str, **details: Any) -> Reply:
        """VLLM's error object: nested in newer ones, flat in 0.8.5."""
        kind = details.get("type") or _NAMES.get(status, "InternalServerError" if status >= 500 else "BadRequestError")
        inner = {"message": message, "type": kind, "param": details.get("param"), "code": status}
        return json_reply({"object": "error", **inner} if self.old else {"error": inner}, status)

    def error_events(self, status: int, message: str) -> list[Event]:
        """An error object in an event; the end mark follows it."""
        kind = _NAMES.get(status, "InternalServerError")
        inner = {"object": "error", "message": message, "type": kind, "param": None, "code": status}
        return [Event({"error": inner}, kind="error"), Event(raw="[DONE]", kind="end")]

    def missing(self, request: RecordedRequest) -> Reply:
        """404 in plain text; 405 for a wrong method on a mounted route."""
        for route in self.routes:
            if route.path.startswith("/v1/") and route.match(request.raw_path) is not None:
                if route.path == "/v1/embeddings" and not self._embeds:
                    break
                return json_reply({"detail": "Method Not Allowed"}, 405, [("allow", route.method)])
        return text_reply("Not Found", 404)

    def headers(self, request: RecordedRequest, reply: Reply) -> list[tuple[str, str]]:
        """BentoML's headers on its own routes alone."""
        base = super().headers(request, reply)
        if request.path == "/generate":
            base.append(("server", "BentoML Service/tiny"))
            base.append(("x-bentoml-request-id", self.server.hexes(16)))
        return base

    def unauthorized(self, request: RecordedRequest, key: str, route: Route) -> Reply:
        """401, as a gateway in front of the server answers."""
        return json_reply({"error": "Unauthorized"}, 401)

    def bad_json(self, request: RecordedRequest, route: Route, exc: ValueError) -> Reply:
        """422 from the framework; 400 on BentoML's own route."""
        if route.kind == "generate":
            text = f"Invalid JSON: EOF while parsing a value at line 1 column {len(request.body)}"
            return _bento_error({"type": "json_invalid", "loc": [], "msg": text})
        at = getattr(exc, "pos", 0)
        about: dict[str, Any] = {"type": "json_invalid", "loc": ["body", at], "msg": "JSON decode error", "input": {}}
        return unprocessable({**about, "ctx": {"error": getattr(exc, "msg", str(exc))}})

    def not_an_object(self, request: RecordedRequest, route: Route, body: Any) -> Reply:
        """422."""
        sentence = "Input should be a valid dictionary or object to extract fields from"
        return unprocessable({"type": "model_attributes_type", "loc": ["body"], "msg": sentence, "input": body})

    def check(self, call: Call) -> Reply | None:
        """Refuse as framework and engine do, in this order: content type, shape, model, values, tools, images."""
        body = call.body
        if call.kind in ("chat", "completion"):
            if not (call.request.header("content-type") or "").lower().startswith("application/json"):
                return self.not_an_object(call.request, self.routes[0], call.request.body.decode("utf-8", "replace"))
            refused = validate.shape(body, "messages" if call.kind == "chat" else "prompt", None if self.old else 4)
            if refused is not None:
                return refused
            if body.get("model") is not None and body["model"] not in self.served:
                aliases = "" if self.old else f" Valid aliases: {', '.join(self.served)}."
                return self.error(404, f"The model `{body['model']}` does not exist.{aliases}", param="model")
            wrong = validate.values(body, self.context, self.old)
            if wrong is not None:
                return self.error(400, wrong[0], param=wrong[1])
        if call.kind == "completion" and body.get("suffix"):
            return self.error(400, "suffix is only supported for models with FIM completion rendering", param="suffix")
        return self._chat(body) if call.kind == "chat" else None

    def _chat(self, body: dict[str, Any]) -> Reply | None:
        if not body["messages"]:
            return self.error(400, "Cannot apply chat template to an empty conversation. Provide at least one message.")
        choice = body.get("tool_choice", "auto")
        if body.get("tools") and choice != "none" and not self.server.settings.get("tool_parser", True):
            if is_object(choice):
                function: Any = choice.get("function") or {}
                name = function.get("name")
                return self.error(400, f'tool_choice=function "{name}" requires --tool-call-parser to be set')
            if choice == "required":
                return self.error(400, 'tool_choice="required" requires --tool-call-parser to be set')
            text = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
            return self.error(400, text)
        talk = read.conversation(body)
        if any(turn.images for turn in talk.turns) and not self.server.settings.get("vision"):
            return self.error(400, f"{self.served[0]} is not a multimodal model")
        return None

    def route(self, request: RecordedRequest) -> tuple[Route, dict[str, str]] | None:
        """Find the endpoint, of those that are mounted."""
        found = super().route(request)
        return None if found is not None and found[0].kind == "embedding" and not self._embeds else found

    def serves(self, model_type: str) -> bool:
        """Embeddings where the settings have them."""
        return super().serves(model_type) and (model_type != "text-embedding" or self._embeds)

    @property
    def _embeds(self) -> bool:
        return bool(self.server.settings.get("embeddings", "none") != "none")

    def embed(self, call: Call) -> Reply:
        """Answer ``POST /v1/embeddings``, where it is mounted."""
        if self.server.settings["embeddings"] == "refused":
            text = "The model does not support Embeddings API"
            flat = {"object": "error", "message": text, "type": "BadRequestError", "param": None, "code": 400}
            return call.json_reply(flat)
        items = read.texts(call.body.get("input"))
        coded = call.body.get("encoding_format") == "base64"
        rows = call.vectors(items, call.body.get("dimensions") or 8, coded=coded)
        data = [{"index": row.index, "object": "embedding", "embedding": row.vector} for row in rows]
        tokens = rows.usage.prompt
        counts = {
            "prompt_tokens": tokens,
            "total_tokens": tokens,
            "completion_tokens": 0,
            "prompt_tokens_details": None,
        }
        head = {"id": f"embd-{self.server.hexes(32)}", "object": "list", "created": self.now()}
        return call.json_reply({**head, "model": chat.model_of(call), "data": data, "usage": counts})

    def generate(self, call: Call) -> Reply:
        """Answer BentoML's own route: bare text pieces, although the type says events."""
        body = call.body
        limit = body.get("max_tokens", 2048)
        if not isinstance(limit, int) or limit < 128:
            text = "Input should be greater than or equal to 128"
            return _bento_error({"type": "greater_than_equal", "loc": ["max_tokens"], "msg": text})
        prompt = str(body.get("prompt", "hello"))
        if len(prompt) > 10 * self.context:
            sentence = "Internal error found. Check server logs for more information"
            return call.stream_reply([Event(raw=sentence, kind="error")], Framing(sse=False))
        answer = call.answer(Conversation([Turn("user", prompt)], limit=limit))
        events = [Event(raw=piece.text, kind="text") for piece in call.pieces(answer) if piece.kind == "text"]
        return call.stream_reply(events, Framing(sse=False), answer)

    def alive(self, call: Call) -> Reply:
        """Answer a probe with one newline."""
        return text_reply("\n")

    def metrics(self, call: Call) -> Reply:
        """Answer ``GET /metrics``."""
        return text_reply(
            "# HELP bentoml_service_request_total\n", content_type="text/plain; version=1.0.0; charset=utf-8"
        )

    def page(self, call: Call) -> Reply:
        """Answer ``GET /``."""
        return text_reply(
            "<!DOCTYPE html><title>BentoML Prediction Service</title>", content_type="text/html; charset=utf-8"
        )

    def docs(self, call: Call) -> Reply:
        """Answer ``GET /docs.json``: every route, also the mounted ones."""
        paths: dict[str, Any] = {route.path: {route.method.lower(): {}} for route in self.routes}
        return call.json_reply({"openapi": "3.0.2", "info": {"title": "tiny", "version": "here"}, "paths": paths})

    def schema(self, call: Call) -> Reply:
        """Answer ``GET /schema.json``."""
        return call.json_reply(documents.service_schema("tiny"))

    def openapi(self, call: Call) -> Reply:
        """Answer ``GET /v1/openapi.json``."""
        return call.json_reply(documents.openapi(frozenset(self.server.settings.get("without", ()))))

    def list_models(self, call: Call) -> Reply:
        """Answer ``GET /v1/models``."""
        return call.json_reply({"object": "list", "data": [self._card(name) for name in self.served]})

    def call_id(self, call: Call, number: int) -> str:
        """``chatcmpl-tool-`` and 32 characters."""
        return f"chatcmpl-tool-{self.server.hexes(32)}"

    def _card(self, name: str) -> dict[str, Any]:
        allowed = {"allow_create_engine": False, "allow_sampling": True, "allow_logprobs": True}
        allowed |= {"allow_search_indices": False, "allow_view": True, "allow_fine_tuning": False}
        permission = {
            "id": f"modelperm-{self.server.hexes(16)}",
            "object": "model_permission",
            "created": self.now(),
            **allowed,
            "organization": "*",
            "group": None,
            "is_blocking": False,
        }
        head = {"id": name, "object": "model", "created": self.now(), "owned_by": "vllm", "root": f"/models/{name}"}
        return {**head, "parent": None, "max_model_len": self.context, "permission": [permission]}


def _bento_error(finding: dict[str, Any]) -> Reply:
    url = f"https://errors.example.com/{finding['type']}"
    return json_reply({"error": "1 validation error for Input", "detail": [{**finding, "url": url}]}, 400)
