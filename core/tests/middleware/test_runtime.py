"""The middleware in a runtime, around a plugin that fails on demand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

import mrt
from mrt.entities.provider import CredentialFormSchema, FormType, ModelCredentialSchema
from mrt.middleware import Balance, Cache, Fallback, Limit, Log, Retry

FIELD = CredentialFormSchema(variable="api_key", label=mrt.I18nObject(en_US="Key"), type=FormType.SECRET_INPUT)


class Plugin:
    """Answers with the key that it was asked with; keys that are to fail do so."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[str] = []
        self.fail: dict[str, list[Exception]] = {}

    @mrt.hookimpl
    def provide_schema(self) -> mrt.ProviderEntity:
        form = ModelCredentialSchema(credential_form_schemas=[FIELD])
        return mrt.ProviderEntity(
            provider=self.name,
            label=mrt.I18nObject(en_US=self.name),
            supported_model_types=[mrt.ModelType.LLM],
            model_credential_schema=form,
        )

    @mrt.hookimpl
    def invoke(self, invocation: Any) -> Any:
        key = invocation.credentials["api_key"].reveal().removeprefix("sk-test-")
        self.asked.append(key)
        if self.fail.get(key):
            raise self.fail[key].pop(0)
        if invocation.stream:
            return self._chunks(key)
        return mrt.LLMResult(invocation.model, mrt.AssistantPromptMessage(f"{self.name} {key}"))

    def _chunks(self, key: str) -> Iterator[Any]:
        for index, text in enumerate([self.name, " ", key]):
            delta = mrt.LLMResultChunkDelta(index, mrt.AssistantPromptMessage(text))
            yield mrt.LLMResultChunk(f"{self.name}-model", delta)


@pytest.fixture
def acme() -> Plugin:
    return Plugin("acme")


@pytest.fixture
def bolt() -> Plugin:
    return Plugin("bolt")


def runtime(*plugins: Plugin, middleware: list[Any]) -> mrt.Runtime:
    made = mrt.Runtime(load_entry_points=False, middleware=middleware)
    for plugin in plugins:
        made.register(plugin)
    return made


def say(way: str, handle: Any) -> str:
    """Ask a handle in one of four ways for its text."""

    async def awaited() -> str:
        if way == "acall":
            return str((await handle.ainvoke("hi")).text)
        return "".join([chunk.text async for chunk in handle.astream("hi")])

    if way == "call":
        return str(handle.invoke("hi").text)
    if way == "stream":
        return "".join(chunk.text for chunk in handle.stream("hi"))
    return asyncio.run(awaited())


def model(made: mrt.Runtime, name: str = "acme/m", key: str = "one") -> Any:
    return made.llm(name, credentials={"api_key": f"sk-test-{key}"})


def test_retry(way: str, acme: Plugin, clock: Any) -> None:
    acme.fail = {"one": [mrt.InvokeServerUnavailableError("1"), mrt.InvokeServerUnavailableError("2")]}
    made = runtime(acme, middleware=[Retry(sleep=clock.sleep, asleep=clock.asleep)])
    assert say(way, model(made)) == "acme one"
    assert acme.asked == ["one"] * 3


def test_fallback_to_another_provider(way: str, acme: Plugin, bolt: Plugin) -> None:
    acme.fail = {"one": [mrt.InvokeRateLimitError("busy")]}
    fallback = Fallback(model(runtime(bolt, middleware=[]), "bolt/m", "two"))
    made = runtime(acme, bolt, middleware=[fallback])
    assert say(way, model(made)) == "bolt two"
    assert say(way, model(made)) == "acme one"


def test_balance(way: str, acme: Plugin, bolt: Plugin, clock: Any) -> None:
    acme.fail = {"b": [mrt.InvokeRateLimitError("busy")]}
    keys = [{"api_key": f"sk-test-{name}"} for name in "abc"]
    made = runtime(acme, bolt, middleware=[Balance("acme", *keys, clock=clock)])
    assert [say(way, model(made)) for _ in range(4)] == ["acme a", "acme c", "acme a", "acme c"]
    assert acme.asked == ["a", "b", "c", "a", "c"]
    assert say(way, model(made, "bolt/m")) == "bolt one", "no other provider ever sees these keys"


def test_cache_and_limit(way: str, acme: Plugin) -> None:
    made = runtime(acme, middleware=[Cache(always=True), Limit(concurrency=1, timeout=0)])
    assert [say(way, model(made)) for _ in range(3)] == ["acme one"] * 3
    assert acme.asked == ["one"]


def test_log(way: str, acme: Plugin, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mrt.calls")
    made = runtime(acme, middleware=[Log(content=True)])
    say(way, model(made))
    (record,) = [record for record in caplog.records if record.name == "mrt.calls"]
    assert record.getMessage().startswith("acme/m ok: ")
    assert "sk-test" not in caplog.text


def test_a_key_is_in_no_error(way: str, acme: Plugin, clock: Any) -> None:
    acme.fail = {"one": [mrt.InvokeRateLimitError("key sk-test-one is over its limit")] * 3}
    made = runtime(acme, middleware=[Retry(sleep=clock.sleep, asleep=clock.asleep)])
    with pytest.raises(mrt.InvokeRateLimitError) as caught:
        say(way, model(made))
    assert len(caught.value.attempts) == 2
    assert "sk-test-one" not in repr((caught.value.attempts, caught.value.__notes__, str(caught.value)))


def test_hook_wrappers_may_be_given_as_well(acme: Plugin) -> None:
    class Shout:
        @mrt.hookimpl(wrapper=True)
        def invoke(self, invocation: Any) -> Any:
            result = yield
            result.message.content = result.message.content.upper()
            return result

    assert say("call", model(runtime(acme, middleware=[Shout(), Retry()]))) == "ACME ONE"
