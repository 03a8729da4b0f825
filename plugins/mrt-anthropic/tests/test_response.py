from __future__ import annotations

import json
from typing import Any

import pytest

from mrt.errors import InvokeBadResponseError, InvokeModelNotFoundError, InvokeServerUnavailableError
from mrt.http.messages import Headers, HTTPResponse
from mrt.http.status import error_from_response
from mrt_anthropic.response import read_message
from mrt_testing_kit.records import Record, load

RECORDS = load("xinference")


def response(body: Any, status: int = 200) -> HTTPResponse:
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    headers = Headers([("content-type", "application/json"), ("request-id", "req_1"), ("x-request-id", "other")])
    return HTTPResponse(status, headers, content)


def of(record: Record) -> HTTPResponse:
    return HTTPResponse(record.status, Headers(record.headers), record.body)


def message(content: Any, **fields: Any) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "model": "claude-x",
        "content": content,
        "stop_reason": "end_turn",
        **fields,
    }


def test_the_recorded_answer() -> None:
    result = read_message(of(RECORDS["anthropic_messages"]), "tiny-chat", {})
    assert result.text == "Hello! How can I help you today?"
    assert (result.usage.prompt_tokens, result.usage.completion_tokens) == (11, 9)
    assert (result.model, result.finish_reason) == ("tiny-chat", "end_turn")
    assert result.request_id == "req_addc53e4e9e04eb387bad1054ff083ab"


def test_recorded_errors() -> None:
    error = error_from_response(of(RECORDS["anthropic_messages_unknown_model"]))
    assert isinstance(error, InvokeModelNotFoundError)
    assert (error.status, error.code) == (404, "not_found_error")
    error = error_from_response(of(RECORDS["anthropic_messages_no_version"]))
    assert "anthropic-version header is required" in error.description


def test_everything_that_an_answer_holds() -> None:
    thinking = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    hidden = {"type": "redacted_thinking", "data": "ZGF0YQ=="}
    call = {"type": "tool_use", "id": "toolu_1", "name": "a_b_x", "input": {"place": "Kyōto"}}
    content = [thinking, {"type": "text", "text": "I "}, hidden, {"type": "text", "text": "look."}, call]
    usage = {"input_tokens": 2, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 5, "output_tokens": 7}
    result = read_message(response(message(content, stop_reason="tool_use", usage=usage)), "asked", {"a_b_x": "a.b"})
    assert result.text == "I look."
    assert result.reasoning_content == result.message.reasoning_content == "Hm."
    assert result.message.opaque_body == content
    [piece] = result.message.tool_calls
    assert (piece.id, piece.function.name, json.loads(piece.function.arguments)) == (
        "toolu_1",
        "a.b",
        {"place": "Kyōto"},
    )
    assert (result.usage.prompt_tokens, result.usage.completion_tokens, result.usage.total_tokens) == (10, 7, 17)
    assert (result.usage.cache_read_tokens, result.usage.cache_write_tokens) == (5, 3)
    assert result.usage.reasoning_tokens is None
    assert (result.id, result.request_id, result.finish_reason) == ("msg_1", "req_1", "tool_use")


@pytest.mark.parametrize(
    ("details", "told"), [({"thinking_tokens": 5}, 5), ({"thinking_tokens": 0}, 0), (None, None), ({}, None)]
)
def test_the_tokens_of_thinking(details: Any, told: int | None) -> None:
    usage = {"input_tokens": 2, "output_tokens": 7, "output_tokens_details": details}
    content = [{"type": "text", "text": "a"}]
    assert read_message(response(message(content, usage=usage)), "asked", {}).usage.reasoning_tokens == told


def test_an_answer_without_thinking_keeps_nothing() -> None:
    assert read_message(response(message([{"type": "text", "text": "a"}])), "asked", {}).message.opaque_body is None


def test_missing_and_null_fields() -> None:
    content = [
        {"type": "text", "text": None},
        {"type": "tool_use", "id": "t", "name": "f", "input": None},
        {"type": "new"},
    ]
    result = read_message(response(message(content, model=None, usage=None, stop_reason=None)), "asked", {})
    assert (result.model, result.text, result.finish_reason) == ("asked", "", None)
    assert result.message.tool_calls[0].function.arguments == "{}"
    assert result.usage.source == "unknown"


def test_an_answer_may_be_empty_when_the_model_has_nothing_to_add() -> None:
    usage = {"input_tokens": 9, "output_tokens": 2}
    assert read_message(response(message([], usage=usage)), "asked", {}).text == ""
    assert read_message(response(message([], stop_reason="refusal")), "asked", {}).finish_reason == "refusal"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "x",
        message(None),
        message([], stop_reason=None),
        message([None], stop_reason="tool_use"),
        b"",
        b"<html>",
        b'{"id": "ms',
    ],
)
def test_what_is_no_answer_is_an_error(body: Any) -> None:
    with pytest.raises(InvokeBadResponseError):
        read_message(response(body), "asked", {})


def test_an_error_with_status_200_is_an_error() -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with pytest.raises(InvokeServerUnavailableError, match="Overloaded") as caught:
        read_message(response(body), "asked", {})
    assert (caught.value.status, caught.value.request_id, caught.value.retryable) == (529, "req_1", True)
