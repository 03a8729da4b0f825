"""Where bodies end, however they arrive."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, strategies as st

from mrt.http.bodies import Body, ChunkedBody, OpenBody, SizedBody


def feed(body: Body, data: bytes, cuts: list[int]) -> bytes:
    edges = [0, *sorted(cuts), len(data)]
    return b"".join(body.feed(data[start:end]) for start, end in itertools.pairwise(edges) if start < end)


def encoded(pieces: list[bytes], extension: bytes = b"", trailers: bytes = b"") -> bytes:
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces if piece)
    return chunks + b"0%b\r\n%b\r\n" % (extension, trailers)


@given(
    st.lists(st.binary(max_size=40)),
    st.sampled_from([b"", b";a", b" ; a=1"]),
    st.sampled_from([b"", b"X: 1\r\n", b"X: 1\r\nY: 2\r\n"]),
    st.data(),
)
def test_chunks_are_the_same_however_they_are_cut(
    pieces: list[bytes], extension: bytes, trailers: bytes, data: st.DataObject
) -> None:
    stream = encoded(pieces, extension, trailers)
    body = ChunkedBody()
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=10))
    assert feed(body, stream, cuts) == b"".join(pieces)
    assert (body.done, body.broken, body.keeps_connection) == (True, "", True)
    single = ChunkedBody()
    assert feed(single, stream, list(range(len(stream)))) == b"".join(pieces)
    assert single.done


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=4), st.data())
def test_a_part_of_the_chunks_is_not_the_whole(pieces: list[bytes], data: st.DataObject) -> None:
    stream = encoded(pieces)
    end = data.draw(st.integers(0, len(stream) - 1))
    body = ChunkedBody()
    content = feed(body, stream[:end], [end // 2])
    assert b"".join(pieces).startswith(content)
    assert not body.done
    body.end_of_connection()
    assert not body.done
    assert not body.keeps_connection


@pytest.mark.parametrize(
    "broken",
    [
        b"x\r\n",
        b"\r\n",
        b"-1\r\n",
        b"+1\r\n",
        b"0x1\r\n",
        b"1_0\r\n",
        b" 1\r\na\r\n",
        b"1\na\n",
        b"1\r\nab\r\n",
        b"1\r\na\n\r\n",
        b"1" * 16 + b"\r\n",
        b"1;" + b"e" * 20_000,
    ],
)
def test_what_is_no_chunk_breaks_the_body_after_those_before_it(broken: bytes) -> None:
    for step in (1, 7, 100_000):
        body = ChunkedBody()
        stream = b"2\r\nok\r\n" + broken
        content = feed(body, stream, list(range(0, len(stream), step)))
        assert content.startswith(b"ok")
        assert body.broken
        assert not body.done


def test_trailers_have_an_end() -> None:
    body = ChunkedBody()
    body.feed(b"0\r\n")
    body.feed(b"X: " + b"y" * 20_000)
    assert body.broken


def test_bytes_after_the_last_chunk_end_the_connection() -> None:
    for extra in (b"HTTP/1.1 200 OK\r\n\r\n", b"x"):
        body = ChunkedBody()
        assert body.feed(encoded([b"ok"]) + extra) == b"ok"
        assert body.done
        assert not body.keeps_connection


@given(st.binary(max_size=50), st.data())
def test_a_sized_body_ends_at_its_size(content: bytes, data: st.DataObject) -> None:
    body = SizedBody(len(content))
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=5))
    assert feed(body, content, cuts) == content
    assert body.done
    assert body.keeps_connection
    longer = SizedBody(len(content))
    assert longer.feed(content + b"x") == content
    assert longer.done
    assert not longer.keeps_connection


def test_a_sized_body_may_be_cut_off() -> None:
    body = SizedBody(5)
    assert body.feed(b"1234") == b"1234"
    body.end_of_connection()
    assert not body.done


def test_an_open_body_ends_with_the_connection() -> None:
    body = OpenBody()
    assert body.feed(b"anything") == b"anything"
    assert not body.done
    body.end_of_connection()
    assert body.done
    assert not body.keeps_connection
