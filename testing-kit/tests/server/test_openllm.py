"""Both OpenLLM dialects, where the comparison with the records does not reach."""

from __future__ import annotations

import json

import pytest

from mrt_testing_kit.probe import ask, talk
from mrt_testing_kit.server import OracleServer, oracle


def test_tools_work_where_a_parser_is_set() -> None:
    with OracleServer("openllm") as server:
        choice = talk(server.url, "openllm", "Weather in Paris?", tools=True, stream=False).json["choices"][0]
        assert choice["finish_reason"] == "tool_calls"
        assert json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"]) == {"city": "Paris"}


@pytest.mark.parametrize(
    ("vllm", "field", "flat"), [("0.32", "reasoning", False), ("0.8.5", "reasoning_content", True)]
)
def test_the_engine_sets_names_and_errors(vllm: str, field: str, flat: bool) -> None:
    with OracleServer("openllm", settings={"vllm": vllm}) as server:
        message = talk(server.url, "openllm", "[[oracle: think hm]]", stream=False).json["choices"][0]["message"]
        assert message[field] == "hm"
        error = talk(server.url, "openllm", model="nope").json
        assert ("message" in error) is flat
        assert talk(server.url, "openllm", stop=["a", "b", "c", "d", "e"]).status == (200 if flat else 422)
        assert talk(server.url, "openllm", top_k=0).status == (400 if flat else 200)


def test_fields_can_be_missing_from_the_schema() -> None:
    with OracleServer("openllm", settings={"without": ["top_k"]}) as server:
        fields = ask(server.url, "GET", "/v1/openapi.json").json["components"]["schemas"]["ChatCompletionRequest"][
            "properties"
        ]
        assert "top_k" not in fields
        assert {"temperature", "top_p", "messages", "repetition_penalty"} <= set(fields)


def test_embeddings_in_their_three_states() -> None:
    body = {"model": "local/tiny-llama", "input": ["a", "b"]}
    with OracleServer("openllm") as server:
        assert ask(server.url, "POST", "/v1/embeddings", body).status == 404
    with OracleServer("openllm", settings={"embeddings": "refused"}) as server:
        got = ask(server.url, "POST", "/v1/embeddings", body)
        assert (got.status, got.json["object"]) == (200, "error")
    with OracleServer("openllm", settings={"embeddings": "openai"}) as server:
        rows = ask(server.url, "POST", "/v1/embeddings", body).json["data"]
        assert [row["embedding"] for row in rows] == [oracle.embedding("a"), oracle.embedding("b")]


@pytest.mark.parametrize(
    ("dialect", "settings", "kinds"),
    [
        ("openllm", {}, ["llm"]),
        ("openllm", {"embeddings": "openai"}, ["llm", "text-embedding"]),
        ("openllm-0.4", {}, ["llm"]),
        ("openllm-0.4", {"generation": "0.5"}, ["llm"]),
        ("openllm-0.4", {"generation": "0.3"}, ["llm", "text-embedding"]),
    ],
)
def test_a_server_says_which_model_types_it_has(dialect: str, settings: dict[str, str], kinds: list[str]) -> None:
    with OracleServer(dialect, settings=settings) as server:
        asked = ("llm", "text-embedding", "rerank", "speech2text", "tts", "moderation")
        assert [kind for kind in asked if server.dialect.serves(kind)] == kinds


def test_generations_tell_themselves_apart() -> None:
    for generation, owner, metadata in (
        ("0.3", None, "supports_embeddings"),
        ("0.4", "na", "backend"),
        ("0.5", "na", "quantise"),
    ):
        with OracleServer("openllm-0.4", settings={"generation": generation}) as server:
            models = ask(server.url, "GET", "/v1/models")
            assert models.status == (404 if owner is None else 200)
            about = ask(server.url, "POST", "/v1/metadata").json
            assert metadata in about
            assert isinstance(about["configuration"], dict) is (generation == "0.5")


def test_metadata_tells_what_a_model_takes() -> None:
    with OracleServer("openllm-0.4", settings={"without": ["top_k"], "defaults": {"temperature": 0.5}}) as server:
        configuration = json.loads(ask(server.url, "POST", "/v1/metadata").json["configuration"])
        assert "top_k" not in configuration["generation_config"]
        assert configuration["generation_config"]["temperature"] == 0.5


def test_native_ids_count_the_tokens() -> None:
    body = {"prompt": "Hello there", "llm_config": {"max_new_tokens": 3}}
    with OracleServer("openllm-0.4") as server:
        whole = ask(server.url, "POST", "/v1/generate", body).json
        assert len(whole["prompt_token_ids"]) == oracle.count("Hello there") == 2
        assert whole["outputs"][0]["text"] == "You said: Hello"
        # As many as the prompt has are repeated at the end.
        assert len(whole["outputs"][0]["token_ids"]) == 3 + 2
        events = ask(server.url, "POST", "/v1/generate_stream", body).events
        assert "".join(event["outputs"][0]["text"] for event in events[:-1]) == "You said: Hello"
        assert (events[-2]["finished"], events[-2]["outputs"][0]["finish_reason"]) == (True, "length")
        assert events[-1] == "[DONE]"


def test_a_bad_value_in_a_stream_is_200_and_a_cut() -> None:
    body = {"prompt": "x", "llm_config": {"temperature": 3}}
    with OracleServer("openllm-0.4") as server:
        got = ask(server.url, "POST", "/v1/generate_stream", body)
        assert (got.status, got.complete, got.body) == (200, False, b"")
        assert ask(server.url, "POST", "/v1/generate", body).json.startswith("An error has occurred")


def test_the_oldest_line() -> None:
    with OracleServer("openllm-0.4", settings={"generation": "0.3"}) as server:
        assert ask(server.url, "POST", "/v1/generate", {"prompt": "x"}).json["responses"] == ["You said: x"]
        assert ask(server.url, "POST", "/v1/generate_stream", {"prompt": "x"}).body == b"You said: x"
        vectors = ask(server.url, "POST", "/v1/embeddings", ["a", "b c"]).json
        assert vectors == [{"embeddings": [oracle.embedding("a"), oracle.embedding("b c")], "num_tokens": 3}]


def test_a_lost_finish_event() -> None:
    with OracleServer("openllm-0.4") as server, server.fault("F31", finish="missing"):
        events = ask(server.url, "POST", "/v1/generate_stream", {"prompt": "x"}).events
        assert not any(event["finished"] for event in events[:-1])
        assert events[-1] == "[DONE]"
