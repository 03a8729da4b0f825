from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given, strategies as st

from mrt.entities.message import PromptMessageTool
from mrt.errors import InvokeBadRequestError
from mrt_anthropic.tools import call_arguments, call_input, given_names, safe_name, tool_choice, tool_definitions

SCHEMA = {
    "type": "object",
    "properties": {"place": {"$ref": "#/$defs/Place"}},
    "$defs": {"Place": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    "additionalProperties": False,
}


def test_schemas_go_out_whole_and_the_caller_keeps_his() -> None:
    tool = PromptMessageTool("look", "Looks.", copy.deepcopy(SCHEMA))
    assert tool_definitions([tool]) == [{"name": "look", "description": "Looks.", "input_schema": SCHEMA}]
    assert tool.parameters == SCHEMA


@pytest.mark.parametrize("parameters", [{}, {"properties": {}}])
def test_a_tool_without_arguments_has_an_object_all_the_same(parameters: dict[str, Any]) -> None:
    assert tool_definitions([PromptMessageTool("now", "", parameters)]) == [
        {"name": "now", "input_schema": {"type": "object", "properties": {}}}
    ]


@given(st.text(min_size=1, max_size=200))
def test_every_name_becomes_one_that_the_vendor_takes(name: str) -> None:
    safe = safe_name(name)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", safe)
    assert given_names([PromptMessageTool(name)]).get(safe, safe) == name


def test_names_that_only_differ_in_a_dot_stay_apart() -> None:
    assert len({safe_name("a.b"), safe_name("a_b"), safe_name("a:b")}) == 3
    with pytest.raises(InvokeBadRequestError, match="name"):
        safe_name("")


@pytest.mark.parametrize(
    ("choice", "parallel", "sent"),
    [
        (None, None, None),
        ("auto", None, {"type": "auto"}),
        ("required", None, {"type": "any"}),
        ("any", None, {"type": "any"}),
        ("none", None, {"type": "none"}),
        ("none", False, {"type": "none"}),
        ("look", None, {"type": "tool", "name": "look"}),
        ("a.b", None, {"type": "tool", "name": safe_name("a.b")}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", True, {"type": "any", "disable_parallel_tool_use": False}),
    ],
)
def test_tool_choice(choice: str | None, parallel: bool | None, sent: Any) -> None:
    assert tool_choice(choice, parallel) == sent


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ("", {}),
        ("  ", {}),
        ("null", {}),
        ('{"a": "ü"}', {"a": "ü"}),
        ("[1]", {"invalid_json": "[1]"}),
        ('{"a": ', {"invalid_json": '{"a": '}),
        ('{"a": NaN}', {"invalid_json": '{"a": NaN}'}),
    ],
)
def test_earlier_arguments_are_always_an_object(arguments: str, sent: dict[str, Any]) -> None:
    assert call_input(arguments) == sent


def test_arguments_of_an_answer_are_json_text() -> None:
    assert call_arguments(None) == call_arguments({}) == "{}"
    assert json.loads(call_arguments({"a": "ü"})) == {"a": "ü"}
    assert "ü" in call_arguments({"a": "ü"})
    assert call_arguments('{"a": ') == '{"a": '
