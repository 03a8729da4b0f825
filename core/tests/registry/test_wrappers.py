from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest

import mrt
from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.secret import Credentials
from mrt.errors import PluginError
from mrt.registry import Registry

ASKED: Invocation[Any] = Invocation(ModelType.LLM, "small", Credentials(), LLMRequest([]), provider="acme")

MIDDLEWARE = """
import mrt

@mrt.hookimpl(wrapper=True)
def invoke(invocation):
    result = yield
    return f"<{{result}} by {name}>"
"""


class Around:
    """Wraps every hook that may be wrapped, and counts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[str] = []

    @mrt.hookimpl(wrapper=True)
    def invoke(self, invocation: Any) -> Generator[None, Any, Any]:
        self.seen.append("invoke")
        return f"{self.name}({(yield)})"

    @mrt.hookimpl(wrapper=True)
    def ainvoke(self, invocation: Any) -> Generator[None, Any, Any]:
        self.seen.append("ainvoke")
        return (yield)

    @mrt.hookimpl(wrapper=True)
    def validate_credentials(self) -> Generator[None, Any, Any]:
        self.seen.append("validate_credentials")
        return (yield)


class Plugin:
    @mrt.hookimpl
    def invoke(self, invocation: Any) -> Any:
        return invocation.model


def registry_with(*names: str) -> Registry:
    registry = Registry(load_entry_points=False)
    for name in names:
        registry.register(Plugin(), name=name)
    return registry


def call(registry: Registry, name: str) -> Any:
    return registry.get(name).relay.invoke(ASKED)


def test_present_and_later_providers_are_wrapped() -> None:
    registry = registry_with("called", "present")
    assert call(registry, "called") == "small"
    registry.add_middleware(Around("a"))
    registry.register(Plugin(), name="later")
    assert [call(registry, name) for name in ("called", "present", "later")] == ["a(small)"] * 3


def test_later_ones_surround_earlier_ones_and_can_be_removed() -> None:
    registry = registry_with("one")
    first = registry.add_middleware(Around("a"))
    assert registry.add_middleware(Around("b"), name="mine") == "mine"
    registry.register(Plugin(), name="two")
    assert [call(registry, name) for name in ("one", "two")] == ["b(a(small))"] * 2
    registry.wrappers.remove(first)
    assert [call(registry, name) for name in ("one", "two")] == ["b(small)"] * 2
    with pytest.raises(LookupError):
        registry.wrappers.remove(first)


def test_all_three_hooks_are_wrapped_once_each() -> None:
    registry, around = registry_with("one"), Around("a")
    registry.add_middleware(around)
    relay = registry.get("one").relay
    relay.validate_credentials(ModelType.LLM, "small", Credentials())
    assert asyncio.run(relay.ainvoke(ASKED)) == "small"  # type: ignore[arg-type]
    assert around.seen == ["validate_credentials", "ainvoke"], "the thread behind ainvoke is no second call"


def test_what_is_no_wrapper_is_refused() -> None:
    registry = registry_with("one")
    for wrong, told in ((Plugin(), "has to be a hook wrapper"), (object(), "has no hooks"), (Around, "is the class")):
        with pytest.raises(PluginError, match=told):
            registry.add_middleware(wrong)
    around = Around("a")
    registry.add_middleware(around, name="a")
    with pytest.raises(PluginError, match="registered already"):
        registry.add_middleware(around)
    with pytest.raises(PluginError, match="named 'a' is registered already"):
        registry.add_middleware(Around("b"), name="a")
    assert call(registry, "one") == "a(small)"


def test_a_wrapper_that_does_not_yield_is_refused() -> None:
    class Wrong:
        @mrt.hookimpl(wrapper=True)
        def list_models(self) -> Generator[None, Any, Any]:
            return (yield)

    with pytest.raises(PluginError, match="around one of ainvoke, invoke, validate_credentials"):
        registry_with().add_middleware(Wrong())


def test_installed_middleware_is_imported_at_the_first_call(site: Any) -> None:
    import sys

    site.install("acme")
    site.install("around", MIDDLEWARE.format(name="around"), group="mrt.middleware", schema=None)
    registry = Registry()
    assert registry.names() == ["acme"]
    registry.providers()
    assert "mrt_around" not in sys.modules
    assert call(registry, "acme") == "<mrt_acme: small by around>"


@pytest.mark.parametrize(
    ("source", "phase", "told"),
    [
        ("import missing_library", "import", "No module named 'missing_library'"),
        ("raise SystemExit", "import", "exits the program"),
        ("x = 1", "register", "has no hooks"),
        (
            "import mrt\n@mrt.hookimpl\ndef invoke(invocation): return 'hijacked'",
            "register",
            "has to be a hook wrapper",
        ),
        ("mrt_api = 9\n" + MIDDLEWARE.format(name="x"), "api", "upgrade mrt-core"),
    ],
)
def test_broken_middleware_is_named_and_left_out(source: str, phase: str, told: str, site: Any) -> None:
    site.install("acme")
    site.install("good", MIDDLEWARE.format(name="good"), group="mrt.middleware", schema=None)
    site.install("bad", source, group="mrt.middleware", schema=None, version="2")
    registry = Registry()
    assert call(registry, "acme") == "<mrt_acme: small by good>"
    (failure,) = registry.failures
    assert (failure.provider, failure.distribution, failure.version) == ("bad", "mrt-bad", "2")
    assert (failure.phase, failure.group) == (phase, "mrt.middleware")
    assert told in str(failure)
    assert [item.provider for item in Registry().check()] == ["bad"]


def test_installed_middleware_can_be_disabled(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("acme")
    site.install("around", MIDDLEWARE.format(name="around"), group="mrt.middleware", schema=None)
    monkeypatch.setenv("MRT_DISABLED_PLUGINS", "around")
    assert call(Registry(), "acme") == "mrt_acme: small"
    assert registry_with("one").wrappers.failures == []


def test_without_entry_points_there_is_no_installed_middleware(site: Any) -> None:
    site.install("around", MIDDLEWARE.format(name="around"), group="mrt.middleware", schema=None)
    assert call(registry_with("one"), "one") == "small"
