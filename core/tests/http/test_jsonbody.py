"""JSON bodies both ways, and what is said when they are none."""

from __future__ import annotations

from collections import UserDict, UserList
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, strategies as st

from mrt.entities.secret import Secret
from mrt.errors import InvokeBadRequestError, InvokeBadResponseError
from mrt.http.jsonbody import decode_json, encode_json
from mrt.http.messages import Headers, HTTPRequest, HTTPResponse

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


def response(content: bytes, media_type: str = "application/json") -> HTTPResponse:
    return HTTPResponse(200, Headers([("content-type", media_type), ("x-request-id", "r-1")]), content)


@given(VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert decode_json(response(encode_json(value))) == value


def test_texts_stay_themselves() -> None:
    assert (
        encode_json({"a": "ä😀\u2028", "b": ["NaN", "Infinity"]}) == '{"a":"ä😀\u2028","b":["NaN","Infinity"]}'.encode()
    )


def test_mappings_and_sequences_of_all_kinds_are_written() -> None:
    value = {"a": MappingProxyType({"x": 1}), "b": UserDict(y=2), "c": UserList([3]), "d": (4,)}
    assert encode_json(value) == b'{"a":{"x":1},"b":{"y":2},"c":[3],"d":[4]}'


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"messages": [{"content": "a\ud83d"}]}, "messages[0].content holds half a surrogate pair"),
        ({"a\udc00": 1}, "a key of the body holds half a surrogate pair"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"a": {"b": [1.0, float("inf")]}}, "a.b[1] is inf"),
        ([float("-inf")], "the body[0] is -inf"),
        ({"a": ["NaN", float("nan")]}, "a[1] is nan"),
        ({"tool": object()}, "tool cannot be written as JSON"),
        ({"key": Secret("sk-test-123")}, "key cannot be written as JSON"),
        ({"a": b"\xff"}, "a cannot be written as JSON"),
    ],
)
def test_what_json_cannot_carry_is_found_and_placed(body: Any, where: str) -> None:
    with pytest.raises(InvokeBadRequestError) as caught:
        encode_json(body)
    assert where in str(caught.value)
    assert "sk-test" not in str(caught.value)


def test_a_body_that_holds_itself_is_refused() -> None:
    body: dict[str, Any] = {}
    body["self"] = body
    with pytest.raises(InvokeBadRequestError):
        encode_json(body)


def test_a_request_with_json_says_so() -> None:
    request = HTTPRequest.json("http://127.0.0.1/v1", {"n": 0, "price": Decimal("0.1")}, {"x-a": "b"})
    assert (request.method, request.headers) == ("POST", {"content-type": "application/json", "x-a": "b"})
    assert request.content == b'{"n":0,"price":"0.1"}'


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"\xef\xbb\xbf" + '{"a": "ä"}'.encode(), "application/json"),
        ('{"a": "ä"}'.encode("latin-1"), "application/json; charset=ISO-8859-1"),
        ('{"a": "ä"}'.encode("utf-16"), 'application/json; charset="utf-16"; x=y'),
        ('{"a": "ä"}'.encode(), "application/json; charset=UTF-8"),
        ('{"a": "ä"}'.encode(), "application/json; charset=no-such"),
        ('{"a": "ä"}'.encode(), "application/json; charset=utf-16"),
        ('{"a": "ä"}'.encode(), "text/plain"),
    ],
)
def test_charsets_and_marks_are_undone(content: bytes, media_type: str) -> None:
    assert decode_json(response(content, media_type)) == {"a": "ä"}


def test_numbers_that_servers_write_are_read() -> None:
    value = decode_json(response(b'{"a": NaN, "b": -Infinity, "c": 123456789012345678901234567890}'))
    assert value["a"] != value["a"]
    assert value["b"] == float("-inf")
    assert value["c"] == 123456789012345678901234567890


@pytest.mark.parametrize(
    ("content", "media_type", "says"),
    [
        (b"", "application/json", "empty"),
        (b" \n", "application/json", "empty"),
        (b'{"a": 1', "application/json", "no valid JSON"),
        (b'{"a": 1}}', "application/json", "no valid JSON"),
        (b"Internal Server Error", "text/plain", "begins with 'Internal Server Error'"),
        (
            b"<!DOCTYPE html><title>502 Bad &amp; Gateway</title><p>long",
            "text/html",
            "a web page ('502 Bad & Gateway')",
        ),
        (b"  <html><body>x", "application/json", "a web page and not JSON"),
        (b"\xff\xfe\x00", "application/json", "no valid JSON"),
        (b"x\x1b[31m" * 1000, "application/json", "no valid JSON"),
    ],
)
def test_what_is_no_json_is_described(content: bytes, media_type: str, says: str) -> None:
    with pytest.raises(InvokeBadResponseError) as caught:
        response(content, media_type).json()
    error = caught.value
    assert says in str(error)
    assert (error.status, error.request_id) == (200, "r-1")
    assert len(str(error)) < 400
    assert "\x1b" not in str(error)
