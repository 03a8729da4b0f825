"""The files of the plugin."""

from __future__ import annotations

from pathlib import Path

import pytest

import mrt_openllm
from mrt import Runtime
from mrt.entities.model import ModelPropertyKey
from mrt.schema import lint
from mrt_openllm.server import Generation, Server
from mrt_openllm.text_embedding import OpenLLMTextEmbeddingModel
from mrt_testing_kit.server import OracleServer

FOLDER = Path(mrt_openllm.__file__).parent


def test_the_files_have_no_findings() -> None:
    assert lint(FOLDER) == []


def test_the_provider_describes_itself(runtime: Runtime) -> None:
    provider = runtime.providers()["openllm"]
    assert [kind.value for kind in provider.supported_model_types] == ["llm", "text-embedding"]
    fields = {field.variable: field for field in provider.credential_form("model")}
    assert [name for name, field in fields.items() if field.required] == ["server_url"]
    assert set(fields) == {"server_url", "api_key", "model_id", "mode"}
    assert fields["api_key"].type.value == "secret-input"
    assert fields["server_url"].label.get("zh_Hans") == "服务器 URL"


@pytest.mark.parametrize("key", ["icon_small", "icon_large"])
def test_icons_are_drawings(runtime: Runtime, key: str) -> None:
    data, kind = runtime.icon("openllm", key)
    assert kind == "image/svg+xml"
    assert data.startswith(b"<svg")
    assert b"<script" not in data


@pytest.mark.parametrize(("mode", "features"), [("chat", None), ("completion", [])])
def test_a_schema_of_the_present_generation(runtime: Runtime, mode: str, features: list[str] | None) -> None:
    with OracleServer("openllm", settings={"max_model_len": 4096}) as server:
        credentials = {"server_url": server.url, "mode": mode}
        schema = runtime.model_schema("openllm", "llm", "local/tiny-llama", credentials)
    assert schema.model_properties == {ModelPropertyKey.CONTEXT_SIZE: 4096, ModelPropertyKey.MODE: mode}
    # The server does not tell whether it was started with tools and images.
    assert schema.features == features
    assert "server" not in schema.model_dump()
    assert schema.model_dump_json()


def test_an_embedding_model_is_described_by_its_context() -> None:
    server = Server(Generation.NEW, ("m",), {"m": 512})
    schema = OpenLLMTextEmbeddingModel().schema_of("name", "m", server, {})
    assert (schema.model, schema.served_id) == ("name", "m")
    assert schema.model_properties == {ModelPropertyKey.CONTEXT_SIZE: 512}
    assert schema.parameter_rules == []
