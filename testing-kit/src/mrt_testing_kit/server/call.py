"""One call on its way through a dialect: what was asked, which faults are played, and the stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from mrt_testing_kit.server import oracle
from mrt_testing_kit.server.answer import Answer, Piece, pieces_of
from mrt_testing_kit.server.loose import is_array
from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.results import Listed, R, Rank, Rows, Vector, Verdict
from mrt_testing_kit.server.trouble import DialectError, check_kinds, holders
from mrt_testing_kit.server.wire import Event, Framing, Reply, json_reply

if TYPE_CHECKING:
    from mrt_testing_kit.server.app import OracleServer
    from mrt_testing_kit.server.dialects.base import Dialect
    from mrt_testing_kit.server.faults.base import Fault

T = TypeVar("T")


@dataclass
class Call:
    """A request that a route has taken.

    A handler asks it for what the oracle answers (``answer``, ``vectors``, ``ranks``, ``verdicts``, ``transcript``,
    ``listing``), writes that in the vendor's words, and sends it by way of ``json_reply`` or ``stream_reply``. Faults
    are played on the way. A value that is ABSENT takes its key out of the document.

    Attributes:
        request: the request.
        server: the server.
        dialect: the dialect that speaks.
        kind: the endpoint's kind, such as ``chat``.
        params: what the route's pattern found in the path.
        body: the JSON body; an empty dict when there is none.
        stream: whether a stream is asked for.
        faults: the faults to play.
        talk: the conversation, once a handler has read it.
        rows: the rows of the answer, once a handler has asked for them.
        reached: the stages that the answer has come through.
    """

    request: RecordedRequest
    server: OracleServer
    dialect: Dialect
    kind: str
    params: dict[str, str] = field(default_factory=dict[str, str])
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    stream: bool = False
    faults: list[Fault] = field(default_factory=list["Fault"])
    talk: oracle.Conversation = field(default_factory=lambda: oracle.Conversation([]))
    rows: Rows[Any] | None = None
    reached: set[str] = field(default_factory=set[str])

    @property
    def model(self) -> str:
        """The model that the body names; empty when it names none."""
        model = self.body.get(self.dialect.model_key)
        return model if isinstance(model, str) else ""

    def play(self, stage: str, value: T) -> T:
        """Let the faults change what has come to a stage.

        Raises:
            DialectError: A fault has no place in it.
        """
        self.reached.add(stage)
        for fault in self.faults:
            try:
                value = getattr(fault, stage)(value, self)
            except DialectError as error:
                raise self.blamed(error, fault) from None
        return value

    def blamed(self, error: DialectError, fault: Fault) -> DialectError:
        """Say of an error which fault has no place in which answers."""
        error.fault = fault
        error.subject = f"the dialect {self.dialect.name} cannot play {fault.id} on its {self.kind} answers"
        return error

    def answer(self, talk: oracle.Conversation) -> Answer:
        """Return what the model says: a scripted answer, or the oracle's, then the faults' changes."""
        self.talk = self.request.talk = talk
        answer = self.server.take_answer() or oracle.converse(talk)
        if answer.usage is None and not self.server.mute_usage:
            answer.usage = oracle.usage(oracle_text(talk), reasoning=bool(answer.reasoning))
        answer = self.play("answer", answer)
        for number, call in enumerate(answer.calls):
            if call.id is None:
                call.id = self.dialect.call_id(self, number)
        self.request.answer = answer
        return answer

    def pieces(self, answer: Answer) -> list[Piece]:
        """Return the answer in the pieces of a stream, after the faults' changes."""
        return self.play("pieces", pieces_of(answer))

    def vectors(
        self,
        texts: Sequence[str | Sequence[int]],
        dimensions: int = 8,
        *,
        coded: bool | None = None,
        indexed: bool = True,
    ) -> Rows[Vector]:
        """Return the vectors of texts, after the faults' changes.

        Args:
            texts: the texts, or lists of token ids.
            dimensions: the length of a vector.
            coded: whether base64 was asked for; None for a vendor that has one form only.
            indexed: whether the vendor gives an index with each vector; else their order is that of the texts.
        """
        rows = [Vector(place, oracle.embedding(text, dimensions)) for place, text in enumerate(texts)]
        counted = "\n".join(text if isinstance(text, str) else " ".join(map(str, text)) for text in texts)
        found = self._told(Rows(rows, oracle.usage(counted), len(rows), indexed, coded))
        for row in found if found.coded else ():
            row.vector = oracle.base64_of(row.vector) if is_array(row.vector) else row.vector
        found.forget_reads()
        return found

    def ranks(
        self, query: str, documents: Sequence[str], top: int | None = None, *, echo: bool = False, indexed: bool = True
    ) -> Rows[Rank]:
        """Return the scores of documents, after the faults' changes: the best first.

        Args:
            query: the query.
            documents: their texts.
            top: how many of them to tell; None for all.
            echo: whether each row has the document's text.
            indexed: whether the vendor gives an index with each score; else their order is that of the documents.
        """
        rows = [Rank(place, oracle.score(query, text), text if echo else None) for place, text in enumerate(documents)]
        if indexed:
            rows.sort(key=lambda row: (-row.score, row.index))
        counts = oracle.usage("\n".join([query, *documents]))
        return self._told(Rows(rows[:top], counts, len(rows), indexed))

    def verdicts(self, texts: Sequence[str]) -> Rows[Verdict]:
        """Return which texts offend, in their order, after the faults' changes."""
        rows: list[Verdict] = []
        for text in texts:
            found = oracle.flagged(text)
            scores = {category: 0.96875 if hit else 0.0078125 for category, hit in found.items()}
            rows.append(Verdict(any(found.values()), found, scores))
        return self._told(Rows(rows, oracle.usage("\n".join(texts)), len(rows)))

    def listing(self, names: Sequence[str]) -> Rows[Listed]:
        """Return the models that exist, after the faults' changes.

        Args:
            names: the dialect's own; those of the server, if it was given any, take their place.
        """
        known = names if self.server.models is None else list(self.server.models)
        return self._told(Rows([Listed(name) for name in known], oracle.usage(""), len(known)))

    def transcript(self, audio: bytes) -> Any:
        """Return what is said in a recording, after the faults' changes: a text, or null, or ABSENT."""
        return self.play("transcript", oracle.transcript(audio))

    def _told(self, rows: Rows[R]) -> Rows[R]:
        self.rows = self.play("told", rows)
        self.rows.forget_reads()
        return self.rows

    def stream_reply(self, events: list[Event], framing: Framing, answer: Answer | None = None) -> Reply:
        """Return a streamed reply."""
        check_kinds(self, events)
        events = self.play("events", events)
        reply = Reply(200, [("content-type", framing.content_type)], events=events, framing=framing)
        if answer is not None:
            reply.delay, reply.pace = answer.delay, answer.pace
            self._rename([event.data for event in events], answer)
        return reply

    def json_reply(self, payload: Any, framing: Framing | None = None, answer: Answer | None = None) -> Reply:
        """Return a reply of one JSON document."""
        payload = self.play("payload", payload)
        if answer is not None:
            self._rename(payload, answer)
        reply = json_reply(payload, framing=framing or Framing())
        if answer is not None:
            reply.delay = answer.delay
        return reply

    def _rename(self, document: Any, answer: Answer) -> None:
        key = self.dialect.model_key
        for holder in holders(document, (key,)) if answer.model else ():
            if holder[key] == self.model:
                holder[key] = answer.model

    def finish(self, reply: Reply) -> Reply:
        """Play the stages from bytes to steps."""
        # A copy: dialects share their framings, and faults change them.
        reply.framing = self.play("framing", replace(reply.framing))
        reply.blocks = self.play("blocks", reply.blocks if reply.blocks is not None else reply.make_blocks())
        reply = self.play("reply", reply)
        reply.steps = self.play("steps", reply.make_steps(head_only=self.request.method == "HEAD"))
        return reply


def oracle_text(talk: oracle.Conversation) -> str:
    """Return the text on which the token counts of a conversation depend."""
    from mrt_testing_kit.server.oracle.directives import read

    return read(talk.user)[0]
