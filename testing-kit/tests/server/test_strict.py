"""The strict modes: what each rule refuses, and what it lets by."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from mrt_testing_kit.probe import ANTHROPIC_HEADERS, MODELS, TOOL, ask, chat_body, exchange
from mrt_testing_kit.server import OracleServer, oracle

PNG = "data:image/png;base64,iVBORw0KGgo="
CALL = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
USER = {"role": "user", "content": "Hi"}
ASSISTANT = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "fine"}


def refused(
    name: str, body: Any, *, target: str = "", headers: dict[str, str] | None = None, **options: Any
) -> list[str]:
    """Send a request to a strict server and return the rules that it breaks."""
    with OracleServer(name, strict=True, **options) as server:
        path = target or ("/v1/messages" if name == "anthropic" else "/v1/chat/completions")
        fields = {**(ANTHROPIC_HEADERS if name == "anthropic" else {}), **(headers or {})}
        got = ask(server.url, "POST", path, body, fields)
        assert server.errors == []
        assert (got.status == 200) is (server.violations == []), got.text
        assert all(violation.sentence for violation in server.violations)
        return sorted({violation.rule for violation in server.violations})


def openai(**fields: Any) -> dict[str, Any]:
    """Return a chat request without a flaw, then changed."""
    body = {"model": "oracle-chat", "messages": [USER], **fields}
    return {name: value for name, value in body.items() if value != "LEAVE OUT"}


def messages(*history: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return openai(messages=list(history), **fields)


class TestGood:
    @pytest.mark.parametrize("name", MODELS)
    @pytest.mark.parametrize("stream", [True, False])
    def test_a_plain_chat_is_let_by(self, name: str, stream: bool) -> None:
        body = chat_body(name, "Hi", stream=stream)
        if stream and name in ("openai", "xinference", "openllm"):
            body["stream_options"] = {"include_usage": True}
        assert refused(name, body) == []

    @pytest.mark.parametrize(
        "body",
        [
            openai(temperature=0, top_p=1, max_completion_tokens=100, stop=["a", "b", "c", "d"], seed=0),
            openai(tools=[TOOL], tool_choice="auto", parallel_tool_calls=False),
            openai(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "get_weather"}}),
            messages({"role": "system", "content": "Be kind."}, USER),
            messages(USER, ASSISTANT, RESULT, tools=[TOOL]),
            messages(USER, {**ASSISTANT, "content": "I look."}, RESULT, {"role": "assistant", "content": "x"}, USER),
            messages(
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "See"},
                        {"type": "image_url", "image_url": {"url": PNG}},
                        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                    ],
                }
            ),
        ],
    )
    def test_full_requests_are_let_by(self, body: dict[str, Any]) -> None:
        assert refused("openai", body) == []

    def test_without_strictness_nothing_is_noted(self) -> None:
        with OracleServer() as server:
            ask(server.url, body=openai(nonsense=1, temperature=None, tools=[]))
            assert ask(server.url, body=openai(nonsense=1)).status == 200
            assert server.violations == []

    def test_only_the_rules_asked_for_are_minded(self) -> None:
        with OracleServer(strict={"S2"}) as server:
            assert ask(server.url, body=openai(nonsense=1)).status == 200
            assert ask(server.url, body=openai(stop=["a"] * 5)).status == 400
            assert [violation.rule for violation in server.violations] == ["S2"]


class TestFields:
    @pytest.mark.parametrize("name", MODELS)
    def test_unknown_and_null_fields(self, name: str) -> None:
        body = chat_body(name, "Hi", stream=False)
        assert refused(name, {**body, "nonsense": 1}) == ["S1"]
        assert refused(name, {**body, "temperature": None}) == ["S1"]

    @pytest.mark.parametrize(
        "body",
        [
            openai(stream=True),
            openai(stream=True, stream_options={"include_usage": None}),
            openai(stream_options={"include_usage": True}),
            openai(max_completion_tokens=5),
            openai(model="oracle-reason", max_tokens=100),
            openai(max_tokens=100, max_completion_tokens=100),
            messages({**USER, "nonsense": 1}),
        ],
    )
    def test_demands(self, body: dict[str, Any]) -> None:
        assert refused("openai", body) == ["S1"]

    def test_the_error_names_the_field(self) -> None:
        with OracleServer(strict=True) as server:
            got = ask(server.url, body=openai(nonsense=1))
            assert (got.status, got.json["error"]["param"]) == (400, "nonsense")
            assert "nonsense" in got.json["error"]["message"]
            assert str(server.violations[0]) == "S1: unknown field nonsense"

    def test_required_fields_of_one_model(self) -> None:
        settings = {"required": {"picky": ["language"]}}
        good = {"model": "other", "input": "x"}
        assert refused("openai", good, target="/v1/embeddings", settings=settings) == []
        assert refused("openai", {**good, "model": "picky"}, target="/v1/embeddings", settings=settings) == ["S1"]

    @pytest.mark.parametrize(
        ("target", "body"),
        [
            ("/v1/embeddings", {"model": "m", "input": "x", "task": "q"}),
            ("/v1/rerank", {"model": "m", "query": "q", "documents": ["d"], "top_k": 1}),
            ("/v1/moderations", {"model": "m", "input": "x", "user": "u"}),
            ("/v1/audio/speech", {"model": "m", "input": "x", "voice": "alloy", "volume": 2}),
        ],
    )
    def test_other_endpoints_know_their_fields(self, target: str, body: Any) -> None:
        assert refused("openai", body, target=target) == ["S1"]

    def test_forms_know_their_fields(self) -> None:
        form = (
            b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
            b'--b\r\nContent-Disposition: form-data; name="user"\r\n\r\nu\r\n'
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n%s\r\n--b--\r\n'
        )
        headers = {"content-type": "multipart/form-data; boundary=b"}
        body = form % oracle.speech("Hi")
        assert refused("openai", body, target="/v1/audio/transcriptions", headers=headers) == ["S1"]
        fine = body.replace(b'name="user"', b'name="prompt"')
        assert refused("openai", fine, target="/v1/audio/transcriptions", headers=headers) == []
        unnamed = fine.replace(b'; filename="a.wav"', b"")
        assert refused("openai", unnamed, target="/v1/audio/transcriptions", headers=headers) == ["S3"]


class TestStops:
    @pytest.mark.parametrize("stop", [["a"] * 5, [], [""], ""])
    def test_openai(self, stop: Any) -> None:
        assert refused("openai", openai(stop=stop)) == ["S2"]


class TestMessages:
    @pytest.mark.parametrize(
        "body",
        [
            messages({"role": "user", "content": ""}),
            messages({"role": "user", "content": [{"type": "text", "text": ""}]}),
            messages({"role": "system", "content": ""}, USER),
            messages({"role": "wizard", "content": "x"}),
            messages(USER, {"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}, USER),
            messages(USER, {"role": "assistant", "content": ""}, USER),
            messages(USER, {"role": "assistant", "tool_calls": [CALL]}, RESULT),
            messages(USER, {**ASSISTANT, "content": ""}, RESULT),
            messages(USER, {"role": "assistant", "content": "x", "tool_calls": []}, USER),
            messages(USER, ASSISTANT),
            messages(USER, ASSISTANT, USER),
            messages(USER, RESULT),
            messages(USER, ASSISTANT, {**RESULT, "tool_call_id": "other"}),
            messages(USER, ASSISTANT, RESULT, RESULT),
            messages(USER, {**ASSISTANT, "tool_calls": [CALL, CALL]}, RESULT, RESULT),
            messages(USER, ASSISTANT, {**RESULT, "content": {"a": 1}}),
            messages(
                USER, {**ASSISTANT, "tool_calls": [{**CALL, "function": {"name": "f", "arguments": "{"}}]}, RESULT
            ),
            messages(USER, {**ASSISTANT, "tool_calls": [{**CALL, "function": {"name": "f", "arguments": {}}}]}, RESULT),
            messages(
                USER, {**ASSISTANT, "tool_calls": [{**CALL, "function": {"name": "a.b", "arguments": "{}"}}]}, RESULT
            ),
            openai(tools=[{"type": "function", "function": {"name": "a.b"}}]),
            openai(tools=[{"type": "function", "function": {"name": "f", "description": ""}}]),
            openai(tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}]),
            openai(tools=[{"function": {"name": "f"}}]),
            messages(
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG.replace("png", "jpeg")}}]}
            ),
            messages({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "/tmp/a.png"}}]}),
            messages(
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,??"}}]}
            ),
        ],
    )
    def test_openai(self, body: dict[str, Any]) -> None:
        assert refused("openai", body) == ["S3"]

    @pytest.mark.parametrize(
        ("target", "body"),
        [
            ("/v1/embeddings", {"model": "m", "input": ["x", ""]}),
            ("/v1/embeddings", {"model": "m", "input": []}),
            ("/v1/rerank", {"model": "m", "query": "q", "documents": ["d"], "top_n": 2}),
            ("/v1/rerank", {"model": "m", "query": "q", "documents": ["d"], "top_n": 0}),
            ("/v1/rerank", {"model": "m", "query": "q", "documents": []}),
            ("/v1/moderations", {"model": "m", "input": ""}),
            ("/v1/audio/speech", {"model": "m", "input": "  ", "voice": "alloy"}),
        ],
    )
    def test_inputs(self, target: str, body: Any) -> None:
        assert refused("openai", body, target=target) == ["S3"]

    def test_the_longest_input(self) -> None:
        with OracleServer(strict=True) as server:
            server.max_characters = 3
            assert ask(server.url, "POST", "/v1/embeddings", {"model": "m", "input": ["abc"]}).status == 200
            assert ask(server.url, "POST", "/v1/embeddings", {"model": "m", "input": ["abcd"]}).status == 400

    def test_reasoning_in_the_history(self) -> None:
        thought = {**ASSISTANT, "reasoning_content": "hm"}
        for policy, message, rules in (
            ("required", ASSISTANT, ["S3"]),
            ("required", thought, []),
            ("forbidden", thought, ["S3"]),
            ("forbidden", ASSISTANT, []),
            ("forbidden", {**ASSISTANT, "content": "<think>hm</think>"}, ["S3"]),
        ):
            settings = {"reasoning_history": policy}
            assert refused("openai", messages(USER, message, RESULT), settings=settings) == rules


class TestPaths:
    @pytest.mark.parametrize(
        "target", ["//v1/chat/completions", "/v1//chat/completions", "/v1/v1/chat/completions", "/v1/chat/completions/"]
    )
    def test_odd_paths(self, target: str) -> None:
        assert refused("openai", openai(), target=target) == ["S4"]

    def test_a_lenient_server_reads_past_doubles(self) -> None:
        with OracleServer() as server:
            assert ask(server.url, "POST", "/v1/v1/chat/completions", openai()).status == 200
            assert ask(server.url, "POST", "//v1/chat/completions", openai()).status == 200
            assert ask(server.url, "POST", "/v1/chat/completions/", openai()).status == 404

    def test_model_ids_are_percent_encoded(self) -> None:
        with OracleServer(strict=True) as server:
            assert ask(server.url, "GET", "/v1/models/org%2Fname").json["id"] == "org/name"
            assert ask(server.url, "GET", "/v1/models/org/name").status == 404
            assert [violation.rule for violation in server.violations] == ["S4"]

    def test_bytes_that_need_encoding(self) -> None:
        with OracleServer(strict=True) as server:
            with socket.create_connection((server.host, server.port)) as sock:
                exchange(sock, "GET /v1/models/é HTTP/1.1\r\nconnection: close\r\n\r\n".encode())
            assert {violation.rule for violation in server.violations} == {"S4"}


class TestAuth:
    KEY = "sk-test-key"

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"authorization": "Bearer "},
            {"authorization": "Bearer"},
            {"authorization": "sk-test-key"},
            {"authorization": "bearer sk-test-key"},
            {"authorization": "Bearer  sk-test-key"},
            {"authorization": "Bearer wrong"},
            {"x-api-key": "sk-test-key"},
        ],
    )
    def test_openai(self, headers: dict[str, str]) -> None:
        assert refused("openai", openai(), headers=headers, api_key=self.KEY) == ["S5"]

    def test_the_right_header_is_let_by(self) -> None:
        good = {"authorization": "Bearer sk-test-key"}
        assert refused("openai", openai(), headers=good, api_key=self.KEY) == []
        assert refused("openai", openai()) == []
        assert refused("openai", openai(), headers=good) == []
        assert refused("openai", openai(), headers={"authorization": "Bearer "}) == ["S5"]
        assert refused("openai", openai(), headers=good, target="/v1/chat/completions?api_key=x") == ["S5"]

    def test_the_refusal_is_the_vendor_s(self) -> None:
        with OracleServer(strict=True, api_key=self.KEY) as server:
            got = ask(server.url, body=openai(), headers={"authorization": "Bearer "})
            assert (got.status, got.json["error"]["message"]) == (401, "You didn't provide an API key.")


class TestFlags:
    @pytest.mark.parametrize(
        "fields",
        [
            {"tools": []},
            {"tool_choice": "auto"},
            {"parallel_tool_calls": True},
            {"tools": [TOOL], "tool_choice": {"function": {"name": "get_weather"}}},
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "other"}}},
            {"tools": [TOOL], "tool_choice": "sometimes"},
        ],
    )
    def test_openai(self, fields: dict[str, Any]) -> None:
        assert refused("openai", openai(**fields)) == ["S6"]
