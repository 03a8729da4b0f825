"""Checking credentials: what is told apart, and how few requests that takes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from xin_replay import RECORDS

from mrt import Runtime
from mrt.errors import (
    CredentialsValidateFailedError,
    InvokeConnectionError,
    InvokeError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
)
from mrt_testing_kit.server import OracleServer, ReplayServer

KEY = "sk-test-right-0123456789"
LIMITED = "sk-test-limited-0123456789"
BY_TYPE = {
    "llm": "tiny-chat",
    "text_embedding": "tiny-embed",
    "rerank": "tiny-rerank",
    "speech2text": "tiny-whisper",
    "tts": "tiny-tts",
}
KINDS = sorted(BY_TYPE)


@pytest.fixture
def guarded() -> Iterator[OracleServer]:
    keys = {LIMITED: ["tiny-embed"], "sk-test-expired": "expired", "sk-test-off-0123456789": "disabled"}
    with OracleServer(dialect="xinference", api_key=KEY, settings={"keys": keys}) as running:
        yield running


def check(runtime: Runtime, url: str, kind: str = "llm", uid: str | None = None, **fields: Any) -> None:
    credentials = {"server_url": url, "model_uid": uid or BY_TYPE[kind], **fields}
    getattr(runtime, kind)("xinference/some-model", credentials=credentials).validate_credentials()


def refused(runtime: Runtime, url: str, kind: str = "llm", uid: str | None = None, **fields: Any) -> str:
    with pytest.raises(CredentialsValidateFailedError) as caught:
        check(runtime, url, kind, uid, **fields)
    return str(caught.value)


def asked(server: Any) -> list[str]:
    return [request.path for request in server.requests]


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_key_one_question_is_enough(runtime: Runtime, server: OracleServer, kind: str) -> None:
    check(runtime, server.url, kind)
    assert asked(server) == [f"/v1/models/{BY_TYPE[kind]}"]


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_key_the_smallest_answer_is_asked_for(runtime: Runtime, guarded: OracleServer, kind: str) -> None:
    check(runtime, guarded.url, kind, api_key=KEY)
    assert len(asked(guarded)) == 2
    assert [request.status for request in guarded.requests] == [200, 200]


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_may_describe_a_model_but_not_use_it(runtime: Runtime, guarded: OracleServer, kind: str) -> None:
    if kind == "text_embedding":
        check(runtime, guarded.url, kind, api_key=LIMITED)
    else:
        said = refused(runtime, guarded.url, kind, api_key=LIMITED)
        assert f"the key may not use the model '{BY_TYPE[kind]}'" in said
    assert len(asked(guarded)) == 2


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_model_that_is_busy_or_fails_has_right_credentials(
    runtime: Runtime, guarded: OracleServer, status: int
) -> None:
    guarded.fault("F41", status=status, path="/v1/chat/completions")
    check(runtime, guarded.url, api_key=KEY)
    assert guarded.unconsumed() == []


def test_a_connection_that_breaks_says_nothing_about_credentials(runtime: Runtime, guarded: OracleServer) -> None:
    guarded.fault("F16", path="/v1/chat/completions", times=None)
    with pytest.raises(InvokeConnectionError):
        check(runtime, guarded.url, api_key=KEY)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("sk-test-wrong", "Could not validate credentials"),
        ("", "Could not validate credentials"),
        ("sk-test-expired", "API key has expired"),
        ("sk-test-off-0123456789", "API key is disabled"),
    ],
)
def test_a_wrong_key_is_tried_once(runtime: Runtime, guarded: OracleServer, key: str, words: str) -> None:
    said = refused(runtime, guarded.url, api_key=key)
    assert "the server refused the key" in said
    assert words in said
    assert asked(guarded) == ["/v1/models/tiny-chat"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_with_a_wrong_key_tries_it_once(runtime: Runtime, guarded: OracleServer, kind: str) -> None:
    credentials = {"server_url": guarded.url, "model_uid": BY_TYPE[kind], "api_key": "sk-test-wrong"}
    handle = getattr(runtime, kind)("xinference/m", credentials=credentials)
    given = {"rerank": ("q", ["a"]), "text_embedding": (["a"],), "speech2text": (b"RIFF",)}.get(kind, ("Hi",))
    with pytest.raises(InvokeError, match="did not accept the key"):
        handle.invoke(*given)
    assert len(asked(guarded)) == 1
    with pytest.raises(InvokeError, match="did not accept the key"):
        asyncio.run(handle.ainvoke(*given))
    assert len(asked(guarded)) == 2


def test_listing_with_a_wrong_key_tries_it_once(runtime: Runtime, guarded: OracleServer) -> None:
    with pytest.raises(InvokeError, match="did not accept the key"):
        runtime.models("xinference", credentials={"server_url": guarded.url, "api_key": "sk-test-wrong"})
    assert asked(guarded) == ["/v1/models"]


def test_a_ban_is_no_rate_limit_and_says_nothing_about_the_key(runtime: Runtime, guarded: OracleServer) -> None:
    for number in range(10):
        refused(runtime, guarded.url, api_key=f"sk-test-wrong-{number}")
    with pytest.raises(InvokeRateLimitError, match="shut this address out for up to an hour") as caught:
        check(runtime, guarded.url, api_key=KEY)
    assert (caught.value.retryable, caught.value.retry_after) == (False, 3600.0)
    assert len(asked(guarded)) == 11


@pytest.mark.parametrize("key", ["schlüssel", "sk-\ttest", "sk\nsecond"])
def test_what_cannot_be_a_key_is_refused_before_any_request(runtime: Runtime, guarded: OracleServer, key: str) -> None:
    said = refused(runtime, guarded.url, api_key=key)
    assert "the server refused" not in said
    assert key not in said
    assert asked(guarded) == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_model_is_named_with_those_that_run(runtime: Runtime, server: OracleServer, kind: str) -> None:
    said = refused(runtime, server.url, kind, "no-such")
    assert "the server runs no model 'no-such'; it runs: tiny-chat, tiny-base," in said
    assert asked(server) == ["/v1/models/no-such", "/v1/models"]


def test_hundreds_of_running_models_are_not_all_named(runtime: Runtime) -> None:
    with OracleServer(dialect="xinference", models=[f"model-{number}" for number in range(300)]) as server:
        said = refused(runtime, server.url, uid="no-such")
    assert said.endswith("model-8, model-9 and 290 more")


def test_a_server_without_any_model(runtime: Runtime) -> None:
    with OracleServer(dialect="xinference", models=[]) as server:
        assert "and no other one: launch it first" in refused(runtime, server.url)


def test_an_unknown_model_on_a_server_whose_list_fails(runtime: Runtime, server: OracleServer) -> None:
    server.fault("F41", status=500, path="/v1/models")
    assert "runs no model 'no-such', and does not list those it runs" in refused(runtime, server.url, uid="no-such")


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_another_type(runtime: Runtime, server: OracleServer, kind: str) -> None:
    names = {"text_embedding": "text-embedding"}
    for other, uid in BY_TYPE.items():
        if other != kind:
            said = refused(runtime, server.url, kind, uid)
            wanted = f"'{uid}' is of type {names.get(other, other)}, not {names.get(kind, kind)}"
            assert wanted in said
    assert "is of type image, not" in refused(runtime, server.url, kind, "tiny-sd")


def test_a_model_that_is_still_loading_is_not_invalid(runtime: Runtime, server: OracleServer) -> None:
    with pytest.raises(InvokeServerUnavailableError, match="loading") as caught:
        check(runtime, server.url, uid="tiny-late")
    assert (caught.value.retry_after, caught.value.retryable) == (30.0, True)


def test_a_server_that_is_not_there(runtime: Runtime) -> None:
    with pytest.raises(InvokeConnectionError, match="refused: is the server running"):
        check(runtime, "http://127.0.0.1:1")


@pytest.mark.parametrize("name", ["meta_health", "meta_route_unknown", "meta_slash_models", "meta_root"])
def test_what_is_no_such_server_is_told(runtime: Runtime, name: str) -> None:
    with ReplayServer([RECORDS[name]]) as server:
        server.play(name)
        said = refused(runtime, server.url)
    assert "no Xinference server answers at this URL: check its host, port and path" in said
    assert len(said) < 500


def test_a_server_of_another_kind_with_the_same_paths(runtime: Runtime) -> None:
    with OracleServer(dialect="openai", models={"tiny-chat": None}) as server:
        assert "no Xinference server answers" in refused(runtime, server.url)


@pytest.mark.parametrize("tail", ["/", "/v1", "/v1/", "//", " ", "/v1  "])
def test_all_ways_to_write_the_url(runtime: Runtime, server: OracleServer, tail: str) -> None:
    check(runtime, f" {server.url}{tail}")
    assert asked(server) == ["/v1/models/tiny-chat"]


@pytest.mark.parametrize(
    "url", ["127.0.0.1:9997", "ftp://127.0.0.1", "http://", "http://ann:secret@127.0.0.1", "http://127.0.0.1/?x=1", " "]
)
def test_a_url_that_is_none(runtime: Runtime, url: str) -> None:
    said = refused(runtime, url)
    assert "secret" not in said


def test_a_path_before_the_api(runtime: Runtime, server: OracleServer) -> None:
    assert "no Xinference server answers" in refused(runtime, f"{server.url}/behind/a/proxy")
    assert asked(server) == ["/behind/a/proxy/v1/models/tiny-chat"]


@pytest.mark.parametrize("uid", ["org/model", "my model", "a:b", "模型", "..", "a?b#c"])
def test_a_uid_is_one_segment_of_the_path(runtime: Runtime, uid: str) -> None:
    with OracleServer(dialect="xinference", models={uid: None}) as server:
        check(runtime, server.url, uid=uid)
        handle = runtime.llm("xinference/m", credentials={"server_url": server.url, "model_uid": uid})
        assert handle.invoke("Say hello.").text
        assert server.requests[-1].json["model"] == uid


def test_without_a_uid_the_name_of_the_model_counts(runtime: Runtime, server: OracleServer) -> None:
    for extra in ({}, {"model_uid": ""}, {"model_uid": " "}):
        runtime.llm("xinference/tiny-chat", credentials={"server_url": server.url, **extra}).validate_credentials()
    assert set(asked(server)) == {"/v1/models/tiny-chat"}


def test_the_fields_of_the_older_form_are_accepted(runtime: Runtime, server: OracleServer) -> None:
    check(runtime, server.url, model_type="text-generation", model_name="qwen2.5-instruct")


def test_credentials_are_not_changed(runtime: Runtime, guarded: OracleServer) -> None:
    credentials = {"server_url": f"{guarded.url}/v1/ ", "model_uid": " tiny-chat", "api_key": f"{KEY} "}
    before = dict(credentials)
    handle = runtime.llm("xinference/m", credentials=credentials)
    handle.validate_credentials()
    handle.invoke("Hi")
    assert credentials == before
    assert guarded.requests[0].header("authorization") == f"Bearer {KEY}"
