"""The oracle server: a vendor that knows the right answer, and misbehaves when told to."""

from __future__ import annotations

import random
import ssl
import string
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Any

from mrt_testing_kit.server import dialects, tls as certificates
from mrt_testing_kit.server.answer import Answer
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.base import DIALECTS, Dialect, Route
from mrt_testing_kit.server.dialects.examine import check_settings, examine
from mrt_testing_kit.server.faults import REGISTRY, make
from mrt_testing_kit.server.faults.base import Fault
from mrt_testing_kit.server.loop import LoopServer
from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.oracle.directives import read
from mrt_testing_kit.server.request import ConnectionRecord, RecordedRequest
from mrt_testing_kit.server.script import Entry, Script, parse_options
from mrt_testing_kit.server.strict import paths
from mrt_testing_kit.server.strict.rules import Violation
from mrt_testing_kit.server.trouble import DialectError, broke_off, check_places, is_of_the_kit
from mrt_testing_kit.server.wire import Ending, Reply, text_reply

STRICT_RULES = ("S1", "S2", "S3", "S4", "S5", "S6")


class OracleServer(LoopServer):
    """Stands in for a vendor on loopback.

    Args:
        dialect: ``openai``, ``xinference``, ``openllm``, ``openllm-0.4``, ``anthropic``, or one that was registered.
        strict: True for all strict rules, or the ids of some (``{"S1", "S4"}``).
        port: 0 takes a free one.
        host: a loopback address.
        api_key: the only key that is let in; None lets everybody in.
        tls: True for TLS with the kit's test CA (see ``ca_file``), ``"untrusted"`` with a certificate of no CA,
            ``"wrong-host"`` with one for another name, ``"expired"`` with one that has run out.
        models: the model ids that exist, with their descriptions where the dialect has any; None for the dialect's own.
        settings: what else a dialect can be told; see the dialect.
        keep: how many requests to remember; None remembers all.

    Raises:
        ValueError: an unknown dialect, strict rule or setting, and the message names the known ones; or the dialect is
            not right.
    """

    def __init__(
        self,
        dialect: str = "openai",
        *,
        strict: bool | Collection[str] = False,
        port: int = 0,
        host: str = "127.0.0.1",
        api_key: str | None = None,
        tls: bool | str | None = None,
        models: Mapping[str, Any] | Collection[str] | None = None,
        settings: Mapping[str, Any] | None = None,
        keep: int | None = None,
    ) -> None:
        super().__init__(host=host, port=port, ssl_context=_context(tls, self._shake_hands), keep=keep)
        dialects.load()
        if dialect not in DIALECTS:
            raise ValueError(f"no dialect {dialect!r}; there are: {', '.join(sorted(DIALECTS))}")
        self.strict = frozenset(STRICT_RULES if strict is True else strict or ())
        unknown = sorted(self.strict - set(STRICT_RULES))
        if unknown:
            raise ValueError(f"no strict rule {', '.join(unknown)}; there are: {', '.join(STRICT_RULES)}")
        self.api_key = api_key
        self.models: dict[str, Any] | None = None
        if models is not None:
            self.models = {name: models[name] if isinstance(models, Mapping) else None for name in models}
        self.settings = dict(settings or {})
        check_settings(DIALECTS[dialect], self.settings)
        self.script = Script()
        self.violations: list[Violation] = []
        self.unplayed: list[DialectError] = []
        self.mute_usage = False
        self.max_items: int | None = None
        self.max_characters: int | None = None
        self._answers: deque[Answer] = deque()
        self._random = random.Random(20261)
        try:
            self.dialect: Dialect = DIALECTS[dialect](self)
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"the dialect {dialect} cannot be made: {type(error).__name__}: {error}") from error
        examine(self.dialect)

    # Telling it what to do.

    def fault(
        self,
        id: str,
        *,
        times: int | None = 1,
        path: str | None = None,
        skip: int = 0,
        when: Callable[[RecordedRequest], bool] | None = None,
        **options: Any,
    ) -> Entry:
        """Script a fault.

        Args:
            id: ``F01`` to ``F60``.
            times: on how many requests to play it; None for all.
            path: only on this path, which may be a pattern such as ``*/chat/completions``.
            skip: let so many fitting requests go by first.
            when: only on requests for which this holds.
            **options: the fault's own options; ``mrt_testing_kit.server.faults.describe()`` lists them.

        Returns:
            The entry; as a context manager it must have been met at the end, and leaves the script.

        Raises:
            ValueError: no such fault or option.
        """
        entry = self.script.add(make(id, **options), times=times, path=path, skip=skip, when=when)
        entry.fault.prepare(self, entry)
        return entry

    def next_answer(self, *answers: Answer) -> None:
        """Let the model give these answers to the next language model requests, in place of the oracle's."""
        self._answers.extend(answers)

    def take_answer(self) -> Answer | None:
        """Return the next scripted answer, or None."""
        return self._answers.popleft().copy() if self._answers else None

    def unconsumed(self) -> list[Entry]:
        """Return the scripted faults that were not met as often as asked for."""
        return self.script.unconsumed()

    def reset(self) -> None:
        """Forget script, answers, violations and records; connections stay."""
        with self.changed:
            self.script.clear()
            self._answers.clear()
            self.violations.clear()
            self.unplayed.clear()
            self.mute_usage = False
            self.max_items = self.max_characters = None
            self.dialect.forget()
            self.forget()

    @property
    def ca_file(self) -> str:
        """Path of the test CA's certificate, for clients of the TLS variant."""
        return str(certificates.ca_file())

    def token(self, length: int) -> str:
        """Return random letters and digits."""
        return "".join(self._random.choices(string.ascii_letters + string.digits, k=length))

    def hexes(self, length: int) -> str:
        """Return random hexadecimal digits."""
        return "".join(self._random.choices("0123456789abcdef", k=length))

    def stop(self) -> None:
        """Stop, and free what scripted faults hold."""
        super().stop()
        for entry in self.script:
            for action in entry.cleanup:
                action()

    # Answering.

    def respond(self, request: RecordedRequest) -> Reply:
        """Say what to answer."""
        dialect = self.dialect
        found = dialect.route(request)
        kind = found[0].kind if found else "other"
        body, refusal = dialect.read_body(request, found[0]) if found else ({}, None)
        stream = found is not None and dialect.wants_stream(body, found[0])
        call = Call(request, self, dialect, kind, found[1] if found else {}, body, stream)
        request.kind, request.model = kind, call.model
        call.faults = self._faults(call)
        request.faults = [fault.id for fault in call.faults]
        request.played = [str(fault) for fault in call.faults]
        try:
            return self._answer(call, found[0] if found else None, refusal)
        except DialectError as error:
            return self._unplayed(error)
        except Exception as error:
            if is_of_the_kit(dialect):
                raise
            return self._unplayed(broke_off(error, dialect.name))

    def _answer(self, call: Call, route: Route | None, refusal: Reply | None) -> Reply:
        request, dialect = call.request, call.dialect
        reply = self._replaced(call)
        if reply is None:
            reply = self._path_and_key(call, route)
        if reply is None and route is not None:
            reply = refusal or self._refused(call) or self._handled(call, route)
        if reply is None:
            reply = dialect.missing(request)
        named = {name.lower() for name, _ in reply.headers}
        reply.headers = [
            pair for pair in dialect.headers(request, reply) if pair[0].lower() not in named
        ] + reply.headers
        return call.finish(reply)

    def _handled(self, call: Call, route: Route) -> Reply:
        reply = call.dialect.handle(call, route)
        if reply.status < 400:
            handler = route.handler if isinstance(route.handler, str) else route.handler.__name__
            check_places(call, reply, f"{handler}()")
        return reply

    def _unplayed(self, error: DialectError) -> Reply:
        """Keep what the dialect could not do, and answer with it."""
        error.subject = error.subject or f"the dialect {self.dialect.name}"
        with self.changed:
            self.unplayed.append(error)
            if error.fault is not None:
                self.script.refuse(error.fault, str(error))
        return text_reply(f"{error}. {error.mend}".strip(), 500)

    def _path_and_key(self, call: Call, route: Route | None) -> Reply | None:
        request, dialect = call.request, call.dialect
        broken = paths.check(request)
        if route is None:
            lost = f"{request.method} {request.raw_path} is not a path of this vendor"
            broken.append(Violation("S4", lost, status=404))
        elif not route.open:
            broken += dialect.strict_auth(request, route)
        broken = self._note(broken)
        if route is None:
            return None
        if broken:
            return (
                dialect.unauthorized(request, dialect.given_key(request), route)
                if broken[0].rule == "S5"
                else dialect.missing(request)
            )
        return dialect.authorize(request, route)

    def _note(self, violations: list[Violation]) -> list[Violation]:
        """Keep and return those violations that this server minds."""
        minded = [broken for broken in violations if broken.rule in self.strict]
        if minded:
            with self.changed:
                self.violations.extend(minded)
        return minded

    def _refused(self, call: Call) -> Reply | None:
        broken = self._note(call.dialect.strict(call)) if self.strict else []
        return call.dialect.refuse(call, broken[0]) if broken else call.dialect.check(call)

    def _replaced(self, call: Call) -> Reply | None:
        for fault in call.faults:
            reply = fault.replace(call)
            if reply is not None:
                return reply
        return None

    def _faults(self, call: Call) -> list[Fault]:
        def fits(fault: Fault) -> bool:
            return fault.applies(self.dialect.name, call.kind, call.stream)

        faults = self.script.take(call.request, fits)
        for source in _spoken(call.body):
            words = source.split()
            if words and words[0] in REGISTRY:
                fault = make(words[0], **parse_options(words[1:]))
                if fits(fault) and fault.stage == "request":
                    faults.append(fault)
        return faults

    def greet(self, record: ConnectionRecord) -> Ending:
        """Say what becomes of a new connection."""
        fault = self.script.take_stage("connect")
        return "keep" if fault is None else fault.greet()

    def revisit(self, record: ConnectionRecord) -> Ending:
        """Say what becomes of a kept connection on which a further request begins."""
        fault = self.script.take_stage("kept")
        return "keep" if fault is None else fault.greet()

    def _shake_hands(self) -> bool:
        return self.script.take_stage("handshake") is None


def _context(kind: bool | str | None, shake_hands: Callable[[], bool]) -> ssl.SSLContext | None:
    if not kind:
        return None
    return certificates.server_context("trusted" if kind is True else kind, shake_hands)


def _spoken(body: dict[str, Any]) -> list[str]:
    """Return the arguments of the fault directives in a request's last message or prompt."""
    messages = body.get("messages")
    last: Any = body.get("prompt")
    if is_array(messages) and messages and is_object(messages[-1]):
        last = messages[-1].get("content")
    if is_array(last):
        last = " ".join(part["text"] for part in last if is_object(part) and isinstance(part.get("text"), str))
    if not isinstance(last, str) or "[[oracle:" not in last:
        return []
    return [directive.argument for directive in read(last)[1] if directive.verb == "fault"]
