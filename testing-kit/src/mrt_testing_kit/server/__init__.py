"""Servers that stand in for vendors, on loopback, with raw sockets and the standard library alone.

**OracleServer** knows the right answer to every request, records every byte, and misbehaves when told to::

    from mrt_testing_kit.server import Answer, OracleServer, ToolCall, oracle

    with OracleServer("openai") as server:
        ...                                   # talk to server.url, e.g. http://127.0.0.1:40123 (add /v1 for OpenAI)
        oracle.reply("Hello")                 # the text that it answers to "Hello"
        oracle.embedding("a text")            # the vector that it gives; oracle.score(query, document) likewise
        oracle.usage("Hello")                 # the token counts: primes, no two fields share one

        server.requests[-1].json              # what was asked: also .headers (in order), .target, .body, .form
        server.requests[-1].answer            # what the model said, after faults
        server.requests[-1].outcome           # "answered", "left" (the peer went), "cut" (a fault), "pending"
        server.connections.live               # also .opened, .closed; each has .closed_by and .left_during
        server.wait_for(lambda: server.connections.live == 0, timeout=2)

        server.next_answer(Answer("Hi", reasoning="hm", calls=[ToolCall("f", '{"a": 1}')], finish="length"))

        with server.fault("F15", after=2):    # a clean end before any finish reason; must be met before the block ends
            ...
        server.fault("F41", status=503, times=2, path="*/embeddings")
        server.unconsumed()                   # faults that were not met: a test should end with []

``dialect`` is ``openai``, ``xinference``, ``openllm``, ``openllm-0.4`` or ``anthropic``; a further one is a small
class, see ``mrt_testing_kit.server.dialects.base``. A conversation can drive the oracle, too: ``[[oracle: say ...]]``
and others in the last user message, see ``mrt_testing_kit.server.oracle.directives``. ``strict=True`` refuses what
picky vendors refuse and lists it in ``server.violations``. ``tls=True`` speaks TLS with a test CA, ``server.ca_file``.

**ReplayServer** plays recorded exchanges byte for byte::

    with ReplayServer("xinference", names=["chat_*"]) as server:
        server.play("chat_stream", cut=300)   # the next answer; without play, the record of the same request answers

All servers run on a thread of their own; ``start`` and ``stop``, or a ``with`` block. Everything is safe to call
from any thread.
"""

from __future__ import annotations

from mrt_testing_kit.server import oracle
from mrt_testing_kit.server.answer import ABSENT, Answer, Piece, Redacted, Text, Thinking, ToolCall, Usage
from mrt_testing_kit.server.app import STRICT_RULES, OracleServer
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.base import DIALECTS, Dialect, Route, register_dialect
from mrt_testing_kit.server.faults import applies, describe
from mrt_testing_kit.server.oracle import Conversation, Turn
from mrt_testing_kit.server.replay import ReplayServer, replay
from mrt_testing_kit.server.request import ConnectionRecord, FormPart, RecordedRequest
from mrt_testing_kit.server.script import Entry, UnconsumedFault
from mrt_testing_kit.server.strict.rules import Violation
from mrt_testing_kit.server.wire import Event, Framing, Reply, json_reply, text_reply

__all__ = [
    "ABSENT",
    "DIALECTS",
    "STRICT_RULES",
    "Answer",
    "Call",
    "ConnectionRecord",
    "Conversation",
    "Dialect",
    "Entry",
    "Event",
    "FormPart",
    "Framing",
    "OracleServer",
    "Piece",
    "RecordedRequest",
    "Redacted",
    "ReplayServer",
    "Reply",
    "Route",
    "Text",
    "Thinking",
    "ToolCall",
    "Turn",
    "UnconsumedFault",
    "Usage",
    "Violation",
    "applies",
    "describe",
    "json_reply",
    "oracle",
    "register_dialect",
    "replay",
    "text_reply",
]
