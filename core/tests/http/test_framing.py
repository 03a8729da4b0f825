"""Bytes are cut into the same events wherever the packets end."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, strategies as st

from mrt.errors import InvokeBadResponseError
from mrt.http import framing
from mrt.http.framing import Decoder, decoder_for
from mrt.http.messages import ServerSentEvent

Events = list[tuple[bytes, str]]


def pairs(events: list[ServerSentEvent]) -> Events:
    return [(event.data, event.event) for event in events]


def decode(data: bytes, *cuts: int, kind: str = "sse") -> Events:
    decoder = decoder_for(kind)  # type: ignore[arg-type]
    found: Events = []
    edges = [0, *sorted(cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        found += pairs(decoder.feed(data[start:end]))
    return found + pairs(decoder.finish())


def in_single_bytes(data: bytes, kind: str = "sse") -> Events:
    return decode(data, *range(1, len(data)), kind=kind)


SSE: dict[str, tuple[bytes, Events]] = {
    "usual": (
        b'data: {"a":1}\n\ndata: {"b":2}\n\ndata: [DONE]\n\n',
        [(b'{"a":1}', ""), (b'{"b":2}', ""), (b"[DONE]", "")],
    ),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [(b"a", ""), (b"b", "")]),
    "CR": (b"data: a\r\rdata: b\r\r", [(b"a", ""), (b"b", "")]),
    "mixed ends": (b"data: a\r\n\ndata: b\n\r\ndata: c\r\n\r", [(b"a", ""), (b"b", ""), (b"c", "")]),
    "no space": (b"data:a\n\ndata:{}\n\n", [(b"a", ""), (b"{}", "")]),
    "two spaces": (b"data:  a\n\n", [(b" a", "")]),
    "comments": (b": hello\n\n:\n\ndata: a\n: inside\n\n: bye\n\n", [(b"a", "")]),
    "comment after id": (b"id: 1\n: x\ndata: a\n\n", [(b"a", "")]),
    "meta only": (b"retry: 100\n\nid: 7\n\nevent: ping\n\ndata: a\n\n", [(b"a", "")]),
    "names": (b"event: error\ndata: a\n\ndata: b\nevent:x\n\ndata: c\n\n", [(b"a", "error"), (b"b", "x"), (b"c", "")]),
    "many lines": (b"data: a\ndata:\ndata: b\n\n", [(b"a\n\nb", "")]),
    "BOM": (b"\xef\xbb\xbfdata: a\n\ndata: \xef\xbb\xbfb\n\n", [(b"a", ""), (b"\xef\xbb\xbfb", "")]),
    "two BOMs": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [(b"b", "")]),
    "blank lines": (b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n\n", [(b"a", ""), (b"b", "")]),
    "separators of Unicode": ("data: a\u2028b\u2029c\u0085d\n\n".encode(), [("a\u2028b\u2029c\u0085d".encode(), "")]),
    "form feed and such": (b"data: a\x0bb\x0cc\x1cd\n\n", [(b"a\x0bb\x0cc\x1cd", "")]),
    "no colon": (b"data\ndata\n\nfoo\n\n", [(b"\n", "")]),
    "other fields": (b"datax: 1\ndata: a\n data: 2\n\n", [(b"a", "")]),
    "empty data": (b"data:\n\ndata: \n\nevent: done\ndata:\n\n", [(b"", "done")]),
    "no end": (b"data: a\n\ndata: [DONE]", [(b"a", ""), (b"[DONE]", "")]),
    "half an end": (b"data: a\n\ndata: {}\n", [(b"a", ""), (b"{}", "")]),
    "JSON without end": (b'data: {"a":1}', [(b'{"a":1}', "")]),
    "cut off": (b'data: a\n\ndata: {"a":', [(b"a", "")]),
    "cut off in a field": (b"data: a\n\ndat", [(b"a", "")]),
    "cut off in the end mark": (b"data: a\n\ndata: [DO", [(b"a", "")]),
    "an end mark without its ending": (b"data: a\n\ndata: [DONE]", [(b"a", ""), (b"[DONE]", "")]),
    "nothing": (b"", []),
    "only a BOM": (b"\xef\xbb\xbf", []),
    "part of a BOM": (b"\xef\xbb", []),
    "data before": (b"data: data: a\n\ndata: b\n\n", [(b"data: a", ""), (b"b", "")]),
}


@pytest.mark.parametrize(("data", "events"), SSE.values(), ids=SSE)
def test_sse(data: bytes, events: Events) -> None:
    assert decode(data) == events
    assert in_single_bytes(data) == events


@given(st.data())
def test_sse_is_the_same_however_it_is_cut(data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.sampled_from([stream for stream, _ in SSE.values()]), max_size=4))
    whole = b"".join(pieces)
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=12))
    assert decode(whole, *cuts) == decode(whole) == in_single_bytes(whole)


_TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(_TEXT, _TEXT)), st.sampled_from(["\n", "\r\n", "\r"]), st.data())
def test_sse_gives_back_what_was_written(events: list[tuple[str, str]], end: str, data: st.DataObject) -> None:
    stream = "".join(f"event: {name}{end}data: {text}{end}{end}" for name, text in events).encode()
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    assert decode(stream, *cuts) == [(text.encode(), name) for name, text in events if text or name]


NDJSON: dict[str, tuple[bytes, Events]] = {
    "usual": (b'{"a":1}\n{"b":2}\n', [(b'{"a":1}', ""), (b'{"b":2}', "")]),
    "CRLF": (b'{"a":1}\r\n{"b":2}\r\n', [(b'{"a":1}', ""), (b'{"b":2}', "")]),
    "empty lines": (b'\n\n{"a":1}\n \n\n', [(b'{"a":1}', "")]),
    "BOM": (b'\xef\xbb\xbf{"a":1}\n', [(b'{"a":1}', "")]),
    "no end": (b'{"a":1}\n{"b":2}', [(b'{"a":1}', ""), (b'{"b":2}', "")]),
    "cut off": (b'{"a":1}\n{"b":', [(b'{"a":1}', "")]),
    "separators of Unicode": ('{"a":"\u2028"}\n'.encode(), [('{"a":"\u2028"}'.encode(), "")]),
}


@pytest.mark.parametrize(("data", "events"), NDJSON.values(), ids=NDJSON)
def test_ndjson(data: bytes, events: Events) -> None:
    assert decode(data, kind="ndjson") == events
    assert in_single_bytes(data, kind="ndjson") == events


def test_raw_bytes_come_as_they_are() -> None:
    decoder = decoder_for("raw")
    assert pairs(decoder.feed(b"\xef\xbb\xbfa\r\n\n")) == [(b"\xef\xbb\xbfa\r\n\n", "")]
    assert decoder.feed(b"") == decoder.finish() == []


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "MAX_EVENT_BYTES", 100)


def feed_until_error(decoder: Decoder, pieces: list[bytes]) -> Events:
    found: Events = []

    def feed() -> None:
        for piece in pieces:
            found.extend(pairs(decoder.feed(piece)))
        decoder.finish()

    with pytest.raises(InvokeBadResponseError) as caught:
        feed()
    assert "bigger than 100 bytes" in str(caught.value)
    with pytest.raises(InvokeBadResponseError):
        decoder.feed(b"data: more\n\n")
    with pytest.raises(InvokeBadResponseError):
        decoder.finish()
    return found


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("kind", ["sse", "ndjson"])
@pytest.mark.parametrize("big", [b"data: " + b"x" * 200 + b"\n\n", b"data: " + b"x" * 200], ids=["whole", "endless"])
def test_an_event_that_is_too_big_ends_the_stream_after_those_before_it(kind: str, big: bytes) -> None:
    first = b"data: a\n\n"
    expected = [(b"a", "")] if kind == "sse" else [(b"data: a", "")]
    for pieces in ([first, big], [first + big], [first + big + first]):
        assert feed_until_error(decoder_for(kind), pieces) == expected  # type: ignore[arg-type]
    decoder = decoder_for(kind)  # type: ignore[arg-type]
    single = [bytes((byte,)) for byte in first + big]
    assert feed_until_error(decoder, single) == expected


def test_events_below_the_limit_pass_whatever_their_sum() -> None:
    event = b"data: " + b"x" * 1000 + b"\n\n"
    assert len(decode(event * 5000)) == 5000


class _CountedBytes(bytearray):
    """Counts the bytes that are copied out, to tell linear from quadratic work without a clock."""

    copied = 0

    def __bytes__(self) -> bytes:
        type(self).copied += len(self)
        return bytes(memoryview(self))


@pytest.mark.parametrize("kind", ["sse", "ndjson"])
def test_long_events_in_small_pieces_are_copied_once(kind: str) -> None:
    def copied(size: int) -> int:
        decoder = decoder_for(kind)  # type: ignore[arg-type]
        decoder._pending = _CountedBytes()  # type: ignore[attr-defined]
        _CountedBytes.copied = 0
        data = b"data: {" + b"x" * size + b"}\n\n"
        for start in range(0, len(data), 100):
            decoder.feed(data[start : start + 100])
        return _CountedBytes.copied

    assert copied(200_000) <= 2.2 * copied(100_000) <= 2.2 * 2 * 100_100


def test_random_cuts_of_a_long_stream() -> None:
    chooser = random.Random(7)
    stream = b"".join(b'data: {"n": %d, "t": "\xf0\x9f\x98\x80"}\r\n\r\n' % number for number in range(200))
    for _ in range(20):
        cuts = [chooser.randrange(len(stream)) for _ in range(chooser.randrange(300))]
        assert decode(stream, *cuts) == decode(stream)
