"""Failures of servers and of callers, and what is said about them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest
from ollm_calls import call_to

from mrt.entities.message import AssistantPromptMessage, ToolPromptMessage, UserPromptMessage
from mrt.errors import (
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeConnectionError,
    InvokeContextLengthError,
    InvokeError,
    InvokeServerUnavailableError,
    InvokeTimeoutError,
)
from mrt.http.messages import Headers, HTTPResponse, ServerSentEvent
from mrt_openllm.errors import awatched, watched
from mrt_openllm.llm import OpenLLMLargeLanguageModel

MODEL = OpenLLMLargeLanguageModel()
TRACEBACK = """  + Exception Group Traceback (most recent call last):
  |   File "/srv/site/openllm/entrypoints/openai.py", line 1, in chat
  | cattrs.errors.ClassValidationError: While structuring ChatCompletionRequest (1 sub-exception)
  +-+---------------- 1 ----------------
    |   File "/srv/site/cattrs/converters.py", line 440, in _structure_call
    | ValueError: could not convert string to float: 'hot'
    | Structuring class ChatCompletionRequest @ attribute temperature
    +------------------------------------
"""


def answer(body: str | bytes, status: int = 200, kind: str = "application/json", **more: str) -> HTTPResponse:
    content = body if isinstance(body, bytes) else body.encode()
    headers = [("content-type", kind), *((name.replace("_", "-"), value) for name, value in more.items())]
    return HTTPResponse(status, Headers(headers), content)


def error_of(response: HTTPResponse, generation: str = "0.4") -> InvokeError:
    error = MODEL.parse_error(call_to(generation), response)
    assert isinstance(error, InvokeError)
    return error


def test_of_a_traceback_only_the_reason_is_told() -> None:
    error = error_of(answer(TRACEBACK, 500, "text/plain"))
    assert type(error) is InvokeServerUnavailableError
    assert error.description.endswith("traceback: ValueError: could not convert string to float: 'hot'")
    assert "/srv/site" not in str(error)
    assert (error.status, error.retryable) == (500, False)


def test_a_traceback_without_a_reason_is_still_one() -> None:
    error = error_of(answer("Traceback (most recent call last):\n", 500, "text/plain"))
    assert error.description.endswith("with a Python traceback")


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [("Internal Server Error", 500, "text/plain"), ('"Traceback ("', 500, "application/json")],
)
def test_other_failures_of_a_server_are_no_tracebacks(body: str, status: int, kind: str) -> None:
    assert "Python" not in error_of(answer(body, status, kind)).description


def test_an_error_that_says_nothing_is_explained_and_has_the_servers_id() -> None:
    body = '"An error has occurred in BentoML user code when handling this request, find the details in server logs"'
    error = error_of(answer(body, 500, x_bentoml_request_id="7"))
    assert "does not say what is wrong: a value that it refuses, max_tokens beyond" in error.description
    assert (str(error).count("does not say"), error.request_id, error.args) == (1, "7", (error.description,))


def test_a_failure_of_the_engine_of_0_4_is_explained() -> None:
    said = "Exception: Exception caught during generation: Response payload is not completed (check server log)"
    error = error_of(answer(json.dumps({"error": {"message": said, "code": "500"}}), 500))
    assert "max_tokens beyond the model's context" in error.description


def test_words_that_need_no_explanation_stay_as_they_are() -> None:
    error = error_of(answer('{"error": {"message": "maximum context length is 8 tokens", "code": 400}}', 400), "0.6")
    assert type(error) is InvokeContextLengthError
    assert error.description.endswith("maximum context length is 8 tokens")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"3", b"{}", b'{"outputs": []}', b'{"outputs": [null]}', b'{"outputs": [{"text": 1}]}'],
)
def test_native_answers_without_a_text_are_refused(body: bytes) -> None:
    with pytest.raises(InvokeBadResponseError):
        MODEL.parse_response(call_to("0.4", mode="completion"), answer(body))


@pytest.mark.parametrize("body", ['"An error has occurred"', '{"error": "no such thing"}'])
def test_native_errors_of_status_200_are_errors(body: str) -> None:
    with pytest.raises(InvokeServerUnavailableError) as caught:
        MODEL.parse_response(call_to("0.4", mode="completion"), answer(body))
    assert type(caught.value) is InvokeServerUnavailableError


def test_an_empty_text_is_an_answer() -> None:
    call = call_to("0.4", mode="completion")
    result = MODEL.parse_response(call, answer('{"outputs": [{"text": "", "finish_reason": "stop"}]}'))
    assert (result.text, result.finish_reason) == ("", "stop")


@pytest.mark.parametrize("first", [{"outputs": [{"text": "said", "finish_reason": "length"}]}, "said"])
def test_the_oldest_answers_hold_texts_or_objects(first: Any) -> None:
    result = MODEL.parse_response(call_to("0.3"), answer(json.dumps({"responses": [first]})))
    assert result.text == "said"
    assert result.finish_reason == (None if first == "said" else "length")


def native(*events: str, generation: str = "0.4") -> list[Any]:
    parser = MODEL.stream_parser(call_to(generation, mode="completion", stream=True))
    chunks: list[Any] = []
    for event in events:
        chunks += parser.feed(ServerSentEvent(event.encode()))
    return [*chunks, *parser.finish()]


SAID = '{"outputs": [{"text": "said", "finish_reason": null}]}'
ENDED = '{"outputs": [{"text": "", "finish_reason": "length"}]}'


@pytest.mark.parametrize(("events", "finish"), [((SAID, "[DONE]"), None), ((SAID, ENDED), "length")])
def test_a_native_stream_ends_with_its_mark_or_its_reason(events: tuple[str, ...], finish: str | None) -> None:
    chunks = native(*events)
    assert "".join(chunk.text for chunk in chunks) == "said"
    assert [chunk.delta.finish_reason for chunk in chunks] == [None, finish]


@pytest.mark.parametrize(
    ("events", "error"),
    [
        ((SAID,), InvokeConnectionError),
        ((), InvokeConnectionError),
        (("[DONE]",), InvokeBadResponseError),
        (("{",), InvokeBadResponseError),
        (("{}",), InvokeBadResponseError),
        (("[1]",), InvokeBadResponseError),
        (('"An error has occurred"',), InvokeServerUnavailableError),
        ((SAID, '{"error": {"message": "out of memory", "code": 500}}'), InvokeServerUnavailableError),
    ],
)
def test_native_streams_that_are_no_answers_are_errors(events: tuple[str, ...], error: type[InvokeError]) -> None:
    with pytest.raises(InvokeError) as caught:
        native(*events)
    assert type(caught.value) is error


def test_errors_in_a_native_stream_have_the_requests_id() -> None:
    parser: Any = MODEL.stream_parser(call_to("0.4", mode="completion", stream=True))
    parser.request_id = "7"
    for event in ("{", "{}", '"failed"'):
        with pytest.raises(InvokeError) as caught:
            parser.feed(ServerSentEvent(event.encode()))
        assert caught.value.request_id == "7"
    assert parser.feed(ServerSentEvent(SAID.encode()))[0].request_id == "7"
    with pytest.raises(InvokeConnectionError) as cut:
        parser.finish()
    assert cut.value.request_id == "7"


def test_bare_text_comes_as_it_is_and_nothing_is_an_error() -> None:
    parser = MODEL.stream_parser(call_to("0.3", stream=True))
    pieces = [b"gr\xc3", b"\xbc\xc3\x9f", b"e\xff"]
    chunks = [chunk for piece in pieces for chunk in parser.feed(ServerSentEvent(piece))]
    assert [chunk.text for chunk in [*chunks, *parser.finish()]] == ["gr", "üß", "e\ufffd"]
    parser = MODEL.stream_parser(call_to("0.3", stream=True))
    assert parser.feed(ServerSentEvent(b"\xc3")) == ()
    assert [chunk.text for chunk in parser.finish()] == ["\ufffd"]
    with pytest.raises(InvokeBadResponseError, match="brought no text"):
        MODEL.stream_parser(call_to("0.3", stream=True)).finish()


@pytest.mark.parametrize("generation", ["0.3", "0.4"])
def test_a_tool_result_cannot_be_text_to_continue(generation: str) -> None:
    talk = (UserPromptMessage("Hi"), AssistantPromptMessage("."), ToolPromptMessage("x", tool_call_id="1"))
    with pytest.raises(InvokeBadRequestError, match="takes no tool results"):
        MODEL.build_request(call_to(generation, mode="completion", messages=talk))


def broken(error: InvokeConnectionError, *before: str) -> Generator[str, None, None]:
    yield from before
    raise error


async def abroken(error: InvokeConnectionError, *before: str) -> AsyncGenerator[str, None]:
    for chunk in before:
        yield chunk
    raise error


async def drain(chunks: AsyncGenerator[Any, None]) -> None:
    async for _ in chunks:
        pass


def with_cause(error: InvokeConnectionError) -> InvokeConnectionError:
    error.__cause__ = OSError("reset")
    return error


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize(
    ("error", "before", "is_explained"),
    [
        (InvokeConnectionError("broke off"), (), True),
        (InvokeConnectionError("broke off"), ("text",), False),
        (InvokeTimeoutError("too late", phase="first_byte"), (), False),
        (with_cause(InvokeConnectionError("refused")), (), False),
    ],
)
def test_a_stream_that_is_cut_before_its_first_word_may_be_a_refusal(
    way: str, error: InvokeConnectionError, before: tuple[str, ...], is_explained: bool
) -> None:
    error.description = "failed"
    read = {
        "sync": lambda: list(watched(broken(error, *before))),
        "async": lambda: asyncio.run(drain(awatched(abroken(error, *before)))),
    }[way]
    with pytest.raises(InvokeConnectionError) as caught:
        read()
    assert caught.value is error
    assert ("in place of an error" in str(error)) is is_explained


def test_a_watched_stream_closes_what_it_watches() -> None:
    closed: list[str] = []

    def source() -> Generator[str, None, None]:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append("sync")

    async def asource() -> AsyncGenerator[str, None]:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append("async")

    async def leave() -> None:
        chunks = awatched(asource())
        assert await anext(chunks) == "a"
        await chunks.aclose()

    chunks = watched(source())
    assert next(chunks) == "a"
    chunks.close()
    asyncio.run(leave())
    assert closed == ["sync", "async"]
