"""Forms come apart again as they were put together."""

from __future__ import annotations

import re
from email.parser import BytesParser
from email.policy import HTTP

import pytest
from hypothesis import given, strategies as st

from mrt.errors import InvokeBadRequestError
from mrt.http import multipart
from mrt.http.multipart import encode_multipart

Part = tuple[str, str | None, str | None, bytes]


def parse(body: bytes, content_type: str) -> list[Part]:
    """Read a form as servers do: by its boundary, then each part's head."""
    boundary = content_type.partition("boundary=")[2].encode()
    first, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary)
    assert first == b""
    assert parts.pop() == b"--\r\n"
    found: list[Part] = []
    for part in parts:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        parameters = re.fullmatch(r'form-data((?:; [a-z]+="[^"]*")+)', fields["content-disposition"])
        assert parameters is not None
        values = dict(re.findall(r'; ([a-z]+)="([^"]*)"', parameters[1]))
        found.append((values["name"], values.get("filename"), fields.get("content-type"), content))
    return found


def test_fields_and_files() -> None:
    body, content_type = encode_multipart(
        [("model", "whisper"), ("language", "dé"), ("model", "again")],
        [("file", "a.wav", "audio/wav", b"RIFF\r\n--x\r\n\x00\xff")],
    )
    assert parse(body, content_type) == [
        ("model", None, None, b"whisper"),
        ("language", None, None, "dé".encode()),
        ("model", None, None, b"again"),
        ("file", "a.wav", "audio/wav", b"RIFF\r\n--x\r\n\x00\xff"),
    ]
    # A parser that we did not write agrees.
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    assert [part.get_filename() for part in message.iter_parts()] == [None, None, None, "a.wav"]


@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.binary())))
def test_no_content_breaks_out(items: list[tuple[str, bytes]]) -> None:
    body, content_type = encode_multipart(
        [("value", text) for text, _ in items], [("file", "name", "a/b", content) for _, content in items]
    )
    contents = [content for *_, content in parse(body, content_type)]
    assert contents == [text.encode() for text, _ in items] + [content for _, content in items]


@pytest.mark.parametrize("name", ['a"b', 'x"; filename="evil', "a\r\nX-Evil: 1", "ä 模", "a\\b", "a'b", "%22"])
def test_names_cannot_break_out(name: str) -> None:
    body, content_type = encode_multipart([(name, "v")], [("file", name, "a/b", b"c")])
    (field, file) = parse(body, content_type)
    escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    assert field == (escaped, None, None, b"v")
    assert file == ("file", escaped, "a/b", b"c")


def test_a_boundary_that_occurs_in_the_content_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["taken", "in-field", "free"])
    monkeypatch.setattr(multipart.secrets, "token_hex", lambda _: next(drawn))
    body, content_type = encode_multipart([("a", "mrt-in-field")], [("file", "f", "a/b", b"..mrt-taken..")])
    assert content_type == "multipart/form-data; boundary=mrt-free"
    assert len(parse(body, content_type)) == 2


@pytest.mark.parametrize(
    ("fields", "files"),
    [
        ([("a", "half \ud83d")], []),
        ([("na\ud83dme", "b")], []),
        ([], [("f", "na\udc00me", "a/b", b"")]),
        ([], [("f", "n", "a/b\r\nX: 1", b"")]),
        ([], [("f", "n", "ä/b", b"")]),
    ],
)
def test_what_no_form_can_carry_is_refused(
    fields: list[tuple[str, str]], files: list[tuple[str, str, str, bytes]]
) -> None:
    with pytest.raises(InvokeBadRequestError):
        encode_multipart(fields, files)
