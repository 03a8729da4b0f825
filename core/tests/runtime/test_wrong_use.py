"""Wrong arguments, and plugins that return the wrong thing: the error says where, what, and shows no key."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from runtime_plugins import Plugin, reply, scripted

import mrt
from mrt import InvokeBadRequestError, LargeLanguageModel, PluginError, Runtime, UserPromptMessage
from mrt.runtime.llm import LLMHandle

KEY = "sk-test-0123456789abcdef"
RULES = [{"name": "temperature", "use_template": "temperature"}]

CALLS: list[Callable[[Runtime], Any]] = [
    lambda runtime: runtime.llm("fake/m").invoke("Hi"),
    lambda runtime: list(runtime.llm("fake/m").stream("Hi")),
    lambda runtime: runtime.text_embedding("fake/m").invoke(["a"]),
    lambda runtime: runtime.rerank("fake/m").invoke("q", ["a"]),
]
BEGINNINGS: list[Callable[[Runtime, dict[str, Any]], Any]] = [
    lambda runtime, given: runtime.llm("no-such/m", given),
    lambda runtime, given: runtime.models("no-such", credentials=given),
    lambda runtime, given: runtime.model_schema("no-such", "llm", "m", given),
    lambda runtime, given: runtime.validate_credentials("no-such", given),
    lambda runtime, given: mrt.rerank("no-such/m", given),
]


class Embeds(mrt.TextEmbeddingModel):
    def _invoke(self, *args: Any, **fields: Any) -> Any:
        return "no vectors"


class Sorts(mrt.RerankModel):
    def _invoke(self, *args: Any, **fields: Any) -> Any:
        return "no documents"


def plainly(call: dict[str, Any]) -> Any:
    return reply()


def running(answer: Callable[[dict[str, Any]], Any] = plainly) -> Runtime:
    runtime = Runtime(load_entry_points=False)
    model: type[LargeLanguageModel] = scripted(answer, RULES, features=[])
    runtime.register(Plugin({"llm": model, "text-embedding": Embeds, "rerank": Sorts}), "fake")
    return runtime


def chat() -> LLMHandle:
    return running().llm("fake/m")


@pytest.mark.parametrize(
    "arguments", [{"model_parameters": {"temperature": 9}}, {"tools": [mrt.PromptMessageTool("f", "d", {})]}]
)
def test_errors_found_before_the_call_name_provider_and_model(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvokeBadRequestError, match=r"^fake/m: ") as raised:
        chat().invoke("Hi", **arguments)
    assert (raised.value.provider, raised.value.model) == ("fake", "m")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((None,), "give a text or a list of messages"),
        ((UserPromptMessage("Hi"),), "put it into a list"),
        (("Hi", [{"name": "f"}]), "use PromptMessageTool"),
        (("Hi", None, "temperature=1"), "model_parameters maps names to values"),
    ],
)
def test_arguments_of_other_types_are_named(arguments: tuple[Any, ...], told: str) -> None:
    names: dict[str, Any] = dict(zip(("prompt_messages", "tools", "model_parameters"), arguments, strict=False))
    with pytest.raises(TypeError, match=told):
        chat().invoke(**names)


def test_texts_documents_and_thresholds_of_other_types_are_refused() -> None:
    runtime: Any = running()
    with pytest.raises(InvokeBadRequestError, match="texts is NoneType"):
        runtime.text_embedding("fake/m").invoke(None)
    with pytest.raises(InvokeBadRequestError, match="docs is NoneType"):
        runtime.rerank("fake/m").invoke("q", None)
    with pytest.raises(InvokeBadRequestError, match="score_threshold is a finite number, not 'x'"):
        runtime.rerank("fake/m").invoke("q", ["a"], score_threshold="x")
    with pytest.raises(TypeError, match="not by NoneType"):
        runtime.llm(None)


@pytest.mark.parametrize("call", CALLS)
def test_a_plugin_that_returns_the_wrong_thing_is_named(call: Callable[[Runtime], Any]) -> None:
    def answer(asked: dict[str, Any]) -> Any:
        return iter([3]) if asked["stream"] else 3

    with pytest.raises(PluginError, match=r"^the plugin 'fake': ") as raised:
        call(running(answer))
    assert raised.value.provider == "fake"


@pytest.mark.parametrize(("model_type", "model"), [("llm", None), (None, "m")])
def test_half_a_model_is_not_taken_as_valid(model_type: str | None, model: str | None) -> None:
    with pytest.raises(mrt.CredentialsValidateFailedError, match="together, or neither"):
        running().validate_credentials("fake", {}, model_type, model)


@pytest.mark.parametrize("call", BEGINNINGS)
def test_no_frame_of_a_call_that_does_not_start_holds_the_key(call: Callable[[Runtime, dict[str, Any]], Any]) -> None:
    with pytest.raises(mrt.ProviderNotFoundError) as raised:
        call(running(), {"api_key": KEY})
    # The first two frames are this test's own, which hold what the caller holds.
    frames = traceback.TracebackException.from_exception(raised.value, capture_locals=True).stack[2:]
    assert frames
    assert KEY not in repr([frame.locals for frame in frames])


def test_vendor_code_may_copy_its_credentials() -> None:
    seen: list[Any] = []

    def answer(call: dict[str, Any]) -> Any:
        seen.extend([copy.deepcopy(call["credentials"]), copy.copy(call["credentials"])])
        return reply()

    running(answer).llm("fake/m", {"api_key": KEY}).invoke("Hi")
    assert [given["api_key"] for given in seen] == [KEY, KEY]
    assert KEY not in repr(seen)
