from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from mrt.entities.message import (
    AssistantPromptMessage,
    AudioPromptMessageContent,
    DeveloperPromptMessage,
    ImagePromptMessageContent,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolCall,
    ToolCallFunction,
    ToolPromptMessage,
    UserPromptMessage,
    VideoPromptMessageContent,
)
from mrt.errors import InvokeBadRequestError
from mrt_anthropic.messages import OPENING, conversation
from mrt_anthropic.tools import safe_id

THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
HIDDEN = {"type": "redacted_thinking", "data": "ZGF0YQ=="}


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": value}


def call(identity: str = "toolu_1", name: str = "look", arguments: str = '{"a": 1}') -> ToolCall:
    return ToolCall(identity, "function", ToolCallFunction(name, arguments))


def turns(*messages: Any) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(turn["role"], turn["content"]) for turn in conversation(messages)[1]]


def test_leading_system_and_developer_messages_are_the_system_prompt() -> None:
    system, said = conversation(
        [
            SystemPromptMessage("Be brief."),
            DeveloperPromptMessage([TextPromptMessageContent("Be kind."), TextPromptMessageContent(" ")]),
            UserPromptMessage("Hi"),
        ]
    )
    assert system == [text("Be brief."), text("Be kind.")]
    assert said == [{"role": "user", "content": [text("Hi")]}]


def test_a_later_system_message_keeps_its_place() -> None:
    system, said = conversation(
        [
            SystemPromptMessage("Be brief."),
            UserPromptMessage("Hi"),
            AssistantPromptMessage("Hello"),
            SystemPromptMessage("Answer in French."),
            UserPromptMessage("How are you?"),
        ]
    )
    assert system == [text("Be brief.")]
    assert [turn["role"] for turn in said] == ["user", "assistant", "user"]
    assert said[-1]["content"] == [text("<system>\nAnswer in French.\n</system>"), text("How are you?")]


def test_neighbours_of_one_role_become_one_turn() -> None:
    assert turns(
        UserPromptMessage("a"), UserPromptMessage("b"), AssistantPromptMessage("c"), AssistantPromptMessage("d"),
        UserPromptMessage("e"),
    ) == [("user", [text("a"), text("b")]), ("assistant", [text("c"), text("d")]), ("user", [text("e")])]  # fmt: skip


def test_blank_texts_are_left_out_and_other_white_space_stays() -> None:
    assert turns(
        UserPromptMessage([TextPromptMessageContent("  a\n"), TextPromptMessageContent(" \n")]),
        AssistantPromptMessage(""),
        AssistantPromptMessage(None),
        UserPromptMessage(" b"),
    ) == [("user", [text("  a\n"), text(" b")])]


@pytest.mark.parametrize("messages", [[SystemPromptMessage("Be brief.")], [UserPromptMessage(" \n")]])
def test_a_prompt_without_a_turn_is_refused(messages: list[Any]) -> None:
    with pytest.raises(InvokeBadRequestError, match="user message"):
        conversation(messages)


def test_an_answer_to_be_continued_loses_its_last_white_space() -> None:
    assert turns(UserPromptMessage("Hi "), AssistantPromptMessage("The answer is \n"))[-1] == (
        "assistant",
        [text("The answer is")],
    )


def test_the_user_begins() -> None:
    said = turns(SystemPromptMessage("Be brief."), AssistantPromptMessage("Hello"), UserPromptMessage("Hi"))
    assert said == [("user", [text(OPENING)]), ("assistant", [text("Hello")]), ("user", [text("Hi")])]


def test_results_of_parallel_calls_stand_first_in_one_turn() -> None:
    said = turns(
        UserPromptMessage("Look"),
        AssistantPromptMessage("I look.", [call("toolu_1"), call("toolu_2", arguments="")]),
        SystemPromptMessage("Hurry."),
        ToolPromptMessage("sun", tool_call_id="toolu_1"),
        ToolPromptMessage("broken", tool_call_id="toolu_2", is_error=True),
        UserPromptMessage("And?"),
    )
    assert said[1][1] == [
        text("I look."),
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"a": 1}},
        {"type": "tool_use", "id": "toolu_2", "name": "look", "input": {}},
    ]
    assert said[2:] == [
        (
            "user",
            [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [text("sun")]},
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": [text("broken")], "is_error": True},
                text("<system>\nHurry.\n</system>"),
                text("And?"),
            ],
        )
    ]


def test_an_empty_result_has_no_content() -> None:
    result = turns(
        UserPromptMessage("x"), AssistantPromptMessage("", [call()]), ToolPromptMessage("", tool_call_id="toolu_1")
    )
    assert result[-1][1] == [{"type": "tool_result", "tool_use_id": "toolu_1"}]


def test_foreign_ids_are_changed_alike_in_call_and_result() -> None:
    said = turns(
        UserPromptMessage("x"),
        AssistantPromptMessage("", [call("functions.look:0")]),
        ToolPromptMessage("y", tool_call_id="functions.look:0"),
    )
    assert said[1][1][0]["id"] == said[2][1][0]["tool_use_id"] == safe_id("functions.look:0")
    assert re.fullmatch("functions_look_0_[0-9a-f]{8}", safe_id("functions.look:0"))


def test_ids_that_differ_in_foreign_signs_stay_apart() -> None:
    assert len({safe_id(identity) for identity in ("call.1", "call:1", "call_1", "a ü", "a ö")}) == 5
    assert safe_id("toolu_01-x") == "toolu_01-x"


def test_a_result_without_an_id_is_refused() -> None:
    with pytest.raises(InvokeBadRequestError, match="tool_call_id"):
        conversation([UserPromptMessage("x"), ToolPromptMessage("y")])


def test_thinking_goes_back_first_when_nobody_kept_the_order() -> None:
    message = AssistantPromptMessage("I look.", [call()], opaque_body=[THOUGHT, HIDDEN])
    assert [block["type"] for block in turns(UserPromptMessage("x"), message)[1][1]] == [
        "thinking", "redacted_thinking", "text", "tool_use",
    ]  # fmt: skip


def test_an_unchanged_answer_goes_back_as_it_was() -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"a": 1}}
    blocks = [THOUGHT, text("I "), HIDDEN, text("look."), use]
    message = AssistantPromptMessage("I look.", [call()], opaque_body=copy.deepcopy(blocks))
    assert turns(UserPromptMessage("x"), message, ToolPromptMessage("y", tool_call_id="toolu_1"))[1][1] == blocks
    assert message.opaque_body == blocks


def test_a_changed_answer_keeps_its_thinking_and_says_the_new_text() -> None:
    message = AssistantPromptMessage("Changed", opaque_body=[THOUGHT, text("Before")])
    assert turns(UserPromptMessage("x"), message)[1][1] == [THOUGHT, text("Changed")]


@pytest.mark.parametrize(
    "opaque",
    [
        [{"type": "thinking", "thinking": "cut off", "signature": ""}],
        [{"type": "redacted_thinking"}],
        [{"type": "reasoning.encrypted", "data": "x"}],
        {"reasoning_details": []},
        ["text"],
        "text",
    ],
)
def test_thinking_that_the_vendor_would_refuse_is_left_out(opaque: Any) -> None:
    message = AssistantPromptMessage("a", reasoning_content="unsigned", opaque_body=opaque)
    assert turns(UserPromptMessage("x"), message)[1][1] == [text("a")]


@pytest.mark.parametrize(
    ("part", "word"),
    [
        (AudioPromptMessageContent(base64_data="AAAA"), "audio"),
        (VideoPromptMessageContent(url="https://example.com/a.mp4"), "video"),
    ],
)
def test_parts_that_the_vendor_does_not_take_are_refused_by_name(part: Any, word: str) -> None:
    with pytest.raises(InvokeBadRequestError, match=word):
        conversation([UserPromptMessage([part])])


@pytest.mark.parametrize("kind", [SystemPromptMessage, AssistantPromptMessage])
def test_images_belong_to_the_user(kind: Any) -> None:
    image = ImagePromptMessageContent(url="https://example.com/a.png")
    with pytest.raises(InvokeBadRequestError, match="image"):
        conversation([UserPromptMessage("x"), kind([image])])
