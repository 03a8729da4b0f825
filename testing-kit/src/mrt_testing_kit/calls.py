"""Calling the provider under test in every way that there is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from mrt import (
    CredentialsValidateFailedError,
    MRTError,
    PromptMessage,
    PromptMessageTool,
    Runtime,
    Timeouts,
)
from mrt_testing_kit.catalogue import Way
from mrt_testing_kit.failure import place_of, shorten
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import OracleServer, RecordedRequest, oracle
from mrt_testing_kit.target import Target

T = TypeVar("T")

PROMPT = "Say hello."
TEXTS = ("A first text.", "Another one.")
QUERY = "a red apple"
DOCS = ("The sky is blue.", "An apple that is red.", "A pie.")
SPOKEN = "Hello there."
HARMLESS = "A harmless text."


class Calls:
    """The part of a `Context` that makes calls.

    Args:
        target: The provider.
        server: The server that stands for its vendor.
        values: What stands for ``{server}`` and its sisters in the credentials.
        kind: The model type of the check, or None.
        model: The model's name, or ``""``.
        way: The way in which calls are made that name none.
    """

    def __init__(
        self, target: Target, server: OracleServer, values: Mapping[str, str], kind: str | None, model: str, way: Way
    ) -> None:
        self.target = target
        self.server = server
        self.kind = kind
        self.model = model
        self.way: Way = way
        self.outcomes: list[Outcome] = []
        self._values = dict(values)
        self._runtime: Runtime | None = None
        self._runner: asyncio.Runner | None = None
        self._handles: dict[Any, Any] = {}
        # By identity: each server counts its requests from 1.
        self._probes: dict[int, RecordedRequest] = {}
        self._extra: list[OracleServer] = []

    # What calls need.

    @property
    def runtime(self) -> Runtime:
        """The check's own runtime, in which only this provider is registered."""
        if self._runtime is None:
            self._runtime = self.target.runtime()
        return self._runtime

    def credentials(
        self, *, model: str | None = None, server: OracleServer | None = None, **changes: Any
    ) -> dict[str, Any]:
        """Return working credentials.

        Args:
            model: For another model than the check's.
            server: For another server than the check's.
            **changes: Fields to replace; None takes one out.
        """
        values = {**self._values, "model": model or self.model}
        if server is not None:
            values |= address(server)
        filled = self.target.fill(self.target.credentials, values) | changes
        return {name: value for name, value in filled.items() if value is not None}

    def handle(
        self,
        kind: str | None = None,
        *,
        model: str | None = None,
        credentials: Mapping[str, Any] | None = None,
        timeouts: Timeouts | None = None,
    ) -> Any:
        """Return a handle, as `mrt.llm` and its sisters do; the same one for the same arguments.

        Args:
            kind: Model type; the check's own when left out.
            model: Model name; the check's own when left out.
            credentials: Credentials; working ones when left out.
            timeouts: Time limits of the handle's calls.

        Raises:
            MRTError: What the runtime raises.
        """
        wanted, name = kind or self.kind or "llm", model or self.model
        given = dict(self.credentials(model=name) if credentials is None else credentials)
        key = (wanted, name, repr(sorted(given.items(), key=lambda item: item[0])), timeouts)
        if key not in self._handles:
            make = getattr(self.runtime, wanted.replace("-", "_"))
            handle = make(f"{self.target.name}/{name}", given, timeouts=timeouts)
            if not len(self.server.script):
                self._ask_for_schema(handle)
            self._handles[key] = handle
        return self._handles[key]

    def fresh(self, runtime: Runtime, credentials: Mapping[str, Any] | None = None) -> Any:
        """Return a new handle of the check's model; credentials are working ones when left out."""
        make = getattr(runtime, (self.kind or "llm").replace("-", "_"))
        return make(f"{self.target.name}/{self.model}", self.credentials() if credentials is None else credentials)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the check's event loop."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(coroutine)

    # Calls.

    def call(self, **options: Any) -> Outcome:
        """Make the plainest call of the check's model type; options as in `chat` and its sisters."""
        match self.kind:
            case "text-embedding":
                return self.embed(TEXTS, **options)
            case "rerank":
                return self.rerank(QUERY, DOCS, **options)
            case "speech2text":
                return self.transcribe(**options)
            case "tts":
                return self.speak(**options)
            case "moderation":
                return self.moderate(**options)
            case _:
                return self.chat(**options)

    def chat(
        self,
        prompt: str | Sequence[PromptMessage] = PROMPT,
        *,
        parameters: Mapping[str, Any] | None = None,
        tools: Sequence[PromptMessageTool] | None = None,
        stop: Sequence[str] | None = None,
        user: str | None = None,
        **options: Any,
    ) -> Outcome:
        """Ask a language model.

        Args:
            prompt: A text, or messages.
            parameters: Model parameters.
            tools: Tools.
            stop: Stop texts.
            user: The end user's id.
            **options: ``way``, ``model``, ``credentials``, ``timeouts``, and ``until=3`` to leave a stream after three
                chunks.
        """
        keywords = {"model_parameters": parameters, "tools": tools, "stop": stop, "user": user}
        given = {name: value for name, value in keywords.items() if value is not None}
        return self._make("llm", (prompt,), given, options)

    def embed(self, texts: Sequence[str] = TEXTS, *, input_type: str | None = None, **options: Any) -> Outcome:
        """Embed texts; ``options`` as in `chat`."""
        given = {} if input_type is None else {"input_type": input_type}
        return self._make("text-embedding", (texts,), given, options)

    def rerank(self, query: str = QUERY, docs: Sequence[str] = DOCS, **options: Any) -> Outcome:
        """Sort documents; ``score_threshold`` and ``top_n`` beside the ``options`` of `chat`."""
        names: tuple[str, ...] = ("score_threshold", "top_n")
        given = {name: options.pop(name) for name in names if name in options}
        return self._make("rerank", (query, docs), given, options)

    def transcribe(self, file: Any = None, **options: Any) -> Outcome:
        """Write down speech, a short sentence when left out; ``options`` as in `chat`."""
        sound = oracle.speech(SPOKEN) if file is None else file
        return self._make("speech2text", (sound,), {}, options)

    def speak(self, text: str = SPOKEN, *, voice: str | None = None, **options: Any) -> Outcome:
        """Speak a text; ``options`` as in `chat`."""
        return self._make("tts", (text,), {} if voice is None else {"voice": voice}, options)

    def moderate(self, text: str = HARMLESS, **options: Any) -> Outcome:
        """Check a text; ``options`` as in `chat`."""
        return self._make("moderation", (text,), {}, options)

    def validate(
        self,
        credentials: Mapping[str, Any] | None = None,
        *,
        whole_provider: bool = False,
        model: str | None = None,
        timeouts: Timeouts | None = None,
    ) -> Outcome:
        """Validate credentials, of the check's model or of the whole provider; working ones when left out.

        With time limits it is a handle that validates, so that they hold for the model alone.
        """
        given = dict(self.credentials(model=model) if credentials is None else credentials)
        kind, name = (None, None) if whole_provider else (self.kind, model or self.model)

        def perform(_: Outcome) -> None:
            if timeouts is not None:
                self.handle(model=name, credentials=given, timeouts=timeouts).validate_credentials()
            else:
                self.runtime.validate_credentials(self.target.name, given, kind, name)

        return self._record("validate", "sync", f"validate_credentials of {name or 'the provider'}", perform)

    def silence(self) -> str:
        """Return that validating credentials asked nobody, if it did: no check can see more than that."""
        for outcome in self.outcomes:
            if outcome.kind == "validate" and outcome.error is None and not outcome.requests:
                whole = outcome.asked.endswith("the provider")
                who = (
                    "the provider's validate_provider_credentials"
                    if whole
                    else "validate_credentials of the model's class"
                )
                return f"validating made no request: {who} has to ask the vendor"
        return ""

    # How.

    def _make(self, kind: str, positional: tuple[Any, ...], given: dict[str, Any], options: dict[str, Any]) -> Outcome:
        way: Way = options.pop("way", None) or self.way
        until: int | None = options.pop("until", None)
        if kind not in ("llm", "tts") and way in ("stream", "astream"):
            way = "sync" if way == "stream" else "async"
        named = [*map(repr, positional), *(f"{name}={value!r}" for name, value in given.items())]
        asked = f"{way} {kind}({', '.join(shorten(text, 200) for text in named)})"

        def perform(outcome: Outcome) -> None:
            handle = self.handle(kind, **options)
            if way == "sync":
                outcome.result = handle.invoke(*positional, **given)
            elif way == "async":
                outcome.result = self.run(handle.ainvoke(*positional, **given))
            elif way == "stream":
                with handle.stream(*positional, **given) as stream:
                    for chunk in stream:
                        outcome.chunks.append(chunk)
                        if len(outcome.chunks) == until:
                            break
                    outcome.result = getattr(stream, "result", None)
            else:
                self.run(_collect(handle.astream(*positional, **given), outcome, until))

        return self._record(kind, way, asked, perform)

    def _record(self, kind: str, way: Way, asked: str, perform: Any) -> Outcome:
        outcome = Outcome(kind, way, asked)
        self.outcomes.append(outcome)
        known = {id(request): request for request in self._recorded()}
        started = time.perf_counter()
        try:
            perform(outcome)
        except Exception as error:
            # What is raised is what the check judges, whatever it is.
            outcome.error = error
            outcome.place = place_of(error, self.target.package)
        outcome.elapsed = time.perf_counter() - started
        outcome.requests = [request for request in self._recorded() if id(request) not in known]
        return outcome

    def _recorded(self) -> list[RecordedRequest]:
        """Return the requests so far, at all servers of the check, without those that asked for a schema."""
        found = [request for server in (self.server, *self._extra) for request in server.requests]
        return sorted((request for request in found if id(request) not in self._probes), key=_time)

    def _ask_for_schema(self, handle: Any) -> None:
        # Once and beforehand, so that requests for the schema are not taken for requests of the call.
        known = set(map(id, self._recorded()))
        try:
            handle.schema  # noqa: B018
        except (MRTError, CredentialsValidateFailedError):
            # The call will meet it again.
            return
        finally:
            self._probes |= {id(request): request for request in self._recorded() if id(request) not in known}

    def end(self) -> None:
        """Close what the calls left open."""
        runner, runtime = self._runner, self._runtime
        self._runner = self._runtime = None
        self._handles.clear()
        if runtime is not None and runner is not None:
            runner.run(runtime.aclose())
        elif runtime is not None:
            runtime.close()
        if runner is not None:
            runner.close()


async def _collect(stream: Any, outcome: Outcome, until: int | None) -> None:
    async with stream:
        async for chunk in stream:
            outcome.chunks.append(chunk)
            if len(outcome.chunks) == until:
                break
        outcome.result = getattr(stream, "result", None)


def _time(request: RecordedRequest) -> float:
    return request.time


def address(server: OracleServer) -> dict[str, str]:
    """Return what stands for ``{server}`` and its sisters when a server is used."""
    return {"server": server.url, "host": f"{server.host}:{server.port}", "ca_file": server.ca_file}
