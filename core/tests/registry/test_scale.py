"""A call costs the same with one plugin and with hundreds: counted, not timed."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.secret import Credentials
from mrt.registry import Registry

MANY = 200


def counted(function: Any) -> int:
    """Count the Python and C functions that run below a call."""
    calls = 0

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def test_a_call_does_not_depend_on_the_number_of_plugins(site: Any) -> None:
    asked: Invocation[Any] = Invocation(ModelType.LLM, "small", Credentials(), LLMRequest([]), provider="p0")

    def cost() -> int:
        registry = Registry()
        registry.get("p0").relay.invoke(asked)
        assert len(registry.get("p0").relay.manager.get_plugins()) == 2, "the plugin and core's defaults"
        return counted(lambda: registry.get("p0").relay.invoke(asked))

    site.install("p0")
    alone = cost()
    for number in range(1, MANY):
        site.metadata(f"mrt-p{number}", "1.0", f"[mrt.providers]\np{number} = mrt_p{number}\n")
    site.settle()
    assert len(Registry().names()) == MANY
    assert cost() == alone
    assert not [name for name in sys.modules if name.startswith("mrt_p") and name != "mrt_p0"]


def test_a_warm_list_opens_one_file(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        site.install(f"p{number}")
    Registry().listing()
    opened: list[str] = []
    armed = [True]

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if armed and event == "open" and isinstance(arguments[0], str):
            opened.append(os.path.basename(arguments[0]))

    sys.addaudithook(note)
    # As a new process would, without what this one remembers of the path.
    monkeypatch.setattr("mrt.registry.discovery._last", None)
    registry = Registry()
    assert len(registry.listing()) == 10
    assert registry.failures == []
    armed.clear()
    assert sorted(name.partition("-")[0] for name in opened) == ["list"]
