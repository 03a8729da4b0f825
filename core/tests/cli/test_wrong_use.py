from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_run import Runner

CALLS = ["chat", "embed", "rerank", "transcribe", "speak", "moderate", "tokens"]


@pytest.mark.parametrize("verb", CALLS)
def test_a_model_without_a_provider(mrt: Runner, verb: str) -> None:
    done = mrt(verb, "zeta-small", "x")
    assert (done.code, done.out) == (2, "")
    assert "'zeta-small' names no provider; write PROVIDER/MODEL, for example acme/zeta-small" in done.err
    assert "Installed providers: acme, bolt" in done.err


@pytest.mark.parametrize("name", ["acme", "acme/", "/zeta", "", " ", "acmee"])
def test_the_nearest_provider_is_the_example(mrt: Runner, name: str) -> None:
    done = mrt("chat", name, "x")
    assert done.code == 2
    assert "for example acme/" in done.err


def test_without_providers_it_is_said_how_to_get_one(bare: Runner) -> None:
    env = {"MRT_DISABLED_PLUGINS": f"{bare.env['MRT_DISABLED_PLUGINS']},acme,bolt"}
    done = bare("chat", "zeta", "x", env=env)
    assert done.code == 2
    assert "No provider is installed: pip install mrt-<vendor>" in done.err
    done = bare("providers", env=env)
    assert (done.code, done.out) == (0, "")
    assert done.err == "no provider is installed; each vendor is a plugin: pip install mrt-<vendor>\n"
    assert bare("providers", "--json", env=env).json == []
    assert bare("doctor", env=env).code == 0


@pytest.mark.parametrize(("name", "told"), [("acmee", "did you mean 'acme'"), ("zzz", "installed: acme, bolt")])
@pytest.mark.parametrize("verb", ["chat", "models", "schema", "validate", "credentials set"])
def test_an_unknown_provider(mrt: Runner, verb: str, name: str, told: str) -> None:
    words = (f"{name}/m", "x") if verb == "chat" else (name,)
    done = mrt(*verb.split(), *words)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert f"pip install mrt-{name}" in done.err
    error = mrt(*verb.split(), *words, "--json").error
    assert error["type"] == "ProviderNotFoundError"
    assert error["provider"] == name


def test_an_unknown_model_of_a_provider_with_predefined_ones(mrt: Runner, asked: list[Any]) -> None:
    done = mrt("chat", "acme/zeta-smal", "x")
    assert (done.code, asked) == (2, [])
    assert "did you mean zeta-small" in done.err


def test_a_model_of_another_type(mrt: Runner, asked: list[Any]) -> None:
    done = mrt("chat", "acme/vec-1", "x")
    assert (done.code, asked) == (2, [])


@pytest.mark.parametrize(
    "words",
    [
        ("chat",),
        ("chat", "acme/zeta-small", "x", "--nope"),
        ("embed", "acme/vec-1"),
        ("rerank", "acme/rank-1"),
        ("rerank", "acme/rank-1", "query"),
        ("rerank", "acme/rank-1", "query", "doc", "--top-n", "0"),
        ("transcribe", "acme/ear-1"),
        ("models",),
        ("models", "acme", "--type", "nope"),
        ("schema", "acme", "--format", "xml"),
        ("lint",),
        ("lint", "gone"),
        ("credentials", "nope"),
        ("credentials", "remove", "acme"),
        ("demo", "nope"),
        ("providers", "extra"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_explained_in_short(mrt: Runner, asked: list[Any], words: tuple[str, ...]) -> None:
    done = mrt(*words)
    assert (done.code, done.out, asked) == (2, "", [])
    assert "error: " in done.err
    assert len(done.err.splitlines()) <= 4
    done = mrt(*words, "--json")
    assert (done.code, done.out) == (2, "")
    assert set(done.error) >= {"type", "message", "provider", "status", "retryable"}


def test_a_plugin_with_a_bug_is_named(bare: Runner, more_plugins: Callable[..., Path]) -> None:
    bare.env["MRT_BOLT_TOKEN"] = "sk-test-canary"
    done = bare("chat", "bolt/m", "x", "--no-stream", "-c", "uid=broken", "-c", "login=token")
    assert (done.code, done.out) == (1, "")
    assert "mrt-bolt" in done.err
    assert "TypeError" in done.err
    assert "canary" not in done.err
    assert "Traceback" not in done.err


def test_a_plugin_that_cannot_be_imported_says_so(bare: Runner, more_plugins: Callable[..., Path]) -> None:
    schema = "provider: burnt\nlabel: {en_US: Burnt}\nsupported_model_types: [llm]\n"
    schema += "configurate_methods: [customizable-model]\n"
    more_plugins("burnt", "import nothing_of_that_name", schema=schema)
    done = bare("chat", "burnt/m", "x")
    assert (done.code, done.out) == (1, "")
    assert "burnt (mrt-burnt 9.9) cannot be imported: ModuleNotFoundError" in done.err
    assert "Traceback" not in done.err
    assert "Traceback" in bare("chat", "burnt/m", "x", "--debug").err
