"""Calls to real servers of any generation: MRT_LIVE_OPENLLM has their URLs, with blanks between."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from ollm_calls import WAYS, ask

from mrt import Runtime
from mrt.entities.message import SystemPromptMessage, UserPromptMessage
from mrt.errors import (
    CredentialsValidateFailedError,
    InvokeBadRequestError,
    InvokeConnectionError,
    InvokeContextLengthError,
    InvokeServerUnavailableError,
)
from mrt_openllm import plugin

pytestmark = pytest.mark.live
every_way = pytest.mark.parametrize("way", WAYS)
SHORT = {"max_tokens": 8, "temperature": 0}


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with Runtime(load_entry_points=False) as running:
        running.register(plugin, "openllm")
        yield running


@pytest.fixture(scope="module", params=os.environ.get("MRT_LIVE_OPENLLM", "").split())
def url(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def model(runtime: Runtime, url: str) -> str:
    return next(model.model for model in runtime.models("openllm", "llm", {"server_url": url}))


@pytest.fixture(params=["chat", "completion"])
def handle(request: pytest.FixtureRequest, runtime: Runtime, url: str, model: str) -> Any:
    return runtime.llm(f"openllm/{model}", {"server_url": url, "mode": request.param})


def is_new(handle: Any) -> bool:
    return handle.schema.label.get("en_US").endswith("0.6)")


def test_the_model_is_right_and_another_is_refused(runtime: Runtime, url: str, model: str) -> None:
    runtime.validate_credentials("openllm", {"server_url": url}, "llm", model)
    with pytest.raises(CredentialsValidateFailedError, match=f"it serves: {model}"):
        runtime.validate_credentials("openllm", {"server_url": url}, "llm", "no-such-model")


@every_way
def test_a_short_answer(handle: Any, way: str) -> None:
    result = ask(handle, way, "hello world", model_parameters=SHORT)
    assert result.text
    # A busy server of 0.4 sometimes leaves the reason out.
    assert result.finish_reason in (("length",) if is_new(handle) else ("length", None))
    assert result.usage.source == ("reported" if is_new(handle) else "estimated")


@every_way
def test_every_parameter_of_the_schema_is_taken(handle: Any, way: str) -> None:
    given = {"temperature": 0.5, "top_p": 0.9, "top_k": 5, "repetition_penalty": 1.1, "max_tokens": 4, "min_p": 0.1,
             "presence_penalty": 0.1, "frequency_penalty": 0.1, "seed": 1}  # fmt: skip
    names = {rule.name for rule in handle.schema.parameter_rules}
    assert {"top_k", "max_tokens"} <= names
    ask(handle, way, "hello", model_parameters={name: value for name, value in given.items() if name in names})


@every_way
def test_top_k_may_be_off(handle: Any, way: str) -> None:
    ask(handle, way, "hello", model_parameters={**SHORT, "top_k": 0})


@every_way
def test_a_conversation(runtime: Runtime, url: str, model: str, way: str) -> None:
    talk = [SystemPromptMessage("brown fox"), UserPromptMessage("hello")]
    chat = runtime.llm(f"openllm/{model}", {"server_url": url})
    assert ask(chat, way, talk, model_parameters=SHORT).text


@every_way
def test_an_answer_beyond_the_context_is_an_error(handle: Any, way: str) -> None:
    # Up to 0.5 the server does not say why it fails, and cuts streams, so that the words are the plugin's.
    expected = (InvokeBadRequestError,) if is_new(handle) else (InvokeServerUnavailableError, InvokeConnectionError)
    with pytest.raises(expected, match="max_tokens"):
        ask(handle, way, "hello", model_parameters={"max_tokens": 100_000})


@every_way
def test_a_prompt_beyond_the_context(handle: Any, way: str) -> None:
    prompt = "hello world " * 4000
    if is_new(handle):
        with pytest.raises(InvokeContextLengthError):
            ask(handle, way, prompt, model_parameters=SHORT)
    else:
        # Up to 0.5 the server leaves out the beginning of the prompt without a word.
        ask(handle, way, prompt, model_parameters=SHORT)


def test_embeddings_or_clear_words(runtime: Runtime, url: str, model: str) -> None:
    with pytest.raises(InvokeBadRequestError, match=r"has no embeddings|does not support"):
        runtime.text_embedding(f"openllm/{model}", {"server_url": url}).invoke(["hello"])
