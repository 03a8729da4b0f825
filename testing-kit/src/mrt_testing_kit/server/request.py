"""A request as it came over the wire, and what became of its connection."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, unquote

from mrt_testing_kit.server.answer import Answer

if TYPE_CHECKING:
    from mrt_testing_kit.server.oracle import Conversation

Outcome = Literal["pending", "answered", "cut", "left"]


@dataclass(slots=True)
class FormPart:
    """One part of a multipart form: its name, file name, media type and bytes."""

    name: str
    filename: str | None
    content_type: str | None
    data: bytes
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    @property
    def text(self) -> str:
        """The bytes as UTF-8 text."""
        return self.data.decode("utf-8", "replace")


@dataclass
class RecordedRequest:
    """A request, byte for byte.

    Attributes:
        id: counts requests of the server from 1.
        connection: id of the connection that carried it.
        method: as sent.
        target: the request target as sent, with query and percent signs.
        headers: names and values in order, names as sent.
        body: the body without transfer coding.
        head: the raw bytes of the request line and headers.
        time: ``time.monotonic()`` when the request was complete.
        version: ``HTTP/1.1`` or ``HTTP/1.0``.
        kind: the kind of endpoint that took it; empty before, and where none did.
        model: the model that it names; empty when it names none.
        talk: the conversation in it, in no vendor's words; None before and where there is none.
        answer: the answer that the oracle gave to it, after faults; None before or without one.
        status: the status sent back; None while there is none.
        faults: ids of the faults that were played on it.
        played: the same with the options that are not the usual ones: ``F41 status=503``.
        response: the bytes sent back, head and body as they went out, up to 64 KiB.
        outcome: ``pending``, ``answered`` (all bytes were written), ``cut`` (a fault ended it), or ``left`` (the peer
            went away before the end).
    """

    id: int
    connection: int
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    head: bytes = b""
    time: float = field(default_factory=time.monotonic)
    version: str = "HTTP/1.1"
    kind: str = ""
    model: str = ""
    talk: Conversation | None = None
    answer: Answer | None = None
    status: int | None = None
    faults: list[str] = field(default_factory=list[str])
    played: list[str] = field(default_factory=list[str])
    response: bytearray = field(default_factory=bytearray, repr=False)
    outcome: Outcome = "pending"

    @property
    def raw_path(self) -> str:
        """The path as sent, without the query."""
        return self.target.partition("?")[0]

    @property
    def path(self) -> str:
        """The path with percent signs resolved."""
        return unquote(self.raw_path)

    @property
    def query(self) -> list[tuple[str, str]]:
        """Names and values of the query in order."""
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None; case does not matter."""
        low = name.lower()
        return next((value for key, value in self.headers if key.lower() == low), None)

    def header_values(self, name: str) -> list[str]:
        """Return every value of a header in order; case does not matter."""
        low = name.lower()
        return [value for key, value in self.headers if key.lower() == low]

    @cached_property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: the body is not JSON.
        """
        return json.loads(self.body)

    @cached_property
    def form(self) -> list[FormPart]:
        """The parts of a multipart body; empty when the body is none."""
        content_type = self.header("content-type") or ""
        if not content_type.lower().startswith("multipart/form-data"):
            return []
        message = BytesParser(policy=HTTP).parsebytes(
            b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + self.body
        )
        parts: list[FormPart] = []
        for part in message.iter_parts():
            name = part.get_param("name", header="content-disposition")
            if not isinstance(name, str):
                continue
            payload = part.get_payload(decode=True)
            data = payload if isinstance(payload, bytes) else b""
            typed = part.get_content_type() if "content-type" in part else None
            headers = [(key, str(value)) for key, value in part.items()]
            parts.append(FormPart(name, part.get_filename(), typed, data, headers))
        return parts

    def field(self, name: str) -> FormPart | None:
        """Return the first form part of that name, or None."""
        return next((part for part in self.form if part.name == name), None)


@dataclass
class ConnectionRecord:
    """One connection, from its opening to its end.

    Attributes:
        id: counts connections of the server from 1.
        opened: ``time.monotonic()`` at the opening.
        closed: the same at the end; None while it is open.
        closed_by: who ended it; None while it is open.
        reset: the peer ended it with a reset instead of a plain end.
        requests: ids of the requests it carried.
        left_during: id of the request whose answer was under way when the peer went away.
    """

    id: int
    opened: float = field(default_factory=time.monotonic)
    closed: float | None = None
    closed_by: Literal["peer", "server"] | None = None
    reset: bool = False
    requests: list[int] = field(default_factory=list[int])
    left_during: int | None = None

    @property
    def open(self) -> bool:
        """Whether the connection still stands."""
        return self.closed is None
