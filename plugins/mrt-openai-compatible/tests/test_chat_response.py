from __future__ import annotations

from typing import Any

import pytest
from oai_calls import make_call, make_response

from mrt.entities.llm import LLMResult
from mrt.entities.message import PromptMessageTool
from mrt.errors import InvokeBadResponseError, InvokeError
from mrt_openai_compatible.dialect.llm import OpenAILargeLanguageModel
from mrt_openai_compatible.dialect.tools import wire_name

MODEL = OpenAILargeLanguageModel()
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def answer(message: Any, finish: Any = "stop", **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {"id": "chatcmpl-1", "model": "served-model", "choices": [choice], "usage": USAGE, **fields}


def parse(value: Any, model: OpenAILargeLanguageModel = MODEL, **call: Any) -> LLMResult:
    return model.parse_response(make_call(**call), make_response(value, x_request_id="req-1"))


def test_a_plain_answer() -> None:
    result = parse(answer({"role": "assistant", "content": "Hello"}, system_fingerprint="fp"))
    assert result.text == "Hello"
    assert (result.model, result.id, result.request_id) == ("served-model", "chatcmpl-1", "req-1")
    assert (result.finish_reason, result.vendor_finish_reason) == ("stop", "stop")
    assert (result.usage.prompt_tokens, result.usage.completion_tokens) == (7, 3)
    assert result.system_fingerprint == "fp"
    assert result.reasoning_content is None


@pytest.mark.parametrize("word", ["length", "content_filter", "made_up", None])
def test_the_finish_reason_is_the_vendors(word: str | None) -> None:
    assert parse(answer({"content": "x"}, word)).finish_reason == word


def test_white_space_and_unicode_stay() -> None:
    text = "\n  a\u2028b\u0085c 🌍 \t"
    assert parse(answer({"content": text})).text == text


def test_null_fields_are_empty() -> None:
    nothing = {"role": "assistant", "content": None, "tool_calls": None, "reasoning_content": None, "refusal": None}
    result = parse(answer(nothing, usage=None, model=None, system_fingerprint=None))
    assert result.text == ""
    assert result.message.tool_calls == []
    assert result.usage.source == "unknown"
    assert result.model == "some-model"


def test_calls_beside_text_with_an_engine_that_says_stop() -> None:
    calls = [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
        {"id": "b", "type": "function", "function": {"name": "g", "arguments": None}},
    ]
    result = parse(answer({"content": "Let me see.", "tool_calls": calls}, "stop"))
    assert result.text == "Let me see."
    found = [(call.id, call.function.name, call.function.arguments) for call in result.message.tool_calls]
    assert found == [("a", "f", '{"x":1}'), ("b", "g", "{}")]
    assert (result.finish_reason, result.vendor_finish_reason) == ("tool_calls", "stop")


def test_a_cut_off_call_is_not_called_complete() -> None:
    calls = [{"id": "a", "function": {"name": "f", "arguments": '{"x":'}}]
    assert parse(answer({"content": None, "tool_calls": calls}, "length")).finish_reason == "length"


def test_tool_names_lead_back() -> None:
    calls = [{"id": "a", "function": {"name": wire_name("weather.get"), "arguments": "{}"}}]
    result = parse(answer({"tool_calls": calls}), tools=[PromptMessageTool(name="weather.get")])
    assert result.message.tool_calls[0].function.name == "weather.get"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
def test_thinking_has_several_names(field: str) -> None:
    result = parse(answer({"content": "4", field: "2 and 2"}))
    assert (result.text, result.reasoning_content) == ("4", "2 and 2")
    assert result.message.reasoning_content == "2 and 2"


def test_thinking_in_a_list_of_parts() -> None:
    parts = [
        {"type": "reasoning.text", "text": "2 and "},
        {"type": "reasoning.summary", "summary": "2"},
        {"type": "reasoning.encrypted", "data": "b3JhY2xl"},
    ]
    assert parse(answer({"content": "4", "reasoning_details": parts})).reasoning_content == "2 and 2"
    assert parse(answer({"content": "4", "reasoning_details": parts[2:]})).reasoning_content is None


def test_thinking_in_both_fields_counts_once() -> None:
    assert parse(answer({"content": "4", "reasoning_content": "why", "reasoning": "why"})).reasoning_content == "why"


def test_thinking_between_tags() -> None:
    result = parse(answer({"content": "<think>\nwhy\n</think>\n\n4"}))
    assert (result.text, result.reasoning_content) == ("4", "why")


def test_tags_stay_where_thinking_is_off() -> None:
    class Plain(OpenAILargeLanguageModel):
        think_tags = None

    assert parse(answer({"content": "<think>why</think>4"}), Plain()).text == "<think>why</think>4"


@pytest.mark.parametrize("blank", ["", " \n", None])
def test_blank_thinking_is_none(blank: str | None) -> None:
    assert parse(answer({"content": "4", "reasoning_content": blank})).reasoning_content is None


def test_content_in_parts() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "why"}]},
        {"type": "text", "text": "fo"},
        {"type": "text", "text": "ur"},
    ]
    result = parse(answer({"content": parts}))
    assert (result.text, result.reasoning_content) == ("four", "why")


def test_a_refusal_is_shown_and_is_no_ordinary_end() -> None:
    result = parse(answer({"content": None, "refusal": "I cannot."}))
    assert (result.text, result.finish_reason) == ("I cannot.", "content_filter")


def test_a_filtered_answer_without_text_is_no_error() -> None:
    assert parse(answer({"content": None}, "content_filter")).finish_reason == "content_filter"


def test_the_servers_model_name_may_be_distrusted() -> None:
    class Paths(OpenAILargeLanguageModel):
        trust_model = False

    assert parse(answer({"content": "x"}, model="/weights/x.gguf"), Paths()).model == "some-model"


@pytest.mark.parametrize(
    "hollow",
    [
        {},
        {"choices": []},
        {"choices": None},
        {"choices": [None]},
        {"choices": [{}]},
        {"choices": [{"index": 0, "message": None, "finish_reason": "stop"}]},
        {"choices": [{"index": 0, "message": {"role": "assistant"}, "finish_reason": None}]},
        {"choices": {"0": {}}},
        [],
        None,
        17,
    ],
)
def test_a_hollow_answer_is_an_error(hollow: Any) -> None:
    with pytest.raises(InvokeBadResponseError):
        parse(hollow)


@pytest.mark.parametrize(
    "value",
    [
        {"error": {"message": "quota used up", "type": "insufficient_quota", "code": "insufficient_quota"}},
        {"error": "quota used up"},
        {"object": "error", "message": "quota used up", "code": 400},
        {"detail": "quota used up"},
        {"code": 1001, "message": "quota used up"},
    ],
)
def test_an_error_with_status_200_is_an_error_and_says_what(value: Any) -> None:
    with pytest.raises(InvokeError, match="quota used up"):
        parse(value)


def test_an_error_of_null_beside_an_answer_is_none() -> None:
    assert parse(answer({"content": "x"}, error=None)).text == "x"


@pytest.mark.parametrize("content", [b"", b"<html><body>Welcome</body></html>", b'{"choices": [{"mess', b"oops"])
def test_what_is_no_json_is_a_bad_answer(content: bytes) -> None:
    with pytest.raises(InvokeBadResponseError):
        parse(content)


def test_only_the_first_choice_counts() -> None:
    value = answer({"content": "one"})
    value["choices"].append({"index": 1, "message": {"content": "two"}, "finish_reason": "length"})
    result = parse(value)
    assert (result.text, result.finish_reason) == ("one", "stop")
