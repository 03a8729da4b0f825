"""The openai dialect, as httpx sees it."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mrt_testing_kit.probe import TOOL, ask, chat_body, talk
from mrt_testing_kit.server import Answer, OracleServer, ToolCall, oracle


@pytest.fixture
def server() -> Iterator[OracleServer]:
    with OracleServer("openai") as server:
        yield server
        assert server.errors == []
        assert server.unconsumed() == []


def post(server: OracleServer, path: str, **body: Any) -> Any:
    response = httpx.post(f"{server.url}/v1{path}", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def test_chat_whole_and_streamed_say_the_same(server: OracleServer) -> None:
    whole = talk(server.url, "openai", "Grüße", stream=False).json
    events = talk(server.url, "openai", "Grüße", stream_options={"include_usage": True}).events
    assert whole["choices"][0]["message"]["content"] == oracle.reply("Grüße")
    deltas = [event["choices"][0]["delta"] for event in events if event != "[DONE]" and event["choices"]]
    assert deltas[0] == {"role": "assistant", "content": "", "refusal": None}
    assert "".join(delta.get("content", "") for delta in deltas) == oracle.reply("Grüße")
    assert [e["choices"][0]["finish_reason"] for e in events[:-2]][-1] == "stop"
    assert events[-2]["choices"] == []
    assert events[-2]["usage"] == whole["usage"]
    assert events[-1] == "[DONE]"
    counts = oracle.usage("Grüße")
    assert (whole["usage"]["prompt_tokens"], whole["usage"]["completion_tokens"]) == (counts.prompt, counts.completion)
    assert whole["usage"]["prompt_tokens_details"]["cached_tokens"] == counts.cached


def test_usage_comes_only_when_asked_for(server: OracleServer) -> None:
    assert all("usage" not in event for event in talk(server.url, "openai").events[:-1])
    asked = talk(server.url, "openai", stream_options={"include_usage": True}).events
    assert [event["usage"] is None for event in asked[:-1]] == [True] * (len(asked) - 2) + [False]


def test_tool_loop(server: OracleServer) -> None:
    first = talk(server.url, "openai", "Weather in Paris and London?", stream=False, tools=True).json["choices"][0]
    calls = first["message"]["tool_calls"]
    assert first["finish_reason"] == "tool_calls"
    assert first["message"]["content"] is None
    assert [json.loads(call["function"]["arguments"]) for call in calls] == [{"city": "Paris"}, {"city": "London"}]
    history = [{"role": "user", "content": "Weather in Paris and London?"}, first["message"]]
    history += [{"role": "tool", "tool_call_id": call["id"], "content": f"fine {n}"} for n, call in enumerate(calls)]
    body = chat_body("openai", "", stream=False, tools=True, messages=history)
    said = ask(server.url, body=body).json["choices"][0]
    assert said["message"]["content"] == "get_weather returned fine 0; get_weather returned fine 1."


def test_streamed_calls_add_up(server: OracleServer) -> None:
    events = talk(server.url, "openai", "Weather in Paris and London?", tools=True).events
    calls: dict[int, dict[str, str]] = {}
    for event in events[:-1]:
        for piece in event["choices"][0]["delta"].get("tool_calls", []):
            call = calls.setdefault(piece["index"], {"id": "", "name": "", "arguments": ""})
            call["id"] += piece.get("id", "")
            call["name"] += piece["function"].get("name", "")
            call["arguments"] += piece["function"]["arguments"]
    assert [json.loads(call["arguments"])["city"] for call in calls.values()] == ["Paris", "London"]
    assert len({call["id"] for call in calls.values()}) == 2


def test_several_choices_reasoning_logprobs_and_schema(server: OracleServer) -> None:
    whole = talk(server.url, "openai", stream=False, n=2, logprobs=True, top_logprobs=2).json
    assert [choice["index"] for choice in whole["choices"]] == [0, 1]
    assert len(whole["choices"][0]["logprobs"]["content"][0]["top_logprobs"]) == 2
    thought = talk(server.url, "openai", stream=False, model="oracle-reason").json
    assert thought["choices"][0]["message"]["reasoning_content"]
    assert thought["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
    schema = {"type": "json_schema", "json_schema": {"name": "s", "schema": TOOL["function"]["parameters"]}}
    said = talk(server.url, "openai", stream=False, response_format=schema).json["choices"][0]["message"]["content"]
    assert set(json.loads(said)) == {"city"}


def test_scripted_answers_come_in_order(server: OracleServer) -> None:
    server.next_answer(Answer("one"), Answer("two", calls=[ToolCall("f", "{}", "id-1")], finish="odd"))
    assert talk(server.url, "openai", stream=False).json["choices"][0]["message"]["content"] == "one"
    second = talk(server.url, "openai", stream=False).json["choices"][0]
    assert (second["message"]["tool_calls"][0]["id"], second["finish_reason"]) == ("id-1", "odd")
    assert server.requests[-1].answer is not None
    assert server.requests[-1].answer.text == "two"


def test_completions(server: OracleServer) -> None:
    whole = post(server, "/completions", model="m", prompt="Once", max_tokens=2)
    assert whole["choices"][0] == {"text": "You said:", "index": 0, "logprobs": None, "finish_reason": "length"}
    got = ask(server.url, "POST", "/v1/completions", {"model": "m", "prompt": "Once", "stream": True})
    assert "".join(event["choices"][0]["text"] for event in got.events[:-1]) == oracle.reply("Once")


@pytest.mark.parametrize("texts", ["one", ["one"], ["one", "two", "one"], [1, 2, 3], [[1, 2], [3]]])
def test_embeddings(server: OracleServer, texts: Any) -> None:
    expected = texts if isinstance(texts, list) and not isinstance(texts[0], int) else [texts]
    floats = post(server, "/embeddings", model="m", input=texts)
    assert [row["embedding"] for row in floats["data"]] == [oracle.embedding(text) for text in expected]
    assert [row["index"] for row in floats["data"]] == list(range(len(expected)))
    coded = post(server, "/embeddings", model="m", input=texts, encoding_format="base64", dimensions=16)
    raw = base64.b64decode(coded["data"][0]["embedding"])
    assert list(struct.unpack("<16f", raw)) == oracle.embedding(expected[0], 16)


def test_rerank(server: OracleServer) -> None:
    documents = ["count to ten", "the weather in Paris", {"text": "weather"}]
    found = post(server, "/rerank", model="m", query="weather in Paris", documents=documents, return_documents=True)
    scores = [row["relevance_score"] for row in found["results"]]
    assert scores == sorted(scores, reverse=True)
    assert found["results"][0]["document"]["text"] == "the weather in Paris"
    assert all(
        row["relevance_score"] == oracle.score("weather in Paris", row["document"]["text"]) for row in found["results"]
    )
    assert len(post(server, "/rerank", model="m", query="q", documents=documents, top_n=1)["results"]) == 1


def test_speech_and_transcription(server: OracleServer) -> None:
    for shape, media_type in oracle.SPEECH_FORMATS.items():
        body = {"model": "m", "input": "Hello there", "voice": "alloy", "response_format": shape}
        response = httpx.post(f"{server.url}/v1/audio/speech", json=body)
        assert response.headers["content-type"] == media_type
        form = {"model": "m", "response_format": "verbose_json"}
        heard = httpx.post(
            f"{server.url}/v1/audio/transcriptions", data=form, files={"file": (f"a.{shape}", response.content)}
        )
        assert heard.json()["text"] == "Hello there"


def test_streamed_speech_and_transcription(server: OracleServer) -> None:
    body = {"model": "m", "input": "Hello", "voice": "alloy", "response_format": "wav", "stream_format": "sse"}
    events = ask(server.url, "POST", "/v1/audio/speech", body).events
    audio = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert audio == oracle.speech("Hello", "alloy", "wav")
    assert events[-1]["type"] == "speech.audio.done"
    raw = ask(server.url, "POST", "/v1/audio/speech", {**body, "stream_format": "audio"})
    assert raw.body == audio
    assert len(raw.chunks) > 1
    form = {"model": "m", "stream": "true"}
    heard = httpx.post(f"{server.url}/v1/audio/transcriptions", data=form, files={"file": ("a.wav", audio)})
    assert '"type":"transcript.text.done","text":"Hello"' in heard.text


@pytest.mark.parametrize(("shape", "text"), [("text", "Hi\n"), ("srt", "1\n00:00:00,000"), ("vtt", "WEBVTT\n\n00:00")])
def test_transcripts_in_plain_text(server: OracleServer, shape: str, text: str) -> None:
    form = {"model": "m", "response_format": shape}
    response = httpx.post(
        f"{server.url}/v1/audio/transcriptions", data=form, files={"file": ("a.wav", oracle.speech("Hi"))}
    )
    assert response.text.startswith(text)


def test_moderation_finds_the_offence(server: OracleServer) -> None:
    found = post(server, "/moderations", model="m", input=["fine", oracle.offence("hate")])["results"]
    assert [row["flagged"] for row in found] == [False, True]
    assert [name for name, hit in found[1]["categories"].items() if hit] == ["hate"]
    assert set(found[0]["categories"]) == set(found[0]["category_scores"]) == set(oracle.OFFENCES)


def test_models(server: OracleServer) -> None:
    listed = ask(server.url, "GET", "/v1/models").json
    assert listed["object"] == "list"
    assert "oracle-chat" in [row["id"] for row in listed["data"]]
    assert ask(server.url, "GET", "/v1/models/oracle-chat").json["id"] == "oracle-chat"
    assert ask(server.url, "GET", "/v1/models/org%2Fname").json["id"] == "org/name"
    with OracleServer("openai", models=["only"]) as other:
        assert [row["id"] for row in ask(other.url, "GET", "/v1/models").json["data"]] == ["only"]
        assert talk(other.url, "openai").status == 404


HELLO = [{"role": "user", "content": "x"}]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/chat/completions", {"model": "no-such-model", "messages": HELLO}, 404, "model_not_found"),
        ("/chat/completions", {"model": "m"}, 400, "missing_required_parameter"),
        ("/chat/completions", {"messages": []}, 400, None),
        ("/chat/completions", {"model": "m", "messages": HELLO, "temperature": 9}, 400, "decimal_above_max_value"),
        ("/chat/completions", {"model": "m", "messages": HELLO, "temperature": "hot"}, 400, "invalid_type"),
        ("/embeddings", {"model": "m"}, 400, "missing_required_parameter"),
        ("/audio/speech", {"model": "m", "input": "x", "voice": "nobody"}, 400, None),
    ],
)  # fmt: skip
def test_refusals(server: OracleServer, path: str, body: Any, status: int, code: str | None) -> None:
    got = ask(server.url, "POST", f"/v1{path}", body)
    assert got.status == status
    assert set(got.json["error"]) == {"message", "type", "param", "code"}
    assert got.json["error"]["code"] == code
    assert got.header("x-request-id")


def test_the_key_is_checked() -> None:
    with OracleServer("openai", api_key="sk-test-1234567890") as server:
        good = {"authorization": "Bearer sk-test-1234567890"}
        assert ask(server.url, "GET", "/v1/models", None, good).status == 200
        for headers in ({}, {"authorization": "Bearer sk-test-wrong-key"}, {"authorization": "sk-test-1234567890"}):
            got = ask(server.url, "GET", "/v1/models", None, headers)
            assert (got.status, got.json["error"]["type"]) == (401, "invalid_request_error")
        assert "wrong-key" not in got.text


def test_the_limit_of_items(server: OracleServer) -> None:
    server.max_items = 2
    assert ask(server.url, "POST", "/v1/embeddings", {"model": "m", "input": ["a", "b", "c"]}).status == 400
    assert ask(server.url, "POST", "/v1/embeddings", {"model": "m", "input": ["a", "b"]}).status == 200


def test_a_fault_in_the_message_is_played(server: OracleServer) -> None:
    got = talk(server.url, "openai", "[[oracle: fault F41 status=503 body=html]]")
    assert (got.status, got.header("content-type")) == (503, "text/html; charset=utf-8")
    assert server.requests[0].faults == ["F41"]
