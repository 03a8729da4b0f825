"""The routes of the old OpenLLM line."""

from __future__ import annotations

import time
from typing import Any

from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.base import Dialect, Route, register_dialect
from mrt_testing_kit.server.dialects.openllm_old import chat, native
from mrt_testing_kit.server.loose import objects
from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.strict.fields import OLD_OPENLLM
from mrt_testing_kit.server.strict.openai import grammar
from mrt_testing_kit.server.strict.rules import Violation
from mrt_testing_kit.server.wire import Event, Framing, Reply, json_reply, text_reply

_NATIVE = {"/v1/generate", "/v1/generate_stream", "/v1/metadata", "/v1/helpers/messages", "/v1/embeddings"}
_TRACEBACK = '  + Exception Group Traceback (most recent call last):\n  |   File "service.py", line 1, in <module>\n'


@register_dialect
class OldOpenLLM(Dialect):
    """OpenLLM 0.4.

    One model is served, ``tiny-llama`` unless ``models`` names it. Settings: ``generation`` (``"0.4"``; ``"0.3"`` has
    embeddings, bare text streams and no OpenAI routes, ``"0.5"`` other metadata and errors), ``without`` (sampling
    parameters that the model does not take), ``defaults`` (other defaults of them), ``max_model_len`` (4096).
    """

    name = "openllm-0.4"
    setting_names = ("defaults", "generation", "max_model_len", "without")
    right_counts = False
    routes = (
        Route("GET", "/readyz", "other", "alive", open=True),
        Route("GET", "/livez", "other", "alive", open=True),
        Route("GET", "/healthz", "other", "alive", open=True),
        Route("GET", "/docs.json", "other", "docs", open=True),
        Route("POST", "/v1/metadata", "other", native.metadata),
        Route("POST", "/v1/generate", "generate", native.generate),
        Route("POST", "/v1/generate_stream", "generate", native.generate_stream),
        Route("POST", "/v1/embeddings", "embedding", native.embed),
        Route("POST", "/v1/helpers/messages", "other", "helpers"),
        Route("GET", "/metrics", "other", "metrics", open=True),
        Route("GET", "/", "other", "page", open=True),
        Route("GET", "/hf/adapters", "other", "adapters"),
        Route("POST", "/hf/agent", "other", "agent"),
        Route("GET", "/v1/models", "models", "list_models"),
        Route("POST", "/v1/chat/completions", "chat", chat.chat),
        Route("POST", "/v1/completions", "completion", chat.completion),
    )

    fields = OLD_OPENLLM

    def grammar(self, call: Call) -> list[Violation]:
        """OpenAI's grammar."""
        return grammar(call)

    @property
    def generation(self) -> str:
        """``0.3``, ``0.4`` or ``0.5``."""
        return str(self.server.settings.get("generation", "0.4"))

    def now(self) -> int:
        """The host's monotonic clock, which this line gives for a time."""
        return int(time.monotonic())

    def route(self, request: RecordedRequest) -> tuple[Route, dict[str, str]] | None:
        """Find the endpoint, of those that the generation has."""
        found = super().route(request)
        if found is None:
            return None
        path = found[0].path
        if path == "/v1/embeddings" and self.generation != "0.3":
            return None
        if self.generation == "0.3" and found[0].kind in ("models", "chat", "completion"):
            return None
        if self.generation == "0.5" and path in ("/v1/completions", "/hf/agent"):
            return None
        return found

    def serves(self, model_type: str) -> bool:
        """Embeddings up to 0.3 alone."""
        return super().serves(model_type) and (model_type != "text-embedding" or self.generation == "0.3")

    def wants_stream(self, body: dict[str, Any], route: Route) -> bool:
        """The native API has a path of its own for streams."""
        return route.path == "/v1/generate_stream" or (
            route.kind in ("chat", "completion") and bool(body.get("stream"))
        )

    def error(self, status: int, message: str, **details: Any) -> Reply:
        """The error object of the OpenAI routes; its code is a string."""
        kind = details.get("type", "invalid_request_error")
        inner = {"message": message, "type": kind, "object": "error", "param": None, "code": str(status)}
        return json_reply({"error": inner}, status)

    def error_events(self, status: int, message: str) -> list[Event]:
        """An error object in an event, as 0.5 has it; 0.4 cuts the connection instead."""
        return [Event(self.error_value(status, message), kind="error")]

    def missing(self, request: RecordedRequest) -> Reply:
        """404 in plain text; 405 on the mounted routes."""
        for path in ("/v1/chat/completions", "/v1/completions", "/v1/models"):
            if request.path == path and self.generation != "0.3":
                reply = text_reply("Method Not Allowed", 405)
                reply.headers.insert(0, ("allow", "GET" if path == "/v1/models" else "POST"))
                return reply
        return text_reply("Not Found", 404)

    def headers(self, request: RecordedRequest, reply: Reply) -> list[tuple[str, str]]:
        """Date and server; a request id on native routes."""
        base = [*super().headers(request, reply), ("server", "uvicorn")]
        if request.path in _NATIVE and reply.status not in (404, 405):
            base.append(("x-bentoml-request-id", str(int(self.server.hexes(16), 16))))
        return base

    def read_body(self, request: RecordedRequest, route: Route) -> tuple[dict[str, Any], Reply | None]:
        """Read the body; metadata takes an empty one, embeddings a list."""
        if route.path in ("/v1/metadata", "/v1/embeddings"):
            return {}, None
        return super().read_body(request, route)

    def bad_json(self, request: RecordedRequest, route: Route, exc: ValueError) -> Reply:
        """400: a string on native routes, an error object on the others."""
        if route.kind == "generate":
            return json_reply(f"BentoService error handling API request: Invalid JSON input received: {exc}", 400)
        return self.error(400, "Invalid JSON input received (Check server log).")

    def not_an_object(self, request: RecordedRequest, route: Route, body: Any) -> Reply:
        """500."""
        return native.failed() if route.kind == "generate" else text_reply(_TRACEBACK, 500)

    def check(self, call: Call) -> Reply | None:
        """Refuse on the OpenAI routes: unknown model, what is not supported, values out of range."""
        if call.kind not in ("chat", "completion"):
            return None
        body = call.body
        if body.get("model") not in self.served:
            text = (
                f"Model '{body.get('model')}' does not exists. Try 'GET /v1/models' to see available models.\n"
                "Tip: If you are migrating from OpenAI, make sure to update your 'model' parameters in the request."
            )
            return self.error(404, text, type="ModelNotFound" if self.generation == "0.5" else "invalid_request_error")
        for name in ("logit_bias", "suffix"):
            if body.get(name):
                return self.error(400, f"'{name}' is not yet supported.")
        if call.kind == "completion" and body.get("logprobs"):
            return self.error(500, "Exception: 'NoneType' object is not subscriptable (check server log)")
        needed = "messages" if call.kind == "chat" else "prompt"
        warmth = body.get("temperature")
        if not isinstance(body.get(needed), list | str) or isinstance(warmth, str):
            return text_reply(_TRACEBACK, 500)
        if warmth is None or 0 <= warmth <= 1:
            return None
        if call.stream and self.generation == "0.4":
            headers = [("content-type", "text/event-stream; charset=utf-8")]
            events = [chat.role_event(call)] if call.kind == "chat" else []
            return Reply(200, headers, events=events, framing=Framing(), terminator=False, ending="close")
        bound = "<= 1.0" if warmth > 1 else ">= 0.0"
        if self.generation == "0.5":
            return self.error(500, f"Failed to start generation task: temperature {bound}", type="ValidationError")
        return self.error(500, f"Exception: 'temperature' must be {bound}: {float(warmth)} (check server log)")

    @property
    def served(self) -> tuple[str, ...]:
        """The model's id: a slash in it is written ``--``."""
        return tuple(name.replace("/", "--") for name in self.server.models or ("tiny-llama",))

    def list_models(self, call: Call) -> Reply:
        """Answer ``GET /v1/models``."""
        rows: list[dict[str, Any]] = []
        for name in self.served:
            row: dict[str, Any] = {"id": name, "object": "model", "created": self.now(), "owned_by": "na"}
            if self.generation == "0.5":
                row |= {"root": name, "parent": None, "permission": [{"object": "model_permission"}]}
            rows.append(row)
        return call.json_reply({"object": "list", "data": rows})

    def helpers(self, call: Call) -> Reply:
        """Answer ``POST /v1/helpers/messages`` with the prompt in plain text."""
        lines = [f"<{m.get('role')}>{m.get('content')}" for m in objects(call.body.get("messages"))]
        if call.body.get("add_generation_prompt"):
            lines.append("<assistant>")
        reply = text_reply("\n".join(lines))
        reply.chunked = True
        return reply

    def agent(self, call: Call) -> Reply:
        """Answer ``POST /hf/agent``."""
        call.body = {"prompt": str(call.body.get("inputs", "")), "llm_config": call.body.get("parameters") or {}}
        return call.json_reply([{"generated_text": native.answer_to(call).text}])

    def adapters(self, call: Call) -> Reply:
        """Answer ``GET /hf/adapters``."""
        return json_reply({"error_code": 404, "message": "No adapters found."}, 404)

    def metrics(self, call: Call) -> Reply:
        """Answer ``GET /metrics``."""
        text = "# HELP bentoml_service_request_total\n"
        return text_reply(text, content_type="text/plain; version=0.0.4; charset=utf-8")

    def page(self, call: Call) -> Reply:
        """Answer ``GET /``."""
        page = "<!DOCTYPE html><title>BentoML Prediction Service</title>"
        return text_reply(page, content_type="text/html; charset=utf-8")

    def alive(self, call: Call) -> Reply:
        """Answer a probe with one newline."""
        return text_reply("\n")

    def docs(self, call: Call) -> Reply:
        """Answer ``GET /docs.json``: every route, with the defaults in the example of ``/v1/generate``."""
        paths: dict[str, Any] = {route.path: {route.method.lower(): {}} for route in self.routes}
        example = {"prompt": "What is the meaning of life?", "llm_config": {**native.GENERATION, **native.SAMPLING}}
        content = {"application/json": {"example": example}}
        paths["/v1/generate"]["post"] = {"requestBody": {"required": True, "content": content}}
        return call.json_reply({"openapi": "3.0.2", "info": {"title": "llm-llama-service"}, "paths": paths})
