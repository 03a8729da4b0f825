"""One call on its way through a dialect: what was asked, which faults are played, and the stages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mrt_testing_kit.server import oracle
from mrt_testing_kit.server.answer import Answer, Piece, pieces_of
from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.wire import Event, Framing, Reply, json_reply

if TYPE_CHECKING:
    from mrt_testing_kit.server.app import OracleServer
    from mrt_testing_kit.server.dialects.base import Dialect
    from mrt_testing_kit.server.faults.base import Fault


@dataclass
class Call:
    """A request that a route has taken.

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

    @property
    def model(self) -> str:
        """The model that the body names; empty when it names none."""
        model = self.body.get("model")
        return model if isinstance(model, str) else ""

    def answer(self, talk: oracle.Conversation) -> Answer:
        """Return what the model says: a scripted answer, or the oracle's, then the faults' changes."""
        self.talk = self.request.talk = talk
        answer = self.server.take_answer() or oracle.converse(talk)
        if answer.usage is None and not self.server.mute_usage:
            answer.usage = oracle.usage(oracle_text(talk), reasoning=bool(answer.reasoning))
        for fault in self.faults:
            answer = fault.answer(answer, self)
        for number, call in enumerate(answer.calls):
            if call.id is None:
                call.id = self.dialect.call_id(self, number)
        self.request.answer = answer
        return answer

    def pieces(self, answer: Answer) -> list[Piece]:
        """Return the answer in the pieces of a stream, after the faults' changes."""
        pieces = pieces_of(answer)
        for fault in self.faults:
            pieces = fault.pieces(pieces, self)
        return pieces

    def stream_reply(self, events: list[Event], framing: Framing, answer: Answer | None = None) -> Reply:
        """Return a streamed reply."""
        for fault in self.faults:
            events = fault.events(events, self)
        headers = [("content-type", "text/event-stream; charset=utf-8")]
        reply = Reply(200, headers, events=events, framing=framing)
        if answer is not None:
            reply.delay, reply.pace = answer.delay, answer.pace
        return reply

    def json_reply(self, payload: Any, framing: Framing | None = None, answer: Answer | None = None) -> Reply:
        """Return a reply of one JSON document."""
        for fault in self.faults:
            payload = fault.payload(payload, self)
        reply = json_reply(payload, framing=framing or Framing())
        if answer is not None:
            reply.delay = answer.delay
        return reply

    def finish(self, reply: Reply) -> Reply:
        """Play the stages from bytes to steps."""
        # A copy: dialects share their framings, and faults change them.
        reply.framing = replace(reply.framing)
        for fault in self.faults:
            reply.framing = fault.framing(reply.framing, self)
        blocks = reply.blocks if reply.blocks is not None else reply.make_blocks()
        for fault in self.faults:
            blocks = fault.blocks(blocks, self)
        reply.blocks = blocks
        for fault in self.faults:
            reply = fault.reply(reply, self)
        steps = reply.make_steps(head_only=self.request.method == "HEAD")
        for fault in self.faults:
            steps = fault.steps(steps, self)
        reply.steps = steps
        return reply


def oracle_text(talk: oracle.Conversation) -> str:
    """Return the text on which the token counts of a conversation depend."""
    from mrt_testing_kit.server.oracle.directives import read

    return read(talk.user)[0]
