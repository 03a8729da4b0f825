"""The whole road: runtime, plugin, connections, and a server that knows the right answer."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mrt import (
    AssistantPromptMessage,
    DeveloperPromptMessage,
    ImagePromptMessageContent,
    InvokeBadRequestError,
    InvokeConnectionError,
    InvokeError,
    PromptMessageTool,
    Runtime,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt_openai_compatible import plugin
from mrt_testing_kit.server import OracleServer

KEY = "sk-test-0123456789abcdef"
WEATHER = PromptMessageTool(
    name="weather.get",
    description="Tells the weather",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
SPOKEN = "Hello! How can I help you today?"


@pytest.fixture
def server() -> Iterator[OracleServer]:
    with OracleServer(dialect="openai", api_key=KEY, strict=True) as running:
        yield running
        assert running.violations == []


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with Runtime(load_entry_points=False) as running:
        running.register(plugin, "openai-compatible")
        yield running


def llm(runtime: Runtime, server: OracleServer, model: str = "oracle-chat", **fields: Any) -> Any:
    return runtime.llm(f"openai-compatible/{model}", credentials={"base_url": server.url, "api_key": KEY, **fields})


def credentials(server: OracleServer) -> dict[str, Any]:
    return {"base_url": server.url, "api_key": KEY}


def test_a_chat_whole_and_in_a_stream(runtime: Runtime, server: OracleServer) -> None:
    chat = llm(runtime, server)
    result = chat.invoke("Say hello.", model_parameters={"temperature": 0, "max_tokens": 64}, user="ann")
    assert (result.text, result.finish_reason, result.usage.source) == (SPOKEN, "stop", "reported")
    stream = chat.stream("Say hello.")
    chunks = list(stream)
    assert all(str(chunk.request_id).startswith("req_") for chunk in chunks)
    assert "".join(chunk.text for chunk in chunks) == SPOKEN
    assert stream.result is not None
    streamed = stream.result.usage
    assert (streamed.prompt_tokens, streamed.completion_tokens) == (
        result.usage.prompt_tokens, result.usage.completion_tokens,
    )  # fmt: skip


def test_a_chat_in_an_event_loop(runtime: Runtime, server: OracleServer) -> None:
    async def run() -> tuple[str, str]:
        chat = llm(runtime, server)
        result = await chat.ainvoke("Say hello.")
        return result.text, "".join([chunk.text async for chunk in chat.astream("Say hello.")])

    assert asyncio.run(run()) == (SPOKEN, SPOKEN)


def test_a_tool_loop_with_thinking_to_its_end(runtime: Runtime, server: OracleServer) -> None:
    server.settings["reasoning_history"] = "required"
    chat = llm(runtime, server)
    asked = UserPromptMessage(
        f'[[oracle: think I should look.]][[oracle: tool:{wire(WEATHER.name)} {{"city": "Paris"}}]]'
        f'[[oracle: tool:{wire(WEATHER.name)} {{"city": "Oslo"}}]]Weather?'
    )
    messages: list[Any] = [SystemPromptMessage("Be brief."), DeveloperPromptMessage("Use tools."), asked]
    stream = chat.stream(messages, tools=[WEATHER])
    assert list(stream)[-1].delta.finish_reason == "tool_calls"
    answer = stream.result.message
    assert [call.function.name for call in answer.tool_calls] == ["weather.get", "weather.get"]
    assert answer.reasoning_content == "I should look."
    messages.append(answer)
    messages += [ToolPromptMessage(f"{n} degrees", tool_call_id=call.id) for n, call in enumerate(answer.tool_calls)]
    result = chat.invoke(messages, tools=[WEATHER])
    assert "0 degrees" in result.text
    assert "1 degrees" in result.text


def wire(name: str) -> str:
    from mrt_openai_compatible.dialect.tools import wire_name

    return wire_name(name)


def test_every_kind_of_message_satisfies_a_strict_server(runtime: Runtime, server: OracleServer) -> None:
    messages = [
        SystemPromptMessage([TextPromptMessageContent("one"), TextPromptMessageContent("two")]),
        UserPromptMessage(""),
        UserPromptMessage("first"),
        AssistantPromptMessage("<think>why</think>a"),
        AssistantPromptMessage("b"),
        SystemPromptMessage("in the middle"),
        UserPromptMessage(
            [TextPromptMessageContent("Look"), ImagePromptMessageContent(base64_data=PNG, mime_type="image/jpeg")]
        ),
    ]
    result = llm(runtime, server, vision="true").invoke(messages, stop=["#1", "#2", "#3", "#4", "#5", "#6"])
    assert "image/png" in result.text


def test_structured_output(runtime: Runtime, server: OracleServer) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    result = llm(runtime, server).invoke("Where?", model_parameters={"json_schema": schema_text(schema)})
    assert isinstance(result.structured_output["city"], str)


def schema_text(schema: Any) -> str:
    import json

    return json.dumps(schema)


def test_every_declared_parameter_arrives_under_its_name(runtime: Runtime, server: OracleServer) -> None:
    given = {
        "temperature": 0, "top_p": 0.0, "max_tokens": 17, "presence_penalty": -2, "frequency_penalty": 0, "seed": 0,
        "response_format": "json_object", "tool_choice": "required", "parallel_tool_calls": False,
        "reasoning_effort": "low",
    }  # fmt: skip
    llm(runtime, server, reasoning="true", tools="true").invoke("Hi", model_parameters=given, tools=[WEATHER])
    sent = server.requests[-1].json
    expected = given | {"response_format": {"type": "json_object"}, "max_completion_tokens": given.pop("max_tokens")}
    assert {name: sent[name] for name in expected if name != "max_tokens"} == {
        name: value for name, value in expected.items() if name != "max_tokens"
    }


def test_parameters_out_of_range_never_leave(runtime: Runtime, server: OracleServer) -> None:
    chat = llm(runtime, server, context_size="100")
    for wrong in ({"temperature": 2.1}, {"max_tokens": 101}, {"max_tokens": 0}, {"made_up": 1}):
        with pytest.raises(InvokeBadRequestError):
            chat.invoke("Hi", model_parameters=wrong)
    assert server.requests == []


def test_an_image_to_a_model_that_is_declared_without_never_leaves(runtime: Runtime, server: OracleServer) -> None:
    picture = UserPromptMessage([ImagePromptMessageContent(base64_data=PNG)])
    with pytest.raises(InvokeBadRequestError, match="vision"):
        llm(runtime, server, tools="true").invoke([picture])
    assert server.requests == []


def test_a_text_completion(runtime: Runtime, server: OracleServer) -> None:
    base = llm(runtime, server, "oracle-instruct", mode="completion")
    wanted = " there was a tiny model that lived on a small machine, and it was happy."
    assert base.invoke("Once upon a time").text == wanted
    assert "".join(chunk.text for chunk in base.stream("Once upon a time")) == wanted
    assert {request.path for request in server.requests} == {"/v1/completions"}


def test_embeddings_in_batches(runtime: Runtime, server: OracleServer) -> None:
    server.max_items = 3
    model = runtime.text_embedding(
        "openai-compatible/oracle-embed", credentials={**credentials(server), "max_chunks": "3"}
    )
    texts = [f"text {n}" for n in range(8)]
    with server.fault("F50", times=None):
        result = model.invoke(texts)
        awaited = asyncio.run(model.ainvoke(texts))
    single = [model.invoke([text]).embeddings[0] for text in texts]
    assert result.embeddings == awaited.embeddings == single
    assert result.usage.source == "reported"


def test_rerank_speech_and_moderation(runtime: Runtime, server: OracleServer) -> None:
    given = credentials(server)
    ranker = runtime.rerank("openai-compatible/oracle-rerank", credentials=given)
    docs = ["a", "b", "c"]
    ranked = ranker.invoke("q", docs, top_n=2)
    assert asyncio.run(ranker.ainvoke("q", docs, top_n=2)).docs == ranked.docs
    assert [docs[doc.index] for doc in ranked.docs] == [doc.text for doc in ranked.docs]
    speaker = runtime.tts("openai-compatible/oracle-speak", credentials={**given, "audio_format": "wav"})
    sound = speaker.invoke("Hello there", voice="nova")
    assert (sound[:4], sound.media_type) == (b"RIFF", "audio/wav")
    assert b"".join(speaker.stream("Hello there", voice="nova")) == sound
    listener = runtime.speech2text("openai-compatible/oracle-transcribe", credentials=given)
    assert listener.invoke(sound) == asyncio.run(listener.ainvoke(sound)) == "Hello there"
    judge = runtime.moderation("openai-compatible/oracle-moderation", credentials=given)
    assert judge.invoke("x " * 3000 + "smashgore").categories["violence"]
    assert not asyncio.run(judge.ainvoke("x " * 3000))


def test_a_cut_stream_keeps_what_came(runtime: Runtime, server: OracleServer) -> None:
    with server.fault("F15"), pytest.raises(InvokeConnectionError) as caught:
        list(llm(runtime, server).stream("Say hello."))
    assert SPOKEN.startswith(caught.value.partial.text)
    assert caught.value.partial.text


def test_an_error_in_a_stream_is_typed(runtime: Runtime, server: OracleServer) -> None:
    with server.fault("F19"), pytest.raises(InvokeError, match="Quota exceeded") as caught:
        list(llm(runtime, server).stream("Say hello."))
    assert str(caught.value.request_id).startswith("req_")


def test_many_threads_share_one_handle(runtime: Runtime, server: OracleServer) -> None:
    chat = llm(runtime, server)

    def ask(number: int) -> bool:
        return str(chat.invoke(f"number {number}!").text) == f"You said: number {number}!"

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(64)))


def test_the_key_is_in_no_error(runtime: Runtime, server: OracleServer) -> None:
    with server.fault("F60"), pytest.raises(InvokeError) as caught:
        llm(runtime, server).invoke("Hi")
    assert KEY not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
