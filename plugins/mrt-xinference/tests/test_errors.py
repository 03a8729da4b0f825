"""The server's errors: whose fault it was, and nothing in the words that is none of the caller's business."""

from __future__ import annotations

import json
from typing import Any

import pytest
from xin_calls import chat_events, make_call, make_response, run_stream
from xin_replay import RECORDS

from mrt.errors import (
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeConnectionError,
    InvokeContentFilterError,
    InvokeContextLengthError,
    InvokeError,
    InvokeModelNotFoundError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
)
from mrt.http.messages import Headers, HTTPResponse
from mrt_xinference.errors import clean, error_in_answer, error_of
from mrt_xinference.llm import XinferenceLargeLanguageModel

MODEL = XinferenceLargeLanguageModel()


def failed(value: Any, status: int, media_type: str = "application/json", **headers: str) -> InvokeError:
    fields = {name.replace("_", "-"): text for name, text in headers.items()}
    error = error_of(make_response(value, status, media_type, fields))
    assert error.status == status
    return error


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvokeBadRequestError),
        (401, InvokeAuthorizationError),
        (403, InvokeAuthorizationError),
        (404, InvokeBadRequestError),
        (413, InvokeBadRequestError),
        (422, InvokeBadRequestError),
        (429, InvokeRateLimitError),
        (500, InvokeServerUnavailableError),
        (501, InvokeServerUnavailableError),
        (502, InvokeServerUnavailableError),
        (503, InvokeServerUnavailableError),
        (504, InvokeServerUnavailableError),
    ],
)
@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        ({"detail": "Something went wrong."}, "application/json"),
        ({"detail": [{"loc": ["body", "x"], "msg": "Something went wrong."}]}, "application/json"),
        ({"detail": None}, "application/json"),
        ({"error": {"message": "Something went wrong.", "type": "router_unavailable"}}, "application/json"),
        ([], "application/json"),
        (b'{"detail": "Someth', "application/json"),
        (b"", "application/json"),
        (b"Internal Server Error: Something went wrong.", "text/plain"),
        (b"Internal Server Error: ", "text/plain"),
        (b"\xff\xfe", "text/plain"),
        (b"<html><title>Bad gateway</title>secret text</html>", "text/html"),
    ],
)
def test_the_status_decides_whatever_the_body_is(
    status: int, kind: type[InvokeError], body: Any, media_type: str
) -> None:
    error = failed(body, status, media_type)
    assert type(error) is kind
    assert error.description
    assert "secret text" not in str(error)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Request exceeds the model's configured context length.", InvokeContextLengthError),
        ("request (18001 tokens) exceeds the available context size (2048 tokens)", InvokeContextLengthError),
        ("Model not found in the model list, uid: x", InvokeModelNotFoundError),
        ("Invalid input. Please specify the prompt.", InvokeBadRequestError),
        ("System message must be at the beginning.", InvokeBadRequestError),
        ("At most 1 image(s) may be provided in one prompt; received 2.", InvokeBadRequestError),
        ("The request was blocked by the content filter", InvokeContentFilterError),
    ],
)
def test_words_of_a_400(said: str, kind: type[InvokeError]) -> None:
    assert type(failed({"detail": said}, 400)) is kind


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Rate limit reached", InvokeRateLimitError),
        ("429: [address=127.0.0.1:42607, pid=32441] Rate limit reached for the model.", InvokeRateLimitError),
        ("request (9 tokens) exceeds the available context size (8 tokens)", InvokeContextLengthError),
        ("The chat completion request failed. Check the server logs for details.", InvokeServerUnavailableError),
        ("[address=0.0.0.0:1, pid=2] 'str' object has no attribute 'get'", InvokeBadRequestError),
        ({"message": "No ready runtime", "type": "router_unavailable"}, InvokeServerUnavailableError),
        ({"message": "Too fast", "code": 429}, InvokeRateLimitError),
        (["x"], InvokeServerUnavailableError),
    ],
)
def test_an_error_inside_a_stream_is_typed(said: Any, kind: type[InvokeError]) -> None:
    spoken = chat_events({"content": "Hel"}).split(b"\r\n\r\n")[0]
    body = spoken + b"\r\n\r\ndata: " + json.dumps({"error": said}).encode() + b"\r\n\r\n"
    chunks: list[Any] = []
    with pytest.raises(InvokeError) as caught:
        chunks.extend(run_stream(MODEL, make_call(stream=True), [body]))
    assert type(caught.value) is kind
    assert "[address" not in str(caught.value)
    assert "".join(chunk.text for chunk in chunks) == "Hel"


def test_an_answer_of_status_200_that_is_an_error() -> None:
    for value in ({"error": "Rate limit reached"}, {"detail": "Rate limit reached"}):
        with pytest.raises(InvokeRateLimitError) as caught:
            MODEL.parse_response(make_call(), make_response(value, headers={"x-request-id": "r1"}))
        assert (caught.value.status, caught.value.request_id) == (200, "r1")


def test_a_json_error_where_a_stream_is_due() -> None:
    error = MODEL.parse_error(make_call(stream=True), make_response({"error": "Rate limit reached"}))
    assert isinstance(error, InvokeRateLimitError)


def test_the_fields_of_a_validation_report() -> None:
    report = (
        b"Internal Server Error: 2 validation errors for CreateChatCompletion\nmax_tokens\n"
        b"  value is not a valid integer (type=type_error.integer)\ntop_p -> x\n  too big (type=y; limit_value=1.0)"
    )
    error = failed(report, 500, "text/plain; charset=utf-8")
    assert type(error) is InvokeBadRequestError
    assert error.description == (
        "the server refused the request: max_tokens: value is not a valid integer (type=type_error.integer); "
        "top_p -> x: too big (type=y; limit_value=1.0)"
    )
    assert not error.retryable


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("[address=127.0.0.1:48734, pid=32329] Oh", "Oh"),
        ("Oh [address=127.0.0.1:48734, pid=32329] no", "Oh no"),
        ("[Errno 111] Connect call failed ('127.0.0.1', 35329)", "[Errno 111] Connect call failed"),
        ("[Errno 111] Connect call failed ('::1', 35329, 0, 0)", "[Errno 111] Connect call failed"),
        ("No such file: '/data/cache/v2/x.gguf'", "No such file: '[path]'"),
        ("see /srv/models/a-b_c.1+2 there", "see [path] there"),
        ("and/or 1/2/3 https://example.com/a/b", "and/or 1/2/3 https://example.com/a/b"),
        ("Available model uids: ['a', 'b']", "It has: a, b"),
        (f"Available model uids: {list('abcdefghijkl')}", "It has: a, b, c, d, e, f, g, h, i, j and 2 more"),
        ("Only {'a', 'b'} support tool calls", "Only models of a family with tool calls support tool calls"),
        ("Model model_metadata=None model_uri='file:///x' is not for speech.", "the model is not for speech."),
        ("two\nlines\x00", "two lines"),
    ],
)  # fmt: skip
def test_words_without_addresses_paths_and_long_lists(said: str, shown: str) -> None:
    assert clean(said).strip() == shown


def test_a_huge_body_makes_a_short_error() -> None:
    # A search that tried again from every place would take minutes.
    for scrap in (
        b"Only {",
        b"Available model uids: [",
        b"Model model_name=",
        b"1 validation error for X\n",
        b"/a/b ",
        b"('",
    ):
        error = failed(scrap * (1_000_000 // len(scrap)), 500, "text/plain")
        assert len(str(error)) < 700


def test_a_ban() -> None:
    error = failed({"detail": "Too many failed attempts. IP temporarily banned."}, 429)
    assert isinstance(error, InvokeRateLimitError)
    assert (error.retryable, error.retry_after) == (False, 3600.0)


def test_how_long_to_wait_is_the_servers_word() -> None:
    assert failed({"detail": "Model is loading"}, 503, retry_after="30").retry_after == 30.0


def test_a_redirect_is_not_followed_and_says_where_to() -> None:
    error = failed(b"", 307, "text/plain", location="https://example.com/v1/models")
    assert isinstance(error, InvokeBadRequestError)
    assert "https://example.com/v1/models" in str(error)


@pytest.mark.parametrize("name", sorted(name for name, it in RECORDS.items() if "/messages" not in it.path))
def test_every_record_of_an_error_is_typed_by_the_pure_methods_too(name: str) -> None:
    record = RECORDS[name]
    if record.status >= 400:
        error = MODEL.parse_error(make_call(), HTTPResponse(record.status, Headers(record.headers), record.body))
        assert isinstance(error, InvokeError)
        assert not isinstance(error, (InvokeConnectionError, InvokeBadResponseError))
        assert error.status == record.status
        assert "[address" not in str(error)
    for event in record.events if record.streamed else ():
        if isinstance(event, dict) and isinstance(event.get("error"), str):
            assert error_in_answer(event).description
