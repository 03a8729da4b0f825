"""Which server answers, and what it serves."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mrt.errors import (
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeError,
    InvokeServerUnavailableError,
)
from mrt.http.messages import Headers, HTTPRequest, HTTPResponse
from mrt_openllm.server import Generation, Server, look

NEW_MODEL = {"id": "org/m", "owned_by": "vllm", "max_model_len": 4096}
OLD_MODEL = {"id": "org--m", "owned_by": "na"}
CONFIGURATION = {
    "generation_config": {"top_k": 5, "temperature": 0.7, "typical_p": None},
    "n": 1,
    "top_p": 0.5,
    "top_k": 9,
}
FIELDS = {"components": {"schemas": {"ChatCompletionRequest": {"properties": {"top_k": {}, "seed": {}}}}}}


def listing(*models: Any) -> dict[str, Any]:
    return {"object": "list", "data": list(models)}


def asked(answers: dict[str, Any]) -> tuple[Server, list[str]]:
    """Look at a server that answers paths with JSON, with raw bytes, or with an error; others it does not have."""
    paths: list[str] = []

    def send(request: HTTPRequest) -> HTTPResponse:
        path = request.url.partition("/v1")[2]
        paths.append(f"{request.method} {path}")
        answer = answers.get(path, InvokeBadRequestError("nothing there", status=404))
        if isinstance(answer, InvokeError):
            raise answer
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return HTTPResponse(200, Headers([("content-type", "application/json")]), body)

    def get(path: str) -> HTTPRequest:
        return HTTPRequest("GET", f"http://127.0.0.1:1/v1{path}")

    def post(path: str) -> HTTPRequest:
        return HTTPRequest.json(f"http://127.0.0.1:1/v1{path}", {})

    return look(send, get, post), paths


def test_the_present_generation() -> None:
    server, paths = asked({"/models": listing(NEW_MODEL), "/openapi.json": FIELDS})
    assert server == Server(Generation.NEW, ("org/m",), {"org/m": 4096}, fields=frozenset({"top_k", "seed"}))
    assert paths == ["GET /models", "GET /openapi.json"]


def test_a_server_of_another_owner_is_taken_for_one_of_the_present() -> None:
    # A bento with another engine than vLLM.
    server, _ = asked({"/models": listing({"id": "m", "owned_by": "acme"})})
    assert server == Server(Generation.NEW, ("m",))


@pytest.mark.parametrize(
    ("metadata", "generation"),
    [
        ({"backend": "pt", "configuration": json.dumps(CONFIGURATION)}, Generation.OLD),
        ({"backend": "pt", "configuration": CONFIGURATION}, Generation.OLD),
        ({"quantise": None, "configuration": CONFIGURATION}, Generation.MIDDLE),
    ],
)
def test_the_generations_between(metadata: dict[str, Any], generation: Generation) -> None:
    server, paths = asked({"/models": listing(OLD_MODEL), "/metadata": metadata})
    assert (server.generation, server.models) == (generation, ("org--m",))
    # What is null is not there; what stands inside wins over what stands beside.
    assert server.defaults == {"top_k": 5, "temperature": 0.7, "n": 1, "top_p": 0.5}
    assert paths == ["GET /models", "POST /metadata"]


@pytest.mark.parametrize(("identity", "name"), [("org/m", "org/m"), ("/srv/models/tiny/", "tiny")])
def test_the_oldest_generation(identity: str, name: str) -> None:
    server, _ = asked({"/metadata": {"model_id": identity, "supports_embeddings": True, "configuration": "{}"}})
    assert server == Server(Generation.OLDEST, (name,), embeds=True)


def test_metadata_without_a_model_takes_any_name() -> None:
    server, _ = asked({"/metadata": {"framework": "pt"}})
    assert server.generation is Generation.OLDEST
    assert server.served("anything") == "anything"


@pytest.mark.parametrize(
    "document",
    [
        InvokeBadRequestError("nothing there", status=404),
        InvokeAuthorizationError("kept", status=403),
        b"<html></html>",
        b"[]",
        {"components": None},
        {"components": {"schemas": {"ChatCompletionRequest": None, "ChatCompletionNamed": {"properties": {"a": 1}}}}},
    ],
)
def test_a_document_that_cannot_be_read_tells_no_fields(document: Any) -> None:
    server, _ = asked({"/models": listing(NEW_MODEL), "/openapi.json": document})
    assert (server.generation, server.fields) == (Generation.NEW, frozenset())


@pytest.mark.parametrize("metadata", [b"oops", b'"text"', InvokeAuthorizationError("kept", status=401)])
def test_metadata_that_cannot_be_read_tells_no_defaults(metadata: Any) -> None:
    server, _ = asked({"/models": listing(OLD_MODEL), "/metadata": metadata})
    assert server == Server(Generation.OLD, ("org--m",))


@pytest.mark.parametrize("configuration", ["{", 3, None, ["a"]])
def test_a_configuration_that_cannot_be_read_tells_no_defaults(configuration: Any) -> None:
    server, _ = asked({"/models": listing(OLD_MODEL), "/metadata": {"backend": "vllm", "configuration": configuration}})
    assert server == Server(Generation.OLD, ("org--m",))


@pytest.mark.parametrize("place", ["/openapi.json", "/models"])
def test_a_server_that_is_down_has_told_nothing(place: str) -> None:
    answers: dict[str, Any] = {"/models": listing(NEW_MODEL), "/openapi.json": FIELDS}
    answers[place] = InvokeServerUnavailableError("down", status=503)
    with pytest.raises(InvokeServerUnavailableError):
        asked(answers)


@pytest.mark.parametrize(
    "answers",
    [{}, {"/models": {"data": []}}, {"/models": [1]}, {"/models": listing({"id": None}, 7)}, {"/metadata": ["x"]}],
)
def test_another_server_is_named_as_none(answers: dict[str, Any]) -> None:
    with pytest.raises(InvokeBadResponseError, match="no OpenLLM server"):
        asked(answers)


@pytest.mark.parametrize(
    ("models", "name", "served"),
    [
        (("org/m",), "org/m", "org/m"),
        (("org/m",), "org--m", "org/m"),
        (("org--m",), "org/m", "org--m"),
        (("m",), "/srv/models/m/", "m"),
        (("a", "org/m"), "m", None),
        (("other/m",), "org/m", None),
    ],
)
def test_names_by_which_a_model_is_known(models: tuple[str, ...], name: str, served: str | None) -> None:
    assert Server(Generation.NEW, models).served(name) == served


@pytest.mark.parametrize(
    ("generation", "chat", "text"),
    [("OLDEST", True, True), ("OLD", False, True), ("MIDDLE", False, True), ("NEW", False, False)],
)
def test_which_calls_are_native(generation: str, chat: bool, text: bool) -> None:
    server = Server(Generation[generation])
    native: Callable[..., bool] = server.is_native
    assert (native(chat=True), native(chat=False)) == (chat, text)
