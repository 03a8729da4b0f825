"""A real server, named by MRT_LIVE_XINFERENCE; it runs the models of the records, or some of them."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from xin_calls import llm_call, run_stream
from xin_replay import CHAT, COMPLETION, EMBED, LISTEN, RECORDS, RERANK, SPEAK, WEATHER
from xin_table import Answers, Fails, row_of

from mrt import (
    CredentialsValidateFailedError,
    ImagePromptMessageContent,
    InvokeBadRequestError,
    InvokeContextLengthError,
    InvokeError,
    InvokeModelNotFoundError,
    InvokeServerUnavailableError,
    Runtime,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt.http.messages import HTTPRequest, HTTPResponse, Timeouts
from mrt.http.multipart import encode_multipart
from mrt.http.transport import Transport
from mrt_openai_compatible.dialect.speech2text import silence
from mrt_testing_kit.records import Record
from mrt_xinference.llm import XinferenceLargeLanguageModel

pytestmark = pytest.mark.live

URL = os.environ.get("MRT_LIVE_XINFERENCE", "")
HELLO = "Hello! How can I help you today?"
# The models of the records that have to run for these tests.
RUNNING = {"tiny-chat", "tiny-reason", "tiny-gguf", "tiny-vision", "tiny-embed", "tiny-rerank", "tiny-whisper"}
CALM = {"temperature": 0, "max_tokens": 64}
MODEL = XinferenceLargeLanguageModel()
both_engines = pytest.mark.parametrize("uid", ["tiny-chat", "tiny-gguf"])


@pytest.fixture(scope="module")
def live() -> Iterator[Runtime]:
    assert URL, "set MRT_LIVE_XINFERENCE to the URL of a server"
    with Runtime() as runtime:
        listed = runtime.models("xinference", credentials={"server_url": URL})
        assert {entity.model for entity in listed} >= RUNNING
        yield runtime


def llm(live: Runtime, uid: str = "tiny-chat") -> Any:
    return live.llm(f"xinference/{uid}", {"server_url": URL})


def calm(uid: str) -> dict[str, Any]:
    # The small model repeats itself exactly where nothing punishes it; llama.cpp has no such penalty.
    return CALM if uid == "tiny-gguf" else {**CALM, "repetition_penalty": 1.0}


def all_ways(chat: Any, prompt: Any, **more: Any) -> list[Any]:
    """Return the results of a call on a thread and on an event loop, whole and in a stream."""

    async def run() -> list[Any]:
        stream = chat.astream(prompt, **more)
        async for _ in stream:
            pass
        return [await chat.ainvoke(prompt, **more), stream.result]

    stream = chat.stream(prompt, **more)
    chunks = list(stream)
    assert "".join(chunk.text for chunk in chunks) == stream.result.text
    return [chat.invoke(prompt, **more), stream.result, *asyncio.run(run())]


@both_engines
def test_chat(live: Runtime, uid: str) -> None:
    for result in all_ways(llm(live, uid), "Say hello.", model_parameters=calm(uid)):
        assert (result.text, result.finish_reason, result.usage.source) == (HELLO, "stop", "reported")
        assert result.model == uid
        assert result.request_id


@both_engines
def test_a_cut_answer(live: Runtime, uid: str) -> None:
    for result in all_ways(llm(live, uid), "Say hello.", model_parameters={**calm(uid), "max_tokens": 3}):
        assert HELLO.startswith(result.text)
        assert result.finish_reason == "length"


@both_engines
def test_stop_texts(live: Runtime, uid: str) -> None:
    for result in all_ways(
        llm(live, uid), "Say hello.", model_parameters=calm(uid), stop=["zz", "yy", "xx", "ww", "can"]
    ):
        assert (result.text, result.finish_reason) == ("Hello! How ", "stop")


@both_engines
def test_tools(live: Runtime, uid: str) -> None:
    chat = llm(live, uid)
    ask = UserPromptMessage("What is the weather in Paris?")
    for result in all_ways(chat, [ask], tools=[WEATHER], model_parameters=calm(uid)):
        (call,) = result.message.tool_calls
        assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Paris"})
        assert (result.finish_reason, result.text) == ("tool_calls", "")
        told = ToolPromptMessage('{"temp": 18, "sky": "clear"}', tool_call_id=call.id)
        answer = chat.invoke([ask, result.message, told], tools=[WEATHER], model_parameters=calm(uid))
        assert answer.text
        assert not answer.message.tool_calls


@both_engines
def test_parallel_tools(live: Runtime, uid: str) -> None:
    for result in all_ways(llm(live, uid), "Weather in Paris and London?", tools=[WEATHER], model_parameters=calm(uid)):
        cities = [json.loads(call.function.arguments)["city"] for call in result.message.tool_calls]
        assert cities == ["Paris", "London"]


def test_thinking(live: Runtime) -> None:
    for result in all_ways(
        llm(live, "tiny-reason"), "Think: what is two plus two?", model_parameters=calm("tiny-reason")
    ):
        assert result.reasoning_content.strip()
        assert "<think>" not in result.text + result.reasoning_content


def test_structured_output(live: Runtime) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    given = {**calm("tiny-gguf"), "json_schema": json.dumps(schema)}
    for result in all_ways(llm(live, "tiny-gguf"), "Where?", model_parameters=given):
        assert isinstance(result.structured_output["city"], str)


def test_every_parameter_that_is_offered_is_taken(live: Runtime) -> None:
    given = {
        "temperature": 0.5, "top_p": 0.9, "max_tokens": 5, "top_k": 3, "presence_penalty": 0.1, "seed": 1,
        "frequency_penalty": 0.1, "repetition_penalty": 1.1, "response_format": "text", "tool_choice": "auto",
        "enable_thinking": True,
    }  # fmt: skip
    for uid in ("tiny-chat", "tiny-gguf", "tiny-reason", "tiny-vision"):
        chat = llm(live, uid)
        offered = {rule.name for rule in chat.schema.parameter_rules}
        assert offered <= given.keys() | {"json_schema"}
        assert chat.invoke("Hi", model_parameters={name: given[name] for name in offered & given.keys()}).usage


def test_embeddings(live: Runtime) -> None:
    model = live.text_embedding("xinference/tiny-embed", {"server_url": URL})
    texts = ["hello", "", "the weather in Paris", *[f"text {number}" for number in range(300)]]
    result, awaited = model.invoke(texts), asyncio.run(model.ainvoke(texts))
    assert {len(vector) for vector in result.embeddings} == {model.schema.model_properties["dimensions"]}
    assert result.usage.source == "reported"
    assert awaited.embeddings[2] == pytest.approx(result.embeddings[2], abs=1e-5)
    assert model.invoke([texts[2]]).embeddings[0] == pytest.approx(result.embeddings[2], abs=1e-5)


def test_rerank(live: Runtime) -> None:
    model = live.rerank("xinference/tiny-rerank", {"server_url": URL})
    docs = ["It is sunny in Paris.", "Hello!", "Count to twenty."]
    for result in (model.invoke("weather", docs), asyncio.run(model.ainvoke("weather", docs))):
        assert sorted(doc.index for doc in result.docs) == [0, 1, 2]
        assert all(doc.text == docs[doc.index] for doc in result.docs)
    assert len(model.invoke("weather", docs, top_n=2).docs) == 2


def test_transcription(live: Runtime) -> None:
    model = live.speech2text("xinference/tiny-whisper", {"server_url": URL})
    sound = silence(2.0)
    assert model.invoke(sound) == asyncio.run(model.ainvoke(sound)) == "Hello from the tiny whisper."
    with pytest.raises(InvokeBadRequestError):
        model.invoke(b"no sound at all")


def test_the_list_and_the_descriptions(live: Runtime) -> None:
    listed = live.models("xinference", credentials={"server_url": URL})
    types = {entity.model: entity.model_type.value for entity in listed}
    assert types["tiny-chat"] == "llm"
    assert types["tiny-whisper"] == "speech2text"
    for entity in listed:
        assert live.model_schema("xinference", entity.model_type, entity.model, {"server_url": URL}) == entity


def test_credentials(live: Runtime) -> None:
    llm(live).validate_credentials()
    for kind, uid in (("text_embedding", "tiny-embed"), ("rerank", "tiny-rerank"), ("speech2text", "tiny-whisper")):
        getattr(live, kind)(f"xinference/{uid}", {"server_url": f"{URL}/v1/"}).validate_credentials()
    with pytest.raises(CredentialsValidateFailedError, match=r"runs no model 'no-such'; it runs: .*tiny-chat"):
        llm(live, "no-such").validate_credentials()
    with pytest.raises(CredentialsValidateFailedError, match="is of type text-embedding, not llm"):
        llm(live, "tiny-embed").validate_credentials()
    with pytest.raises(CredentialsValidateFailedError, match="no Xinference server answers"):
        live.llm("xinference/x", {"server_url": f"{URL}/nowhere"}).validate_credentials()
    with pytest.raises(CredentialsValidateFailedError, match="the server redirects to"):
        live.llm("xinference/x", {"server_url": f"{URL}/ui"}).validate_credentials()
    with pytest.raises(InvokeModelNotFoundError):
        llm(live, "no-such").invoke("Hi")


def test_a_prompt_that_is_too_long(live: Runtime) -> None:
    text = {"model": "tiny-gguf", "prompt": "weather in Paris " * 6000, "max_tokens": 5}
    with pytest.raises(InvokeContextLengthError):
        answer(HTTPRequest.json(f"{URL}{COMPLETION}", text))


def test_an_image_to_a_model_without_a_projector(live: Runtime) -> None:
    picture = ImagePromptMessageContent(base64_data="iVBORw0KGgo=", mime_type="image/png")
    with pytest.raises(InvokeServerUnavailableError, match="server logs"):
        llm(live, "tiny-vision").invoke([UserPromptMessage([picture])])


def test_leaving_a_stream(live: Runtime) -> None:
    for _ in range(3):
        with llm(live).stream("Say hello.", model_parameters=calm("tiny-chat")) as stream:
            next(iter(stream))
    assert llm(live).invoke("Say hello.", model_parameters=calm("tiny-chat")).text == HELLO


# Each request of the records that a running model, or none, answers the same way at any time.

_CHANGING = ("auth_", "limit_", "loading_", "serverkill_", "workerkill_", "terminate_", "more_abort", "disconnect_")
_PATHS = (CHAT, COMPLETION, EMBED, RERANK, LISTEN, SPEAK)


def repeatable(name: str, record: Record) -> bool:
    body = record.request_body if isinstance(record.request_body, dict) else {}
    asked = str(body.get("model", ""))
    return (
        record.method == "POST" and record.path in _PATHS and "_shortened" not in body
        and not name.startswith(_CHANGING) and isinstance(row_of(name), (Fails, Answers))
        and (asked in RUNNING or not asked.startswith("tiny-"))
    )  # fmt: skip


REPEATABLE = [name for name, record in RECORDS.items() if repeatable(name, record)]


def recorded_request(record: Record) -> HTTPRequest:
    body = record.request_body
    url = f"{URL}{record.path}"
    if isinstance(body, dict) and "_multipart" in body:
        form = body["_multipart"]
        sound = b"" if "empty" in record.name else b"garbage" if "garbage" in record.name else silence(2.0)
        files = [] if "no_file" in record.name else [("file", "a.wav", "audio/wav", sound)]
        content, media_type = encode_multipart(list(form["fields"].items()), files)
        return HTTPRequest("POST", url, {"content-type": media_type}, content)
    if isinstance(body, str) or body is None:
        return HTTPRequest("POST", url, {"content-type": "application/json"}, (body or "").encode())
    return HTTPRequest.json(url, body)


def answer(request: HTTPRequest) -> HTTPResponse:
    transport = Transport()
    try:
        response = transport.send(request, Timeouts())
    finally:
        transport.close()
    if response.status >= 300:
        raise MODEL.parse_error(None, response)
    return response


@pytest.mark.parametrize("name", REPEATABLE)
def test_a_recorded_request_is_answered_as_it_was(name: str) -> None:
    record, row = RECORDS[name], row_of(name)
    failure: InvokeError | None = None
    try:
        response = answer(recorded_request(record))
        if record.streamed:
            chunks = list(run_stream(MODEL, llm_call(record), [response.content]))
            assert chunks[-1].delta.finish_reason
        else:
            assert MODEL.parse_response(llm_call(record), response).vendor_finish_reason
    except InvokeError as error:
        failure = error
    assert type(failure) is (row.error if isinstance(row, Fails) else type(None)), str(failure)
