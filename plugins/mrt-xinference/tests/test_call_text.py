"""Tool calls that stand in the text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from xin_calls import chat_events, make_call, make_response, run_stream
from xin_replay import WEATHER

from mrt.entities.llm import LLMResultChunk
from mrt.entities.message import PromptMessageTool, ToolCall
from mrt_openai_compatible.dialect.tool_stream import ToolCallStream
from mrt_xinference.call_text import CallText
from mrt_xinference.llm import XinferenceLargeLanguageModel

MODEL = XinferenceLargeLanguageModel()
Found = tuple[str, list[tuple[str, Any]]]


def call(name: str = "f", /, **arguments: Any) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments}, ensure_ascii=False)}\n</tool_call>"


def read(pieces: Iterable[str]) -> Found:
    reader = CallText(ToolCallStream())
    texts: list[str] = []
    calls: list[ToolCall] = []
    for text, found in [*map(reader.feed, pieces), reader.end()]:
        texts.append(text)
        calls += found
    assert [each.index for each in calls] == list(range(len(calls)))
    assert len({each.id for each in calls}) == len(calls)
    return "".join(texts), [(each.function.name, json.loads(each.function.arguments)) for each in calls]


NASTY = '</tool_call> and \\" </tool_call>'
CASES: dict[str, tuple[str, Found]] = {
    "no call": ("Hello!", ("Hello!", [])),
    "nothing": ("", ("", [])),
    "one": (call(x=1), ("", [("f", {"x": 1})])),
    "text before": (f"Let me look.\n{call()}", ("Let me look.", [("f", {})])),
    "text after": (f"{call()}\nDone.", ("\nDone.", [("f", {})])),
    "white space after": (f"{call()}\n\n", ("", [("f", {})])),
    "parallel": (f"{call('a')}\n{call('b')}", ("", [("a", {}), ("b", {})])),
    "text between": (f"{call('a')} and {call('b')}", (" and", [("a", {}), ("b", {})])),
    "without line breaks": ('<tool_call>{"name":"f","arguments":{}}</tool_call>', ("", [("f", {})])),
    "no arguments": ('<tool_call>{"name": "f"}</tool_call>', ("", [("f", {})])),
    "null arguments": ('<tool_call>{"name": "f", "arguments": null}</tool_call>', ("", [("f", {})])),
    "parameters": ('<tool_call>{"name": "f", "parameters": {"x": 1}}</tool_call>', ("", [("f", {"x": 1})])),
    "arguments as text": (
        '<tool_call>{"name": "f", "arguments": "{\\"x\\": 1}"}</tool_call>',
        ("", [("f", {"x": 1})]),
    ),
    "no end tag": ('<tool_call>{"name": "f", "arguments": {}}', ("", [("f", {})])),
    "half an end tag": ('<tool_call>{"name": "f", "arguments": {}}\n</tool_', ("", [("f", {})])),
    "broken": ('<tool_call>{"name": "f", </tool_call>', ('<tool_call>{"name": "f", </tool_call>', [])),
    "broken after text": ("Look:\n<tool_call>{</tool_call>", ("Look:\n<tool_call>{</tool_call>", [])),
    "cut off": ('<tool_call>\n{"name": "get', ('<tool_call>\n{"name": "get', [])),
    "cut off in the end tag": ("<tool_call>{</tool", ("<tool_call>{</tool", [])),
    "no object": ("<tool_call>[1]</tool_call>", ("<tool_call>[1]</tool_call>", [])),
    "no name": ('<tool_call>{"arguments": {}}</tool_call>', ('<tool_call>{"arguments": {}}</tool_call>', [])),
    "an empty name": ('<tool_call>{"name": ""}</tool_call>', ('<tool_call>{"name": ""}</tool_call>', [])),
    "half a tag": ("a <tool_c", ("a <tool_c", [])),
    "nearly a tag": ("a <tool_bar> <<tool_call", ("a <tool_bar> <<tool_call", [])),
    "an end tag alone": ("a </tool_call> b", ("a </tool_call> b", [])),
    "white space at the end": ("a \n", ("a \n", [])),
    "white space alone": ("\n\n", ("\n\n", [])),
    "a tag in an argument": (call(x="<tool_call>"), ("", [("f", {"x": "<tool_call>"})])),
    "an end tag in an argument": (
        call(x=NASTY) + "\nend",
        ("\nend", [("f", {"x": NASTY})]),
    ),
    # A forgotten quote does not swallow the calls on the next lines.
    "a string that is not closed": (
        f'<tool_call>\n{{"name": "f", "arguments": {{"x": "Par\n</tool_call>\n{call("b")}',
        ('<tool_call>\n{"name": "f", "arguments": {"x": "Par\n</tool_call>', [("b", {})]),
    ),
    "begun twice": (f"<tool_call>\n{call('b')}", ("", [("b", {})])),
    "broken off before the next": (
        f'<tool_call>\n{{"name": "a", "argum\n{call("b")}',
        ('<tool_call>\n{"name": "a", "argum', [("b", {})]),
    ),
    "letters of all scripts": (call(x="你好 🌍 é"), ("", [("f", {"x": "你好 🌍 é"})])),
}


@pytest.mark.parametrize("name", CASES)
def test_whole_and_in_single_letters_and_cut_in_two(name: str) -> None:
    text, expected = CASES[name]
    assert read([text]) == expected
    assert read(text) == expected
    for place in range(len(text)):
        assert read([text[:place], text[place:]]) == expected


scraps = st.sampled_from(
    [
        "<tool_call>",
        "</tool_call>",
        "<tool_",
        "call>",
        '{"name": "f"',
        "}",
        '"',
        "\\",
        "\n",
        " ",
        "a",
        '{"name": "f"}',
        "{}",
    ]
)


@settings(deadline=None)
@given(st.lists(scraps, max_size=14))
def test_any_text_is_read_the_same_however_it_is_cut(parts: list[str]) -> None:
    text = "".join(parts)
    whole = read([text])
    assert read(parts) == read(text) == whole
    if not whole[1]:
        # Without a call not a letter is lost.
        assert whole[0] == text


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=8), st.dictionaries(st.text(max_size=5), st.text(max_size=9)))))
def test_calls_with_any_arguments_come_out(wanted: list[tuple[str, dict[str, str]]]) -> None:
    text = "".join(f"{before.replace('<', '')}{call('f', **arguments)}" for before, arguments in wanted)
    assert read([text])[1] == [("f", arguments) for _, arguments in wanted]


def test_long_arguments_cost_linear_time() -> None:
    # A hundred thousand pieces, and as many end tags inside of an argument: squared, this would not come to its end.
    text = call(x="</tool_call>" * 100_000)
    ((name, arguments),) = read(text[at : at + 12] for at in range(0, len(text), 12))[1]
    assert (name, len(arguments["x"])) == ("f", 1_200_000)


def stream(
    *texts: str, tools: Sequence[PromptMessageTool] = (WEATHER,), finish: str = "stop", **parameters: Any
) -> tuple[str, list[str], str | None]:
    body = chat_events(*({"content": text} for text in texts), finish=finish)
    chunks: list[LLMResultChunk] = list(
        run_stream(MODEL, make_call(tools=tools, parameters=parameters, stream=True), [body])
    )
    names = [each.function.name for chunk in chunks for each in chunk.delta.message.tool_calls]
    return "".join(chunk.text for chunk in chunks), names, chunks[-1].delta.finish_reason


def answer(text: str, tools: Sequence[PromptMessageTool] = (WEATHER,), **parameters: Any) -> tuple[str, list[str]]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    result = MODEL.parse_response(make_call(tools=tools, parameters=parameters), make_response({"choices": [choice]}))
    return result.text, [each.function.name for each in result.message.tool_calls]


def test_a_call_in_a_stream_and_whole() -> None:
    assert stream("Look.\n<tool_", 'call>{"name": "a"}</tool_call>') == ("Look.", ["a"], "tool_calls")
    assert answer('Look.\n<tool_call>{"name": "a"}</tool_call>') == ("Look.", ["a"])


def test_without_tools_a_tag_is_what_the_model_says() -> None:
    said = '<tool_call>{"name": "a"}</tool_call>\n'
    assert stream(said, tools=()) == (said, [], "stop")
    assert answer(said, tools=()) == (said, [])


def test_who_wants_no_calls_gets_none() -> None:
    # llama.cpp leaves the model's calls in the text then.
    said = '<tool_call>{"name": "a"}</tool_call>'
    assert stream(said, tool_choice="none") == (said, [], "stop")
    assert answer(said, tool_choice="none") == (said, [])


def test_a_call_that_was_cut_off_is_no_call() -> None:
    said = '<tool_call>\n{"name": "a", "argu'
    assert stream(said, finish="length") == (said, [], "length")


def test_thinking_about_a_call_is_no_call() -> None:
    thought = '<think>I could say <tool_call>{"name": "a"}</tool_call>.</think>'
    assert stream(thought, 'Or: <tool_call>{"name": "b"}</tool_call>') == ("Or:", ["b"], "tool_calls")


def test_a_name_that_had_a_stand_in_comes_back() -> None:
    tool = PromptMessageTool(name="weather.get", description="", parameters={})
    sent = json.loads(MODEL.build_request(make_call(tools=[tool])).content)["tools"][0]["function"]["name"]
    assert sent != "weather.get"
    said = f'<tool_call>{{"name": "{sent}"}}</tool_call>'
    assert stream(said, tools=[tool]) == ("", ["weather.get"], "tool_calls")
    assert answer(said, tools=[tool]) == ("", ["weather.get"])


def test_calls_in_their_own_field_and_in_the_text_are_told_apart() -> None:
    native = [{"index": 0, "id": "c1", "type": "function", "function": {"name": "a", "arguments": "{}"}}]
    body = chat_events({"content": "Look.\n"}, {"tool_calls": native}, {"content": call("b")})
    chunks = list(run_stream(MODEL, make_call(tools=(WEATHER,), stream=True), [body]))
    pieces = [piece for chunk in chunks for piece in chunk.delta.message.tool_calls]
    assert [(piece.index, piece.function.name) for piece in pieces] == [(0, "a"), (1, "b")]
    assert "".join(chunk.text for chunk in chunks) == "Look."
