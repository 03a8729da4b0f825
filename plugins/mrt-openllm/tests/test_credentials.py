"""Credentials, the models that a server lists, and what a check of both says."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from mrt import Runtime
from mrt.errors import (
    CredentialsValidateFailedError,
    InvokeConnectionError,
    InvokeModelNotFoundError,
    InvokeServerUnavailableError,
)
from mrt_testing_kit.server import OracleServer, ReplayServer

MODELS = {"openllm": "local/tiny-llama", "openllm-0.4": "tiny-llama"}


@pytest.fixture(params=["openllm", "openllm-0.4"])
def server(request: pytest.FixtureRequest) -> Iterator[OracleServer]:
    with OracleServer(request.param) as running:
        yield running


def check(runtime: Runtime, server: OracleServer, model: str | None = None, **more: Any) -> None:
    given = {"server_url": server.url, **more}
    runtime.validate_credentials("openllm", given, "llm", model or MODELS[server.dialect.name])


def test_a_served_model_is_right_and_no_call_is_made(runtime: Runtime, server: OracleServer) -> None:
    check(runtime, server)
    assert not [request.path for request in server.requests if "completions" in request.path]
    assert len(server.requests) == 2


def test_a_model_that_is_not_served_is_refused_with_those_that_are(runtime: Runtime, server: OracleServer) -> None:
    served = MODELS[server.dialect.name]
    with pytest.raises(CredentialsValidateFailedError, match=f"does not serve 'nope'; it serves: {served}$"):
        check(runtime, server, "nope")
    with pytest.raises(InvokeModelNotFoundError, match=f"it serves: {served}"):
        runtime.llm("openllm/nope", {"server_url": server.url}).invoke("Hi")


def test_of_many_models_the_first_are_named(runtime: Runtime) -> None:
    with OracleServer("openllm", models=[f"org/m{number}" for number in range(14)]) as server:
        with pytest.raises(CredentialsValidateFailedError, match=r"org/m0, .*org/m9 and 4 more$"):
            check(runtime, server, "nope")


@pytest.mark.parametrize("asked", ["org/m", "org--m"])
def test_a_slash_in_an_id_may_be_written_either_way(runtime: Runtime, asked: str) -> None:
    for dialect, sent in (("openllm", "org/m"), ("openllm-0.4", "org--m")):
        with OracleServer(dialect, models=["org/m"]) as server:
            check(runtime, server, asked)
            runtime.llm(f"openllm/{asked}", {"server_url": server.url}).invoke("Hi")
            assert server.requests[-1].json["model"] == sent


def test_the_id_of_the_credentials_wins_over_the_name(runtime: Runtime, server: OracleServer) -> None:
    served = MODELS[server.dialect.name]
    check(runtime, server, "my name for it", model_id=f" {served} ")
    check(runtime, server, served, model_id="  ")
    handle = runtime.llm("openllm/my name for it", {"server_url": server.url, "model_id": served})
    handle.invoke("Hi")
    assert server.requests[-1].json["model"] == served
    assert handle.schema.model == "my name for it"


@pytest.mark.parametrize("url", ["{url}/", "{url}/v1", "{url}/v1/", "  {url}  "])
def test_the_url_may_be_written_as_people_write_it(runtime: Runtime, server: OracleServer, url: str) -> None:
    model = MODELS[server.dialect.name]
    runtime.llm(f"openllm/{model}", {"server_url": url.format(url=server.url)}).invoke("Hi")
    assert {request.path for request in server.requests} > {"/v1/models", "/v1/chat/completions"}


def test_a_gateway_gets_the_key_and_may_refuse_it(runtime: Runtime) -> None:
    with OracleServer("openllm", api_key="sk-test-right") as server:
        check(runtime, server, api_key="sk-test-right")
        assert server.requests[-1].header("authorization") == "Bearer sk-test-right"
        for wrong in ({}, {"api_key": "sk-test-wrong"}):
            with pytest.raises(CredentialsValidateFailedError, match="refused the key") as caught:
                check(runtime, server, **wrong)
            assert "sk-test" not in str(caught.value)


def test_another_server_is_named_as_none(runtime: Runtime) -> None:
    with ReplayServer("openllm", names=["new-0.6.30/probe-unknown-v1-path"]) as server:
        server.play(*["new-0.6.30/probe-unknown-v1-path"] * 2)
        with pytest.raises(CredentialsValidateFailedError, match="no OpenLLM server"):
            runtime.validate_credentials("openllm", {"server_url": server.url}, "llm", "m")


def test_a_server_that_cannot_be_asked_says_nothing_about_credentials(runtime: Runtime, server: OracleServer) -> None:
    server.fault("F41", status=503)
    with pytest.raises(InvokeServerUnavailableError):
        check(runtime, server)
    with pytest.raises(InvokeConnectionError):
        runtime.validate_credentials("openllm", {"server_url": "http://127.0.0.1:9"}, "llm", "m")


@pytest.mark.parametrize("given", [{}, {"server_url": ""}, {"server_url": "x", "mode": "talk"}])
def test_a_form_that_is_not_filled_in_right_asks_nobody(runtime: Runtime, given: dict[str, str]) -> None:
    with pytest.raises(CredentialsValidateFailedError):
        runtime.llm("openllm/m", given)


def test_the_models_that_a_server_lists(runtime: Runtime, server: OracleServer) -> None:
    [model] = runtime.models("openllm", credentials={"server_url": server.url})
    assert (model.model, model.model_type.value) == (MODELS[server.dialect.name], "llm")
    assert model.parameter_rules


def test_the_oldest_servers_list_their_model_for_both_types(runtime: Runtime) -> None:
    with OracleServer("openllm-0.4", settings={"generation": "0.3"}) as server:
        listed = runtime.models("openllm", credentials={"server_url": server.url})
        assert [(model.model, model.model_type.value) for model in listed] == [
            ("tiny-llama", "llm"),
            ("tiny-llama", "text-embedding"),
        ]


def test_many_threads_ask_a_server_once(runtime: Runtime, server: OracleServer) -> None:
    model, together = MODELS[server.dialect.name], threading.Barrier(8)
    labels: list[str] = []

    def look() -> None:
        together.wait()
        handle = runtime.llm(f"openllm/{model}", {"server_url": server.url})
        labels.append(handle.schema.label.get("en_US"))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert labels == [f"{model} (OpenLLM {'0.6' if server.dialect.name == 'openllm' else '0.4'})"] * 8
    assert len(server.requests) == 2


def test_an_event_loop_is_not_held_up_by_the_question(runtime: Runtime, server: OracleServer) -> None:
    handle = runtime.llm(f"openllm/{MODELS[server.dialect.name]}", {"server_url": server.url})

    async def call() -> list[str]:
        ticks: list[str] = []

        async def tick() -> None:
            while True:
                ticks.append("tick")
                await asyncio.sleep(0.01)

        server.fault("F17", seconds=0.2, after=0)
        ticking = asyncio.create_task(tick())
        await handle.ainvoke("Hi")
        ticking.cancel()
        return ticks

    assert len(asyncio.run(call())) > 3


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_says_which_generation_answers(server: OracleServer, as_json: bool) -> None:
    model = MODELS[server.dialect.name]
    generation = "0.6" if server.dialect.name == "openllm" else "0.4"
    command = [sys.executable, "-m", "mrt", "validate", f"openllm/{model}", *(["--json"] if as_json else [])]
    done = subprocess.run(
        command, env={**os.environ, "MRT_OPENLLM_SERVER_URL": server.url}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    if not as_json:
        assert f"{model} (OpenLLM {generation})" in done.stdout
