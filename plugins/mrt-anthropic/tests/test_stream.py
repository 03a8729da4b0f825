from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from mrt.entities.llm import LLMResultChunk
from mrt.errors import (
    InvokeAuthorizationError,
    InvokeBadResponseError,
    InvokeConnectionError,
    InvokeError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
)
from mrt.http.framing import decoder_for
from mrt.http.messages import ServerSentEvent
from mrt_anthropic.stream import MessageStream
from mrt_testing_kit.records import load

RECORDS = load("xinference")


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


def start(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return event("content_block_start", index=index, content_block={"type": kind, **fields})


def delta(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return event("content_block_delta", index=index, delta={"type": kind, **fields})


def stop(index: int) -> dict[str, Any]:
    return event("content_block_stop", index=index)


BEGIN = event(
    "message_start",
    message={
        "id": "msg_1", "model": "claude-x", "content": [], "stop_reason": None,
        "usage": {
            "input_tokens": 3, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 7, "output_tokens": 1,
        },
    },
)  # fmt: skip
END = [event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 11}), event("message_stop")]
LOOP = [
    BEGIN,
    event("ping"),
    start(0, "thinking", thinking="", signature=""),
    delta(0, "thinking_delta", thinking="Two "),
    delta(0, "thinking_delta", thinking="calls."),
    delta(0, "signature_delta", signature="c2ln"),
    stop(0),
    start(1, "redacted_thinking", data="ZGF0YQ=="),
    stop(1),
    start(2, "text", text=""),
    delta(2, "text_delta", text="I look ☂"),
    delta(2, "citations_delta", citation={"type": "char_location", "cited_text": "x"}),
    stop(2),
    start(3, "tool_use", id="toolu_1", name="weather_get_x", input={}),
    delta(3, "input_json_delta", partial_json=""),
    delta(3, "input_json_delta", partial_json='{"place": "Ky'),
    delta(3, "input_json_delta", partial_json='ōto"}'),
    stop(3),
    start(4, "tool_use", id="toolu_2", name="now", input={}),
    stop(4),
    start(5, "server_tool_use", id="srvtoolu_1", name="web_search", input={}),
    delta(5, "input_json_delta", partial_json='{"query": "x"}'),
    stop(5),
    event("brand_new_event", data=1),
    event("message_delta", delta={"stop_reason": "tool_use", "stop_sequence": None}, usage={"output_tokens": 23}),
    event("message_stop"),
]
NAMES = {"weather_get_x": "weather.get"}


def wire(events: Iterable[dict[str, Any]]) -> bytes:
    lines = (f"event: {item['type']}\ndata: {json.dumps(item, ensure_ascii=False)}\n\n" for item in events)
    return "".join(lines).encode()


def play(pieces: Iterable[bytes]) -> list[LLMResultChunk]:
    parser, decoder = MessageStream("asked", NAMES), decoder_for("sse")
    chunks: list[LLMResultChunk] = []
    for piece in pieces:
        for item in decoder.feed(piece):
            chunks += parser.feed(item)
    for item in decoder.finish():
        chunks += parser.feed(item)
    return [*chunks, *parser.finish()]


def calls_of(chunks: list[LLMResultChunk]) -> list[tuple[int | None, str, str, str]]:
    pieces = [call for chunk in chunks for call in chunk.delta.message.tool_calls]
    return [(call.index, call.id, call.function.name, call.function.arguments) for call in pieces]


def test_a_stream_with_everything_in_it() -> None:
    chunks = play([wire(LOOP)])
    assert [chunk.delta.message.reasoning_content for chunk in chunks if chunk.delta.message.reasoning_content] == [
        "Two ",
        "calls.",
    ]
    assert "".join(chunk.text for chunk in chunks) == "I look ☂"
    assert calls_of(chunks) == [
        (0, "toolu_1", "weather.get", ""),
        (0, "toolu_1", "weather.get", '{"place": "Ky'),
        (0, "toolu_1", "weather.get", 'ōto"}'),
        (1, "toolu_2", "now", ""),
        (1, "toolu_2", "now", "{}"),
    ]
    last = chunks[-1]
    assert (last.model, last.delta.finish_reason) == ("claude-x", "tool_use")
    usage = last.delta.usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.cache_write_tokens, usage.cache_read_tokens) == (15, 5, 7)
    assert (usage.completion_tokens, usage.total_tokens) == (23, 38)
    assert last.delta.message.opaque_body == [
        {"type": "thinking", "thinking": "Two calls.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZGF0YQ=="},
        {"type": "text", "text": "I look ☂"},
        {"type": "tool_use", "id": "toolu_1", "name": "weather_get_x", "input": {"place": "Kyōto"}},
        {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
    ]


@given(st.lists(st.integers(0, len(wire(LOOP))), max_size=30))
@settings(max_examples=200)
def test_chunks_do_not_depend_on_packets(cuts: list[int]) -> None:
    data = wire(LOOP)
    places = [0, *sorted(cuts), len(data)]
    assert play(data[a:b] for a, b in itertools.pairwise(places)) == play([data])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_byte_by_byte_with_every_line_end(end: str) -> None:
    data = wire(LOOP).replace(b"\n", end.encode())
    assert play(data[at : at + 1] for at in range(len(data))) == play([wire(LOOP)])


def test_the_recorded_stream() -> None:
    chunks = play([RECORDS["anthropic_messages_stream"].body])
    assert "".join(chunk.text for chunk in chunks) == "Hello! How can I help you today?"
    usage = chunks[-1].delta.usage
    assert usage is not None
    # The start event says 0 tokens there, the end says them all.
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cache_read_tokens) == (11, 10, None)
    assert chunks[-1].delta.finish_reason == "end_turn"
    assert chunks[-1].delta.message.opaque_body is None


def test_counts_that_come_twice_are_not_added_and_nulls_change_nothing() -> None:
    running = [
        event("message_delta", delta={}, usage={"input_tokens": 3, "output_tokens": 5}),
        event("message_delta", delta=None, usage=None),
        event("message_delta", delta={}, usage={"input_tokens": None, "output_tokens": 8}),
    ]
    usage = play([wire([BEGIN, start(0, "text", text="a"), *running, *END])])[-1].delta.usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (15, 11)


def test_without_counts_the_usage_is_unknown() -> None:
    quiet = [start(0, "text", text="a"), event("message_delta", delta={"stop_reason": "end_turn"}, usage=None)]
    usage = play([wire(quiet)])[-1].delta.usage
    assert usage is not None
    assert usage.source == "unknown"


@pytest.mark.parametrize("cut", range(1, len(LOOP) - 2))
def test_a_stream_that_ends_early_is_an_error(cut: int) -> None:
    with pytest.raises(InvokeConnectionError):
        play([wire(LOOP[:cut])])


def test_a_stop_reason_without_the_end_mark_will_do() -> None:
    assert play([wire(LOOP[:-1])]) == play([wire(LOOP)])


@pytest.mark.parametrize(
    "end",
    [
        [],
        [event("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 2})],
        [event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 200})],
    ],
)
def test_an_end_mark_without_an_answer_will_not(end: list[Any]) -> None:
    with pytest.raises(InvokeBadResponseError):
        play([wire([BEGIN, *end, event("message_stop")])])


def test_a_model_with_nothing_to_add_may_be_silent() -> None:
    silent = event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 3})
    assert [chunk.text for chunk in play([wire([BEGIN, silent, event("message_stop")])])] == [""]


def test_two_calls_of_one_id_stay_two() -> None:
    calls = [start(at, "tool_use", id="same", name=f"f{at}", input={"a": at}) for at in range(2)]
    assert [piece[:3] for piece in calls_of(play([wire([BEGIN, *calls, *END])]))] == [
        (0, "same", "f0"), (1, "", "f1"), (0, "same", "f0"), (1, "", "f1"),
    ]  # fmt: skip


def test_blank_thinking_is_none_to_show() -> None:
    blank = [
        start(0, "thinking"),
        delta(0, "thinking_delta", thinking=" \n"),
        delta(0, "signature_delta", signature="s"),
    ]
    chunks = play([wire([BEGIN, *blank, stop(0), *END])])
    assert [chunk.delta.message.reasoning_content for chunk in chunks] == [None]
    assert chunks[-1].delta.message.opaque_body == [{"type": "thinking", "thinking": " \n", "signature": "s"}]
    chunks = play([wire([BEGIN, *blank, delta(0, "thinking_delta", thinking="word"), *END])])
    assert [chunk.delta.message.reasoning_content for chunk in chunks] == [" \nword", None]


def test_odd_blocks_and_deltas() -> None:
    chunks = play(
        [
            wire(
                [
                    BEGIN,
                    event("content_block_start", index=0, content_block=None),
                    event("content_block_delta", index=0, delta=None),
                    delta(1, "text_delta", text=None),
                    delta(1, "text_delta", text="never opened"),
                    delta(9, "unknown_delta", text="x"),
                    start(2, "tool_use", id="toolu_1", name="whole", input={"a": "ü"}),
                    start(3, "tool_use", id=None, name=None, input=None),
                    *END,
                ]
            )
        ]
    )
    assert "".join(chunk.text for chunk in chunks) == "never opened"
    assert calls_of(chunks) == [
        (0, "toolu_1", "whole", ""), (1, "", "", ""), (0, "toolu_1", "whole", '{"a": "ü"}'), (1, "", "", "{}"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("overloaded_error", InvokeServerUnavailableError, 529),
        ("api_error", InvokeServerUnavailableError, 500),
        ("rate_limit_error", InvokeRateLimitError, 429),
        ("authentication_error", InvokeAuthorizationError, 401),
        ("some_new_error", InvokeServerUnavailableError, None),
    ],
)
def test_an_error_inside_a_stream_is_its_own_kind(kind: str, error: type[InvokeError], status: int) -> None:
    value = {"type": "error", "error": {"type": kind, "message": "No room."}, "request_id": "req_1"}
    with pytest.raises(error) as caught:
        play([wire([BEGIN, start(0, "text", text="a"), value])])
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (status, kind, "req_1")
    assert "No room." in caught.value.description


@pytest.mark.parametrize("data", [b"{broken", b"[1]", b"null"])
def test_an_event_that_is_no_object_is_a_bad_answer(data: bytes) -> None:
    with pytest.raises(InvokeBadResponseError):
        MessageStream("asked", {}).feed(ServerSentEvent(data, "content_block_delta"))


@pytest.mark.parametrize(
    "data", [b"upstream failed", b'{"error": "upstream failed"}', b'{"detail": "upstream failed"}']
)
def test_an_error_event_in_other_words_is_an_error(data: bytes) -> None:
    with pytest.raises(InvokeServerUnavailableError, match="upstream failed"):
        MessageStream("asked", {}).feed(ServerSentEvent(data, "error"))
