from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from mrt.entities.common import I18nObject, ModelType
from mrt.entities.invocation import LLMRequest
from mrt.entities.model import AIModelEntity, ParameterRule, ParameterType
from mrt.entities.secret import Credentials
from mrt.errors import (
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeConnectionError,
    InvokeContentFilterError,
    InvokeContextLengthError,
    InvokeModelNotFoundError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
)
from mrt.middleware import Fallback, compose

FAILS = [
    InvokeConnectionError,
    InvokeServerUnavailableError,
    InvokeRateLimitError,
    InvokeAuthorizationError,
    InvokeModelNotFoundError,
    InvokeContextLengthError,
]


def entity(*parameters: str) -> AIModelEntity:
    rules = [ParameterRule(name=name, label=I18nObject(en_US=name), type=ParameterType.FLOAT) for name in parameters]
    return AIModelEntity(
        model="other", label=I18nObject(en_US="Other"), model_type=ModelType.LLM, parameter_rules=rules
    )


@dataclass
class Model:
    """What a handle shows of itself."""

    provider: str = "bolt"
    model: str = "other"
    credentials: Credentials = field(default_factory=lambda: Credentials({"api_key": "sk-test-bolt"}))
    model_type: ModelType = ModelType.LLM
    schema: AIModelEntity | None = None


def names(target: Any) -> list[str]:
    return [f"{asked.provider}/{asked.model}" for asked in target.asked]


@pytest.mark.parametrize("error", FAILS)
def test_the_next_model_is_tried(error: type[Exception], way: str, vendor: Any, run: Any) -> None:
    other = Model()
    target = vendor([error()], ["fine"])
    assert run(way, [Fallback(other)], target) == ["fine"]
    assert names(target) == ["acme/small", "bolt/other"]
    assert target.asked[1].credentials is other.credentials
    assert target.asked[1].request == target.asked[0].request


def test_models_are_tried_in_order_and_the_last_error_names_all(way: str, vendor: Any, run: Any) -> None:
    target = vendor([InvokeRateLimitError("one")], [InvokeConnectionError("two")], [InvokeAuthorizationError("three")])
    with pytest.raises(InvokeAuthorizationError, match="three") as caught:
        run(way, [Fallback(Model(), Model(model="third"))], target)
    assert names(target) == ["acme/small", "bolt/other", "bolt/third"]
    assert caught.value.attempts == (
        "acme/small: InvokeRateLimitError: one",
        "bolt/other: InvokeConnectionError: two",
    )


@pytest.mark.parametrize("error", [InvokeBadRequestError(), InvokeContentFilterError(), KeyError()])
def test_other_errors_are_final(error: Exception, way: str, vendor: Any, run: Any) -> None:
    target = vendor([error], ["fine"])
    with pytest.raises(type(error)):
        run(way, [Fallback(Model())], target)
    assert len(target.asked) == 1


def test_the_errors_can_be_chosen(way: str, vendor: Any, run: Any) -> None:
    fallback = Fallback(Model(), on=(InvokeContentFilterError,))
    assert run(way, [fallback], vendor([InvokeContentFilterError()], ["fine"])) == ["fine"]
    with pytest.raises(InvokeRateLimitError):
        run(way, [fallback], vendor([InvokeRateLimitError()], ["fine"]))


def test_a_stream_does_not_change_models_in_the_middle(stream_way: str, vendor: Any, run: Any) -> None:
    target = vendor(["half", InvokeConnectionError("cut off")], ["whole"])
    with pytest.raises(InvokeConnectionError, match="cut off"):
        run(stream_way, [Fallback(Model())], target)
    assert len(target.asked) == 1
    assert target.open == 0


def test_leaving_a_stream_closes_the_vendors(stream_way: str, vendor: Any, leave: Any) -> None:
    target = vendor([InvokeConnectionError()], ["a", "b"])
    assert leave(stream_way, [Fallback(Model())], target) == "a"
    assert (target.open, target.closed) == (0, 2)


def test_a_model_of_another_type_or_the_asked_one_is_no_choice(vendor: Any, run: Any, ask: Any) -> None:
    asked = ask()
    same = Model(provider="acme", model="small", credentials=asked.credentials)
    target = vendor([InvokeConnectionError()])
    with pytest.raises(InvokeConnectionError):
        run("call", [Fallback(same, Model(model_type=ModelType.RERANK))], target, asked)
    assert len(target.asked) == 1


def test_the_same_model_with_other_credentials_is_a_choice(vendor: Any, run: Any, ask: Any) -> None:
    target = vendor([InvokeConnectionError()], ["fine"])
    other = Model(provider="acme", model="small", credentials=Credentials({"api_key": "sk-test-2"}))
    assert run("call", [Fallback(other)], target, ask()) == ["fine"]


def test_the_schema_is_the_other_models(way: str, vendor: Any, run: Any) -> None:
    schema = entity("temperature")
    target = vendor([InvokeConnectionError()], ["fine"])
    run(way, [Fallback(Model(schema=schema))], target)
    assert target.asked[1].schema is schema


def test_parameters_that_the_other_model_does_not_take_are_left_out(way: str, vendor: Any, run: Any, ask: Any) -> None:
    parameters = {"temperature": 0.5, "acme_only": 1}
    asked = ask(request=LLMRequest(ask().request.prompt_messages, parameters))
    target = vendor([InvokeConnectionError()], ["fine"])
    run(way, [Fallback(Model(schema=entity("temperature")))], target, asked)
    assert dict(target.asked[1].request.model_parameters) == {"temperature": 0.5}
    assert parameters == {"temperature": 0.5, "acme_only": 1}


def test_a_model_whose_vendor_cannot_be_asked_for_its_schema_counts_as_failed(way: str, vendor: Any, run: Any) -> None:
    class Unreachable(Model):
        @property
        def schema(self) -> AIModelEntity | None:
            raise InvokeConnectionError("refused")

        @schema.setter
        def schema(self, value: AIModelEntity | None) -> None:
            pass

    target = vendor([InvokeRateLimitError("one")], ["fine"])
    assert run(way, [Fallback(Unreachable(), Model(model="third"))], target) == ["fine"]
    assert names(target) == ["acme/small", "bolt/third"]

    with pytest.raises(InvokeConnectionError, match="refused") as caught:
        run(way, [Fallback(Unreachable())], vendor([InvokeRateLimitError("one")]))
    assert caught.value.attempts == ("acme/small: InvokeRateLimitError: one",)


def test_cancellation_is_no_reason_to_try_another(vendor: Any, ask: Any) -> None:
    async def main() -> None:
        target = vendor([asyncio.CancelledError()], ["fine"])
        with pytest.raises(asyncio.CancelledError):
            await compose([Fallback(Model())], target).acall(ask())
        assert len(target.asked) == 1

    asyncio.run(main())


def test_it_needs_a_model() -> None:
    with pytest.raises(ValueError):
        Fallback()
