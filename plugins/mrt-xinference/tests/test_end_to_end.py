"""The whole road: runtime, plugin, connections, and a server that knows the right answer, engine by engine."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from xin_replay import WEATHER

from mrt import (
    AssistantPromptMessage,
    DeveloperPromptMessage,
    ImagePromptMessageContent,
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeConnectionError,
    InvokeContextLengthError,
    InvokeError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
    Runtime,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt_testing_kit.server import Answer, OracleServer, ToolCall, oracle

HELLO = "Hello! How can I help you today?"
ENGINES = ["tiny-chat", "tiny-gguf", "tiny-vllm"]
every_engine = pytest.mark.parametrize("uid", ENGINES)


def llm(runtime: Runtime, server: OracleServer, uid: str = "tiny-chat") -> Any:
    return runtime.llm("xinference/some-model", credentials={"server_url": server.url, "model_uid": uid})


def both(handle: Any, *given: Any, **more: Any) -> Any:
    """Call on a thread and on an event loop; return both results."""
    return handle.invoke(*given, **more), asyncio.run(handle.ainvoke(*given, **more))


def streamed(handle: Any, *given: Any, **more: Any) -> list[Any]:
    """Stream on a thread and on an event loop; return both whole results."""

    async def run() -> Any:
        stream = handle.astream(*given, **more)
        said = "".join([chunk.text async for chunk in stream])
        assert said == stream.result.text
        return stream.result

    stream = handle.stream(*given, **more)
    said = "".join(chunk.text for chunk in stream)
    assert said == stream.result.text
    return [stream.result, asyncio.run(run())]


@every_engine
def test_a_chat_whole_and_in_a_stream(runtime: Runtime, server: OracleServer, uid: str) -> None:
    chat = llm(runtime, server, uid)
    parameters = {"temperature": 0, "max_tokens": 64, "top_k": 5}
    for result in (*both(chat, "Say hello.", model_parameters=parameters), *streamed(chat, "Say hello.")):
        assert (result.text, result.finish_reason, result.usage.source) == (HELLO, "stop", "reported")
        assert result.model == "some-model"
        assert result.reasoning_content is None
        assert result.request_id
    sent = server.requests[1].json
    assert sent["model"] == uid
    assert {name: sent[name] for name in parameters} == parameters


@every_engine
def test_a_tool_loop_to_its_end(runtime: Runtime, server: OracleServer, uid: str) -> None:
    chat = llm(runtime, server, uid)
    ask = UserPromptMessage(
        '[[oracle: tool:get_weather {"city": "Paris"}]][[oracle: tool:get_weather {"city": "Oslo"}]]Weather?'
    )
    for result in (*both(chat, [ask], tools=[WEATHER]), *streamed(chat, [ask], tools=[WEATHER])):
        calls = result.message.tool_calls
        found = [(call.index, call.function.name, json.loads(call.function.arguments)["city"]) for call in calls]
        assert found == [(0, "get_weather", "Paris"), (1, "get_weather", "Oslo")]
        assert (result.finish_reason, result.text) == ("tool_calls", "")
        results = [ToolPromptMessage(f"{n} degrees", tool_call_id=call.id) for n, call in enumerate(calls)]
        answer = chat.invoke([ask, result.message, *results], tools=[WEATHER])
        assert "0 degrees" in answer.text
        assert "1 degrees" in answer.text


@pytest.mark.parametrize("uid", ["tiny-chat", "tiny-vllm"])
def test_words_before_a_call(runtime: Runtime, server: OracleServer, uid: str) -> None:
    chat = llm(runtime, server, uid)
    for ask in (both, streamed):
        server.next_answer(*(Answer("Let me look.\n", calls=[ToolCall("f", '{"x": 1}')]) for _ in range(2)))
        for result in ask(chat, "Weather?", tools=[WEATHER]):
            assert result.text == "Let me look."
            assert [call.function.name for call in result.message.tool_calls] == ["f"]


def test_broken_calls_stay_text_in_both_ways(runtime: Runtime, server: OracleServer) -> None:
    chat = llm(runtime, server)
    said = '<tool_call>\n{"name": "f", "arguments": {"x": }\n</tool_call>'
    for ask in (both, streamed):
        server.next_answer(*(Answer("", calls=[ToolCall("f", '{"x": ')]) for _ in range(2)))
        for result in ask(chat, "Weather?", tools=[WEATHER]):
            assert result.text == said
            assert result.message.tool_calls == []
            assert result.finish_reason == "stop"


def test_thinking_is_apart(runtime: Runtime, server: OracleServer) -> None:
    ask = "[[oracle: think Two and two.]][[oracle: say Four.]]?"
    chat = llm(runtime, server, "tiny-reason")
    for result in (*both(chat, ask), *streamed(chat, ask)):
        assert result.reasoning_content.strip() == "Two and two."
        assert result.text.strip() == "Four."
    # Where no parser runs, the tags stand in the text.
    for result in (*both(llm(runtime, server), ask), *streamed(llm(runtime, server), ask)):
        assert (result.reasoning_content, result.text) == ("Two and two.", "Four.")


def test_thinking_can_be_switched_off(runtime: Runtime, server: OracleServer) -> None:
    chat = llm(runtime, server, "tiny-reason")
    result = chat.invoke("Say hello.", model_parameters={"enable_thinking": False})
    assert (result.text, result.reasoning_content) == (HELLO, None)
    assert server.requests[-1].json["enable_thinking"] is False
    with pytest.raises(InvokeBadRequestError, match="enable_thinking"):
        llm(runtime, server).invoke("Hi", model_parameters={"enable_thinking": False})


def test_structured_output_where_the_engine_can(runtime: Runtime, server: OracleServer) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    for uid in ("tiny-gguf", "tiny-vllm"):
        for result in both(llm(runtime, server, uid), "Where?", model_parameters={"json_schema": json.dumps(schema)}):
            assert isinstance(result.structured_output["city"], str)
    with pytest.raises(InvokeBadRequestError, match="json_schema"):
        llm(runtime, server).invoke("Where?", model_parameters={"json_schema": json.dumps(schema)})


def test_a_text_completion_ends_without_an_end_mark(runtime: Runtime, server: OracleServer) -> None:
    base = llm(runtime, server, "tiny-base")
    wanted = oracle.reply("Once upon a time")
    for result in (*both(base, "Once upon a time"), *streamed(base, "Once upon a time")):
        assert (result.text, result.finish_reason, result.usage.source) == (wanted, "stop", "reported")
    assert {request.path for request in server.requests[1:]} == {"/v1/completions"}
    with pytest.raises(InvokeBadRequestError):
        base.invoke("Hi", tools=[WEATHER])


def test_every_kind_of_message(runtime: Runtime, server: OracleServer) -> None:
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
    messages = [
        SystemPromptMessage([TextPromptMessageContent("one"), TextPromptMessageContent("two")]),
        DeveloperPromptMessage("Be brief."),
        UserPromptMessage("first"),
        AssistantPromptMessage("a"),
        UserPromptMessage(
            [TextPromptMessageContent("Look"), ImagePromptMessageContent(base64_data=png, mime_type="image/png")]
        ),
    ]
    for result in both(llm(runtime, server, "tiny-vlm"), messages, user="ann"):
        assert "image/png" in result.text
    assert server.requests[-1].json["user"] == "ann"


def test_any_number_of_stop_texts(runtime: Runtime, server: OracleServer) -> None:
    stops = ["zz", "yy", "xx", "ww", "vv", "can"]
    for result in (
        *both(llm(runtime, server), "Say hello.", stop=stops),
        *streamed(llm(runtime, server), "Say hello.", stop=stops),
    ):
        assert result.text == "Hello! How "
    assert server.requests[-1].json["stop"] == stops


def test_embeddings(runtime: Runtime, server: OracleServer) -> None:
    model = runtime.text_embedding("xinference/e", {"server_url": server.url, "model_uid": "tiny-embed"})
    texts = ["hello", "", "the weather in Paris"]
    for result in both(model, texts):
        single = [model.invoke([text]).embeddings[0] for text in texts]
        assert result.embeddings == single
        assert result.usage.source == "reported"
    assert server.requests[1].json["encoding_format"] == "base64"
    count = len(server.requests)
    assert model.invoke([]).embeddings == []
    assert len(server.requests) == count


def test_an_older_server_answers_with_lists(runtime: Runtime, server: OracleServer) -> None:
    model = runtime.text_embedding("xinference/e", {"server_url": server.url, "model_uid": "tiny-embed"})
    expected = model.invoke(["hello"]).embeddings
    with server.fault("F52"):
        assert model.invoke(["hello"]).embeddings == expected


def test_a_model_that_was_launched_to_cut_its_vectors(runtime: Runtime, server: OracleServer) -> None:
    model = runtime.text_embedding("xinference/e", {"server_url": server.url, "model_uid": "tiny-embed"})
    with server.fault("F54", which="all", by=-16):
        assert [len(vector) for vector in model.invoke(["a", "b"]).embeddings] == [16, 16]
    with server.fault("F54", which="one", by=-16), pytest.raises(InvokeBadResponseError, match="different sizes"):
        model.invoke(["a", "b"])


def test_many_texts_go_in_batches(runtime: Runtime, server: OracleServer) -> None:
    model = runtime.text_embedding("xinference/e", {"server_url": server.url, "model_uid": "tiny-embed"})
    result = model.invoke([f"text {number}" for number in range(600)])
    assert [len(request.json["input"]) for request in server.requests[1:]] == [256, 256, 88]
    assert result.embeddings[599] == model.invoke(["text 599"]).embeddings[0]


def test_rerank(runtime: Runtime, server: OracleServer) -> None:
    model = runtime.rerank("xinference/r", {"server_url": server.url, "model_uid": "tiny-rerank"})
    docs = ["sunny in Paris", "hello", "", "hello"]
    scores = {index: oracle.score("weather", doc) for index, doc in enumerate(docs)}
    for result in both(model, "weather", docs):
        assert {doc.index: doc.text for doc in result.docs} == dict(enumerate(docs))
        assert [doc.score for doc in result.docs] == sorted((doc.score for doc in result.docs), reverse=True)
        assert {doc.index: pytest.approx(doc.score) for doc in result.docs} == scores
    assert len(model.invoke("weather", docs, top_n=2).docs) == 2
    count = len(server.requests)
    assert model.invoke("weather", []).docs == []
    assert len(server.requests) == count


def test_speech_both_ways(runtime: Runtime, server: OracleServer) -> None:
    speaker = runtime.tts("xinference/s", {"server_url": server.url, "model_uid": "tiny-tts"})
    listener = runtime.speech2text("xinference/w", {"server_url": server.url, "model_uid": "tiny-whisper"})
    for sound in both(speaker, "Hello there", voice="bf_emma"):
        assert sound.media_type == "audio/mpeg"
        for text in both(listener, bytes(sound)):
            assert text == "Hello there"
    assert server.requests[1].json == {
        "model": "tiny-tts", "input": "Hello there", "voice": "bf_emma", "response_format": "mp3",
    }  # fmt: skip
    whole = bytes(speaker.invoke("Hello there"))
    assert b"".join(speaker.stream("Hello there")) == whole
    assert server.requests[-1].json["stream"] is True
    with pytest.raises(InvokeBadRequestError, match="not found, available"):
        speaker.invoke("Hello", voice="nobody")


@every_engine
def test_an_error_in_a_stream_keeps_what_came(runtime: Runtime, server: OracleServer, uid: str) -> None:
    chat = llm(runtime, server, uid)
    for fault, options, kind in (
        ("F15", {}, InvokeConnectionError),
        ("F16", {}, InvokeConnectionError),
        ("F19", {"message": "Rate limit reached"}, InvokeRateLimitError),
        ("F21", {}, InvokeBadResponseError),
    ):
        with server.fault(fault, path="*/chat/completions", **options), pytest.raises(kind) as caught:
            list(chat.stream("Say hello."))
        assert HELLO.startswith(caught.value.partial.text)


def test_a_prompt_that_is_too_long(runtime: Runtime, server: OracleServer) -> None:
    words = "Request exceeds the model's configured context length."
    with server.fault("F41", status=400, message=words, path="*/chat/completions"):
        with pytest.raises(InvokeContextLengthError):
            llm(runtime, server, "tiny-vllm").invoke("one two three")


@pytest.mark.parametrize(
    ("fault", "options", "kind"),
    [
        ("F41", {"status": 500, "body": "html"}, InvokeServerUnavailableError),
        ("F41", {"status": 502, "body": "empty"}, InvokeServerUnavailableError),
        ("F41", {"status": 429, "body": "text"}, InvokeRateLimitError),
        ("F22", {}, InvokeBadResponseError),
        ("F24", {}, InvokeBadResponseError),
        ("F21", {}, InvokeError),
        ("F43", {}, InvokeBadRequestError),
        ("F16", {"after": 0}, InvokeConnectionError),
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models/tiny-chat"])
def test_answers_that_are_none(
    runtime: Runtime, server: OracleServer, fault: str, options: dict[str, Any], kind: type[InvokeError], path: str
) -> None:
    with server.fault(fault, path=path, times=None, **options), pytest.raises(kind) as caught:
        llm(runtime, server).invoke("Hi")
    assert caught.value.description
    assert llm(runtime, server).invoke("Say hello.").text == HELLO


def test_tokens_are_an_estimate(runtime: Runtime, server: OracleServer) -> None:
    count = llm(runtime, server).get_num_tokens("Hello there")
    assert count > 0
    assert count.method == "estimate"
