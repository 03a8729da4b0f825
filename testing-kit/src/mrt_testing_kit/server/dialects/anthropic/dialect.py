"""The routes of the Messages API."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server import oracle
from mrt_testing_kit.server.call import Call, oracle_text
from mrt_testing_kit.server.dialects.anthropic import read, shapes
from mrt_testing_kit.server.dialects.base import Dialect, Route, register_dialect
from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.strict import auth
from mrt_testing_kit.server.strict.anthropic import grammar
from mrt_testing_kit.server.strict.fields import ANTHROPIC
from mrt_testing_kit.server.strict.rules import Violation
from mrt_testing_kit.server.wire import Event, Framing, Reply, json_reply

MODELS = {
    "claude-opus-4-5": "Claude Opus 4.5",
    "claude-sonnet-4-5": "Claude Sonnet 4.5",
    "claude-haiku-4-5": "Claude Haiku 4.5",
    "claude-opus-4-1": "Claude Opus 4.1",
    "claude-sonnet-4-0": "Claude Sonnet 4",
}

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


@register_dialect
class Anthropic(Dialect):
    """Anthropic's Messages API.

    Served are the models of ``MODELS``, those of the setting ``predefined``, and any other whose id begins with
    ``claude-``, until ``models`` is given.
    Every request needs ``anthropic-version`` and ``x-api-key``; without ``api_key`` any key will do. The counts of a
    request with ``cache_control`` have cached tokens, read and written.
    """

    name = "anthropic"
    setting_names = ()
    routes = (
        Route("POST", "/v1/messages", "chat", "messages"),
        Route("POST", "/v1/messages/count_tokens", "count_tokens", "count_tokens"),
        Route("GET", "/v1/models", "models", "list_models"),
        Route("GET", "/v1/models/{model}", "model", "describe"),
    )
    key_header = "x-api-key"
    key_prefix = ""
    thinks_unasked = False
    fields = ANTHROPIC
    stop_field = "stop_sequences"
    stop_limit = None
    think_tags = False
    tool_errors = True

    def strict_auth(self, request: RecordedRequest, route: Route) -> list[Violation]:
        """The key in its own header, or as a bearer token."""
        if request.header("x-api-key") is None and request.header("authorization") is not None:
            return auth.check(request, "authorization", "Bearer ", self.server.api_key)
        return super().strict_auth(request, route)

    def grammar(self, call: Call) -> list[Violation]:
        """The grammar of the Messages API."""
        return grammar(call) if call.kind in ("chat", "count_tokens") else []

    def knows(self, model: str) -> bool:
        """Say whether a model exists."""
        if self.server.models is not None:
            return model in self.server.models
        return model.startswith("claude-") or model in self.server.settings.get("predefined", ())

    def error(self, status: int, message: str, **details: Any) -> Reply:
        """The vendor's error object; its request id is also in the header."""
        kind = details.get("type") or TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
        name = f"req_{self.server.token(24)}"
        body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": name}
        return json_reply(body, status, [("request-id", name)])

    def error_events(self, status: int, message: str) -> list[Event]:
        """``event: error``, as the vendor sends it inside a stream."""
        return [Event(self.error_value(status, message), name="error", kind="error")]

    def known_error(self, reason: str) -> Reply:
        """The vendor's own words; it has no codes."""
        return {
            "context": lambda: self.error(400, "prompt is too long: 215048 tokens > 200000 maximum"),
            "filter": lambda: self.error(400, "Output blocked by content filtering policy"),
            "model": lambda: self.error(404, "model: claude-gone"),
            "quota": lambda: self.error(429, "This request would exceed your organization's rate limit."),
        }[reason]()

    def missing(self, request: RecordedRequest) -> Reply:
        """404."""
        return self.error(404, "Not Found")

    def headers(self, request: RecordedRequest, reply: Reply) -> list[tuple[str, str]]:
        """Date, request id, the organization and what is left of the limits."""
        own = [("request-id", f"req_{self.server.token(24)}"), ("anthropic-organization-id", self.uuid())]
        own += [("anthropic-ratelimit-requests-remaining", "49"), ("anthropic-ratelimit-tokens-remaining", "40000")]
        if reply.events is not None:
            own.append(("cache-control", "no-cache"))
        return super().headers(request, reply) + own

    def authorize(self, request: RecordedRequest, route: Route) -> Reply | None:
        """Demand the version and a key, as ``x-api-key`` or as a bearer token."""
        bearer = (request.header("authorization") or "").removeprefix("Bearer ").strip()
        key = request.header("x-api-key") or bearer
        if not key:
            return self.error(401, "x-api-key header is required")
        if self.server.api_key is not None and key != self.server.api_key:
            return self.error(401, "invalid x-api-key")
        if not request.header("anthropic-version"):
            return self.error(400, "anthropic-version: header is required")
        return None

    def bad_json(self, request: RecordedRequest, route: Route, exc: ValueError) -> Reply:
        """400."""
        return self.error(400, f"The request body is not valid JSON: {exc}")

    def not_an_object(self, request: RecordedRequest, route: Route, body: Any) -> Reply:
        """400."""
        return self.error(400, "Input should be a valid dictionary")

    def check(self, call: Call) -> Reply | None:
        """Refuse missing fields, unknown models and values out of range."""
        if call.kind in ("models", "model"):
            return None
        body = call.body
        for name in ("model", "messages", *(("max_tokens",) if call.kind == "chat" else ())):
            if body.get(name) is None:
                return self.error(400, f"{name}: Field required")
        if not is_array(body["messages"]) or not body["messages"]:
            return self.error(400, "messages: at least one message is required")
        if not self.knows(call.model):
            return self.error(404, f"model: {call.model}")
        for at, message in enumerate(body["messages"]):
            role = message.get("role") if is_object(message) else None
            # Newer versions of the API take system messages among the others.
            if role not in ("user", "assistant", "system"):
                return self.error(400, f'messages.{at}: Unexpected role "{role}".')
        return self._range(body) or self._thinking(body)

    def _range(self, body: dict[str, Any]) -> Reply | None:
        limits: dict[str, tuple[float, float]] = {"temperature": (0, 1), "top_p": (0, 1), "max_tokens": (1, 128000)}
        for name, (low, high) in {**limits, "top_k": (0, 1 << 31)}.items():
            value = body.get(name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                return self.error(400, f"{name}: Input should be a valid number")
            if value < low:
                return self.error(400, f"{name}: range: {low}..{high}")
            if value > high:
                return self.error(400, f"{name}: {value} > {high}, which is the maximum allowed")
        return None

    def _thinking(self, body: dict[str, Any]) -> Reply | None:
        thinking = body.get("thinking")
        if not is_object(thinking) or thinking.get("type") != "enabled":
            return None
        budget = thinking.get("budget_tokens")
        if not isinstance(budget, int):
            return self.error(400, "thinking.enabled.budget_tokens: Field required")
        if budget < 1024:
            return self.error(400, "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
        if body["max_tokens"] <= budget:
            return self.error(400, "`max_tokens` must be greater than `thinking.budget_tokens`.")
        if body.get("temperature") not in (None, 1):
            return self.error(400, "`temperature` may only be set to 1 when thinking is enabled.")
        return None

    def messages(self, call: Call) -> Reply:
        """Answer ``POST /v1/messages``."""
        answer = call.answer(read.conversation(call.body))
        name = f"msg_01{call.server.token(22)}"
        if not call.stream:
            return call.json_reply(shapes.message(name, call.model, answer, shapes.usage(answer.usage)), answer=answer)
        writer = shapes.Stream(name, call.model)
        events = [event for piece in call.pieces(answer) for event in writer.write(piece)]
        return call.stream_reply(events, Framing(), answer)

    def count_tokens(self, call: Call) -> Reply:
        """Answer ``POST /v1/messages/count_tokens``."""
        return call.json_reply({"input_tokens": oracle.usage(oracle_text(read.conversation(call.body))).prompt})

    def list_models(self, call: Call) -> Reply:
        """Answer ``GET /v1/models``, page by page."""
        query = dict(call.request.query)
        names = list(MODELS if self.server.models is None else self.server.models)
        limit = int(query.get("limit", "20")) if query.get("limit", "20").isdecimal() else 0
        if not 1 <= limit <= 1000:
            return self.error(400, "limit: Input should be between 1 and 1000")
        first = 0
        if query.get("after_id") in names:
            first = names.index(query["after_id"]) + 1
        elif query.get("before_id") in names:
            first = max(0, names.index(query["before_id"]) - limit)
        page = names[first : first + limit]
        payload = {
            "data": [self._card(name) for name in page],
            "has_more": first + limit < len(names),
            "first_id": page[0] if page else None,
            "last_id": page[-1] if page else None,
        }
        return call.json_reply(payload)

    def describe(self, call: Call) -> Reply:
        """Answer ``GET /v1/models/{model}``."""
        name = call.params["model"]
        return call.json_reply(self._card(name)) if self.knows(name) else self.error(404, f"model: {name}")

    def call_id(self, call: Call, number: int) -> str:
        """``toolu_`` and 24 characters."""
        return f"toolu_01{self.server.token(22)}"

    def _card(self, name: str) -> dict[str, Any]:
        title = MODELS.get(name, name)
        return {"type": "model", "id": name, "display_name": title, "created_at": "2025-11-01T00:00:00Z"}
