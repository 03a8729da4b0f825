from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

from mrt.entities.message import (
    AssistantPromptMessage,
    PromptMessageTool,
    SystemPromptMessage,
    UserPromptMessage,
)
from mrt.errors import InvokeBadRequestError
from mrt_anthropic.request import DEFAULT_MAX_TOKENS, message_body

Make = Callable[..., Any]
BUDGET = "claude-haiku-4-5-20251001"
TOOL = PromptMessageTool("look", "Looks.", {"type": "object", "properties": {}})


def body(make: Make, *messages: Any, **request: Any) -> dict[str, Any]:
    return message_body(make(*messages, **request))


def test_the_least_that_is_sent(invocation: Make) -> None:
    assert body(invocation) == {
        "model": "claude-opus-5",
        "max_tokens": 16384,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    }


def test_a_model_without_rules_gets_a_number_of_tokens_too(invocation: Make) -> None:
    assert body(invocation, model="some-model")["max_tokens"] == DEFAULT_MAX_TOKENS


def test_what_the_caller_gave_is_sent_zeros_included(invocation: Make) -> None:
    parameters = MappingProxyType({"temperature": 0, "top_k": 0, "max_tokens": 7, "top_p": None})
    sent = body(invocation, model=BUDGET, model_parameters=parameters)
    assert (sent["temperature"], sent["top_k"], sent["max_tokens"]) == (0, 0, 7)
    assert "top_p" not in sent


def test_stop_user_and_stream(invocation: Make) -> None:
    sent = body(invocation, stop=("END", "\n", " "), user="u-1", stream=True)
    assert sent["stop_sequences"] == ["END"]
    assert sent["metadata"] == {"user_id": "u-1"}
    assert sent["stream"] is True
    assert "stop_sequences" not in body(invocation, stop=("\n",))


def test_tool_flags_go_out_with_tools_only(invocation: Make) -> None:
    flags = {"tool_choice": "required", "parallel_tool_calls": False}
    assert not {"tools", "tool_choice"} & body(invocation, model_parameters=flags).keys()
    sent = body(invocation, model_parameters=flags, tools=(TOOL,))
    assert sent["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    assert [tool["name"] for tool in sent["tools"]] == ["look"]


@pytest.mark.parametrize(
    ("model", "parameters", "thinking", "max_tokens"),
    [
        (BUDGET, {"thinking": True}, {"type": "enabled", "budget_tokens": 4096}, 4096 + 8192),
        (BUDGET, {"thinking": True, "thinking_budget": 60000}, {"type": "enabled", "budget_tokens": 60000}, 64000),
        (BUDGET, {"thinking": False}, {"type": "disabled"}, 8192),
        (BUDGET, {}, None, 8192),
        ("claude-opus-5", {"thinking": True}, {"type": "adaptive"}, 16384),
        ("claude-opus-5", {"thinking": False}, {"type": "disabled"}, 16384),
        ("claude-opus-5", {"thinking_display": "summarized"}, {"type": "adaptive", "display": "summarized"}, 16384),
        ("claude-fable-5-1", {"thinking_display": "omitted"}, {"type": "adaptive", "display": "omitted"}, 16384),
    ],
)
def test_thinking(invocation: Make, model: str, parameters: Any, thinking: Any, max_tokens: int) -> None:
    sent = body(invocation, model=model, model_parameters=parameters)
    assert sent.get("thinking") == thinking
    assert sent["max_tokens"] == max_tokens


@pytest.mark.parametrize(
    ("model", "parameters", "words"),
    [
        (BUDGET, {"thinking": True, "temperature": 0.5}, "temperature"),
        (BUDGET, {"thinking": True, "top_k": 5}, "top_k"),
        (BUDGET, {"thinking": True, "top_p": 0.9}, "top_p"),
        (
            BUDGET,
            {"thinking": True, "thinking_budget": 2048, "max_tokens": 2048},
            "max_tokens .2048. .* thinking_budget",
        ),
        (BUDGET, {"thinking_budget": 2048}, "thinking_budget"),
        ("claude-opus-4-8", {"thinking_display": "summarized"}, "thinking_display"),
        ("claude-opus-5", {"thinking": True, "tool_choice": "look"}, "tool_choice"),
    ],
)
def test_conflicts_are_refused_by_name(invocation: Make, model: str, parameters: Any, words: str) -> None:
    with pytest.raises(InvokeBadRequestError, match=words):
        body(invocation, model=model, model_parameters=parameters, tools=(TOOL,))


def test_what_goes_with_thinking_is_sent(invocation: Make) -> None:
    parameters = {"thinking": True, "temperature": 1, "top_p": 0.95, "tool_choice": "auto"}
    sent = body(invocation, model=BUDGET, model_parameters=parameters, tools=(TOOL,))
    assert (sent["temperature"], sent["top_p"], sent["tool_choice"]) == (1, 0.95, {"type": "auto"})


def test_effort_and_schema_are_the_output_configuration(invocation: Make) -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "integer"}}}
    for given in (
        schema,
        '{"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "integer"}}}',
    ):
        sent = body(invocation, model_parameters={"effort": "low", "json_schema": given})
        assert sent["output_config"] == {"effort": "low", "format": {"type": "json_schema", "schema": schema}}


@pytest.mark.parametrize("schema", ["{", "[1]"])
def test_a_broken_schema_is_refused(invocation: Make, schema: str) -> None:
    with pytest.raises(InvokeBadRequestError, match="json_schema"):
        body(invocation, model_parameters={"json_schema": schema})


def test_four_marks_for_the_cache_at_most(invocation: Make) -> None:
    flags = dict.fromkeys(
        ("prompt_caching_tool_definitions", "prompt_caching_system_message", "prompt_caching_messages"), True
    )
    messages = [
        SystemPromptMessage("a"), SystemPromptMessage("b"), UserPromptMessage("c"), AssistantPromptMessage("d"),
        UserPromptMessage("e"), AssistantPromptMessage("f"), UserPromptMessage("g"),
    ]  # fmt: skip
    sent = body(invocation, *messages, model_parameters=flags, tools=(TOOL, PromptMessageTool("now")))
    blocks = [*sent["tools"], *sent["system"], *(block for turn in sent["messages"] for block in turn["content"])]
    marked = [
        block.get("name") or block["text"] for block in blocks if block.get("cache_control") == {"type": "ephemeral"}
    ]
    assert marked == ["now", "b", "e", "g"]
    assert "cache_control" not in str(body(invocation, *messages, tools=(TOOL,)))
