"""F01 to F14: the right answer in odd bytes."""

from __future__ import annotations

import re

from mrt_testing_kit.server.answer import Answer, Piece, Text
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.faults.base import EVERY, NOT_OPENAI, TEXT, Fault, fault
from mrt_testing_kit.server.trouble import DialectError
from mrt_testing_kit.server.wire import Event, Framing, Reply, Send, Step

# So many places at most: each costs a pause, so that the pieces do not meet again in one packet.
_MOST = 60


def _cut(blocks: list[bytes], offsets: list[int]) -> list[bytes]:
    data = b"".join(blocks)
    places = sorted({at for at in offsets if 0 < at < len(data)})[:_MOST]
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def say_also(answer: Answer, text: str) -> Answer:
    """Add a piece to the visible text."""
    place = next((part for part in answer.parts if isinstance(part, Text)), None)
    if place is None:
        answer.parts.insert(0, Text([text]))
    else:
        place.pieces.append(text)
    return answer


@fault("F01", "one byte per chunk", options={"size": 1, "pause": 0.0})
class OneByte(Fault):
    """Every byte of the body is a chunk of its own."""

    kinds = EVERY

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        data, size = b"".join(blocks), int(self.o["size"])
        return [data[at : at + size] for at in range(0, len(data), size)]

    def reply(self, reply: Reply, call: Call) -> Reply:
        reply.chunked, reply.pace = True, float(self.o["pause"])
        return reply


@fault("F02", "split in a code point", options={"pause": 0.003})
class SplitCodePoint(Fault):
    """The packets end within characters; text without such characters gets some."""

    kinds = TEXT | {"embedding", "rerank", "transcription", "moderation"}

    def answer(self, answer: Answer, call: Call) -> Answer:
        return answer if not answer.text.isascii() else say_also(answer, " é😀漢字")

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        data = b"".join(blocks)
        # After each first byte of a character of several bytes.
        return _cut(blocks, [at + 1 for at, byte in enumerate(data) if byte >= 0xC0])

    def reply(self, reply: Reply, call: Call) -> Reply:
        reply.chunked, reply.pace = True, float(self.o["pause"])
        return reply


@fault(
    "F03",
    "split CR|LF or in an escape",
    options={"where": "both", "pause": 0.003},
    choices={"where": ("crlf", "escape", "both")},
)
class SplitEnds(Fault):
    """The packets end between CR and LF, or within an escape of the JSON."""

    kinds = TEXT
    stream = True
    sse = True

    def answer(self, answer: Answer, call: Call) -> Answer:
        return say_also(answer, ' "q"\té') if self.o["where"] != "crlf" else answer

    def framing(self, framing: Framing, call: Call) -> Framing:
        framing.newline = "\r\n"
        framing.ascii = self.o["where"] != "crlf"
        return framing

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        data = b"".join(blocks)
        places: list[int] = []
        if self.o["where"] != "crlf":
            places += [match.start() + 1 for match in re.finditer(rb"\\", data)]
            places += [match.start() + 3 for match in re.finditer(rb"\\u", data)]
        if self.o["where"] != "escape":
            places = places[: _MOST // 2] + [match.start() + 1 for match in re.finditer(rb"\r\n", data)][: _MOST // 2]
        return _cut(blocks, places)

    def reply(self, reply: Reply, call: Call) -> Reply:
        reply.pace = float(self.o["pause"])
        return reply


@fault("F04", "all in one packet")
class OnePacket(Fault):
    """Head, every event and the end in one write."""

    kinds = EVERY

    def steps(self, steps: list[Step], call: Call) -> list[Step]:
        data = b"".join(step.data for step in steps if isinstance(step, Send))
        return [*(step for step in steps if not isinstance(step, Send)), Send(data)]


class _Newline(Fault):
    kinds = TEXT
    stream = True
    sse = True
    newline = "\n"

    def framing(self, framing: Framing, call: Call) -> Framing:
        framing.newline = self.newline
        return framing


@fault("F05", "CRLF line ends")
class CrLf(_Newline):
    """Lines end in CR LF."""

    newline = "\r\n"


@fault("F06", "CR line ends")
class Cr(_Newline):
    """Lines end in CR."""

    newline = "\r"


@fault("F07", "no space after the colon")
class NoSpace(Fault):
    """``data:{...}``."""

    kinds = TEXT
    stream = True
    sse = True

    def framing(self, framing: Framing, call: Call) -> Framing:
        framing.space = False
        return framing


@fault(
    "F08", "comments", options={"where": "both", "text": "keep-alive"}, choices={"where": ("alone", "after-id", "both")}
)
class Comments(Fault):
    """Comment lines between events, and inside them after ``id:``."""

    kinds = TEXT
    stream = True
    sse = True

    def events(self, events: list[Event], call: Call) -> list[Event]:
        comment = f": {self.o['text']}"
        out: list[Event] = []
        for number, event in enumerate(events):
            if self.o["where"] != "after-id":
                out += [Event(lines=[comment], kind="comment"), Event(lines=[":"], kind="comment")]
            if self.o["where"] != "alone":
                event.before = [f"id: {number}", comment]
            out.append(event)
        return out


@fault("F09", "events without data")
class MetaOnly(Fault):
    """``retry:``, ``id:`` and ``event:`` fields alone."""

    kinds = TEXT
    stream = True
    sse = True

    def events(self, events: list[Event], call: Call) -> list[Event]:
        metas = [["retry: 3000"], ["id: 41"], ["event: ping"], ["id"], ["x-unknown: field"]]
        head = [Event(lines=lines, kind="meta") for lines in metas]
        middle = len(events) // 2
        return [*head, *events[:middle], Event(lines=["retry: 5"], kind="meta"), *events[middle:]]


@fault("F10", "byte order mark")
class Bom(Fault):
    """U+FEFF before the first event, or before the document."""

    kinds = TEXT | {"embedding", "rerank", "transcription", "moderation", "models", "model", "count_tokens"}

    def pieces(self, pieces: list[Piece], call: Call) -> list[Piece]:
        # A first event that says nothing could be lost unnoticed.
        return pieces if call.dialect.name in NOT_OPENAI else [piece for piece in pieces if piece.kind != "start"]

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        return [b"\xef\xbb\xbf" + b"".join(blocks[:1]), *blocks[1:]]


@fault("F11", "data on several lines")
class MultiLine(Fault):
    """Each event's JSON on many ``data:`` lines."""

    kinds = TEXT
    stream = True
    sse = True

    def framing(self, framing: Framing, call: Call) -> Framing:
        framing.multiline = True
        return framing


@fault("F12", "U+2028 and U+0085 in the text")
class Separators(Fault):
    """Characters that are line ends to Unicode, but not to the protocol, unescaped in the text."""

    kinds = TEXT

    def answer(self, answer: Answer, call: Call) -> Answer:
        return say_also(answer, " a\u2028b\u2029c\u0085d\u000be\u000cf\u001cg")

    def framing(self, framing: Framing, call: Call) -> Framing:
        framing.ascii = False
        return framing


@fault("F13", "no end mark", options={"what": "mark"}, choices={"what": ("mark", "blank")})
class NoDone(Fault):
    """The stream ends after its finish reason, without ``[DONE]`` or its like, perhaps without its last blank line."""

    kinds = TEXT
    stream = True

    def events(self, events: list[Event], call: Call) -> list[Event]:
        return [event for event in events if event.kind != "end"]

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        data = b"".join(blocks)
        return [data.rstrip(b"\r\n")] if self.o["what"] == "blank" else blocks


@fault("F14", "bytes after the end mark", options={"what": "event"}, choices={"what": ("event", "text", "bytes")})
class AfterDone(Fault):
    """Something follows ``[DONE]`` or its like."""

    kinds = TEXT
    stream = True

    def events(self, events: list[Event], call: Call) -> list[Event]:
        if not any(event.kind == "end" for event in events):
            raise DialectError("its streams have no end mark")
        return events

    def framing(self, framing: Framing, call: Call) -> Framing:
        framing.suffix = {
            "event": b'data: {"choices": [{"index": 0, "delta": {"content": "LATE"}}], "late": true}\n\n',
            "text": b"LATE\n\n",
            "bytes": b"\x00\xff\xfe LATE",
        }[self.o["what"]]
        return framing
