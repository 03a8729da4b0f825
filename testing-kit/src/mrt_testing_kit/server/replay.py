"""Plays recorded exchanges back, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mrt_testing_kit import records as recorded
from mrt_testing_kit.records import Record
from mrt_testing_kit.server.loop import LoopServer
from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.wire import Reply, text_reply

# These are the transport's own: they are made anew from the bytes that are sent.
_TRANSPORT = {"content-length", "transfer-encoding", "connection"}


class ReplayServer(LoopServer):
    """Answers with recorded bytes.

    A request is matched to a record by method, path and JSON body, and without that by method and path; of several, one
    that came with credentials like it, and that went well, is taken. ``play`` names the next answer outright.

    Args:
        source: the name of the records (``xinference`` or ``openllm``), or records.
        names: take only these of them; a name ending in ``/`` or ``*`` takes all that begin so.
        cut: end the body after so many bytes, without its proper end.
        split: send the body in pieces that begin at these offsets.
        port: 0 takes a free one.
    """

    def __init__(
        self,
        source: str | Iterable[Record] = "xinference",
        *,
        names: Iterable[str] | None = None,
        cut: int | None = None,
        split: Iterable[int] = (),
        port: int = 0,
    ) -> None:
        super().__init__(port=port)
        found = list(recorded.load(source).values()) if isinstance(source, str) else list(source)
        if names is not None:
            wanted = tuple(names)
            found = [record for record in found if any(_named(record.name, name) for name in wanted)]
        self.records = {record.name: record for record in found}
        self.cut = cut
        self.split = sorted(split)
        self.played: list[str] = []
        self._queue: list[tuple[Record, dict[str, Any]]] = []

    def play(self, *records: str | Record, cut: int | None = None, split: Iterable[int] = ()) -> None:
        """Answer the next requests with these records, whatever they ask.

        Args:
            *records: names or records.
            cut: end their bodies after so many bytes.
            split: send their bodies in pieces that begin at these offsets.
        """
        options: dict[str, Any] = {"cut": cut, "split": sorted(split)}
        with self.changed:
            for record in records:
                self._queue.append((self.records[record] if isinstance(record, str) else record, options))

    def find(self, request: RecordedRequest) -> Record | None:
        """Return the record that answers a request, or None."""
        same = [r for r in self.records.values() if r.method == request.method and r.path == request.target]
        try:
            body: Any = request.json if request.body else None
        except ValueError:
            body = request.body.decode("utf-8", "replace")
        exact = [record for record in same if record.request_body == body] or same
        keyed = request.header("authorization") is not None

        def misfit(record: Record) -> tuple[bool, bool]:
            had_key = any(name.lower() == "authorization" for name, _ in record.request_headers)
            return had_key != keyed, record.status >= 400

        return min(exact, key=misfit, default=None)

    def respond(self, request: RecordedRequest) -> Reply:
        """Play a record."""
        options: Mapping[str, Any] = {"cut": self.cut, "split": self.split}
        with self.changed:
            record = None
            if self._queue:
                record, options = self._queue.pop(0)
        record = record or self.find(request)
        if record is None:
            return text_reply(f"no record answers {request.method} {request.target}", 599)
        self.played.append(record.name)
        return replay(record, cut=options["cut"], split=options["split"])


def replay(record: Record, *, cut: int | None = None, split: Iterable[int] = ()) -> Reply:
    """Build the reply that plays a record.

    Args:
        record: the record.
        cut: end the body after so many bytes, without its proper end.
        split: send it in pieces that begin at these offsets.
    """
    chunked = record.streamed or record.header("transfer-encoding") is not None
    headers = [(name, value) for name, value in record.headers if name.lower() not in _TRANSPORT]
    body = record.body if cut is None else record.body[:cut]
    offsets = sorted({at for at in split if 0 < at < len(body)})
    blocks = [body[a:b] for a, b in zip([0, *offsets], [*offsets, len(body)], strict=True) if body[a:b]]
    reply = Reply(record.status or 500, headers, blocks=blocks, chunked=chunked, reason=record.reason or None)
    if record.ended == "refused":
        return Reply(ending="reset", steps=[])
    whole = record.ended == "complete" and (cut is None or cut >= len(record.body))
    if not whole:
        reply.terminator = False
        reply.length = len(record.body) + (record.ended != "complete")
        reply.ending = "close"
        # A header that announces the end would be untrue of a connection that is cut.
        reply.headers.append(("connection", "keep-alive"))
    return reply


def _named(name: str, wanted: str) -> bool:
    return name.startswith(wanted.rstrip("*")) if wanted.endswith(("/", "*")) else name == wanted
