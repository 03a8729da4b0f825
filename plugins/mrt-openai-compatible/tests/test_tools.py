from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, strategies as st

from mrt.entities.message import PromptMessageTool
from mrt.errors import InvokeBadRequestError
from mrt_openai_compatible.dialect.tools import original_names, wire_name, wire_tool_choice, wire_tools

SCHEMA: dict[str, Any] = {
    "type": "object",
    "$defs": {"point": {"type": "object", "properties": {"x": {"type": "number"}}, "additionalProperties": False}},
    "properties": {
        "at": {"$ref": "#/$defs/point"},
        "kind": {"enum": ["a", None, 1]},
        "tags": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    },
    "required": ["at"],
}


def tool(name: str = "weather", **fields: Any) -> PromptMessageTool:
    return PromptMessageTool(name=name, **fields)


def test_a_schema_goes_out_as_it_is() -> None:
    [wired] = wire_tools([tool(description="Tells the weather", parameters=SCHEMA)])
    function = {"name": "weather", "description": "Tells the weather", "parameters": SCHEMA}
    assert wired == {"type": "function", "function": function}


def test_a_tool_without_description_and_arguments() -> None:
    [wired] = wire_tools([tool()])
    assert wired["function"] == {"name": "weather", "parameters": {"type": "object", "properties": {}}}
    [untyped] = wire_tools([tool(parameters={"properties": {"x": {}}})])
    assert untyped["function"]["parameters"] == {"type": "object", "properties": {"x": {}}}


@pytest.mark.parametrize("name", ["weather", "get_weather-2", "a" * 64])
def test_allowed_names_stay(name: str) -> None:
    assert wire_name(name) == name
    assert not original_names([tool(name)])


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=100))
def test_every_name_gets_an_allowed_one_that_leads_back(name: str) -> None:
    wired = wire_name(name)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", wired)
    assert original_names([tool(name)]).get(wired, wired) == name


def test_names_that_differ_in_forbidden_characters_only_stay_apart() -> None:
    tools = [tool("a.b"), tool("a/b"), tool("a_b")]
    assert len({entry["function"]["name"] for entry in wire_tools(tools)}) == 3
    assert set(original_names(tools).values()) == {"a.b", "a/b"}


def test_two_tools_of_one_name_and_a_nameless_one_are_refused() -> None:
    with pytest.raises(InvokeBadRequestError, match="two tools"):
        wire_tools([tool(), tool()])
    with pytest.raises(InvokeBadRequestError, match="no name"):
        wire_tools([tool("")])


@pytest.mark.parametrize("word", ["auto", "none", "required"])
def test_words_of_the_choice_stay(word: str) -> None:
    assert wire_tool_choice(word) == word


def test_a_tool_is_chosen_by_its_name() -> None:
    chosen = {"type": "function", "function": {"name": "weather"}}
    assert wire_tool_choice("weather") == chosen
    assert wire_tool_choice({"function": {"name": "weather"}}) == chosen
    assert wire_tool_choice({"name": "weather"}) == chosen
    assert wire_tool_choice("weather.get")["function"]["name"] == wire_name("weather.get")


def test_a_choice_that_names_no_tool_passes() -> None:
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}}
    assert wire_tool_choice(choice) == choice
