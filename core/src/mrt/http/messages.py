"""HTTP requests and responses as plain data: no I/O here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mrt.entities.secret import Secret, reveal


@dataclass(slots=True)
class HTTPRequest:
    """A request that core sends on behalf of a plugin.

    Args:
        method: ``GET``, ``POST`` and so on.
        url: Absolute URL.
        headers: Header fields; a value may be a `Secret`, None leaves the field out.
        content: Body bytes.
    """

    method: str
    url: str
    headers: Mapping[str, str | Secret | None] = field(default_factory=dict[str, "str | Secret | None"])
    content: bytes = b""

    @classmethod
    def json(
        cls, url: str, body: Any, headers: Mapping[str, str | Secret | None] | None = None, method: str = "POST"
    ) -> HTTPRequest:
        """Return a request with a JSON body.

        Raises:
            InvokeBadRequestError: The body holds what JSON cannot carry, for example half a surrogate pair.
        """
        from mrt.http.jsonbody import encode_json

        return cls(method, url, {"content-type": "application/json", **(headers or {})}, encode_json(body))

    def header_items(self) -> list[tuple[str, str]]:
        """Return the header fields with their values revealed, for sending."""
        return [(name, reveal(value)) for name, value in self.headers.items() if value is not None]


class Headers(Mapping[str, str]):
    """Response header fields; names in any case, the last value of a repeated field."""

    __slots__ = ("_fields",)

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = {name.lower(): value for name, value in items}

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Any:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"


@dataclass(slots=True)
class HTTPResponse:
    """A whole response.

    Args:
        status: HTTP status.
        headers: Header fields.
        content: Body bytes, content encoding undone.
        url: The URL that was asked, without query.
    """

    status: int
    headers: Headers
    content: bytes = field(repr=False, default=b"")
    url: str = ""

    @property
    def media_type(self) -> str:
        """The bare media type, in lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def request_id(self) -> str | None:
        """The vendor's id of the request (``x-request-id`` or ``request-id``)."""
        return self.headers.get("x-request-id") or self.headers.get("request-id")

    @property
    def text(self) -> str:
        """The body as text, wrong bytes replaced."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body's JSON value.

        Raises:
            InvokeBadResponseError: The body is no JSON: broken, cut off, empty, or a web page.
        """
        from mrt.http.jsonbody import decode_json

        return decode_json(self)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The four time limits of a call, in seconds; None is no limit.

    Args:
        connect: To open the connection.
        first_byte: From sending the request to the first byte of the answer.
        between_bytes: Between two pieces of the answer.
        total: For the whole call.
    """

    connect: float | None = 10.0
    first_byte: float | None = 300.0
    between_bytes: float | None = 120.0
    total: float | None = None


@dataclass(slots=True)
class ServerSentEvent:
    """One event of a stream: its data, and the name of the event where there is one."""

    data: bytes
    event: str = ""
