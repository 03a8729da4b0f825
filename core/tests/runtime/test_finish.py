"""Finish reasons and code blocks."""

from __future__ import annotations

import pytest

from mrt import AIModelEntity, ParameterRule, SystemPromptMessage, UserPromptMessage
from mrt.runtime.codeblock import FenceFilter, block_format, with_block_prompt
from mrt.runtime.finish import normal_finish_reason
from mrt.runtime.structured import parse_structured


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", "stop"),
        ("end_turn", "stop"),
        ("length", "length"),
        ("MAX_TOKENS", "length"),
        ("tool_use", "tool_calls"),
        ("content_filter", "content_filter"),
        ("refusal", "content_filter"),
        ("something_new", "other"),
        (None, None),
        ("", None),
    ],
)
def test_a_vendors_word_has_one_meaning(word: str | None, reason: str | None) -> None:
    assert normal_finish_reason(word) == reason


def test_calls_outweigh_a_stop_but_not_a_cut() -> None:
    assert normal_finish_reason("stop", has_tool_calls=True) == "tool_calls"
    assert normal_finish_reason(None, has_tool_calls=True) == "tool_calls"
    assert normal_finish_reason("length", has_tool_calls=True) == "length"


@pytest.mark.parametrize("text", ['```json\n{"a": 1}\n```', '{"a": 1}\n```', '{"a": 1}', '\n```\n{"a": 1}\n```\nDone.'])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_fence_is_taken_off_in_pieces_of_any_size(text: str, size: int) -> None:
    fence = FenceFilter()
    shown = "".join(fence.feed(text[i : i + size]) for i in range(0, len(text), size)) + fence.end()
    assert shown.strip() == '{"a": 1}'


def test_the_code_block_prompt_leaves_the_callers_messages_alone() -> None:
    messages = [SystemPromptMessage("Be brief."), UserPromptMessage("List two colours.")]
    asked = with_block_prompt(messages, "JSON")
    assert [message.content for message in messages] == ["Be brief.", "List two colours."]
    assert str(asked[0].content).startswith("Be brief.\n\n")
    assert str(asked[1].content).endswith("```JSON\n")


def test_only_the_template_rule_means_a_code_block() -> None:
    template = ParameterRule(name="response_format", use_template="response_format")  # type: ignore[call-arg]
    own = ParameterRule(name="response_format", label="Format", type="string", options=["JSON"])  # type: ignore[arg-type]
    for rule, expected in ((template, "XML"), (own, None)):
        schema = AIModelEntity(model="m", label="m", model_type="llm", parameter_rules=[rule])  # type: ignore[arg-type]
        parameters: dict[str, object] = {"response_format": "XML"}
        assert block_format(schema, parameters) == expected
        assert ("response_format" in parameters) == (expected is None)


@pytest.mark.parametrize(
    ("text", "value"), [('{"a": [1]}', {"a": [1]}), ("```json\n[1]\n```", [1]), ('{"a": ', None), ("hello", None)]
)
def test_structured_output_is_the_json_value_or_nothing(text: str, value: object) -> None:
    assert parse_structured(text) == value
