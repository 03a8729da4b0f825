from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from mrt.middleware import Middleware, compose


class Trace(Middleware):
    """Writes its name when a call passes, both ways."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.log = name, log

    def call(self, invocation: Any, call_next: Any) -> Any:
        self.log.append(f">{self.name}")
        result = call_next(dataclasses.replace(invocation, user=f"{invocation.user}{self.name}"))
        self.log.append(f"<{self.name}")
        return result


def test_the_first_is_outermost_and_may_change_the_invocation(vendor: Any, ask: Any) -> None:
    log: list[str] = []
    target = vendor(["hi"])
    assert compose([Trace("a", log), Trace("b", log)], target).call(ask(user="")) == "hi"
    assert log == [">a", ">b", "<b", "<a"]
    assert target.asked[0].user == "ab"


def test_a_middleware_that_overrides_nothing_passes_everything(way: str, vendor: Any, run: Any) -> None:
    assert "".join(run(way, [Middleware()], vendor(["a", "b"]))) == "ab"


def test_methods_that_are_not_overridden_cost_nothing(vendor: Any) -> None:
    target = vendor(["hi"])
    chain = compose([Middleware(), Trace("a", [])], target)
    assert chain.acall == target.acall
    assert chain.stream == target.stream
    assert chain.astream == target.astream
    assert chain.call != target.call


def test_an_empty_chain_is_the_target(way: str, vendor: Any, run: Any) -> None:
    assert "".join(run(way, [], vendor(["a", "b"]))) == "ab"


def test_a_chain_is_a_target_of_another(vendor: Any, ask: Any) -> None:
    log: list[str] = []
    inner = compose([Trace("b", log)], vendor(["hi"]))
    assert compose([Trace("a", log)], inner).call(ask()) == "hi"
    assert log == [">a", ">b", "<b", "<a"]


def test_a_middleware_may_answer_itself(vendor: Any, ask: Any) -> None:
    class Answer(Middleware):
        def call(self, invocation: Any, call_next: Any) -> Any:
            return "from here"

    target = vendor(["hi"])
    assert compose([Answer()], target).call(ask()) == "from here"
    assert target.asked == []


def test_an_error_passes_unchanged(way: str, vendor: Any, run: Any) -> None:
    error = KeyError("vendor's own")
    with pytest.raises(KeyError) as caught:
        run(way, [Middleware()], vendor([error]))
    assert caught.value is error
