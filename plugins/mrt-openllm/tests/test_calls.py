"""Calls to servers of each generation, from the handle to the bytes and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ollm_calls import WAYS, ask

from mrt import Runtime
from mrt.entities.message import (
    AssistantPromptMessage,
    DeveloperPromptMessage,
    ImagePromptMessageContent,
    PromptMessageTool,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt.errors import InvokeBadRequestError
from mrt_testing_kit.server import Answer, OracleServer, oracle

Open = Callable[..., tuple[OracleServer, Any]]
GENERATIONS = ("0.3", "0.4", "0.5", "0.6", "0.8.5")
WEATHER = PromptMessageTool(
    "get_weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
)
TALK = [
    SystemPromptMessage("Be brief."),
    UserPromptMessage("Hi"),
    AssistantPromptMessage("Hi."),
    UserPromptMessage("?"),
]
every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def opened(runtime: Runtime) -> Iterator[Open]:
    """Start a server of a generation, 0.8.5 being a 0.6 with that older engine, and return it with a model of it."""
    servers: list[OracleServer] = []

    def make(generation: str, *, mode: str = "chat", **settings: Any) -> tuple[OracleServer, Any]:
        is_new = generation in ("0.6", "0.8.5")
        about = {"vllm": generation} if generation == "0.8.5" else {} if is_new else {"generation": generation}
        server = OracleServer("openllm" if is_new else "openllm-0.4", settings={**about, **settings}).start()
        servers.append(server)
        model = "local/tiny-llama" if is_new else "tiny-llama"
        return server, runtime.llm(f"openllm/{model}", {"server_url": server.url, "mode": mode})

    yield make
    for server in servers:
        server.stop()
        assert server.errors == []


@every_way
@pytest.mark.parametrize("mode", ["chat", "completion"])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_an_answer_of_each_generation(opened: Open, generation: str, mode: str, way: str) -> None:
    server, handle = opened(generation, mode=mode)
    result = ask(handle, way, "Say hello.")
    assert result.text == oracle.reply("Say hello.")
    is_new = generation in ("0.6", "0.8.5")
    assert result.usage.source == ("reported" if is_new else "estimated")
    assert result.finish_reason == (None if generation == "0.3" else "stop")
    path = server.requests[-1].path
    if is_new:
        assert path == ("/v1/chat/completions" if mode == "chat" else "/v1/completions")
    elif generation != "0.3" and mode == "chat":
        assert path == "/v1/chat/completions"
    else:
        assert path == ("/v1/generate_stream" if way in ("stream", "astream") else "/v1/generate")


@every_way
@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_conversation_of_each_generation(opened: Open, generation: str, way: str) -> None:
    server, handle = opened(generation)
    assert ask(handle, way, TALK).text
    body = server.requests[-1].json
    if generation == "0.3":
        assert body["prompt"] == "Be brief.\nUser: Hi\nAssistant: Hi.\nUser: ?\nAssistant:"
    else:
        assert [(message["role"], message["content"]) for message in body["messages"]] == [
            ("system", "Be brief."), ("user", "Hi"), ("assistant", "Hi."), ("user", "?"),
        ]  # fmt: skip


@every_way
@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("mode", ["chat", "completion"])
def test_stop_texts_of_each_generation(opened: Open, generation: str, mode: str, way: str) -> None:
    server, handle = opened(generation, mode=mode)
    if generation == "0.3":
        server.next_answer(Answer(["one two", " END three"]))
    else:
        server.next_answer(Answer(["one two ", "END"]))
    result = ask(handle, way, stop=["END"])
    assert (result.text.rstrip(), result.finish_reason) == ("one two", "stop")
    body = server.requests[-1].json
    found = {"top": body.get("stop"), "inside": body.get("llm_config", {}).get("stop")}
    if generation == "0.3":
        assert found == {"top": None, "inside": None}
    elif generation == "0.5" and mode == "completion":
        assert found == {"top": None, "inside": ["END"]}
    else:
        assert found == {"top": ["END"], "inside": None}


@pytest.mark.parametrize("way", ["sync", "stream"])
def test_parameters_of_the_native_route(opened: Open, way: str) -> None:
    server, handle = opened("0.4", mode="completion")
    given = {"max_tokens": 7, "temperature": 0, "top_k": 0, "repetition_penalty": 1.1, "top_p": None}
    ask(handle, way, model_parameters=given)
    assert server.requests[-1].json == {
        "prompt": "Hi",
        "llm_config": {"max_new_tokens": 7, "temperature": 0, "top_k": 0, "repetition_penalty": 1.1},
    }


@pytest.mark.parametrize(
    ("generation", "given", "sent"), [("0.4", 0, 0), ("0.6", 0, 0), ("0.6", -1, -1), ("0.8.5", 3, 3)]
)
def test_top_k_goes_out_as_it_is(opened: Open, generation: str, given: int, sent: int) -> None:
    server, handle = opened(generation)
    ask(handle, "sync", model_parameters={"top_k": given})
    assert server.requests[-1].json["top_k"] == sent


def test_top_k_of_zero_is_said_to_older_engines_as_they_take_it(opened: Open) -> None:
    # vLLM before 0.11 has no field of this name, and 0.8.5 refuses a top_k of 0.
    server, handle = opened("0.8.5", without=["structured_outputs"])
    ask(handle, "sync", model_parameters={"top_k": 0})
    assert server.requests[-1].json["top_k"] == -1


@pytest.mark.parametrize(("generation", "without"), [("0.4", "top_k"), ("0.5", "top_k"), ("0.6", "top_k")])
def test_a_parameter_that_the_model_does_not_take_is_named_before_any_call(
    opened: Open, generation: str, without: str
) -> None:
    _, takes = opened(generation)
    server, refuses = opened(generation, without=[without])
    names = {rule.name for rule in takes.schema.parameter_rules}
    assert names - {rule.name for rule in refuses.schema.parameter_rules} == {without}
    before = len(server.requests)
    with pytest.raises(InvokeBadRequestError, match=without):
        refuses.invoke("Hi", model_parameters={without: 5})
    assert len(server.requests) == before
    assert takes.invoke("Hi", model_parameters={without: 5}).text


@pytest.mark.parametrize("parameters", [{"temperature": 1.5}, {"temperature": -1}, {"max_tokens": 0}, {"top_p": 2}])
def test_values_that_the_old_line_refuses_without_a_word_are_never_sent(
    opened: Open, parameters: dict[str, Any]
) -> None:
    server, handle = opened("0.4")
    assert handle.schema.model
    before = len(server.requests)
    with pytest.raises(InvokeBadRequestError, match=next(iter(parameters))):
        handle.invoke("Hi", model_parameters=parameters)
    assert len(server.requests) == before


@every_way
def test_tools_of_the_present_generation(opened: Open, way: str) -> None:
    _, handle = opened("0.6")
    first = ask(handle, way, "Weather in Paris?", tools=[WEATHER])
    assert first.finish_reason == "tool_calls"
    [call] = first.message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city": "Paris"}')
    talk = [UserPromptMessage("Weather in Paris?"), first.message, ToolPromptMessage("Sunny.", tool_call_id=call.id)]
    assert ask(handle, way, talk, tools=[WEATHER]).text


@every_way
def test_tools_without_a_parser_say_what_is_missing(opened: Open, way: str) -> None:
    _, handle = opened("0.6", tool_parser=False)
    with pytest.raises(InvokeBadRequestError, match="the model was started without a parser for tool calls"):
        ask(handle, way, tools=[WEATHER])


@pytest.mark.parametrize("generation", ["0.3", "0.4", "0.5"])
def test_the_old_line_takes_neither_tools_nor_images(opened: Open, generation: str) -> None:
    server, handle = opened(generation)
    assert handle.schema.features == []
    before = len(server.requests)
    with pytest.raises(InvokeBadRequestError, match="takes no tools"):
        handle.invoke("Hi", tools=[WEATHER])
    with pytest.raises(InvokeBadRequestError, match="takes no image"):
        handle.invoke([UserPromptMessage([picture()])])
    assert len(server.requests) == before


def test_images_go_to_models_of_the_present_generation(opened: Open) -> None:
    server, handle = opened("0.6", vision=True)
    ask(handle, "sync", [UserPromptMessage([TextPromptMessageContent("What is it?"), picture()])])
    kinds = [part["type"] for part in server.requests[-1].json["messages"][0]["content"]]
    assert kinds == ["text", "image_url"]
    _, blind = opened("0.6")
    with pytest.raises(InvokeBadRequestError, match="not a multimodal model"):
        ask(blind, "sync", [UserPromptMessage([picture()])])


def picture() -> ImagePromptMessageContent:
    return ImagePromptMessageContent(base64_data="iVBORw0KGgo=", mime_type="image/png", format="png")


@pytest.mark.parametrize("generation", ["0.4", "0.6"])
def test_what_a_developer_says_goes_out_as_the_system(opened: Open, generation: str) -> None:
    server, handle = opened(generation)
    parts = [TextPromptMessageContent("a"), TextPromptMessageContent("b")]
    ask(handle, "sync", [DeveloperPromptMessage("Be brief."), UserPromptMessage(parts)])
    system, user = server.requests[-1].json["messages"]
    assert (system["role"], system["content"]) == ("system", "Be brief.")
    # A list of parts would become its Python text up to 0.5.
    assert user["content"] == ("a\nb" if generation == "0.4" else [
        {"type": "text", "text": "a"}, {"type": "text", "text": "b"},
    ])  # fmt: skip


@every_way
@pytest.mark.parametrize("generation", ["0.6", "0.8.5"])
def test_thinking_stands_apart_under_either_name(opened: Open, generation: str, way: str) -> None:
    _, handle = opened(generation)
    result = ask(handle, way, "[[oracle: think hm]]")
    assert result.reasoning_content == "hm"
    assert "hm" not in result.text


def test_usage_is_asked_for_where_it_can_be_trusted(opened: Open) -> None:
    new, handle = opened("0.6")
    ask(handle, "stream")
    assert new.requests[-1].json["stream_options"] == {"include_usage": True}
    old, handle = opened("0.4")
    ask(handle, "stream")
    assert "stream_options" not in old.requests[-1].json


def test_a_server_is_asked_once_for_many_calls(opened: Open) -> None:
    server, handle = opened("0.4")
    for _ in range(3):
        handle.invoke("Hi")
    paths = [request.path for request in server.requests]
    assert paths == ["/v1/models", "/v1/metadata", *["/v1/chat/completions"] * 3]
