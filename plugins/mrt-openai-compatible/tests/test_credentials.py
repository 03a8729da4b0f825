"""Checking credentials against a server, and listing its models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mrt import Runtime
from mrt.entities.common import ModelType
from mrt.errors import CredentialsValidateFailedError, InvokeConnectionError, InvokeError, InvokeRateLimitError
from mrt.http.messages import Headers, HTTPResponse
from mrt_openai_compatible import plugin
from mrt_openai_compatible.dialect.models import guess_model_type, listed_models
from mrt_testing_kit.server import OracleServer

KEY = "sk-test-0123456789abcdef"
TYPES = ["llm", "text_embedding", "rerank", "speech2text", "tts", "moderation"]


@pytest.fixture
def server() -> Iterator[OracleServer]:
    with OracleServer(dialect="openai", api_key=KEY) as running:
        yield running


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with Runtime(load_entry_points=False) as running:
        running.register(plugin, "openai-compatible")
        yield running


def validate(
    runtime: Runtime, server: OracleServer, model: str = "oracle-chat", kind: str = "llm", **fields: Any
) -> None:
    credentials = {"base_url": server.url, "api_key": KEY, **fields}
    getattr(runtime, kind)(f"openai-compatible/{model}", credentials=credentials).validate_credentials()


def paths(server: OracleServer) -> list[str]:
    return [request.path for request in server.requests]


def test_a_listed_model_costs_one_request_and_no_tokens(runtime: Runtime, server: OracleServer) -> None:
    validate(runtime, server)
    assert paths(server) == ["/v1/models"]


@pytest.mark.parametrize("kind", TYPES)
def test_a_model_that_is_not_listed_may_work_all_the_same(runtime: Runtime, server: OracleServer, kind: str) -> None:
    validate(runtime, server, "special", kind)
    assert len(paths(server)) == 2


@pytest.mark.parametrize("kind", TYPES)
def test_an_unknown_model_is_refused_with_those_that_there_are(
    runtime: Runtime, server: OracleServer, kind: str
) -> None:
    with pytest.raises(CredentialsValidateFailedError, match=r"no model 'no-such'; it has: oracle-chat, oracle-reason"):
        validate(runtime, server, "no-such", kind)
    assert len(paths(server)) == 2


@pytest.mark.parametrize("key", ["sk-test-wrong", ""])
def test_a_wrong_key_is_tried_once(runtime: Runtime, server: OracleServer, key: str) -> None:
    with pytest.raises(CredentialsValidateFailedError, match="refused the key") as caught:
        validate(runtime, server, api_key=key)
    assert paths(server) == ["/v1/models"]
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", ["schlüssel", "sk-\ttest", "sk\nsecond"])
def test_what_cannot_be_a_key_is_refused_before_any_request(runtime: Runtime, server: OracleServer, key: str) -> None:
    with pytest.raises(CredentialsValidateFailedError) as caught:
        validate(runtime, server, api_key=key)
    assert paths(server) == []
    assert key not in str(caught.value)


def test_white_space_around_the_key_and_no_key_at_all(runtime: Runtime, server: OracleServer) -> None:
    validate(runtime, server, api_key=f" {KEY}\n")
    assert server.requests[0].header("authorization") == f"Bearer {KEY}"
    server.api_key = None
    runtime.llm("openai-compatible/oracle-chat", credentials={"base_url": server.url}).validate_credentials()
    assert server.requests[1].header("authorization") is None


def test_a_server_without_a_list(runtime: Runtime, server: OracleServer) -> None:
    server.fault("F41", status=404, path="/v1/models", times=None)
    validate(runtime, server)
    assert paths(server) == ["/v1/models", "/v1/chat/completions"]
    body = server.requests[1].json
    assert body["max_tokens"] >= 16


def test_a_wrong_path_says_so(runtime: Runtime, server: OracleServer) -> None:
    with pytest.raises(CredentialsValidateFailedError, match="URL"):
        validate(runtime, server, base_url=f"{server.url}/nowhere")
    assert len(paths(server)) == 2


def test_a_web_page_says_so(runtime: Runtime, server: OracleServer) -> None:
    server.fault("F22", times=None)
    with pytest.raises(CredentialsValidateFailedError, match="URL"):
        validate(runtime, server)


def test_a_server_that_is_not_there_says_nothing_about_credentials(runtime: Runtime) -> None:
    handle = runtime.llm("openai-compatible/x", credentials={"base_url": "http://127.0.0.1:1"})
    with pytest.raises(InvokeConnectionError):
        handle.validate_credentials()


@pytest.mark.parametrize(("status", "kind"), [(500, InvokeError), (503, InvokeError), (429, InvokeRateLimitError)])
def test_a_server_in_trouble_says_nothing_about_credentials(
    runtime: Runtime, server: OracleServer, status: int, kind: type[Exception]
) -> None:
    server.fault("F41", status=status, times=None)
    with pytest.raises(kind):
        validate(runtime, server)
    assert len(paths(server)) == 1


def test_a_declared_mode_is_probed_on_its_own_endpoint(runtime: Runtime, server: OracleServer) -> None:
    validate(runtime, server, "special", mode="completion")
    assert paths(server) == ["/v1/models", "/v1/completions"]


def test_models_are_listed_by_type(runtime: Runtime, server: OracleServer) -> None:
    listed = runtime.models("openai-compatible", credentials={"base_url": server.url, "api_key": KEY})
    found = {entity.model: entity.model_type for entity in listed}
    assert found["oracle-chat"] is ModelType.LLM
    assert found["oracle-embed"] is ModelType.TEXT_EMBEDDING
    assert found["oracle-rerank"] is ModelType.RERANK
    assert found["oracle-moderation"] is ModelType.MODERATION


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"data": [{"id": "a"}, None, {}, {"id": None}, {"id": ""}, {"id": "a"}, "b", {"id": 5}]}, ["a", "b"]),
        ([{"id": "a"}], ["a"]),
        ({"models": [{"id": "a"}]}, ["a"]),
        ({"data": []}, []),
    ],
)
def test_lists_with_holes(body: Any, names: list[str]) -> None:
    response = HTTPResponse(200, Headers())
    assert [entry["id"] for entry in listed_models(body, response)] == names


def test_an_error_in_place_of_a_list_is_one(runtime: Runtime, server: OracleServer) -> None:
    with server.fault("F19"), pytest.raises(InvokeError, match="Quota exceeded"):
        runtime.models("openai-compatible", "llm", credentials={"base_url": server.url, "api_key": KEY})


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {}}, None, "x"])
def test_what_is_no_list_is_an_error(body: Any) -> None:
    with pytest.raises(InvokeError, match="no list of models"):
        listed_models(body, HTTPResponse(200, Headers()))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bge-reranker-v2", ModelType.RERANK),
        ("text-embedding-3-small", ModelType.TEXT_EMBEDDING),
        ("omni-moderation-latest", ModelType.MODERATION),
        ("whisper-1", ModelType.SPEECH2TEXT),
        ("gpt-4o-mini-tts", ModelType.TTS),
        ("Qwen/Qwen3-8B", ModelType.LLM),
    ],
)
def test_names_suggest_types(name: str, kind: ModelType) -> None:
    assert guess_model_type(name) is kind


def test_a_listed_context_size_is_told(runtime: Runtime) -> None:
    with OracleServer(dialect="openai", models={"m": {"max_model_len": 4096}}) as server:
        [entity] = runtime.models("openai-compatible", credentials={"base_url": server.url})
    assert entity.context_size == 4096
