"""The xinference dialect where the comparison with the records does not reach: keys, limits, audio, other engines."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from mrt_testing_kit.probe import TOOL, Got, ask, chat_body, talk
from mrt_testing_kit.records import Record, load
from mrt_testing_kit.server import OracleServer, oracle
from mrt_testing_kit.server.dialects.xinference.catalogue import MODELS

KEYS = {
    "<key-all>": "xf-test-all",
    "<key-limited>": "xf-test-limited",
    "<key-disabled>": "xf-test-disabled",
    "<key-expired>": "xf-test-expired",
    "<admin-token>": "xf-test-all",
}
SETTINGS = {"keys": {"xf-test-limited": ["tiny-embed"], "xf-test-disabled": "disabled", "xf-test-expired": "expired"}}

AUTH = [
    record
    for record in load("xinference").values()
    if record.name.startswith("auth_")
    and not record.name.startswith(("auth_ban", "auth_jwt"))
    and record.name not in {"auth_open_families", "auth_open_metrics", "auth_open_openapi", "auth_open_prompts"}
    and record.name not in {"auth_open_setup_status", "auth_key_launch", "auth_open_ui_config"}
]


def guarded() -> OracleServer:
    return OracleServer("xinference", api_key="xf-test-all", settings=SETTINGS)


def again(record: Record, server: OracleServer) -> Got:
    headers = dict(record.request_headers)
    for name, value in headers.items():
        for shown, key in KEYS.items():
            headers[name] = headers[name].replace(shown, key) if shown in value else headers[name]
    return ask(server.url, record.method, record.path, record.request_body, headers)


@pytest.mark.parametrize("record", AUTH, ids=lambda record: record.name)
def test_keys_as_recorded(record: Record) -> None:
    with guarded() as server:
        got = again(record, server)
        assert server.errors == []
    assert got.status == record.status
    assert got.header("www-authenticate") == record.header("www-authenticate")
    if got.status >= 400 and got.status != 404:
        assert got.json == record.json


def test_ten_wrong_keys_ban_good_ones_too() -> None:
    body = chat_body("xinference", "Hi", stream=False)
    with guarded() as server:
        for _ in range(12):
            assert ask(server.url, body=body).status == 401
        wrong = [ask(server.url, body=body, headers={"authorization": f"Bearer wrong-{n}"}).status for n in range(12)]
        assert wrong == [401] * 10 + [429] * 2
        banned = ask(server.url, body=body, headers={"authorization": "Bearer xf-test-all"})
        assert banned.status == 429
        assert banned.json == load("xinference")["auth_ban_good_key_after"].json
        assert ask(server.url, "GET", "/v1/cluster/auth").json == {"auth": True}


def test_one_request_at_a_time() -> None:
    with OracleServer("xinference") as server:
        slow = chat_body("xinference", "[[oracle: long 200]] [[oracle: pace 0.02]]", model="tiny-limited")
        with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=slow) as first:
            lines = first.iter_lines()
            next(lines)
            body = chat_body("xinference", "Hi", stream=False, model="tiny-limited")
            whole = ask(server.url, body=body)
            assert (whole.status, whole.json) == (429, {"detail": "Rate limit reached"})
            streamed = ask(server.url, body={**body, "stream": True})
            assert (streamed.status, streamed.events) == (200, [{"error": "Rate limit reached"}])
        assert server.wait_for(lambda: server.requests[0].outcome == "left")
        assert ask(server.url, body=body).status == 200


def test_a_loading_model_says_when_to_come_back() -> None:
    with OracleServer("xinference") as server:
        got = talk(server.url, "xinference", model="tiny-late")
        assert (got.status, got.header("retry-after")) == (503, "30")
        assert "tiny-late" not in [row["id"] for row in ask(server.url, "GET", "/v1/models").json["data"]]
        shown = ask(server.url, "GET", "/v1/models/instances?model_uid=tiny-late").json
        assert [row["status"] for row in shown] == ["CREATING"]


def test_a_terminated_model_is_gone() -> None:
    with OracleServer("xinference") as server:
        assert ask(server.url, "DELETE", "/v1/models/tiny-chat").json is None
        assert talk(server.url, "xinference", model="tiny-chat").status == 404
        assert ask(server.url, "GET", "/v1/models/tiny-chat").status == 400


def test_own_models() -> None:
    with OracleServer("xinference", models={"mine": None, "vectors": {"model_type": "embedding", "address": "a",
                      "dimensions": 4}}) as server:  # fmt: skip
        assert [row["id"] for row in ask(server.url, "GET", "/v1/models").json["data"]] == ["mine", "vectors"]
        found = ask(server.url, "POST", "/v1/embeddings", {"model": "vectors", "input": "x"}).json
        assert found["data"][0]["embedding"] == oracle.embedding("x", 4)


def joined(got: Got, field: str = "content") -> str:
    return "".join(e["choices"][0]["delta"].get(field) or "" for e in got.events[:-1] if e["choices"])


def test_transformers_writes_calls_as_text_in_streams_alone() -> None:
    with OracleServer("xinference") as server:
        text = "Weather in Paris and London?"
        streamed = talk(server.url, "xinference", text, tools=True, model="tiny-chat")
        said = joined(streamed)
        assert said.count("<tool_call>") == said.count("</tool_call>") == 2
        assert json.loads(said.split("<tool_call>\n")[1].split("\n</tool_call>")[0]) == {
            "name": "get_weather",
            "arguments": {"city": "Paris"},
        }
        assert streamed.events[-2]["choices"][0]["finish_reason"] == "stop"
        whole = talk(server.url, "xinference", text, tools=True, stream=False, model="tiny-chat").json["choices"][0]
        assert [call["function"]["name"] for call in whole["message"]["tool_calls"]] == ["get_weather"] * 2
        assert (whole["finish_reason"], whole["message"]["content"]) == ("tool_calls", "\n")


def test_vllm_sends_a_call_in_two_pieces() -> None:
    with OracleServer("xinference") as server:
        events = talk(server.url, "xinference", "Weather in Paris?", tools=True, model="tiny-vllm").events
        pieces = [e["choices"][0]["delta"]["tool_calls"] for e in events[:-1]]
        said = [piece[0] for piece in pieces if piece]
        assert [sorted(piece) for piece in said] == [["function", "id", "index", "type"], ["function", "index"]]
        assert said[1]["function"] == {"arguments": '{"city": "Paris"}'}
        assert events[-2]["choices"][0]["finish_reason"] == "tool_calls"


def test_reasoning_and_its_switch() -> None:
    with OracleServer("xinference") as server:
        text = "Think about two plus two."
        on = talk(server.url, "xinference", text, model="tiny-reason")
        assert joined(on, "reasoning_content") == "\nTwo plus two makes four.\n"
        assert joined(on) == "\n\nThe answer is 4."
        off = talk(server.url, "xinference", "Good day", stream=False, model="tiny-reason", enable_thinking=False).json
        assert off["choices"][0]["message"] == {"role": "assistant", "content": oracle.reply("Good day")}


def test_the_vision_model_sees() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "Look"}, image]}]
    with OracleServer("xinference") as server:
        seen = talk(server.url, "xinference", stream=False, model="tiny-vlm", messages=messages).json
        assert seen["choices"][0]["message"]["content"] == oracle.reply("Look", ["image/png"])
        assert talk(server.url, "xinference", stream=False, model="tiny-vision", messages=messages).status == 500


def transcribe(server: OracleServer, audio: bytes, **form: str) -> Any:
    files = {"file": ("a.wav", audio)}
    return httpx.post(f"{server.url}/v1/audio/transcriptions", data={"model": "tiny-whisper", **form}, files=files)


def test_speech_is_heard_again_with_a_blank_before_it() -> None:
    with OracleServer("xinference") as server:
        for stream, media_type in ((False, "audio/wav"), (True, "application/octet-stream")):
            body = {"model": "tiny-tts", "input": "Hello", "response_format": "wav", "stream": stream}
            spoken = ask(server.url, "POST", "/v1/audio/speech", body)
            assert spoken.header("content-type") == media_type
            assert transcribe(server, spoken.body).json() == {"text": " Hello"}
        records = load("xinference")
        for name, form in (
            ("audio_transcription_verbose", {"response_format": "verbose_json"}),
            ("audio_transcription_srt", {"response_format": "srt"}),
            ("audio_transcription_bad_temperature", {"temperature": "abc"}),
        ):
            got = transcribe(server, oracle.speech("Hello"), **form)
            assert got.status_code == records[name].status
            assert sorted(got.json()) == sorted(records[name].json)
        assert transcribe(server, b"").status_code == 500
        assert transcribe(server, b"no audio").status_code == 500
        missing = httpx.post(f"{server.url}/v1/audio/transcriptions", files={"other": ("a", b"x")})
        assert missing.status_code == 422
        assert isinstance(missing.json()["detail"], list)


def test_rerank_cuts_as_python_slices() -> None:
    body = {"model": "tiny-rerank", "query": "a", "documents": ["a", "b", "c"]}
    with OracleServer("xinference") as server:
        for top, count in ((None, 3), (0, 0), (2, 2), (9, 3), (-1, 2)):
            got = ask(server.url, "POST", "/v1/rerank", {**body, "top_n": top} if top is not None else body)
            assert len(got.json["results"]) == count


def test_messages_speak_anthropic() -> None:
    with OracleServer("xinference") as server:
        body = {"model": "tiny-chat", "max_tokens": 50, "messages": [{"role": "user", "content": "Say hello."}]}
        headers = {"anthropic-version": "2023-06-01"}
        for path in ("/v1/messages", "/anthropic/v1/messages"):
            said = ask(server.url, "POST", path, body, headers).json
            assert said["content"] == [{"type": "text", "text": "Hello! How can I help you today?"}]
        listed = ask(server.url, "GET", "/anthropic/v1/models").json
        assert {row["type"] for row in listed} == {"LLM"}


def test_prompts_that_are_too_long() -> None:
    long = "weather in Paris " * 6000
    records = load("xinference")
    with OracleServer("xinference") as server:
        cut = talk(server.url, "xinference", long, stream=False, model="tiny-chat")
        assert cut.status == records["error_context_overflow"].status == 200
        whole = talk(server.url, "xinference", long, stream=False, model="tiny-gguf")
        assert (whole.status, whole.json) == (500, records["more_gguf_context_overflow"].json)
        streamed = talk(server.url, "xinference", long, model="tiny-gguf")
        assert streamed.events == records["more_gguf_context_overflow_stream"].events
        text = ask(server.url, "POST", "/v1/completions", {"model": "tiny-gguf", "prompt": long}).json["detail"]
        assert text.endswith("tokens) exceeds the available context size (2048 tokens), try increasing it")
        refused = talk(server.url, "xinference", long, model="tiny-vllm")
        assert (refused.status, refused.json) == (
            400,
            {"detail": "Request exceeds the model's configured context length."},
        )


def test_a_model_that_wants_the_system_message_first() -> None:
    late = [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}, {"role": "user", "content": "c"}]
    about = {**MODELS["tiny-chat"], "strict_system_first": True}
    with OracleServer("xinference", models={"tiny-chat": None, "strict": about}) as server:
        assert talk(server.url, "xinference", stream=False, model="tiny-chat", messages=late).status == 200
        assert talk(server.url, "xinference", stream=False, model="strict", messages=late).status == 400
        assert talk(server.url, "xinference", stream=False, model="strict", messages=late[1:]).status == 200


def test_tools_go_by_family() -> None:
    with OracleServer("xinference") as server:
        refused = talk(server.url, "xinference", stream=False, model="tiny-plain", tools=[TOOL])
        assert refused.status == 400
        assert refused.json["detail"].endswith("support tool calls")
