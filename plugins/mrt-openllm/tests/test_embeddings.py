"""Embeddings, where a server has any, and clear words where it has none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from ollm_calls import WHOLE, embed
from ollm_replay import RECORDS, Player

from mrt import Runtime
from mrt.errors import CredentialsValidateFailedError, InvokeBadRequestError, InvokeBadResponseError
from mrt_openllm.server import Generation, Server
from mrt_openllm.text_embedding import OpenLLMTextEmbeddingModel
from mrt_testing_kit.server import OracleServer, ReplayServer, oracle

Open = Callable[..., tuple[OracleServer, Any]]
OLDEST = {"dialect": "openllm-0.4", "generation": "0.3"}
NEW = {"dialect": "openllm", "embeddings": "openai"}
every_way = pytest.mark.parametrize("way", WHOLE)


@pytest.fixture
def opened(runtime: Runtime) -> Iterator[Open]:
    servers: list[OracleServer] = []

    def make(dialect: str, **settings: Any) -> tuple[OracleServer, Any]:
        server = OracleServer(dialect, settings=settings).start()
        servers.append(server)
        model = "local/tiny-llama" if dialect == "openllm" else "tiny-llama"
        return server, runtime.text_embedding(f"openllm/{model}", {"server_url": server.url})

    yield make
    for server in servers:
        server.stop()


@every_way
@pytest.mark.parametrize("settings", [OLDEST, NEW])
def test_vectors_of_servers_that_embed(opened: Open, settings: dict[str, Any], way: str) -> None:
    server, handle = opened(**settings)
    result = embed(handle, way, ["alpha", "beta"])
    assert [list(vector) for vector in result.embeddings] == [oracle.embedding("alpha"), oracle.embedding("beta")]
    assert result.usage.source == "reported"
    body = server.requests[-1].json
    if settings is OLDEST:
        assert body == ["alpha", "beta"]
    else:
        assert body == {"model": "local/tiny-llama", "input": ["alpha", "beta"], "encoding_format": "base64"}


@every_way
@pytest.mark.parametrize("settings", [OLDEST, NEW])
def test_many_texts_go_out_in_batches(opened: Open, settings: dict[str, Any], way: str) -> None:
    server, handle = opened(**settings)
    texts = [f"text {number}" for number in range(300)]
    result = embed(handle, way, texts)
    assert [list(vector) for vector in result.embeddings] == [oracle.embedding(text) for text in texts]
    assert result.usage.source == "reported"
    if settings is OLDEST:
        assert result.usage.tokens == sum(oracle.count(text) for text in texts)
    sizes = [request.json if settings is OLDEST else request.json["input"] for request in server.requests[-2:]]
    assert [len(size) for size in sizes] == [256, 44]


@pytest.mark.parametrize("settings", [OLDEST, NEW])
def test_an_empty_text_has_no_vector(opened: Open, settings: dict[str, Any]) -> None:
    server, handle = opened(**settings)
    assert handle.schema.model
    before = len(server.requests)
    with pytest.raises(InvokeBadRequestError, match="text 1 is empty"):
        handle.invoke(["alpha", ""])
    assert len(server.requests) == before


@pytest.mark.parametrize("generation", ["0.4", "0.5"])
def test_generations_without_embeddings_say_so(opened: Open, runtime: Runtime, generation: str) -> None:
    server, handle = opened("openllm-0.4", generation=generation)
    with pytest.raises(InvokeBadRequestError, match=f"OpenLLM {generation}.*has no embeddings: only those up to 0.3.7"):
        handle.invoke(["alpha"])
    assert "/v1/embeddings" not in [request.path for request in server.requests]
    with pytest.raises(CredentialsValidateFailedError, match="has no embeddings"):
        handle.validate_credentials()


def test_a_model_of_the_oldest_servers_may_not_embed() -> None:
    server = Server(Generation.OLDEST, ("m",), embeds=False)
    with pytest.raises(InvokeBadRequestError, match="has no embeddings"):
        OpenLLMTextEmbeddingModel().schema_of("m", "m", server, {})


@every_way
def test_a_server_of_the_present_generation_without_the_route_says_so(opened: Open, way: str) -> None:
    _, handle = opened("openllm")
    with pytest.raises(InvokeBadRequestError, match="has no embeddings: its model generates text"):
        embed(handle, way, ["alpha"])


@every_way
def test_an_error_with_status_200_is_an_error(opened: Open, way: str) -> None:
    _, handle = opened("openllm", embeddings="refused")
    with pytest.raises(InvokeBadRequestError, match="does not support Embeddings API"):
        embed(handle, way, ["alpha"])


def test_a_check_of_credentials_embeds_a_word(opened: Open) -> None:
    server, handle = opened(**NEW)
    handle.validate_credentials()
    assert server.requests[-1].json["input"] == ["ping"]
    for settings in ({}, {"embeddings": "refused"}):
        _, other = opened("openllm", **settings)
        with pytest.raises(CredentialsValidateFailedError, match=r"has no embeddings|support Embeddings"):
            other.validate_credentials()


@pytest.fixture
def answering(runtime: Runtime) -> Iterator[Callable[..., Any]]:
    """Let a server of 0.3 answer texts with a body, whatever it is."""
    with ReplayServer("openllm") as server:
        player = Player(server, runtime)
        record = RECORDS["derived/v0.3-embeddings"]

        def call(body: Any, *texts: str) -> Any:
            handle = player.handle("0.3", "embedding")
            server.play(replace(record, body=json.dumps(body).encode()))
            return handle.invoke(list(texts))

        yield call


@pytest.mark.parametrize(
    "body",
    [
        [{"embeddings": [[1.0]]}, {"embeddings": [[1.0]]}],
        [{"embeddings": []}],
        [1.0],
        {"embeddings": [["a"], ["b"]]},
        {"embeddings": [[1.0]]},
        {"embeddings": [[1.0], [2.0, 3.0]]},
        {"vectors": [[1.0], [2.0]]},
        None,
    ],
)
def test_shapes_that_no_server_sends_are_refused(answering: Callable[..., Any], body: Any) -> None:
    with pytest.raises(InvokeBadResponseError):
        answering(body, "alpha", "beta")


def test_a_flat_vector_is_that_of_one_text(answering: Callable[..., Any]) -> None:
    flat = {"embeddings": [0.5, 0.25], "num_tokens": 3}
    result = answering(flat, "alpha")
    assert ([list(vector) for vector in result.embeddings], result.usage.tokens) == ([[0.5, 0.25]], 3)
    with pytest.raises(InvokeBadResponseError, match="has 1 vectors for 2 texts"):
        answering(flat, "alpha", "beta")


def test_a_count_that_is_not_there_is_not_reported(answering: Callable[..., Any]) -> None:
    assert answering({"embeddings": [[0.5]]}, "alpha").usage.source != "reported"
