"""Every way in which a plugin can be broken: the others work, and the failure says whose it is and why."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import pytest

from mrt.errors import MRTError, PluginError, ProviderNotFoundError, SchemaError
from mrt.registry import Registry
from mrt.registry.failure import PluginFailure

HOOKS = "import mrt\n@mrt.hookimpl\ndef {}:\n    return 1\n"

BROKEN: dict[str, tuple[str, str, str]] = {
    "import error": ("import missing_library", "import", "No module named 'missing_library'"),
    "syntax error": ("def broken(:", "import", "SyntaxError"),
    "exit": ("import sys; sys.exit(3)", "import", r"it exits the program with sys.exit\(3\)"),
    "exit of its own": (
        "import sys\ndef stop(*_): raise SystemExit('mine')\nold, sys.exit = sys.exit, stop\n"
        "try: sys.exit()\nfinally: sys.exit = old",
        "import",
        "sys.exit",
    ),
    "any exception": ("raise Exception('multi\\nline')", "import", "Exception: multi line"),
    "a base exception": ("class Odd(BaseException): pass\nraise Odd('odd')", "import", "Odd: odd"),
    "endless recursion": ("def f(): f()\nf()", "import", "RecursionError"),
    "later number": (
        "mrt_api = 7\n" + HOOKS.format("invoke(invocation)"),
        "api",
        "mrt_api 7.*speaks 1: upgrade mrt-core",
    ),
    "earlier number": ("mrt_api = 0\n" + HOOKS.format("invoke(invocation)"), "api", "mrt_api 0.*upgrade mrt-acme"),
    "no number": (
        "mrt_api = '1'\n" + HOOKS.format("invoke(invocation)"),
        "api",
        "mrt_api is '1'; it has to be a number",
    ),
    "no hooks": ("x = 1", "register", "module mrt_acme has no hooks"),
    "forgotten mark": ("def invoke(invocation): pass", "register", "mark invoke with @mrt.hookimpl"),
    "unknown hook": (HOOKS.format("invok(invocation)"), "register", "unknown hook 'invok'; did you mean 'invoke'"),
    "unknown argument": (
        HOOKS.format("invoke(invokation)"),
        "register",
        "hook 'invoke' has the unknown argument 'invokation'; it may take invocation",
    ),
    "too many arguments": (HOOKS.format("provide_schema(path)"), "register", "unknown argument 'path'; it takes none"),
    "default": (HOOKS.format("invoke(invocation=None)"), "register", "would never get 'invocation'"),
    "keyword only": (HOOKS.format("invoke(*, invocation)"), "register", "would never get 'invocation'"),
    "coroutine": (
        HOOKS.format("invoke(invocation)").replace("def ", "async def "),
        "register",
        "called without await; name it ainvoke",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("schema", ["", None], ids=["described", "undescribed"])
def test_a_broken_plugin_is_named_and_the_others_work(kind: str, schema: str | None, site: Any) -> None:
    source, phase, told = BROKEN[kind]
    site.install("acme", source, schema=schema, version="0.9")
    site.install("bolt")
    registry = Registry()
    assert registry.names() == ["acme", "bolt"]
    failures = {failure.provider: failure for failure in registry.check()}
    assert set(failures) == {"acme"}
    failure = failures["acme"]
    assert (failure.distribution, failure.version, failure.phase) == ("mrt-acme", "0.9", phase)
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(str(failure))
    assert str(failure).startswith("acme (mrt-acme 0.9) ")
    assert "\n" not in str(failure)

    assert registry.names() == ["bolt"]
    assert "acme" not in registry.providers()
    with pytest.raises(ProviderNotFoundError, match=told) as caught:
        registry.get("acme")
    assert caught.value.__cause__ is failure.error
    assert registry.get("bolt").relay.has("invoke")


@pytest.mark.parametrize("kind", BROKEN)
def test_the_first_call_says_why(kind: str, site: Any) -> None:
    source, _, told = BROKEN[kind]
    site.install("acme", source)
    entry = Registry().get("acme")
    for _ in range(2):
        with pytest.raises(PluginError, match=told) as caught:
            entry.relay  # noqa: B018
        assert (caught.value.provider, caught.value.distribution) == ("acme", "mrt-acme")
    assert len(entry.failures) == 1


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("mrt_acme:plugn", "mrt_acme has no 'plugn', but it has 'plugin'"),
        ("mrt_acme:plugin.missing", "has no 'missing'"),
        ("mrt_gone:plugin", "No module named 'mrt_gone'"),
        ("mrt_acme:Plugin", r"it is the class Plugin, and an instance is needed: plugin = Plugin\(\.\.\.\)"),
        ("mrt_acme:text", "an object of type str has no hooks"),
    ],
)
def test_the_entry_point_names_something_else(value: str, told: str, site: Any) -> None:
    source = """
    import mrt
    class Plugin:
        @mrt.hookimpl
        def invoke(self, invocation): ...
    plugin = Plugin()
    text = ""
    """
    site.install("acme", source, value=value)
    with pytest.raises(PluginError, match=told):
        Registry().get("acme").relay  # noqa: B018


def test_broken_yaml(site: Any) -> None:
    site.install("acme", "raise SystemExit('imported')", schema="provider: [")
    site.install("bolt")
    registry = Registry()
    providers = registry.providers()
    assert "bolt" in providers
    assert "acme" not in providers
    (failure,) = [failure for failure in registry.failures if failure.provider == "acme"]
    assert (failure.phase, failure.distribution) == ("schema", "mrt-acme")
    assert isinstance(failure.error, SchemaError)
    assert "acme (mrt-acme 1.0) has no usable description" in str(failure)
    assert registry.names() == ["bolt"]
    with pytest.raises(ProviderNotFoundError, match="no usable description"):
        registry.get("acme")


def test_a_hook_that_fails_to_describe(site: Any) -> None:
    source = "import mrt\n@mrt.hookimpl\ndef provide_schema():\n    raise SystemExit('in the hook')"
    site.install("acme", source, schema=None)
    (failure,) = [failure for failure in Registry().failures if failure.provider == "acme"]
    assert failure.phase == "schema"
    assert "in the hook" in str(failure)


def test_no_description_at_all(site: Any) -> None:
    site.install("acme", schema=None)
    with pytest.raises(PluginError, match=r"mrt_acme has neither a provider\.yaml nor a provide_schema hook"):
        Registry().get("acme").schema  # noqa: B018


def test_two_distributions_claim_one_name(site: Any) -> None:
    site.install("acme", version="1.0")
    site.metadata("acme-fork", "2.0", "[mrt.providers]\nacme = mrt_fork\n")
    site.settle()
    registry = Registry()
    assert registry.names() == []
    failures = [failure for failure in registry.failures if failure.provider == "acme"]
    assert sorted((failure.distribution, failure.phase) for failure in failures) == [
        ("acme-fork", "discover"),
        ("mrt-acme", "discover"),
    ]
    with pytest.raises(ProviderNotFoundError) as caught:
        registry.get("acme")
    for text in map(str, [*failures, caught.value]):
        assert "acme-fork 2.0" in text
        assert "mrt-acme 1.0" in text
    registry.disable("acme-fork")
    assert registry.names() == ["acme"]
    assert registry.get("acme").distribution == "mrt-acme"
    assert [failure for failure in registry.failures if failure.provider == "acme"] == []


def test_the_entry_points_name_rules(site: Any, describe: Any) -> None:
    site.install("acme", schema=describe("acme-cloud", "Acme"))
    for _ in range(2):
        registry = Registry()
        assert registry.providers()["acme"].provider == "acme-cloud"
        (failure,) = [failure for failure in registry.failures if failure.provider == "acme"]
        assert failure.phase == "schema"
        assert "says provider: acme-cloud, but the entry point is named acme" in str(failure)
        assert registry.get("acme").relay.has("invoke")


def test_a_name_with_a_slash(site: Any) -> None:
    site.metadata("mrt-acme", "1", "[mrt.providers]\na/b = mrt_acme\n")
    site.settle()
    registry = Registry()
    assert registry.names() == []
    (failure,) = [failure for failure in registry.failures if failure.provider == "a/b"]
    assert (failure.distribution, failure.phase) == ("mrt-acme", "discover")


def test_a_keyboard_interrupt_is_no_failure(site: Any) -> None:
    site.install("acme", "raise KeyboardInterrupt")
    registry = Registry()
    with pytest.raises(KeyboardInterrupt):
        registry.check()
    assert registry.get("acme").failures == []


def test_enabling_tries_again(site: Any) -> None:
    folder = site.install("acme", "import mrt_late_library\n" + HOOKS.format("invoke(invocation)"))
    registry = Registry()
    assert [failure.phase for failure in registry.check() if failure.provider == "acme"] == ["import"]
    site.package("mrt_late_library", "")
    registry.enable("acme")
    assert registry.get("acme").relay.plugin.__file__ == str(folder / "__init__.py")
    assert registry.check() == []


def test_a_plugin_that_calls_itself_while_it_is_imported(site: Any) -> None:
    source = "import builtins\nbuiltins.the_registry.get('acme').relay\n"
    site.install("acme", source)
    registry = Registry()
    import builtins

    builtins.the_registry = registry  # type: ignore[attr-defined]
    try:
        with pytest.raises(PluginError, match="calls itself while it is being imported"):
            registry.get("acme").relay  # noqa: B018
    finally:
        del builtins.the_registry  # type: ignore[attr-defined]


def test_failures_are_errors_of_ours(site: Any) -> None:
    site.install("acme", "import missing_library")
    with pytest.raises(MRTError) as caught:
        Registry().get("acme").relay  # noqa: B018
    assert isinstance(caught.value.__cause__, ImportError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_failure_without_a_distribution() -> None:
    assert str(PluginFailure("acme", "", "", "import", ValueError())) == "acme cannot be imported: ValueError"


def test_nothing_of_a_broken_plugin_stays_behind(site: Any) -> None:
    site.install("acme", "raise ValueError")
    Registry().check()
    assert "mrt_acme" not in sys.modules
