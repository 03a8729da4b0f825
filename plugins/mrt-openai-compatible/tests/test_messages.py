from __future__ import annotations

import base64
from typing import Any

import pytest
from oai_calls import make_call

from mrt.entities.message import (
    AssistantPromptMessage,
    AudioPromptMessageContent,
    DeveloperPromptMessage,
    DocumentPromptMessageContent,
    ImagePromptMessageContent,
    PromptMessage,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolCall,
    ToolCallFunction,
    ToolPromptMessage,
    UserPromptMessage,
    VideoPromptMessageContent,
)
from mrt.errors import InvokeBadRequestError
from mrt_openai_compatible.dialect.llm import OpenAILargeLanguageModel
from mrt_openai_compatible.dialect.messages import MessageStyle, wire_messages

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(40)).decode()
WAV = base64.b64encode(b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(40)).decode()
PDF = base64.b64encode(b"%PDF-1.7\n" + bytes(40)).decode()


def text(data: str) -> TextPromptMessageContent:
    return TextPromptMessageContent(data)


def weather(call_id: str = "call_1", arguments: str = '{"city": "Paris"}') -> ToolCall:
    return ToolCall(call_id, "function", ToolCallFunction("weather", arguments))


def user_parts(*parts: Any) -> Any:
    return wire_messages([UserPromptMessage(list(parts))])[0]["content"]


def test_each_role_goes_out_in_its_place() -> None:
    messages: list[PromptMessage] = [
        SystemPromptMessage("one"),
        DeveloperPromptMessage("two"),
        UserPromptMessage("three"),
        AssistantPromptMessage("four"),
        SystemPromptMessage("five"),
        UserPromptMessage("six"),
        UserPromptMessage("seven"),
    ]
    wired = [(message["role"], message["content"]) for message in wire_messages(messages)]
    assert wired == [
        ("system", "one"),
        ("developer", "two"),
        ("user", "three"),
        ("assistant", "four"),
        ("system", "five"),
        ("user", "six"),
        ("user", "seven"),
    ]


def test_the_developer_role_can_be_another_one() -> None:
    style = MessageStyle(developer_role="system")
    assert wire_messages([DeveloperPromptMessage("x")], style)[0]["role"] == "system"


@pytest.mark.parametrize("kind", [SystemPromptMessage, DeveloperPromptMessage])
def test_lists_of_text_in_messages_that_take_text_become_one_text(kind: Any) -> None:
    assert wire_messages([kind([text("a"), text("b")])])[0]["content"] == "a\nb"
    assert wire_messages([ToolPromptMessage([text("a"), text("b")], tool_call_id="x")])[0]["content"] == "a\nb"


def test_an_image_in_a_system_message_is_refused() -> None:
    with pytest.raises(InvokeBadRequestError, match="image into a user message"):
        wire_messages([SystemPromptMessage([ImagePromptMessageContent(base64_data=PNG)])])


def test_user_text_parts_stay_parts_and_a_single_one_is_a_text() -> None:
    assert user_parts(text("a"), text("b")) == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert user_parts(text("a")) == "a"
    style = MessageStyle(text_only=True)
    assert wire_messages([UserPromptMessage([text("a"), text("b")])], style)[0]["content"] == "a\nb"


def test_an_image_url_stays_a_url_with_its_detail() -> None:
    part = ImagePromptMessageContent(url="https://example.com/a.png", detail="high")
    image = {"url": "https://example.com/a.png", "detail": "high"}
    assert user_parts(text("x"), part)[1] == {"type": "image_url", "image_url": image}


def test_image_data_becomes_a_data_url_of_the_type_that_the_bytes_have() -> None:
    mislabelled = ImagePromptMessageContent(base64_data=PNG, mime_type="image/jpeg")
    from_url = ImagePromptMessageContent(url=f"data:image/webp;base64,{JPEG}")
    bare = ImagePromptMessageContent(base64_data=JPEG)
    urls = [part["image_url"]["url"] for part in user_parts(text("x"), mislabelled, from_url, bare)[1:]]
    assert urls == [f"data:image/png;base64,{PNG}", *[f"data:image/jpeg;base64,{JPEG}"] * 2]


def test_unknown_bytes_keep_the_declared_type() -> None:
    data = base64.b64encode(b"\x00" * 30).decode()
    declared = ImagePromptMessageContent(base64_data=data, mime_type="image/x-icon")
    by_format = ImagePromptMessageContent(base64_data=data, format="tiff")
    urls = [part["image_url"]["url"] for part in user_parts(declared, by_format)]
    assert [url.partition(";")[0] for url in urls] == ["data:image/x-icon", "data:image/tiff"]


def test_line_breaks_in_base64_are_taken_out() -> None:
    broken = "\n".join([PNG[:20], PNG[20:]])
    assert user_parts(text("x"), ImagePromptMessageContent(base64_data=broken))[1]["image_url"]["url"].endswith(PNG)


def test_data_that_is_no_base64_is_refused() -> None:
    with pytest.raises(InvokeBadRequestError, match="image is no base64"):
        user_parts(ImagePromptMessageContent(base64_data="not base64!"))


def test_sound_has_data_and_format_and_by_url_the_form_that_servers_fetch() -> None:
    data = user_parts(text("x"), AudioPromptMessageContent(base64_data=WAV, mime_type="audio/mpeg"))[1]
    assert data == {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}}
    by_url = user_parts(text("x"), AudioPromptMessageContent(url="https://example.com/a.mp3"))[1]
    assert by_url == {"type": "audio_url", "audio_url": {"url": "https://example.com/a.mp3"}}


def test_a_film_and_a_document() -> None:
    film = VideoPromptMessageContent(url="https://example.com/a.mp4")
    document = DocumentPromptMessageContent(base64_data=PDF, filename="report.pdf")
    assert user_parts(film, document) == [
        {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}},
        {"type": "file", "file": {"filename": "report.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}},
    ]


def test_a_document_by_url_is_refused_and_not_left_out() -> None:
    with pytest.raises(InvokeBadRequestError, match="base64_data"):
        user_parts(DocumentPromptMessageContent(url="https://example.com/a.pdf"))


def test_text_that_looks_like_a_url_stays_text() -> None:
    assert user_parts(text("https://example.com/a.png")) == "https://example.com/a.png"


def test_calls_without_text_have_null_content_and_text_stays_beside_calls() -> None:
    silent, talking = wire_messages(
        [AssistantPromptMessage("", [weather()]), AssistantPromptMessage("Let me see.", [weather("call_2")])]
    )
    assert silent["content"] is None
    assert talking["content"] == "Let me see."
    function = {"name": "weather", "arguments": '{"city": "Paris"}'}
    assert silent["tool_calls"] == [{"id": "call_1", "type": "function", "function": function}]


def test_a_call_without_arguments_goes_back_as_an_empty_object() -> None:
    [wired] = wire_messages([AssistantPromptMessage("", [weather(arguments="")])])
    assert wired["tool_calls"][0]["function"]["arguments"] == "{}"


def test_a_tool_result_names_its_call() -> None:
    [wired] = wire_messages([ToolPromptMessage("18 degrees", name="weather", tool_call_id="call_1")])
    assert wired == {"role": "tool", "tool_call_id": "call_1", "content": "18 degrees"}
    assert wire_messages([ToolPromptMessage(None, tool_call_id="x")])[0]["content"] == ""


def test_a_tool_result_without_a_call_is_refused() -> None:
    with pytest.raises(InvokeBadRequestError, match="tool_call_id"):
        wire_messages([ToolPromptMessage("x")])


def test_messages_that_say_nothing_are_left_out() -> None:
    messages = [
        SystemPromptMessage(""), UserPromptMessage("a"), AssistantPromptMessage(""), AssistantPromptMessage(None),
        UserPromptMessage(""), UserPromptMessage([]), UserPromptMessage([text("")]), UserPromptMessage(" "),
    ]  # fmt: skip
    assert [message["content"] for message in wire_messages(messages)] == ["a", " "]
    assert user_parts(text(""), ImagePromptMessageContent(url="https://example.com/a.png"))[0]["type"] == "image_url"


def test_two_answers_in_a_row_become_one() -> None:
    messages = [
        UserPromptMessage("a"), AssistantPromptMessage("b"), UserPromptMessage(""), AssistantPromptMessage("c"),
        AssistantPromptMessage("", [weather()]), ToolPromptMessage("d", tool_call_id="call_1"),
    ]  # fmt: skip
    wired = wire_messages(messages)
    assert [message["role"] for message in wired] == ["user", "assistant", "tool"]
    assert (wired[1]["content"], len(wired[1]["tool_calls"])) == ("b\nc", 1)
    assert len(wire_messages([AssistantPromptMessage("", [weather()]), AssistantPromptMessage("b")])) == 2


def test_thinking_in_old_texts_does_not_go_back() -> None:
    old = AssistantPromptMessage("<think>a</think>one <think>b</think>two `<think>`")
    assert wire_messages([old])[0] == {"role": "assistant", "content": "one two `<think>`"}
    asked = wire_messages([UserPromptMessage("<think>mine</think>")])
    assert asked[0]["content"] == "<think>mine</think>"
    named = wire_messages([AssistantPromptMessage("Use <think> for that.")])
    assert named[0]["content"] == "Use <think> for that."
    in_loop = AssistantPromptMessage("<think>why</think>", [weather()])
    [_, wired] = wire_messages([UserPromptMessage("x"), in_loop])
    assert (wired["content"], wired["reasoning_content"]) == (None, "why")
    kept = wire_messages([AssistantPromptMessage("<think>a</think>b")], MessageStyle(think_tags=None))
    assert kept[0]["content"] == "<think>a</think>b"


def test_names_of_speakers_go_along() -> None:
    assert wire_messages([UserPromptMessage("x", name="ann")])[0]["name"] == "ann"
    assert "name" not in wire_messages([UserPromptMessage("x")])[0]


def history() -> list[PromptMessage]:
    return [
        UserPromptMessage("first"),
        AssistantPromptMessage("", [weather("call_1")], reasoning_content="old thinking"),
        ToolPromptMessage("1", tool_call_id="call_1"),
        AssistantPromptMessage("done", reasoning_content="more old thinking"),
        UserPromptMessage("second"),
        AssistantPromptMessage("", [weather("call_2")], reasoning_content="thinking now"),
        ToolPromptMessage("2", tool_call_id="call_2"),
    ]


def test_thinking_goes_back_in_the_running_tool_loop_only() -> None:
    found = [message.get("reasoning_content") for message in wire_messages(history())]
    assert found == [None, None, None, None, None, "thinking now", None]


def test_thinking_goes_back_always_never_or_under_another_name() -> None:
    never = wire_messages(history(), MessageStyle(echo_reasoning="never"))
    always = wire_messages(history(), MessageStyle(echo_reasoning="always", reasoning_field="reasoning"))
    assert not any("reasoning_content" in message for message in never)
    assert [message["reasoning"] for message in always if "reasoning" in message] == [
        "old thinking", "more old thinking", "thinking now",
    ]  # fmt: skip


def test_assistant_parts_are_joined_without_anything_between() -> None:
    assert wire_messages([AssistantPromptMessage([text("a"), text("b")])])[0]["content"] == "ab"


def test_half_a_surrogate_pair_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(InvokeBadRequestError):
        OpenAILargeLanguageModel().build_request(make_call(prompt="half \ud83d pair"))


def test_the_callers_messages_stay_as_they_are() -> None:
    messages = history()
    before = [message.model_dump() for message in messages]
    OpenAILargeLanguageModel().build_request(make_call(prompt=messages))
    assert [message.model_dump() for message in messages] == before
