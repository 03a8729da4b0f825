"""The adapter between the oracle and one vendor's words.

A dialect of your own is one small class::

    from mrt_testing_kit.server import Call, Conversation, Dialect, Event, Framing, Reply, Route, Turn, json_reply

    class Acme(Dialect):
        name = "acme"
        text_key = "said"
        routes = (Route("POST", "/v2/talk", "chat", "talk"), Route("GET", "/v2/models", "models", "models"))

        def error(self, status, message, **details):            # every error goes out in this shape
            return json_reply({"fault": message, "no": status}, status)

        def talk(self, call: Call) -> Reply:
            talk = Conversation([Turn("user", call.body["question"])])
            answer = call.answer(talk)                           # the oracle's answer, after the faults
            if call.stream:
                said = [piece.text for piece in call.pieces(answer) if piece.kind == "text"]
                events = [Event({"piece": text}, kind="text") for text in said]
                return call.stream_reply([*events, Event(raw="END", kind="end")], Framing(), answer)
            return call.json_reply({"said": answer.text}, answer=answer)

        def models(self, call: Call) -> Reply:
            return call.json_reply([row.name for row in call.listing(["acme-1"])])

``call.vectors``, ``call.ranks``, ``call.verdicts`` and ``call.transcript`` give what the other types of models say.
docs/plugins/dialects.md tells all of it. Name the dialect as ``module:Class``, on the command line and in
``contract(dialect="acme_dialect:Acme", ...)``.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from urllib.parse import unquote

from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.loose import is_object
from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.strict import auth, fields, paths
from mrt_testing_kit.server.strict.fields import MOST_STOPS
from mrt_testing_kit.server.strict.rules import Violation
from mrt_testing_kit.server.wire import Event, Reply, json_reply

if TYPE_CHECKING:
    from mrt_testing_kit.server.app import OracleServer


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint.

    Attributes:
        method: ``GET``, ``POST`` or ``DELETE``.
        path: the path; ``{name}`` takes one segment, ``{name+}`` any number of them. Segments are split before percent
            signs are resolved, as vendors do.
        kind: ``chat``, ``completion``, ``generate``, ``embedding``, ``rerank``, ``transcription``, ``speech``,
            ``moderation``, ``models``, ``model``, ``count_tokens`` or ``other``.
        handler: the name of the dialect's method, or a function.
        open: whether it needs no credentials.
    """

    method: str
    path: str
    kind: str
    handler: str | Callable[[Call], Reply]
    open: bool = False

    def match(self, raw_path: str) -> dict[str, str] | None:
        """Return what the pattern finds in a path, or None when it does not fit."""
        found = _compile(self.path).fullmatch(raw_path)
        return None if found is None else {name: unquote(value) for name, value in found.groupdict().items()}


# The kinds of route that make models of a type callable.
MODEL_TYPES: dict[str, tuple[str, ...]] = {
    "llm": ("chat", "completion", "generate"),
    "text-embedding": ("embedding",),
    "rerank": ("rerank",),
    "speech2text": ("transcription",),
    "tts": ("speech",),
    "moderation": ("moderation",),
}


@lru_cache(maxsize=512)
def _compile(path: str) -> re.Pattern[str]:
    pattern = re.escape(path)
    pattern = re.sub(r"\\\{(\w+)\\\+\\\}", r"(?P<\1>.+)", pattern)
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", pattern))


class Dialect:
    """A vendor's words. Subclasses set ``name`` and ``routes`` and write the handlers that the routes name.

    Attributes:
        name: as given to ``OracleServer(dialect=...)``.
        routes: the endpoints.
        key_header: where credentials are looked for.
        key_prefix: what stands before the key there.
        fields: the fields that each kind of endpoint takes, for strict servers; a kind that is left out takes any.
        usage_flag: whether a strict server wants streams to ask for token counts.
        right_counts: whether the vendor's token counts can be relied on; else an estimate is right as well.
        stop_field: the field of the stop strings.
        stop_limit: how many of them a strict server takes; None is no limit.
        renamed_limit: whether models that reason refuse the field max_tokens, and want max_completion_tokens.
        tolerant: whether a lenient server reads past doubled slashes and versions in the path.
        voices: the voices that it speaks with, for checks of providers that do not list them.
        takes_empty: whether the vendor embeds empty texts, so that a strict server lets them pass.
        tested_with: settings under which the contract is run, where servers of the vendor differ in what they offer.
        think_tags: whether models may write their reasoning into the text, between tags.
        tool_errors: whether a tool's result can say that the tool failed.
        speakers: whether a message can name who speaks.
        names_answerer: whether answers name the model by a name that callers know.
        thinks_unasked: whether some models think unless they are told not to.
        image_detail: whether an image can be sent with how closely to look at it.
        text_key: the key of the text in a whole answer, at any depth, where answers have neither OpenAI's shape nor
            Anthropic's; with it the faults of empty answers find their place.
        usage_keys: the keys under which answers and events tell token counts, at any depth.
        model_key: the field of a request's body that names the model.
        stream_key: the field that asks for a stream, when it is true.
        setting_names: the settings that it can be told; None takes any.
        samples: the models to test with, by model type, for providers that name none themselves.
    """

    name: ClassVar[str] = ""
    routes: ClassVar[Sequence[Route]] = ()
    key_header: ClassVar[str] = "authorization"
    key_prefix: ClassVar[str] = "Bearer "
    fields: ClassVar[Mapping[str, frozenset[str]]] = {}
    usage_flag: ClassVar[bool] = False
    right_counts: ClassVar[bool] = True
    stop_field: ClassVar[str] = "stop"
    stop_limit: ClassVar[int | None] = MOST_STOPS
    renamed_limit: ClassVar[bool] = False
    tolerant: ClassVar[bool] = False
    voices: ClassVar[Sequence[str]] = ()
    takes_empty: ClassVar[bool] = False
    tested_with: ClassVar[Mapping[str, Any]] = {}
    think_tags: ClassVar[bool] = True
    tool_errors: ClassVar[bool] = False
    speakers: ClassVar[bool] = False
    names_answerer: ClassVar[bool] = True
    thinks_unasked: ClassVar[bool] = True
    image_detail: ClassVar[bool] = False
    text_key: ClassVar[str] = ""
    usage_keys: ClassVar[Sequence[str]] = ("usage", "meta")
    model_key: ClassVar[str] = "model"
    stream_key: ClassVar[str] = "stream"
    setting_names: ClassVar[Collection[str] | None] = None
    samples: ClassVar[Mapping[str, Sequence[str]]] = {}

    def __init__(self, server: OracleServer) -> None:
        self.server = server

    def forget(self) -> None:
        """Forget what earlier requests left behind, such as a ban after wrong keys."""

    def route(self, request: RecordedRequest) -> tuple[Route, dict[str, str]] | None:
        """Find the endpoint of a request."""
        path = request.raw_path
        if self.tolerant and "S4" not in self.server.strict:
            path = paths.tidy(path)
        for route in self.routes:
            if route.method == request.method:
                found = route.match(path)
                if found is not None:
                    return route, found
        return None

    def serves(self, model_type: str) -> bool:
        """Say whether this server has an endpoint for models of a type; without one they cannot be tested."""
        return any(route.kind in MODEL_TYPES.get(model_type, ()) for route in self.routes)

    def handle(self, call: Call, route: Route) -> Reply:
        """Answer a call that was let in."""
        handler = getattr(self, route.handler) if isinstance(route.handler, str) else route.handler
        reply: Reply = handler(call)
        return reply

    def missing(self, request: RecordedRequest) -> Reply:
        """Answer a request that has no endpoint."""
        return self.error(404, f"no route for {request.method} {request.raw_path}")

    def authorize(self, request: RecordedRequest, route: Route) -> Reply | None:
        """Check the credentials; None when they do.

        Without a key set on the server anything goes.
        """
        if self.server.api_key is None or route.open:
            return None
        given = request.header(self.key_header) or ""
        if given == f"{self.key_prefix}{self.server.api_key}":
            return None
        return self.unauthorized(request, self.given_key(request), route)

    def given_key(self, request: RecordedRequest) -> str:
        """Return the key that a request came with; empty when it has none."""
        return (request.header(self.key_header) or "").removeprefix(self.key_prefix.strip()).strip()

    def unauthorized(self, request: RecordedRequest, key: str, route: Route) -> Reply:
        """Answer a request with a wrong or missing key."""
        return self.error(401, "wrong or missing key")

    def read_body(self, request: RecordedRequest, route: Route) -> tuple[dict[str, Any], Reply | None]:
        """Read the JSON body of a POST; the reply is the refusal of one that cannot be read."""
        if request.method != "POST" or route.kind == "transcription":
            return {}, None
        try:
            body = json.loads(request.body or b"null")
        except ValueError as exc:
            return {}, self.bad_json(request, route, exc)
        if not is_object(body):
            return {}, self.not_an_object(request, route, body)
        return body, None

    def bad_json(self, request: RecordedRequest, route: Route, exc: ValueError) -> Reply:
        """Answer a body that is not JSON."""
        return self.error(400, f"the body is not JSON: {exc}")

    def not_an_object(self, request: RecordedRequest, route: Route, body: Any) -> Reply:
        """Answer a body that is JSON but no object."""
        return self.error(400, "the body is not a JSON object")

    def wants_stream(self, body: dict[str, Any], route: Route) -> bool:
        """Say whether a stream is asked for."""
        kinds = ("chat", "completion", "generate", "speech", "transcription")
        return bool(body.get(self.stream_key)) and route.kind in kinds

    def check(self, call: Call) -> Reply | None:
        """Refuse what the vendor refuses even when it is lenient; None when all is well."""
        return None

    def strict(self, call: Call) -> list[Violation]:
        """Return what a strict server refuses, beside path and credentials; see ``mrt_testing_kit.server.strict``."""
        return [
            *fields.unknown_and_null(call, self.fields),
            *fields.required(call),
            *fields.demands(call, usage_flag=self.usage_flag, renamed_limit=self.renamed_limit),
            *fields.stops(call, self.stop_field, self.stop_limit),
            *self.grammar(call),
        ]

    def strict_auth(self, request: RecordedRequest, route: Route) -> list[Violation]:
        """Return what is wrong with the credentials' header."""
        key = None if route.open else self.server.api_key
        return auth.check(request, self.key_header, self.key_prefix, key)

    def grammar(self, call: Call) -> list[Violation]:
        """Return what is wrong with messages and tools."""
        return []

    def error(self, status: int, message: str, **details: Any) -> Reply:
        """Build an error in the vendor's shape."""
        return json_reply({"error": message}, status)

    def error_value(self, status: int, message: str) -> Any:
        """Return the JSON document of an error in the vendor's shape."""
        return self.error(status, message).payload

    def error_events(self, status: int, message: str) -> list[Event]:
        """Return the events by which the vendor tells of an error inside a stream that began with 200."""
        return [Event({"error": message}, kind="error")]

    def known_error(self, reason: str) -> Reply:
        """Build the vendor's own error for a cause: ``context``, ``filter``, ``model`` or ``quota``."""
        status, message, details = KNOWN_ERRORS[reason]
        return self.error(status, message, **details)

    def refuse(self, call: Call, violation: Violation) -> Reply:
        """Answer a request that breaks a strict rule."""
        return self.error(violation.status, violation.sentence, param=violation.param)

    def headers(self, request: RecordedRequest, reply: Reply) -> list[tuple[str, str]]:
        """Return the headers that every reply begins with."""
        return [("date", formatdate(usegmt=True))]

    def call_id(self, call: Call, number: int) -> str:
        """Make an id for a tool call."""
        return f"call_{self.server.token(24)}"

    def now(self) -> int:
        """Return the time for a ``created`` field, in whole seconds."""
        return int(time.time())

    def uuid(self) -> str:
        """Return a random id."""
        return str(uuid.uuid4())


KNOWN_ERRORS: dict[str, tuple[int, str, dict[str, Any]]] = {
    "context": (
        400,
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9123 tokens. Please "
        "reduce the length of the messages.",
        {"param": "messages", "code": "context_length_exceeded"},
    ),
    "filter": (
        400,
        "The response was filtered because the prompt triggered the content management policy.",
        {"param": "prompt", "code": "content_filter"},
    ),
    "model": (
        404,
        "The model `oracle-gone` does not exist or you do not have access to it.",
        {"code": "model_not_found"},
    ),
    "quota": (
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        {"type": "insufficient_quota", "code": "insufficient_quota"},
    ),
}

DIALECTS: dict[str, type[Dialect]] = {}


D = TypeVar("D", bound=type[Dialect])


def register_dialect(cls: D) -> D:
    """Make a dialect known under its name."""
    DIALECTS[cls.name] = cls
    return cls
