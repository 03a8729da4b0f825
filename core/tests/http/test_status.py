"""Which error an answer becomes: by its status, then by what its body says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from mrt.errors import (
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeConnectionError,
    InvokeError,
    InvokeModelNotFoundError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
)
from mrt.http.messages import Headers, HTTPResponse
from mrt.http.status import error_from_body, error_from_response, names_error

URL = "http://127.0.0.1:9997/v1/chat/completions"


def failed(
    status: int, body: Any = b"", media_type: str = "application/json", url: str = URL, **fields: str
) -> InvokeError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = Headers(
        [("content-type", media_type), *((name.replace("_", "-"), text) for name, text in fields.items())]
    )
    return error_from_response(HTTPResponse(status, headers, content, url))


TABLE: dict[int, tuple[type[InvokeError], bool]] = {
    301: (InvokeBadRequestError, False),
    307: (InvokeBadRequestError, False),
    400: (InvokeBadRequestError, False),
    401: (InvokeAuthorizationError, False),
    402: (InvokeRateLimitError, False),
    403: (InvokeAuthorizationError, False),
    404: (InvokeBadRequestError, False),
    405: (InvokeBadRequestError, False),
    407: (InvokeConnectionError, False),
    408: (InvokeServerUnavailableError, True),
    409: (InvokeBadRequestError, False),
    410: (InvokeBadRequestError, False),
    413: (InvokeBadRequestError, False),
    415: (InvokeBadRequestError, False),
    418: (InvokeBadRequestError, False),
    422: (InvokeBadRequestError, False),
    425: (InvokeServerUnavailableError, True),
    429: (InvokeRateLimitError, True),
    431: (InvokeBadRequestError, False),
    451: (InvokeBadRequestError, False),
    500: (InvokeServerUnavailableError, True),
    501: (InvokeServerUnavailableError, False),
    502: (InvokeServerUnavailableError, True),
    503: (InvokeServerUnavailableError, True),
    504: (InvokeServerUnavailableError, True),
    529: (InvokeServerUnavailableError, True),
    599: (InvokeServerUnavailableError, True),
}
KINDS_OF_BODY: dict[str, tuple[bytes, str]] = {
    "empty": (b"", ""),
    "JSON of the vendor": (b'{"error": {"message": "hm", "type": "some_type", "code": null}}', "application/json"),
    "other JSON": (b"[1, 2, {}]", "application/json"),
    "null": (b"null", "application/json"),
    "broken JSON": (b'{"error": {"mess', "application/json"),
    "web page": (b"<html><head><title>Oops</title></head><body>" + b"x" * 5000 + b"</body></html>", "text/html"),
    "text": (b"Something went wrong", "text/plain"),
    "bytes": (bytes(range(256)) * 10, "application/octet-stream"),
    "huge": (b'{"error": {"message": "' + b"y" * 1_000_000, "application/json"),
}


@pytest.mark.parametrize(("status", "expected"), TABLE.items())
@pytest.mark.parametrize(("body", "media_type"), KINDS_OF_BODY.values(), ids=KINDS_OF_BODY)
def test_the_status_decides_whatever_the_body(
    status: int, expected: tuple[type[InvokeError], bool], body: bytes, media_type: str
) -> None:
    error = failed(status, body, media_type, x_request_id="r-1")
    assert (type(error), error.retryable, error.status, error.request_id) == (*expected, status, "r-1")
    assert 10 < len(str(error)) < 800
    assert error.description.isprintable()
    assert "<html" not in str(error)


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({"error": {"message": "no", "type": "t", "code": "c", "param": "x"}}, "no (parameter x)", "c"),
        ({"error": {"message": "no n", "type": "t", "code": None, "param": "n"}}, "no n", "t"),
        ({"error": {"message": "no", "code": 3}}, "no", None),
        ({"error": {"message": "no", "code": 1301}}, "no", "1301"),
        ({"error": "no"}, "no", None),
        ({"error": "Bad thing", "message": "no"}, "no", "Bad thing"),
        ({"error": {"message": "no", "status": "INVALID_ARGUMENT", "code": 400}}, "no", "INVALID_ARGUMENT"),
        ([{"error": {"message": "no"}}], "no", None),
        ({"errors": [{"message": "no"}, {"message": "and no"}]}, "no", None),
        ({"errors": "no"}, "no", None),
        ({"detail": "no"}, "no", None),
        (
            {"detail": [{"loc": ["body", "messages", 0], "msg": "field required"}]},
            "body.messages.0: field required",
            None,
        ),
        ({"detail": {"error": {"message": "no"}}}, "no", None),
        ({"message": "no"}, "no", None),
        ({"message": {"text": 1, "error": "no"}}, "no", None),
        ({"msg": "no", "code": "c"}, "no", "c"),
        ({"object": "error", "message": "no", "type": "t", "code": 40001}, "no", "t"),
        ({"type": "error", "error": {"type": "t", "message": "no"}, "request_id": "r-2"}, "no", "t"),
        ({"error_code": "c", "error_msg": "no"}, "no", "c"),
        ("no", "no", None),
        ({"error": {"message": "a\n\x1b[31m b\u2028c\u202e"}}, "a [31m b c", None),
        ({"error": {"message": ""}, "detail": "no"}, "no", None),
        ({"error": {"message": None, "type": "t"}}, "", "t"),
        ({"error": True, "message": "no"}, "no", None),
    ],
)
def test_messages_and_codes_are_found_in_all_shapes(body: Any, message: str, code: str | None) -> None:
    error = failed(400, body)
    assert type(error) is InvokeBadRequestError
    assert error.description == "the vendor refused the request" + (f": {message}" if message else "")
    assert error.code in (code, "40001", "3")
    if code is not None and code != "t":
        assert error.code == code
    if "request_id" in str(body):
        assert error.request_id == "r-2"


def test_a_long_message_is_cut() -> None:
    error = failed(400, {"error": {"message": "z" * 10_000_000}})
    assert error.description.endswith("z…")
    assert len(error.description) < 560


CONTEXT, FILTER, MODEL = "InvokeContextLengthError", "InvokeContentFilterError", "InvokeModelNotFoundError"
AUTH, LIMIT, BAD, DOWN = (
    "InvokeAuthorizationError",
    "InvokeRateLimitError",
    "InvokeBadRequestError",
    "InvokeServerUnavailableError",
)
SAYINGS: list[tuple[int, str, str]] = [
    (
        400,
        "This model's maximum context length is 4097 tokens. However, your messages resulted in 5000 tokens.",
        CONTEXT,
    ),
    (400, "Your input exceeds the context window of this model. Please adjust your input and try again.", CONTEXT),
    (400, "prompt is too long: 210000 tokens > 200000 maximum", CONTEXT),
    (400, "input length and `max_tokens` exceed context limit: 180000 + 40000 > 200000", CONTEXT),
    (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", CONTEXT),
    (400, "The decoder prompt (length 5000) is longer than the maximum model length of 4096.", CONTEXT),
    (400, "Make sure that `max_model_len` is no smaller than the number of text tokens", CONTEXT),
    (500, "Requested tokens (5000) exceed context window of 2048", CONTEXT),
    (400, "the request exceeds the available context size, try increasing it", CONTEXT),
    (400, "Request exceeds the model's configured context length.", CONTEXT),
    (400, "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000.", CONTEXT),
    (400, "Prompt contains 40000 tokens, too large for model with 32768 maximum context length", CONTEXT),
    (400, "Input is too long for requested model.", CONTEXT),
    (422, "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000", CONTEXT),
    (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193", CONTEXT),
    (400, "Range of input length should be [1, 6000]", CONTEXT),
    (400, "Invalid request: Your request exceeded model token limit: 8192", CONTEXT),
    (400, "invalid params, context window exceeds limit", CONTEXT),
    (400, "the input length exceeds the context length", CONTEXT),
    (413, "Please reduce the length of the messages or completion.", CONTEXT),
    (429, "Rate limit reached on tokens per min (TPM): Limit 10000, Requested 12000. Input too long.", LIMIT),
    (429, "Too many tokens, please wait before trying again.", LIMIT),
    (400, "Number of request tokens has exceeded your per-minute rate limit", BAD),
    (400, "max_tokens is too large: 10000. This model supports at most 4096 completion tokens.", BAD),
    (400, "The response was filtered due to the content management policy.", FILTER),
    (400, "Input data may contain inappropriate content.", FILTER),
    (403, "Your prompt was blocked by our safety system.", FILTER),
    (404, "The model `x-9` does not exist or you do not have access to it.", MODEL),
    (404, "Model not found in the model list, uid: X. Available model uids: ['a']", MODEL),
    (404, "model: x-9", MODEL),
    (400, "Unknown model: x-9", MODEL),
    (404, "Not Found", BAD),
    (400, "API key not valid. Please pass a valid API key.", AUTH),
    (400, "Your credit balance is too low. Please go to Plans & Billing.", LIMIT),
    (400, "Unsupported parameter: 'max_tokens' is not supported with this model.", BAD),
    (400, "Only embedding models can be used here; model qwen is not supported", BAD),
    (403, "API key does not have access to model: X", AUTH),
    (401, "The model does not exist for this key", AUTH),
    (503, "Model qwen is loading", DOWN),
    (503, "Rate limit reached", DOWN),
    (500, "model not found", DOWN),
]


@pytest.mark.parametrize(("status", "message", "kind"), SAYINGS)
def test_words_narrow_the_status_down(status: int, message: str, kind: str) -> None:
    error = failed(status, {"error": {"message": message}})
    assert type(error).__name__ == kind
    assert message in error.description


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (400, "context_length_exceeded", CONTEXT, False),
        (400, "content_filter", FILTER, False),
        (404, "model_not_found", MODEL, False),
        (400, "ModelNotFound", MODEL, False),
        (429, "insufficient_quota", LIMIT, False),
        (429, "rate_limit_exceeded", LIMIT, True),
        (400, "invalid_api_key", AUTH, False),
        (400, "invalid_request_error", BAD, False),
        (500, "context_length_exceeded", CONTEXT, False),
    ],
)
def test_codes_narrow_the_status_down(status: int, code: str, kind: str, retryable: bool) -> None:
    for body in ({"error": {"message": "hm", "code": code}}, {"error": {"message": "hm", "type": code}}):
        error = failed(status, body)
        assert (type(error).__name__, error.retryable, error.code) == (kind, retryable, code)


@pytest.mark.parametrize(
    "message",
    [
        "You exceeded your current quota, please check your plan and billing details.",
        "Too many failed attempts. IP temporarily banned.",
    ],
)
def test_some_limits_do_not_pass_by_waiting(message: str) -> None:
    error = failed(429, {"detail": message})
    assert type(error) is InvokeRateLimitError
    assert not error.retryable


def test_a_wrong_path_says_which_url_to_check() -> None:
    error = failed(404, {"detail": "Not Found"})
    assert not isinstance(error, InvokeModelNotFoundError)
    assert f"nothing is at {URL}; check the URL" in str(error)
    page = failed(404, b"<!doctype html><title>404 Not Found</title>", "text/html")
    assert "check the URL: the answer is a web page ('404 Not Found')" in str(page)


def test_waits_and_request_ids_are_kept() -> None:
    error = failed(429, {"error": {"message": "slow down"}}, retry_after="7", request_id="r-9")
    assert (error.retry_after, error.request_id) == (7.0, "r-9")
    assert failed(503, b"", retry_after="1000000000").retry_after is None


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://other.example.com/v1/chat?key=sk-test#x", "https://other.example.com/v1/chat"),
        ("/v2/chat?a=b", "http://127.0.0.1:9997/v2/chat"),
        ("https://user:sk-test@other.example.com/", "https://other.example.com/"),
        ("//other.example.com/x", "http://other.example.com/x"),
    ],
)
def test_redirects_name_their_target_without_what_may_be_secret(location: str, shown: str) -> None:
    error = failed(308, b"", location=location)
    assert f"the server redirects to {shown}; use that as the URL" in str(error)
    assert "sk-test" not in str(error)
    assert "?" not in str(error)


def test_a_redirect_to_nowhere_is_said_as_well() -> None:
    assert str(failed(304)) == "the server redirects (HTTP 304)"
    assert str(failed(302, location="http://[bad")) == "the server redirects (HTTP 302)"


@pytest.mark.parametrize(
    ("value", "kind", "retryable"),
    [
        ("Rate limit reached", LIMIT, True),
        ("429: [address=127.0.0.1:1, pid=2] Rate limit reached for the model", LIMIT, True),
        ("401: no", AUTH, False),
        ("Error code: 503 - x", DOWN, True),
        ("overloaded", DOWN, True),
        ("something odd", DOWN, True),
        ("", DOWN, True),
        ({"error": {"type": "overloaded_error", "message": "Overloaded"}}, DOWN, True),
        ({"error": {"type": "api_error", "message": "x"}}, DOWN, True),
        ({"type": "error", "error": {"type": "authentication_error", "message": "x"}}, AUTH, False),
        ({"error": {"type": "invalid_request_error", "message": "x"}}, BAD, False),
        ({"error": {"type": "invalid_request_error", "message": "prompt is too long"}}, CONTEXT, False),
        ({"error": {"type": "rate_limit_error", "message": "per-minute rate limit of tokens"}}, LIMIT, True),
        ({"error": {"code": 401, "message": "no"}}, AUTH, False),
        ({"error": {"code": "insufficient_quota", "message": "x"}}, LIMIT, False),
        ({"error": {"message": "Request timed out"}}, DOWN, True),
        ({"object": "error", "message": "The model `x` does not exist", "code": 404}, MODEL, False),
        ({"error": {"message": "flagged", "code": "content_policy_violation"}}, FILTER, False),
        ({"code": 400, "message": "max_tokens must be positive"}, BAD, False),
        (None, DOWN, True),
        (7, DOWN, True),
    ],
)
def test_errors_inside_streams(value: object, kind: str, retryable: bool) -> None:
    error = error_from_body(value, request_id="r-3")
    assert (type(error).__name__, error.retryable, error.request_id) == (kind, retryable, "r-3")


def test_a_known_status_wins_inside_streams() -> None:
    error = error_from_body(
        {"error": {"message": "x", "code": 400}}, status=429, headers=Headers([("retry-after", "2")])
    )
    assert (type(error), error.status, error.retry_after) == (InvokeRateLimitError, 429, 2.0)


def test_answers_of_200_where_a_stream_was_asked_for() -> None:
    assert type(failed(200, {"error": {"message": "no", "type": "authentication_error"}})) is InvokeAuthorizationError
    page = failed(200, b"<html><title>Login</title>", "text/html")
    assert type(page) is InvokeBadResponseError
    assert "a web page ('Login'), where a stream was expected" in str(page)
    assert type(failed(200, {"choices": []})) is InvokeBadResponseError


@pytest.mark.parametrize(
    ("value", "is_error"),
    [
        ({"error": {"message": "x"}}, True),
        ({"error": "x"}, True),
        ({"errors": ["x"]}, True),
        ({"object": "error"}, True),
        ({"type": "error"}, True),
        ([{"error": "x"}], True),
        ({"error": None, "text": "x"}, False),
        ({"choices": []}, False),
        ([], False),
        ("error", False),
        (None, False),
    ],
)
def test_errors_are_told_from_answers(value: object, is_error: bool) -> None:
    assert names_error(value) is is_error


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "errors", "message", "detail", "code", "type", "status", "loc", "msg", "param"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.integers(200, 599), _JSON | st.binary(max_size=60), st.sampled_from(["application/json", "text/html", ""]))
def test_no_body_makes_the_table_fail(status: int, body: Any, media_type: str) -> None:
    error = failed(status, body, media_type)
    assert isinstance(error, InvokeError)
    assert str(error)
    if not isinstance(body, bytes):
        assert isinstance(error_from_body(body), InvokeError)
