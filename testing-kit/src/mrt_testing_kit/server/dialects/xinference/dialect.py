"""The routes of Xinference."""

from __future__ import annotations

import time
from typing import Any

from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.base import Dialect, Route, register_dialect
from mrt_testing_kit.server.dialects.xinference import chat, messages, other
from mrt_testing_kit.server.dialects.xinference.auth import Gate
from mrt_testing_kit.server.dialects.xinference.catalogue import LOADING, VOICES, catalogue
from mrt_testing_kit.server.dialects.xinference.errors import (
    CHAT_FAILED,
    behind,
    detail,
    has_image,
    overflow,
    system_refused,
    tools_refused,
    wrong_kind,
)
from mrt_testing_kit.server.dialects.xinference.validate import plain, validate
from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.strict import anthropic, openai
from mrt_testing_kit.server.strict.fields import XINFERENCE
from mrt_testing_kit.server.strict.rules import Violation
from mrt_testing_kit.server.wire import Event, Framing, Reply, text_reply

SUPERVISOR = "127.0.0.1:48734"


@register_dialect
class Xinference(Dialect):
    """Xinference 4.1.

    The models are those of ``catalogue.MODELS``: ``tiny-chat`` (Transformers), ``tiny-gguf`` (llama.cpp),
    ``tiny-vllm``, ``tiny-vlm`` (sees images), ``tiny-reason``, ``tiny-base`` (text completions), ``tiny-plain`` (no
    tools), ``tiny-limited`` (one request at a time), ``tiny-embed``, ``tiny-rerank``, ``tiny-whisper``, ``tiny-tts``;
    ``tiny-late`` is always loading. With ``api_key`` authentication is on; ``settings={"keys": {...}}`` adds keys that
    are ``"disabled"``, ``"expired"`` or may use a list of uids.
    """

    name = "xinference"
    setting_names = ("keys", "limits", "version")
    routes = (
        Route("GET", "/v1/cluster/auth", "other", other.cluster_auth, open=True),
        Route("GET", "/v1/cluster/version", "other", other.version),
        Route("GET", "/v1/cluster/info", "other", other.info),
        Route("GET", "/v1/address", "other", other.address, open=True),
        Route("GET", "/status", "other", other.status, open=True),
        Route("GET", "/v1/models", "models", "list_models"),
        Route("GET", "/v1/models/instances", "models", other.instances),
        Route("GET", "/v1/models/{uid}", "model", "describe"),
        Route("DELETE", "/v1/models/{uid}", "other", "terminate"),
        Route("POST", "/v1/models/{uid}/requests/{request}/abort", "other", "abort"),
        Route("POST", "/v1/chat/completions", "chat", chat.chat),
        Route("POST", "/v1/messages", "chat", messages.messages),
        Route("POST", "/anthropic/v1/messages", "chat", messages.messages),
        Route("POST", "/v1/messages/count_tokens", "count_tokens", messages.count_tokens),
        Route("POST", "/anthropic/v1/messages/count_tokens", "count_tokens", messages.count_tokens),
        Route("GET", "/anthropic/v1/models", "models", messages.list_models),
        Route("POST", "/v1/completions", "completion", chat.completion),
        Route("POST", "/v1/embeddings", "embedding", other.embed),
        Route("POST", "/v1/convert_ids_to_tokens", "other", other.convert_ids),
        Route("POST", "/v1/rerank", "rerank", other.rerank),
        Route("POST", "/v1/audio/transcriptions", "transcription", other.transcribe),
        Route("POST", "/v1/audio/translations", "transcription", other.transcribe),
        Route("POST", "/v1/audio/speech", "speech", other.speak),
    )

    fields = XINFERENCE
    usage_flag = True
    # Some engines answer with the path of the weights.
    names_answerer = False
    stop_limit = None
    voices = VOICES
    takes_empty = True

    def grammar(self, call: Call) -> list[Violation]:
        """OpenAI's grammar, or Anthropic's on its endpoints."""
        return anthropic.grammar(call) if "/messages" in call.request.path else openai.grammar(call)

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.models = catalogue(server.models)
        self.gate = Gate(server.api_key, server.settings.get("keys", {}))
        self.limits: dict[str, int] = {"tiny-limited": 1, **server.settings.get("limits", {})}
        self._unknown: dict[str, float] = {}
        self._running: dict[str, list[RecordedRequest]] = {}

    # Errors.

    def error(self, status: int, message: str, **details: Any) -> Reply:
        """``{"detail": text}``."""
        return detail(message, status)

    def known_error(self, reason: str) -> Reply:
        """The server's own words."""
        texts = {
            "context": (400, "Request exceeds the model's configured context length."),
            "filter": (400, "The request was blocked."),
            "model": (404, behind(SUPERVISOR, f"Model not found in the model list, uid: gone. {list(self.models)}")),
            "quota": (429, "Rate limit reached"),
        }
        return detail(texts[reason][1], texts[reason][0])

    def error_events(self, status: int, message: str) -> list[Event]:
        """An event whose error is a string, as this server sends it."""
        return [Event({"error": message}, kind="error")]

    def missing(self, request: RecordedRequest) -> Reply:
        """404: JSON below /v1, the web interface's page elsewhere."""
        if request.path.startswith("/v1"):
            return detail("Not Found", 404)
        page = '<!DOCTYPE html><html lang="en"><head><meta charSet="utf-8"/><title>Xinference</title></head></html>'
        return text_reply(page, 404, "text/html; charset=utf-8")

    def bad_json(self, request: RecordedRequest, route: Route, exc: ValueError) -> Reply:
        """500 in plain text with the JSON parser's words."""
        return plain(str(exc))

    def not_an_object(self, request: RecordedRequest, route: Route, body: Any) -> Reply:
        """500 in plain text with Python's words; an empty body counts as JSON that does not parse."""
        if not request.body:
            return plain("Expecting value: line 1 column 1 (char 0)")
        return plain(f"{type(body).__name__!r} object has no attribute 'items'")

    def headers(self, request: RecordedRequest, reply: Reply) -> list[tuple[str, str]]:
        """Date and server; a request id on all but the plain-text failures."""
        base = [*super().headers(request, reply), ("server", "uvicorn")]
        if reply.events is not None:
            base += [("cache-control", "no-store"), ("connection", "keep-alive"), ("x-accel-buffering", "no")]
        if reply.status == 500 and (reply.header("content-type") or "").startswith("text/plain"):
            return base
        return [*base, ("x-request-id", self.uuid()), ("vary", "Origin")]

    # Who and what is let in.

    def forget(self) -> None:
        """Lift the ban, and take a changed key in."""
        self.gate = Gate(self.server.api_key, self.server.settings.get("keys", {}))

    def authorize(self, request: RecordedRequest, route: Route) -> Reply | None:
        """Check the key."""
        if self.gate.key != self.server.api_key:
            self.forget()
        return self.gate.check(request, route)

    def wants_stream(self, body: dict[str, Any], route: Route) -> bool:
        """The server reads ``stream`` as Python does: any text is true."""
        return route.kind in ("chat", "completion", "speech") and bool(body.get("stream"))

    def check(self, call: Call) -> Reply | None:
        """Refuse in the order of the real server: form, validation, permission, model, load, kind."""
        if call.kind in ("models", "model", "other", "count_tokens") or "/messages" in call.request.path:
            return None
        uid = call.model
        if call.kind == "transcription":
            refusal, uid = other.check_form(call.request)
        else:
            refusal = validate(call.kind, call.body)
        if refusal is not None:
            return refusal
        if not self.gate.allows(call.request, uid):
            return detail(f"API key does not have access to model: {uid}", 403)
        return self._unavailable(uid) or self._limited(call, uid) or self._unfit(call, self.models[uid])

    def _unavailable(self, uid: str) -> Reply | None:
        if uid in self.models:
            return None
        if uid == LOADING:
            text = behind(SUPERVISOR, f"Model {uid} is launching, not yet ready for inference")
            return detail(f"Model is loading, please retry later: {text}", 503, retry_after="30")
        now = time.monotonic()
        if now - self._unknown.get(uid, -60.0) < 10.0:
            return detail(f"Model not found in the model list, uid: {uid} (cached, retry after 10.0s)", 404)
        self._unknown[uid] = now
        text = f"Model not found in the model list, uid: {uid}. Available model uids: {list(self.models)}"
        return detail(behind(SUPERVISOR, text), 404)

    def _limited(self, call: Call, uid: str) -> Reply | None:
        limit = self.limits.get(uid)
        if limit is None:
            return None
        running = [request for request in self._running.get(uid, []) if request.outcome == "pending"]
        self._running[uid] = running
        if len(running) < limit:
            running.append(call.request)
            return None
        text = f"Rate limit reached for the model. Request limit {limit} for the model: {uid}"
        text = "Rate limit reached" if call.kind == "chat" else behind(self.models[uid]["address"], text)
        if call.stream:
            return self.in_stream(text if call.kind == "chat" else f"429: {text}")
        return detail(text, 429)

    def _unfit(self, call: Call, about: dict[str, Any]) -> Reply | None:
        body, engine = call.body, about.get("model_engine")
        text = wrong_kind(call.kind, about)
        if call.kind == "chat" and text is None:
            if not body["messages"]:
                return detail("Invalid input. Please specify the prompt.", 400)
            refused = tools_refused(about, body) or system_refused(about, body)
            if refused is not None:
                return detail(refused, 400)
            if engine == "llama.cpp" and (has_image(body) or isinstance(body.get("tools"), str)):
                text = CHAT_FAILED
            if engine == "Transformers" and (body.get("max_tokens") or 0) >= 1_000_000_000:
                text = CHAT_FAILED
        if call.kind in ("chat", "completion") and body.get("logit_bias"):
            return detail("Not implemented", 501)
        status = 500
        if text is None and call.kind in ("chat", "completion"):
            status, text = overflow(call.kind, about, body) or (500, None)
        if text is None:
            return None
        return self.in_stream(text) if call.stream and status == 500 else detail(text, status)

    def in_stream(self, text: str) -> Reply:
        """An error that the server meets after it has said 200: one event, no ``[DONE]``."""
        headers = [("content-type", "text/event-stream; charset=utf-8")]
        framing = Framing(newline="\r\n", compact=False)
        return Reply(200, headers, events=self.error_events(500, text), framing=framing)

    # Models.

    def card(self, uid: str) -> dict[str, Any]:
        """The bare description of a model."""
        about = dict(self.models[uid])
        replica = about.pop("replica", 1)
        return {**about, "n_worker": 1, "replica": replica}

    def list_models(self, call: Call) -> Reply:
        """Answer ``GET /v1/models``."""
        head = {"object": "model", "created": 0, "owned_by": "xinference"}
        return call.json_reply(
            {"object": "list", "data": [{"id": uid, **head, **about} for uid, about in self.models.items()]}
        )

    def describe(self, call: Call) -> Reply:
        """Answer ``GET /v1/models/{uid}``; 400 for one that does not run."""
        uid = call.params["uid"]
        if uid in self.models:
            return call.json_reply(self.card(uid))
        if uid == LOADING:
            return self._unavailable(uid) or detail("", 503)
        return detail(behind(SUPERVISOR, f"Model not found in the model list, uid: {uid}"), 400)

    def terminate(self, call: Call) -> Reply:
        """Answer ``DELETE /v1/models/{uid}``."""
        uid = call.params["uid"]
        if self.models.pop(uid, None) is None:
            return detail(behind(SUPERVISOR, f"Model not found in the model list, uid: {uid}"), 400)
        return call.json_reply(None)

    def abort(self, call: Call) -> Reply:
        """Answer an abort of a request that nobody knows."""
        return call.json_reply({"msg": "NOT_FOUND"})

    def call_id(self, call: Call, number: int) -> str:
        """Call ids: 32 characters from llama.cpp, a prefixed UUID from the others."""
        about = self.models.get(call.model, {})
        return self.server.token(32) if about.get("model_engine") == "llama.cpp" else f"call_{self.uuid()}"
