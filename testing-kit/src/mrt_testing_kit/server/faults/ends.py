"""F15 to F18: answers that end early, or never, or slowly."""

from __future__ import annotations

import math

from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.faults.base import EVERY, TEXT, Fault, fault
from mrt_testing_kit.server.wire import Event, Pause, Reply, Send, Step

_CONTENT = ("text", "thinking", "arguments", "call")


def first(events: list[Event], count: int) -> list[Event]:
    """Return the events up to the given number of pieces of content, never as far as the finish."""
    out: list[Event] = []
    for event in events:
        if event.kind in ("finish", "usage", "end") or (count <= 0 and event.kind in _CONTENT):
            break
        count -= event.kind in _CONTENT
        out.append(event)
    return out


@fault("F15", "clean end without a finish reason", options={"after": 2})
class CleanEnd(Fault):
    """The stream ends properly as HTTP has it, in the middle as the vendor has it."""

    kinds = TEXT
    stream = True

    def events(self, events: list[Event], call: Call) -> list[Event]:
        return first(events, int(self.o["after"]))


@fault(
    "F16",
    "reset, or no proper end",
    options={"how": "reset", "after": 2},
    choices={"how": ("reset", "terminator", "length", "unanswered")},
)
class HardCut(Fault):
    """The connection breaks: by a reset, without the last chunk, before the declared length, or before any answer."""

    kinds = EVERY

    def events(self, events: list[Event], call: Call) -> list[Event]:
        return first(events, int(self.o["after"]))

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        if call.stream:
            return blocks
        data = b"".join(blocks)
        return [data[: len(data) // 2]]

    def reply(self, reply: Reply, call: Call) -> Reply:
        how, size = self.o["how"], sum(map(len, reply.blocks or []))
        reply.terminator = False
        reply.ending = "reset" if how == "reset" else "close"
        if how == "terminator":
            reply.chunked = True
        elif how == "length" or not call.stream:
            reply.chunked, reply.length = False, 2 * size + 100
        reply.headers.append(("connection", "keep-alive"))
        return reply

    def steps(self, steps: list[Step], call: Call) -> list[Step]:
        if self.o["how"] == "unanswered":
            return []
        # A reset must not overtake the bytes before it.
        return [*steps, Pause(0.03)] if self.o["how"] == "reset" else steps


@fault("F17", "stall", options={"after": 2, "seconds": math.inf})
class Stall(Fault):
    """Nothing more comes: after so many packets (0: not even a head)."""

    kinds = EVERY

    def steps(self, steps: list[Step], call: Call) -> list[Step]:
        after = int(self.o["after"])
        if after and len(steps) == 1 and isinstance(steps[0], Send):
            head, _, body = steps[0].data.partition(b"\r\n\r\n")
            steps = [
                Send(head + b"\r\n\r\n"),
                *([Send(body[: len(body) // 2])] if after > 1 else []),
                Send(body[len(body) // 2 :]),
            ]
        out: list[Step] = []
        sent = 0
        for step in steps:
            if sent == after and isinstance(step, Send):
                out.append(Pause(float(self.o["seconds"])))
                sent += 1
            out.append(step)
            sent += isinstance(step, Send)
        return out


@fault("F18", "slow drip", options={"pause": 0.05, "slices": 8})
class Drip(Fault):
    """A pause before each packet, the whole body in at least a few of them."""

    kinds = EVERY

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        if len(blocks) > 1:
            return blocks
        data = b"".join(blocks)
        size = max(1, -(-len(data) // int(self.o["slices"])))
        return [data[at : at + size] for at in range(0, len(data), size)]

    def reply(self, reply: Reply, call: Call) -> Reply:
        reply.chunked, reply.pace = True, float(self.o["pause"])
        return reply
