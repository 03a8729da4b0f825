"""What a fault is: a set of hooks, each at one stage of an answer's way to the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from mrt_testing_kit.server.answer import Answer, Piece
from mrt_testing_kit.server.results import Rows
from mrt_testing_kit.server.wire import Ending, Event, Framing, Reply, Step

if TYPE_CHECKING:
    from mrt_testing_kit.server.app import OracleServer
    from mrt_testing_kit.server.call import Call
    from mrt_testing_kit.server.script import Entry

CHAT = frozenset({"chat"})
NOT_OPENAI = frozenset({"anthropic"})
TEXT = frozenset({"chat", "completion", "generate"})
EVERY = TEXT | {
    "embedding",
    "rerank",
    "transcription",
    "speech",
    "moderation",
    "models",
    "model",
    "count_tokens",
    "other",
}

_PLACES = ("answer", "told", "transcript", "pieces", "events", "payload")
_BYTES = frozenset({"replace", "blocks", "reply", "steps", "greet"})


class Fault:
    """One way in which a vendor misbehaves.

    A fault overrides the hooks of the stages that it touches. They run in this order: ``replace``; ``answer``,
    ``told`` or ``transcript``; ``pieces``; ``events`` or ``payload``; ``framing``, ``blocks``, ``reply``, ``steps``. A
    fault that shows before any request overrides ``greet`` or ``revisit``; one that no request can reach gives a
    ``url``. A hook that finds no place for its fault in what it is given raises `DialectError`: a fault that changes
    nothing must not count as met.

    Attributes:
        id: such as ``F15``.
        title: what happens, in a few words.
        kinds: the endpoints it makes sense on.
        stream: True for streamed answers only, False for whole ones only, None for both.
        dialects: the dialects it makes sense in; empty for all.
        without: the dialects it makes no sense in.
        options: every option with its default.
        choices: for an option, the values that it may take.
        sse: whether it makes sense in server-sent events only.
        stage: ``request``; or ``connect``, ``handshake``, ``kept`` or ``url`` for one that shows before a request
            is read.
    """

    id: ClassVar[str] = ""
    title: ClassVar[str] = ""
    kinds: ClassVar[frozenset[str]] = EVERY
    stream: ClassVar[bool | None] = None
    dialects: ClassVar[frozenset[str]] = frozenset()
    without: ClassVar[frozenset[str]] = frozenset()
    options: ClassVar[Mapping[str, Any]] = {}
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    stage: str = "request"
    sse: ClassVar[bool] = False

    def __init__(self, **options: Any) -> None:
        unknown = sorted(set(options) - set(self.options))
        if unknown:
            known = ", ".join(sorted(self.options)) or "none"
            raise ValueError(f"{self.id} has no option {', '.join(unknown)}; it has: {known}")
        for name, value in options.items():
            if name in self.choices and value not in self.choices[name]:
                raise ValueError(f"{self.id} {name}={value!r}: choose from {', '.join(map(str, self.choices[name]))}")
        self.o: dict[str, Any] = {**self.options, **options}

    def __str__(self) -> str:
        told = [f"{name}={value}" for name, value in self.o.items() if value != self.options[name]]
        return " ".join([self.id, *told])

    @classmethod
    def applies(cls, dialect: str, kind: str, stream: bool | None = None) -> bool:
        """Say whether the fault makes sense.

        Args:
            dialect: a dialect's name.
            kind: an endpoint's kind, such as ``chat`` or ``embedding``.
            stream: whether the answer is streamed; None asks whether it does in any case.
        """
        if kind not in cls.kinds or dialect in cls.without or (cls.dialects and dialect not in cls.dialects):
            return False
        return stream is None or cls.stream is None or cls.stream == stream

    def places(self, call: Call) -> frozenset[str]:
        """Return the stages of which an answer has to come through one, or the fault is not seen; empty for no such.

        All that it overrides, unless it also acts on bytes, which every answer becomes.
        """
        mine = {name for name in (*_PLACES, *_BYTES) if getattr(type(self), name) is not getattr(Fault, name)}
        if mine & _BYTES:
            return frozenset()
        return frozenset(mine - ({"payload"} if call.stream else {"pieces", "events"}))

    def fields(self) -> tuple[str, ...]:
        """Return the fields of a row, of which a dialect has to read one, or the fault is not seen."""
        return ()

    def replace(self, call: Call) -> Reply | None:
        """Give a reply in place of the right one."""
        return None

    def answer(self, answer: Answer, call: Call) -> Answer:
        """Change what the model says."""
        return answer

    def told(self, rows: Rows[Any], call: Call) -> Rows[Any]:
        """Change vectors, scores, verdicts or names of models."""
        return rows

    def transcript(self, text: Any, call: Call) -> Any:
        """Change what was heard."""
        return text

    def pieces(self, pieces: list[Piece], call: Call) -> list[Piece]:
        """Change the order or contents of the stream's pieces."""
        return pieces

    def events(self, events: list[Event], call: Call) -> list[Event]:
        """Change the stream's events."""
        return events

    def payload(self, payload: Any, call: Call) -> Any:
        """Change the JSON document."""
        return payload

    def framing(self, framing: Framing, call: Call) -> Framing:
        """Change how events become bytes."""
        return framing

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        """Change how the bytes are cut into packets."""
        return blocks

    def reply(self, reply: Reply, call: Call) -> Reply:
        """Change status, headers and ending."""
        return reply

    def steps(self, steps: list[Step], call: Call) -> list[Step]:
        """Change the steps by which the bytes are sent."""
        return steps

    def greet(self) -> Ending:
        """Say what becomes of the connection."""
        return "keep"

    def prepare(self, server: OracleServer, entry: Entry) -> None:
        """Get ready when the fault is put on the script."""


REGISTRY: dict[str, type[Fault]] = {}

F = TypeVar("F", bound=type[Fault])


def fault(
    id: str,
    title: str,
    *,
    options: Mapping[str, Any] | None = None,
    choices: Mapping[str, tuple[Any, ...]] | None = None,
) -> Callable[[F], F]:
    """Register a fault.

    Args:
        id: its id.
        title: what happens, in a few words.
        options: every option with its default.
        choices: for an option, the values that it may take.
    """

    def register(cls: F) -> F:
        cls.id, cls.title = id, title
        cls.options, cls.choices = options or {}, choices or {}
        REGISTRY[id] = cls
        return cls

    return register
