from __future__ import annotations

import asyncio
import threading
from types import ModuleType
from typing import Any

import pytest

import mrt
from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.message import UserPromptMessage
from mrt.entities.results import Voice
from mrt.entities.secret import Credentials
from mrt.errors import InvokeConnectionError, PluginError
from mrt.registry.failure import Broken
from mrt.registry.relay import HookManager, Relay

CREDENTIALS = Credentials({"api_key": "sk-test-1"})


def ask(**changes: Any) -> Invocation[Any]:
    arguments = {"request": LLMRequest([UserPromptMessage("hi")]), "provider": "acme", **changes}
    return Invocation(ModelType.LLM, "small", CREDENTIALS, **arguments)


class Full:
    """A plugin with every hook; each returns what it was given."""

    @mrt.hookimpl
    def invoke(self, invocation: Any) -> Any:
        return ("invoke", invocation)

    @mrt.hookimpl
    async def ainvoke(self, invocation: Any) -> Any:
        return ("ainvoke", invocation)

    @mrt.hookimpl
    def validate_credentials(self, model_type: Any, model: Any, credentials: Any) -> None:
        raise mrt.CredentialsValidateFailedError(f"{model_type} {model} {credentials}")

    @mrt.hookimpl
    def provide_schema(self) -> Any:
        return mrt.ProviderEntity(provider="acme", label=mrt.I18nObject(en_US="Acme"))

    @mrt.hookimpl
    def error_mapping(self, model_type: Any) -> Any:
        return {InvokeConnectionError: [KeyError]}

    @mrt.hookimpl
    def get_num_tokens(self, model_type: Any, model: Any, credentials: Any, prompt_messages: Any, tools: Any) -> Any:
        return len(prompt_messages)

    @mrt.hookimpl
    def get_customizable_model_schema(self, model_type: Any, model: Any, credentials: Any) -> Any:
        return mrt.AIModelEntity(model=model, label=mrt.I18nObject(en_US=model), model_type=model_type)

    @mrt.hookimpl
    def list_models(self, model_type: Any, credentials: Any) -> Any:
        return []

    @mrt.hookimpl
    def get_tts_model_voices(self, model: Any, credentials: Any, language: Any) -> Any:
        return [Voice("A", "a", (language,))]


class Least:
    """A plugin with the one hook that matters, on what thread it ran."""

    @mrt.hookimpl
    def invoke(self, invocation: Any) -> Any:
        if invocation.stream:
            return iter(["a", "b", threading.current_thread().name])
        return threading.current_thread().name


def test_every_hook() -> None:
    relay, asked = Relay(Full(), "acme"), ask()
    assert relay.invoke(asked) == ("invoke", asked)
    assert asyncio.run(relay.ainvoke(asked)) == ("ainvoke", asked)  # type: ignore[arg-type]
    with pytest.raises(mrt.CredentialsValidateFailedError, match="llm small"):
        relay.validate_credentials(ModelType.LLM, "small", CREDENTIALS)
    schema = relay.provide_schema()
    assert schema is not None
    assert schema.provider == "acme"
    assert relay.error_mapping(ModelType.LLM) == {InvokeConnectionError: [KeyError]}
    assert relay.get_num_tokens(ModelType.LLM, "small", CREDENTIALS, [UserPromptMessage("hi")]) == 1
    entity = relay.get_customizable_model_schema(ModelType.TTS, "loud", CREDENTIALS)
    assert entity is not None
    assert (entity.model, entity.model_type) == ("loud", ModelType.TTS)
    assert relay.list_models(None, CREDENTIALS) == []
    assert relay.get_tts_model_voices("loud", CREDENTIALS, "de") == [Voice("A", "a", ("de",))]


def test_what_is_left_out() -> None:
    relay = Relay(Least(), "acme")
    relay.validate_credentials(ModelType.LLM, "small", CREDENTIALS)
    assert relay.provide_schema() is None
    assert relay.error_mapping(ModelType.LLM) == {}
    assert relay.get_num_tokens(ModelType.LLM, "small", CREDENTIALS, []) is None
    assert relay.get_customizable_model_schema(ModelType.LLM, "small", CREDENTIALS) is None
    assert relay.list_models(ModelType.LLM, CREDENTIALS) is None
    assert relay.get_tts_model_voices("loud", CREDENTIALS) is None


def test_which_hooks_a_plugin_has() -> None:
    assert Relay(Full(), "acme").has("ainvoke")
    assert Relay(Least(), "acme").has("invoke")
    assert not Relay(Least(), "acme").has("ainvoke"), "core's own stand-in does not count"
    assert not Relay(Least(), "acme").has("list_models")
    assert not Relay(Least(), "acme").has("no_such_hook")


def test_without_ainvoke_a_thread_does_it() -> None:
    async def main() -> None:
        relay = Relay(Least(), "acme")
        name = await relay.ainvoke(ask())  # type: ignore[misc]
        assert name != threading.main_thread().name
        chunks = [chunk async for chunk in relay.ainvoke(ask(stream=True))]  # type: ignore[union-attr]
        assert chunks[:2] == ["a", "b"]
        assert chunks[2] != threading.main_thread().name

    asyncio.run(main())


def test_an_ainvoke_that_declines_leaves_it_to_the_thread() -> None:
    class Declining(Least):
        @mrt.hookimpl
        def ainvoke(self) -> Any:
            return None

    assert asyncio.run(Relay(Declining(), "acme").ainvoke(ask())) != threading.main_thread().name  # type: ignore[arg-type]


def test_arguments_may_be_left_out() -> None:
    class Bare:
        @mrt.hookimpl
        def invoke(self) -> Any:
            return "bare"

    relay = Relay(Bare(), "acme")
    assert relay.invoke(ask()) == "bare"
    assert asyncio.run(relay.ainvoke(ask())) == "bare"  # type: ignore[arg-type]


def test_a_call_without_result_is_the_plugins_fault() -> None:
    class Nothing:
        @mrt.hookimpl
        def invoke(self, invocation: Any) -> Any:
            return None

    class Without:
        @mrt.hookimpl
        def provide_schema(self) -> Any:
            return None

    with pytest.raises(PluginError, match="acme: hook 'invoke' returned nothing") as caught:
        Relay(Nothing(), "acme", "mrt-acme").invoke(ask())
    assert (caught.value.provider, caught.value.distribution) == ("acme", "mrt-acme")
    for plugin, told in ((Nothing(), "returned nothing"), (Without(), "is not implemented")):
        with pytest.raises(PluginError, match=told):
            asyncio.run(Relay(plugin, "acme").ainvoke(ask()))  # type: ignore[arg-type]
    with pytest.raises(PluginError, match="hook 'invoke' is not implemented"):
        Relay(Without(), "acme").invoke(ask())


@pytest.mark.parametrize("error", [InvokeConnectionError("x"), KeyError("own"), KeyboardInterrupt(), StopIteration(1)])
def test_errors_pass_unchanged(error: BaseException) -> None:
    class Failing:
        @mrt.hookimpl
        def invoke(self, invocation: Any) -> Any:
            raise error

    with pytest.raises(type(error)) as caught:
        Relay(Failing(), "acme").invoke(ask())
    assert caught.value is error


def test_a_module_is_a_plugin() -> None:
    module = ModuleType("mrt_acme")
    module.invoke = mrt.hookimpl(lambda invocation: "from the module")  # type: ignore[attr-defined]
    assert Relay(module, "acme").invoke(ask()) == "from the module"


def test_properties_are_not_evaluated() -> None:
    class Touchy(Least):
        @property
        def network(self) -> Any:
            raise RuntimeError("evaluated")

    assert Relay(Touchy(), "acme").has("invoke")


def test_a_hook_of_another_name_and_optional_hooks() -> None:
    class Renamed:
        @mrt.hookimpl(specname="invoke")
        def answer(self, invocation: Any) -> Any:
            return "renamed"

        @mrt.hookimpl(optionalhook=True)
        def of_a_later_core(self, something: Any) -> Any:
            return None

    assert Relay(Renamed(), "acme").invoke(ask()) == "renamed"


def test_a_provider_is_a_plugin() -> None:
    class Model(mrt.LargeLanguageModel):
        def invoke(self, invocation: Any) -> Any:
            return f"{invocation.model} answers"

    provider = mrt.Provider("no_such_package", models={"llm": Model})
    assert Relay(provider, "acme").invoke(ask()) == "small answers"


def test_wrappers_must_be_wrappers() -> None:
    for plugin, told in ((Least(), "has to be a hook wrapper"), (Full(), "has to be a hook wrapper")):
        with pytest.raises(Broken, match=told):
            HookManager().add(plugin, "x", wrappers_only=True)
