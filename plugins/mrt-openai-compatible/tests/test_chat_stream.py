from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from oai_calls import Gathered, delta, make_call, make_response, run_stream, sse

from mrt.entities.message import PromptMessageTool, ToolCall
from mrt.errors import InvokeBadResponseError, InvokeConnectionError, InvokeError
from mrt.http.messages import ServerSentEvent
from mrt_openai_compatible.dialect.chat_parser import ChatStreamParser
from mrt_openai_compatible.dialect.llm import OpenAILargeLanguageModel
from mrt_openai_compatible.dialect.tools import wire_name

MODEL = OpenAILargeLanguageModel()


def read(data: bytes, model: OpenAILargeLanguageModel = MODEL, cuts: list[int] | None = None, **call: Any) -> Gathered:
    places = [0, *sorted(cut for cut in cuts or [] if cut <= len(data)), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(places)]
    return Gathered(run_stream(model, make_call(stream=True, **call), pieces))


def call_delta(index: int, id: str | None = None, name: str | None = None, arguments: str = "") -> dict[str, Any]:
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": index, "function": function} | ({"id": id, "type": "function"} if id else {})]}


PLAIN = sse(
    delta({"role": "assistant", "content": ""}),
    delta({"content": "Hello"}),
    delta({"content": " wörld 🌍"}),
    delta({}, "stop", system_fingerprint="fp"),
    {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}},
)


def test_a_plain_stream() -> None:
    found = read(PLAIN)
    assert found.text == "Hello wörld 🌍"
    assert [chunk.text for chunk in found.chunks] == ["Hello", " wörld 🌍", ""]
    assert found.finish == ["stop"]
    last = found.chunks[-1]
    assert last.delta.finish_reason == last.delta.vendor_finish_reason == "stop"
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.completion_tokens, found.usage.source) == (7, 3, "reported")
    assert (last.model, last.system_fingerprint) == ("served-model", "fp")
    assert all(chunk.delta.usage is None for chunk in found.chunks[:-1])


@given(st.lists(st.integers(0, len(PLAIN))))
@settings(max_examples=50)
def test_where_the_bytes_are_cut_does_not_matter(cuts: list[int]) -> None:
    assert read(PLAIN, cuts=cuts).chunks == read(PLAIN).chunks


def test_every_single_cut() -> None:
    whole = read(PLAIN).chunks
    for cut in range(len(PLAIN)):
        assert read(PLAIN, cuts=[cut]).chunks == whole


@given(st.lists(st.text(max_size=5), max_size=20))
def test_increments_concatenate_exactly(pieces: list[str]) -> None:
    model = OpenAILargeLanguageModel()
    model.think_tags = None  # type: ignore[misc]
    data = sse(*[delta({"content": piece}) for piece in pieces], delta({}, "stop"))
    assert read(data, model).text == "".join(pieces)


def test_repeated_pieces_all_count() -> None:
    assert read(sse(*[delta({"content": "ha"})] * 5, delta({}, "stop"))).text == "ha" * 5


@pytest.mark.parametrize(
    "odd",
    [
        {"choices": []},
        {"choices": None},
        {"choices": [], "prompt_filter_results": []},
        {"choices": [None]},
        {"object": "chat.completion.chunk"},
        {"choices": [{"index": 0, "delta": None, "finish_reason": None}]},
        {"choices": [{"index": 0}]},
        delta({"content": None}),
        delta({"role": "assistant"}),
        delta({"content": "", "reasoning_content": "", "tool_calls": []}),
        delta({"content": "other", "role": None}) | {"choices": [{"index": 1, "delta": {"content": "second choice"}}]},
    ],
)
def test_events_without_text_bring_no_chunk(odd: Any) -> None:
    found = read(sse(odd, delta({"content": "x"}), odd, delta({}, "stop"), odd))
    assert [chunk.text for chunk in found.chunks] == ["x", ""]


def test_the_first_choice_may_stand_behind_another() -> None:
    both = delta({"content": "one"})
    both["choices"] = [{"index": 1, "delta": {"content": "two"}}, *both["choices"]]
    assert read(sse(both, delta({}, "stop"))).text == "one"


def test_the_last_usage_counts_and_nothing_is_added_up() -> None:
    events = [delta({"content": "a"}, usage={"prompt_tokens": 7, "completion_tokens": n}) for n in (1, 2, 3)]
    found = read(sse(*events, delta({}, "stop", usage=None), done=False))
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (7, 3)


def test_without_usage_it_is_unknown() -> None:
    usage = read(sse(delta({"content": "a"}), delta({}, "stop"))).usage
    assert usage is not None
    assert usage.source == "unknown"


def test_the_first_finish_reason_counts() -> None:
    found = read(sse(delta({"content": "a"}), delta({}, "length"), delta({}, "stop")))
    assert found.finish == ["length"]


def test_text_on_the_finish_event_counts_once() -> None:
    found = read(sse(delta({"content": "a"}), delta({"content": "b"}, "length")))
    assert found.text == "ab"
    assert found.finish == ["length"]


def test_a_finish_reason_without_the_end_mark_is_an_end() -> None:
    assert read(sse(delta({"content": "a"}), delta({}, "stop"), done=False)).finish == ["stop"]


def test_the_end_mark_without_a_finish_reason_is_an_end_of_unknown_reason() -> None:
    found = read(sse(delta({"content": "a"})))
    assert found.text == "a"
    assert found.finish == []
    assert found.usage is not None


def test_nothing_after_the_end_mark_counts() -> None:
    assert read(PLAIN + sse(delta({"content": "more"}))).text == "Hello wörld 🌍"


def test_a_stream_that_just_ends_is_cut() -> None:
    parser = MODEL.stream_parser(make_call(stream=True))
    [chunk] = parser.feed(ServerSentEvent(json.dumps(delta({"content": "half"})).encode()))
    assert chunk.text == "half"
    with pytest.raises(InvokeConnectionError, match="before the answer did"):
        parser.finish()


@pytest.mark.parametrize("data", [sse(), sse(delta({"role": "assistant", "content": ""})), sse({"choices": []})])
def test_an_empty_stream_is_no_answer(data: bytes) -> None:
    with pytest.raises(InvokeBadResponseError, match="empty"):
        read(data)


@pytest.mark.parametrize(
    "event",
    [
        {"error": {"message": "overloaded right now", "code": 500}},
        {"error": "overloaded right now"},
        {"detail": "overloaded right now"},
        {"object": "error", "message": "overloaded right now"},
        delta({"content": ""}, error={"message": "overloaded right now"}),
    ],
)
def test_an_error_in_a_stream_is_raised_and_says_what(event: Any) -> None:
    with pytest.raises(InvokeError, match="overloaded right now"):
        read(sse(delta({"content": "half"}), event))


@pytest.mark.parametrize("data", [b'{"message": "overloaded right now"}', b"overloaded right now"])
def test_an_event_called_error_is_one(data: bytes) -> None:
    with pytest.raises(InvokeError, match="overloaded right now"):
        read(sse(delta({"content": "half"}), done=False) + b"event: error\ndata: " + data + b"\n\n")


@pytest.mark.parametrize(
    "data", [b'{"choices": [{"delta": ', b"<html>", b"[1, 2]", b'{"choices": [3]}', b'{"choices": 3}']
)
def test_an_unusable_event_is_a_bad_answer(data: bytes) -> None:
    with pytest.raises(InvokeBadResponseError):
        read(b"data: " + data + b"\n\n" + sse(delta({}, "stop")))


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
def test_thinking_and_text_apart_also_in_one_event(field: str) -> None:
    found = read(sse(
        delta({"content": None, field: ""}), delta({field: "wh"}), delta({field: "y", "content": "fo"}),
        delta({"content": "ur", field: None}), delta({}, "stop"),
    ))  # fmt: skip
    assert (found.text, found.reasoning) == ("four", "why")
    assert [(chunk.text, chunk.delta.reasoning_content) for chunk in found.chunks] == [
        ("", "wh"), ("fo", "y"), ("ur", None), ("", None),
    ]  # fmt: skip


def test_blank_thinking_is_none_and_leading_white_space_waits() -> None:
    blank = read(
        sse(delta({"reasoning_content": "\n"}), delta({"reasoning_content": " "}), delta({"content": "x"}, "stop"))
    )
    assert [(chunk.text, chunk.delta.reasoning_content) for chunk in blank.chunks] == [("x", None), ("", None)]
    late = read(
        sse(delta({"reasoning_content": "\n"}), delta({"reasoning_content": "why"}), delta({"content": "x"}, "stop"))
    )
    assert late.reasoning == "\nwhy"


@given(st.lists(st.integers(0, 40)))
def test_think_tags_wherever_the_text_is_cut(cuts: list[int]) -> None:
    text = "<think>\nwhy\n</think>\n\nfour <think>b</think>!"
    places = [0, *sorted(cuts), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(places)]
    found = read(sse(*[delta({"content": piece}) for piece in pieces], delta({}, "stop")))
    assert (found.text, found.reasoning) == ("four !", "whyb")


def test_unclosed_thinking_at_the_end() -> None:
    found = read(sse(delta({"content": "<think>why </th"}), delta({}, "length")))
    assert (found.text, found.reasoning, found.finish) == ("", "why </th", ["length"])


def test_calls_in_fragments_beside_text() -> None:
    found = read(sse(
        delta({"content": "Let me see."}),
        delta({"role": "assistant", "content": None, **call_delta(0, "a", "f")}),
        delta(call_delta(0, arguments='{"x"')), delta(call_delta(1, "b", "g", "{}")),
        delta(call_delta(0, arguments=":1}")),
        delta({}, "tool_calls"),
    ))  # fmt: skip
    assert found.text == "Let me see."
    assert found.named == [("f", '{"x":1}'), ("g", "{}")]
    assert found.finish == ["tool_calls"]


def test_calls_of_an_engine_that_says_stop() -> None:
    found = read(sse(delta(call_delta(0, "a", "f", "{}"), "stop")))
    assert found.finish == ["tool_calls"]
    assert found.chunks[-1].delta.vendor_finish_reason == "stop"


def test_calls_without_arguments_and_without_an_id() -> None:
    found = read(sse(delta(call_delta(0, "a", "f")), delta(call_delta(1, None, "g")), delta({}, "tool_calls")))
    assert found.named == [("f", "{}"), ("g", "{}")]
    assert all(piece.id for piece in found.pieces)


def test_tool_names_lead_back() -> None:
    tool = PromptMessageTool(name="weather.get")
    found = read(sse(delta(call_delta(0, "a", wire_name("weather.get"), "{}"), "tool_calls")), tools=[tool])
    assert found.named == [("weather.get", "{}")]


def test_a_refusal_is_shown_and_is_no_ordinary_end() -> None:
    found = read(sse(delta({"refusal": "I "}), delta({"refusal": "cannot."}), delta({}, "stop")))
    assert (found.text, found.finish) == ("I cannot.", ["content_filter"])


def test_content_in_parts() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "why"}]}, {"type": "text", "text": "four"}]
    found = read(sse(delta({"content": parts}), delta({}, "stop")))
    assert (found.text, found.reasoning) == ("four", "why")


def test_the_servers_model_name_may_be_distrusted() -> None:
    class Paths(OpenAILargeLanguageModel):
        trust_model = False

    assert read(PLAIN, Paths()).chunks[0].model == "some-model"


@pytest.mark.parametrize(
    "value",
    [{"error": "out of order"}, {"detail": "out of order"}, {"code": 1, "message": "out of order"}],
)
def test_json_where_a_stream_is_due_says_what(value: Any) -> None:
    error = MODEL.parse_error(make_call(stream=True), make_response(value))
    assert isinstance(error, InvokeError)
    assert "out of order" in str(error)
    assert isinstance(MODEL.parse_error(None, make_response(b"{broken")), InvokeBadResponseError)
    assert isinstance(MODEL.parse_error(None, make_response({"choices": []})), InvokeBadResponseError)


class ShoutParser(ChatStreamParser):
    """Takes calls written as ``!name!`` out of the text, as a vendor's parser would."""

    __slots__ = ("_wait",)

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._wait = ""

    def take_text(self, text: str) -> tuple[str, str, list[ToolCall]]:
        content, thinking, calls = super().take_text(text)
        *_, content = "", *content.split("!", 0)
        if content.startswith("!"):
            calls = self._calls.add_whole({"function": {"name": content.strip("!")}})
            content = ""
        self._wait += "."
        return content, thinking, calls

    def end_text(self) -> tuple[str, str, list[ToolCall]]:
        content, thinking, calls = super().end_text()
        return content + self._wait, thinking, calls


def test_a_vendors_parser_sees_all_text_and_the_end() -> None:
    class Shouting(OpenAILargeLanguageModel):
        chat_parser = ShoutParser

    found = read(
        sse(delta({"content": "a"}), delta({"content": "!f!"}), delta({"content": "b"}), delta({}, "stop")), Shouting()
    )
    assert found.text == "ab..."
    assert found.named == [("f", "{}")]
    assert found.finish == ["tool_calls"]
