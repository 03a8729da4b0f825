"""From an answer to bytes: events, framing, the reply and the steps by which it is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal, NamedTuple, Self

from mrt_testing_kit.server.answer import ABSENT
from mrt_testing_kit.server.loose import is_array, is_object


@dataclass(slots=True)
class Event:
    """One event of a stream.

    Attributes:
        data: the JSON value it carries.
        raw: literal text in place of JSON, such as ``[DONE]``.
        name: the ``event:`` field.
        kind: what it stands for: ``start``, ``text``, ``thinking``, ``signature``, ``redacted``, ``call``,
            ``arguments``, ``stop`` (of a part), ``finish``, ``usage``, ``end``, ``ping``,
            ``error``. Faults look for it.
        lines: whole lines to send as they are, in place of all of the above.
        before: lines of the same event before all others, such as ``id: 7`` or a comment.
    """

    data: Any = None
    raw: str | None = None
    name: str | None = None
    kind: str = ""
    lines: list[str] | None = None
    before: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class Framing:
    """How events become bytes.

    Attributes:
        newline: the line end.
        space: one blank after each colon.
        compact: JSON without blanks.
        ascii: JSON with everything outside ASCII escaped.
        multiline: each line of indented JSON in a ``data:`` line of its own.
        sse: whether events are server-sent events; else each is its bare text.
        after: what follows each event that is no server-sent one, such as a line feed.
        content_type: the content type of a stream.
        prefix: bytes before the first event, such as a byte order mark.
        suffix: bytes after the last event.
    """

    newline: str = "\n"
    space: bool = True
    compact: bool = True
    ascii: bool = False
    multiline: bool = False
    sse: bool = True
    after: str = ""
    content_type: str = "text/event-stream; charset=utf-8"
    prefix: bytes = b""
    suffix: bytes = b""

    @classmethod
    def ndjson(cls) -> Self:
        """Return the framing of streams that have one JSON document in each line."""
        return cls(sse=False, after="\n", content_type="application/x-ndjson")

    def dump(self, value: Any) -> str:
        """Write a JSON value in this framing's style."""
        if self.multiline:
            return json.dumps(without_absent(value), ensure_ascii=self.ascii, indent=1)
        return dumps(value, compact=self.compact, ascii=self.ascii)

    def encode(self, event: Event) -> bytes:
        """Turn one event into bytes."""
        text = event.raw if event.raw is not None else self.dump(event.data)
        if not self.sse:
            return f"{text}{self.after}".encode("utf-8", "surrogatepass")
        if event.lines is not None:
            lines = event.lines
        else:
            gap = " " if self.space else ""
            lines = list(event.before)
            lines += [f"event:{gap}{event.name}"] if event.name is not None else []
            lines += [f"data:{gap}{line}" for line in text.split("\n")]
        return (self.newline.join(lines) + self.newline * 2).encode("utf-8", "surrogatepass")


_SURROGATE = re.compile("[\ud800-\udfff]")


def dumps(value: Any, *, compact: bool = True, ascii: bool = False) -> str:
    """Write JSON as servers do: NaN and infinities as bare words, no blanks when compact, ABSENT left out."""
    separators = (",", ":") if compact else None
    try:
        text = json.dumps(value, ensure_ascii=ascii, separators=separators)
    except TypeError:
        value = without_absent(value)
        text = json.dumps(value, ensure_ascii=ascii, separators=separators)
    if not ascii and _SURROGATE.search(text):
        # A lone surrogate has no UTF-8: servers escape it.
        return json.dumps(value, ensure_ascii=True, separators=separators)
    return text


def without_absent(value: Any) -> Any:
    """Return a JSON value without what is ABSENT in its objects and lists."""
    if is_object(value):
        return {name: without_absent(item) for name, item in value.items() if item is not ABSENT}
    return [without_absent(item) for item in value if item is not ABSENT] if is_array(value) else value


class Send(NamedTuple):
    """Write these bytes, in one packet as far as the system allows."""

    data: bytes


class Pause(NamedTuple):
    """Wait so many seconds; infinity waits until the peer leaves."""

    seconds: float


class Hold(NamedTuple):
    """Wait for something of the server's, such as other requests."""

    until: Callable[[], Awaitable[None]]


Step = Send | Pause | Hold
Ending = Literal["keep", "close", "reset", "hang"]


@dataclass
class Reply:
    """A whole reply, still in parts that faults can change.

    Attributes:
        status: the status code.
        headers: names and values in order, without the length and coding fields, which are added.
        payload: the JSON document to send; ABSENT by ``has_payload``.
        body: bytes to send in place of a payload.
        events: events to send in place of a body.
        framing: how events and payload become bytes.
        blocks: the body in the pieces in which it is sent; filled from the above when it is None.
        chunked: send with chunked coding; None does so for streams only.
        terminator: send the chunk that ends a chunked body.
        length: a false content length.
        reason: the reason phrase; None takes the usual one.
        ending: what becomes of the connection: ``keep`` it, ``close`` it cleanly, ``reset`` it, or let it ``hang``.
        delay: seconds before the first byte.
        pace: seconds between two blocks.
        before: what to wait for before the first byte.
        steps: the steps; filled from all of the above when it is None.
        raw_head: bytes to send in place of the status line and headers.
    """

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    payload: Any = None
    has_payload: bool = False
    body: bytes = b""
    events: list[Event] | None = None
    framing: Framing = field(default_factory=Framing)
    blocks: list[bytes] | None = None
    chunked: bool | None = None
    terminator: bool = True
    length: int | None = None
    reason: str | None = None
    ending: Ending = "keep"
    delay: float = 0.0
    pace: float = 0.0
    before: list[Step] = field(default_factory=list[Step])
    steps: list[Step] | None = None
    raw_head: bytes | None = None

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None; case does not matter."""
        low = name.lower()
        return next((value for key, value in self.headers if key.lower() == low), None)

    def set_header(self, name: str, value: str | None) -> None:
        """Replace a header, keeping its place; None removes it."""
        low = name.lower()
        at = next((n for n, (key, _) in enumerate(self.headers) if key.lower() == low), len(self.headers))
        self.headers = [pair for pair in self.headers if pair[0].lower() != low]
        if value is not None:
            self.headers.insert(at, (name, value))

    def make_blocks(self) -> list[bytes]:
        """Turn events, payload or body into the blocks to send."""
        if self.events is not None:
            blocks = [self.framing.encode(event) for event in self.events]
            if self.framing.prefix:
                blocks.insert(0, self.framing.prefix)
            if self.framing.suffix:
                blocks.append(self.framing.suffix)
            return blocks
        if self.has_payload:
            return [self.framing.dump(self.payload).encode("utf-8", "surrogatepass")]
        return [self.body] if self.body else []

    def make_steps(self, *, head_only: bool = False) -> list[Step]:
        """Turn the reply into the steps by which it is sent."""
        blocks = self.blocks if self.blocks is not None else self.make_blocks()
        chunked = self.events is not None if self.chunked is None else self.chunked
        steps: list[Step] = list(self.before)
        if self.delay:
            steps.append(Pause(self.delay))
        head = self.raw_head if self.raw_head is not None else self._head(chunked, sum(map(len, blocks)))
        if head_only:
            return [*steps, Send(head)]
        if chunked:
            steps.append(Send(head))
            for number, block in enumerate(blocks):
                if self.pace and number:
                    steps.append(Pause(self.pace))
                steps.append(Send(b"%x\r\n%s\r\n" % (len(block), block)))
            if self.terminator:
                steps.append(Send(b"0\r\n\r\n"))
        elif len(blocks) <= 1:
            steps.append(Send(head + b"".join(blocks)))
        else:
            steps.append(Send(head))
            steps.extend(Send(block) for block in blocks)
        return steps

    def _head(self, chunked: bool, size: int) -> bytes:
        reason = self.reason
        if reason is None:
            try:
                reason = HTTPStatus(self.status).phrase
            except ValueError:
                reason = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {reason}"]
        names = {name.lower() for name, _ in self.headers}
        if chunked:
            if "transfer-encoding" not in names:
                self.headers.append(("transfer-encoding", "chunked"))
        elif "content-length" not in names and self.status not in (204, 304):
            self.headers.append(("content-length", str(size if self.length is None else self.length)))
        if self.ending != "keep" and "connection" not in names and self.ending == "close":
            self.headers.append(("connection", "close"))
        lines += [f"{name}: {value}" for name, value in self.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def json_reply(payload: Any, status: int = 200, headers: list[tuple[str, str]] | None = None, **options: Any) -> Reply:
    """A reply of one JSON document."""
    fields = [("content-type", "application/json"), *(headers or [])]
    return Reply(status, fields, payload=payload, has_payload=True, **options)


def text_reply(text: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Reply:
    """A reply of plain text."""
    return Reply(status, [("content-type", content_type)], body=text.encode())
