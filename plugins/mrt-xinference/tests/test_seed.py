"""The vendor file and the class of the integration tutorial, pasted as they are into a plugin of a few lines."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from seed_text import CLASS, INIT, YAML

from mrt import (
    CredentialsValidateFailedError,
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeConnectionError,
    PluginError,
    Runtime,
)
from mrt.entities.model import ModelPropertyKey
from mrt.schema import lint, load_provider
from mrt_testing_kit.server import OracleServer

NAME = "seed_vendor"
HELLO = "Hello! How can I help you today?"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    package = tmp_path / NAME
    (package / "_assets").mkdir(parents=True)
    for icon in ("icon_s_en.svg", "icon_l_en.svg"):
        (package / "_assets" / icon).write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', "utf-8")
    (package / "provider.yaml").write_text(YAML, "utf-8")
    (package / "__init__.py").write_text(INIT, "utf-8")
    (package / "llm.py").write_text(CLASS, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield package
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


@pytest.fixture
def seeded(folder: Path) -> Iterator[Runtime]:
    with Runtime(load_entry_points=False) as runtime:
        runtime.register(importlib.import_module(NAME).plugin, "xinference")
        yield runtime


def llm(runtime: Runtime, server: OracleServer, model: str = "A", **fields: Any) -> Any:
    credentials = {"server_url": server.url, "model_uid": "tiny-chat", **fields}
    return runtime.llm(f"xinference/{model}", credentials)


def test_the_vendor_file_loads(folder: Path) -> None:
    provider = load_provider(folder / "provider.yaml")
    assert (provider.provider, provider.label.en_US) == ("xinference", "Xorbits Inference")
    assert provider.help is not None
    assert provider.help.title.zh_Hans == "如何部署 Xinference"
    assert [kind.value for kind in provider.supported_model_types] == ["llm", "text-embedding", "rerank"]
    assert provider.provider_credential_schema is not None
    fields = {field.variable: field for field in provider.provider_credential_schema.credential_form_schemas}
    assert list(fields) == ["model_type", "model_name", "server_url", "model_uid"]
    assert [option.value for option in fields["model_type"].options] == ["text-generation", "embeddings", "reranking"]
    assert [finding for finding in lint(folder / "provider.yaml") if finding.severity == "error"] == []


def test_its_icons_are_served(seeded: Runtime) -> None:
    assert seeded.icon("xinference", "icon_large")[1] == "image/svg+xml"


def test_it_answers_whole_in_a_stream_and_on_an_event_loop(seeded: Runtime, server: OracleServer) -> None:
    chat = llm(seeded, server)
    result = chat.invoke("Say hello.", model_parameters={"temperature": 0, "max_tokens": 64})
    assert (result.text, result.usage.source) == (HELLO, "estimated")
    stream = chat.stream("Say hello.")
    assert "".join(chunk.text for chunk in stream) == stream.result.text == HELLO

    async def run() -> tuple[str, str]:
        return (await chat.ainvoke("Say hello.")).text, "".join(
            [chunk.text async for chunk in chat.astream("Say hello.")]
        )

    assert asyncio.run(run()) == (HELLO, HELLO)
    sent = server.requests[0].json
    assert (sent["model"], sent["temperature"], sent["max_tokens"]) == ("tiny-chat", 0, 64)


def test_its_schema_depends_on_the_model(seeded: Runtime, server: OracleServer) -> None:
    first, second = llm(seeded, server, "A").schema, llm(seeded, server, "B").schema
    assert [rule.name for rule in first.parameter_rules] == ["temperature", "top_p", "max_tokens", "top_k"]
    assert [rule.name for rule in second.parameter_rules] == ["temperature", "top_p", "max_tokens"]
    rules = {rule.name: rule for rule in first.parameter_rules}
    assert (rules["max_tokens"].default, rules["max_tokens"].min, rules["top_k"].default) == (512, 1, 50)
    assert rules["max_tokens"].label.zh_Hans == "最大生成长度"
    assert first.model_properties[ModelPropertyKey.MODE] == "llm"
    with pytest.raises(InvokeBadRequestError, match="top_k"):
        llm(seeded, server, "B").invoke("Hi", model_parameters={"top_k": 5})
    assert llm(seeded, server, "A").invoke("Say hello.", model_parameters={"top_k": 5}).text == HELLO


def test_tokens_are_counted_as_gpt2_does(seeded: Runtime, server: OracleServer) -> None:
    assert llm(seeded, server).get_num_tokens("Hello world") == 2


def test_its_form_is_checked_and_then_the_vendor_asked(seeded: Runtime, server: OracleServer) -> None:
    llm(seeded, server).validate_credentials()
    with pytest.raises(CredentialsValidateFailedError) as caught:
        seeded.llm("xinference/A", {})
    assert set(caught.value.problems) == {"server_url", "model_uid"}
    assert "Server url" in str(caught.value)
    with pytest.raises(CredentialsValidateFailedError, match="no-such"):
        llm(seeded, server, model_uid="no-such").validate_credentials()


def test_its_errors_are_mapped(seeded: Runtime, server: OracleServer) -> None:
    with pytest.raises(InvokeConnectionError):
        llm(seeded, server, server_url="http://127.0.0.1:1").invoke("Hi")
    server.fault("F41", status=401)
    with pytest.raises(InvokeAuthorizationError):
        llm(seeded, server).invoke("Hi")
    server.fault("F16", after=1)
    with pytest.raises(InvokeConnectionError):
        list(llm(seeded, server).stream("Hi"))


def test_what_it_does_not_serve_is_told(seeded: Runtime, server: OracleServer) -> None:
    rerank = seeded.rerank("xinference/r", {"server_url": server.url, "model_uid": "r"})
    with pytest.raises((InvokeBadRequestError, PluginError), match="serves no rerank models"):
        rerank.invoke("q", ["a"])
