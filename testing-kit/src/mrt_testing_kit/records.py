"""Exchanges recorded from real servers: what was asked, and every byte of the answer.

``load("xinference")`` and ``load("openllm")`` give them by name, such as ``chat_stream`` or ``old-0.4.44/generate``.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

SERVERS = ("xinference", "openllm")

End = Literal["complete", "cut", "left", "refused"]


@dataclass(frozen=True)
class Record:
    """One recorded exchange.

    Attributes:
        name: its name.
        method: the request's method.
        path: the request's target, with the query.
        request_headers: what the client sent; keys are named, not shown.
        request_body: the JSON value sent; a string for one that was no JSON; None for none. ``_multipart`` in it stands
            for a form, ``_shortened`` for a long body of which only the head was kept.
        status: the status; 0 when no connection came about.
        reason: the reason phrase.
        headers: names and values in order, as sent.
        body: the bytes of the body, without transfer coding.
        streamed: the answer was a stream.
        ended: ``complete``; ``cut`` when the server broke off before the end of the body; ``left`` when the client
            went; ``refused`` when no connection came about.
        shortened: the body was too long to keep whole, so it ends early.
        edited: its length is not the declared one: it is shortened, or paths in it were replaced.
        derived: written down from the server's source, not recorded.
        note: what the recorder had to say.
        line_times: milliseconds at which each line of a stream came; empty when nobody looked.
    """

    name: str
    method: str
    path: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: Any
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    streamed: bool
    ended: End
    shortened: bool
    edited: bool
    derived: bool
    note: str
    line_times: tuple[int, ...] = field(default=(), repr=False)

    def header(self, name: str) -> str | None:
        """Return the first value of a header of the answer, or None; case does not matter."""
        low = name.lower()
        return next((value for key, value in self.headers if key.lower() == low), None)

    @property
    def content_type(self) -> str:
        """The media type without parameters; empty when there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8")

    @property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is none.
        """
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The ``data:`` of each event of a stream: JSON values, or text where it is none (``[DONE]``)."""
        found: list[Any] = []
        for line in self.text.replace("\r\n", "\n").split("\n"):
            if line.startswith("data:"):
                data = line[5:].removeprefix(" ")
                try:
                    found.append(json.loads(data))
                except ValueError:
                    found.append(data)
        return found


@cache
def load(server: str) -> Mapping[str, Record]:
    """Return the records of a server by name.

    Args:
        server: ``xinference`` or ``openllm``.

    Raises:
        ValueError: no records of that name.
    """
    if server not in SERVERS:
        raise ValueError(f"no records of {server!r}; there are: {', '.join(SERVERS)}")
    packed = (files("mrt_testing_kit") / "data" / f"{server}.jsonl.gz").read_bytes()
    rows = (json.loads(line) for line in gzip.decompress(packed).splitlines())
    return MappingProxyType({row["name"]: record(row) for row in rows})


def record(row: Mapping[str, Any]) -> Record:
    """Read one transcript, as found in a line of the data files or in a transcript file of its own."""
    request, response = row["request"], row["response"]
    streamed = "stream" in response
    if streamed:
        lines = response["stream"]
        # One recorder kept the line ends, the other split at them.
        joined = "" if any(line.endswith("\n") for line in lines) else "\n"
        body = joined.join(lines).encode("utf-8", "surrogatepass")
    else:
        body = (response.get("body") or "").encode("utf-8", "surrogatepass")
    sent_back: list[tuple[str, str]] = response.get("headers") or []
    headers = tuple((str(name), str(value)) for name, value in sent_back)
    declared = next((value for name, value in headers if name.lower() == "content-length"), None)
    sent: dict[str, str] = request.get("headers") or {}
    return Record(
        name=row.get("name", ""),
        method=request["method"],
        path=request["path"],
        request_headers=tuple((str(name), str(value)) for name, value in sent.items()),
        request_body=request.get("body", request.get("body_raw")),
        status=response.get("status") or 0,
        reason=response.get("reason") or str(response.get("status_line", "")).partition(" ")[2].partition(" ")[2],
        headers=headers,
        body=body,
        streamed=streamed,
        ended=_ended(response),
        shortened=_shortened(row, response),
        edited=declared is not None and int(declared) != len(body),
        derived=str(row.get("note", "")).startswith("derived"),
        note=row.get("note", ""),
        line_times=tuple(response.get("line_times_ms", ())),
    )


def _shortened(row: Mapping[str, Any], response: Mapping[str, Any]) -> bool:
    if response.get("body_truncated") or response.get("body_edited"):
        return True
    return "body cut at" in row.get("note", "") or str(response.get("body", "")).endswith("…(cut)")


def _ended(response: Mapping[str, Any]) -> End:
    if not response.get("status"):
        return "refused"
    end = response.get("end") or response.get("ended") or "complete"
    if "on purpose" in end:
        return "left"
    return "cut" if "cut" in end or "before the end" in end else "complete"
