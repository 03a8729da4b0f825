"""Schemas that the server's description makes: mode, features, parameters."""

from __future__ import annotations

from typing import Any

import pytest

from mrt import InvokeBadRequestError, PromptMessageTool, Runtime
from mrt.entities.common import FetchFrom
from mrt.entities.message import ImagePromptMessageContent, UserPromptMessage
from mrt.entities.model import AIModelEntity, ModelFeature, ModelPropertyKey
from mrt.schema import lint
from mrt_testing_kit.server import OracleServer
from mrt_xinference import plugin
from mrt_xinference.description import describe
from mrt_xinference.llm import XinferenceLargeLanguageModel

CHAT = ["generate", "chat", "tools"]
BASE = {"temperature", "top_p", "max_tokens", "top_k"}
PENALTIES = {"seed", "presence_penalty", "frequency_penalty"}
FORMATS = {"response_format", "json_schema"}


def schema(abilities: list[str] | None = None, engine: str | None = None, **fields: Any) -> AIModelEntity:
    about = {"model_type": "LLM", "model_name": "m", "context_length": 4096, "model_engine": engine, **fields}
    if abilities is not None:
        about["model_ability"] = abilities
    found = describe(about)
    assert found is not None
    return XinferenceLargeLanguageModel().schema_of("m", found)


def rules(abilities: list[str] | None = None, engine: str | None = None, **fields: Any) -> dict[str, Any]:
    return {rule.name: rule for rule in schema(abilities, engine, **fields).parameter_rules}


@pytest.mark.parametrize(
    ("engine", "abilities", "names"),
    [
        ("Transformers", CHAT, BASE | {"repetition_penalty"}),
        ("llama.cpp", CHAT, BASE | PENALTIES | FORMATS | {"tool_choice"}),
        ("vLLM", CHAT, BASE | PENALTIES | FORMATS | {"tool_choice", "repetition_penalty"}),
        ("SGLang", ["chat"], BASE | PENALTIES | FORMATS | {"repetition_penalty"}),
        (None, None, BASE | PENALTIES | FORMATS | {"tool_choice", "repetition_penalty"}),
        ("vLLM", ["chat", "hybrid"], BASE | PENALTIES | FORMATS | {"repetition_penalty", "enable_thinking"}),
        ("Transformers", ["generate"], BASE | {"repetition_penalty"}),
        ("llama.cpp", ["generate"], BASE | PENALTIES),
    ],
)
def test_what_an_engine_ignores_is_not_offered(
    engine: str | None, abilities: list[str] | None, names: set[str]
) -> None:
    assert set(rules(abilities, engine)) == names


def test_bounds_are_the_servers() -> None:
    found = rules(CHAT, "vLLM")
    bounds = {name: (rule.min, rule.max, rule.default) for name, rule in found.items() if name in BASE}
    assert bounds == {
        "temperature": (0, 2, None),
        "top_p": (0, 1, None),
        "max_tokens": (1, 4096, None),
        "top_k": (0, None, None),
    }
    assert (found["repetition_penalty"].min, found["repetition_penalty"].max) == (0.01, 10)
    assert rules(CHAT, "Transformers")["repetition_penalty"].min == 1
    assert rules(CHAT, "vLLM", context_length=None)["max_tokens"].max is None


def test_the_words_that_llama_cpp_honours() -> None:
    found = rules(CHAT, "llama.cpp")
    assert found["response_format"].options == ["text", "json_schema"]
    assert found["tool_choice"].options == ["auto", "none", "required"]
    assert rules(CHAT, "vLLM")["response_format"].options == ["text", "json_object", "json_schema"]
    assert not rules(CHAT, "vLLM")["tool_choice"].options


@pytest.mark.parametrize(
    ("abilities", "mode", "features"),
    [
        (["chat"], "chat", set()),
        (CHAT, "chat", {"tool-call", "multi-tool-call", "stream-tool-call"}),
        (["chat", "vision"], "chat", {"vision"}),
        (["chat", "audio"], "chat", {"audio"}),
        (["chat", "omni"], "chat", {"vision", "audio", "video"}),
        (["chat", "reasoning", "hybrid"], "chat", {"reasoning"}),
        (["generate"], "completion", set()),
        (["embed", "generate", "chat"], "chat", set()),
    ],
)
def test_abilities_make_mode_and_features(abilities: list[str], mode: str, features: set[str]) -> None:
    found = schema(abilities, "Transformers")
    assert found.model_properties[ModelPropertyKey.MODE] == mode
    assert {feature.value for feature in found.features or []} == features
    assert found.features is not None
    assert found.fetch_from is FetchFrom.CUSTOMIZABLE_MODEL
    assert ModelFeature.STRUCTURED_OUTPUT in (schema(abilities, "vLLM").features or []) or mode == "completion"


def test_a_server_that_tells_no_abilities_refuses_nothing_in_advance() -> None:
    found = schema(None)
    assert found.features is None
    assert found.model_properties[ModelPropertyKey.MODE] == "chat"


def test_an_empty_list_of_abilities_tells_nothing_either() -> None:
    assert schema([]).features is None


def test_what_a_model_does_not_take_never_leaves(runtime: Runtime, server: OracleServer) -> None:
    chat = runtime.llm("xinference/m", {"server_url": server.url, "model_uid": "tiny-plain"})
    picture = UserPromptMessage([ImagePromptMessageContent(base64_data="aGk=", mime_type="image/png")])
    wrong: list[dict[str, Any]] = [
        {"prompt_messages": [picture]},
        {"prompt_messages": "Hi", "tools": [PromptMessageTool("f")]},
        {"prompt_messages": "Hi", "model_parameters": {"temperature": 2.1}},
        {"prompt_messages": "Hi", "model_parameters": {"max_tokens": 257}},
        {"prompt_messages": "Hi", "model_parameters": {"max_tokens": 0}},
        {"prompt_messages": "Hi", "model_parameters": {"top_k": -1}},
        {"prompt_messages": "Hi", "model_parameters": {"seed": 1}},
        {"prompt_messages": "Hi", "model_parameters": {"made_up": 1}},
        {"prompt_messages": ""},
        {"prompt_messages": []},
    ]
    for arguments in wrong:
        with pytest.raises(InvokeBadRequestError):
            chat.invoke(**arguments)
    assert {request.path for request in server.requests} == {"/v1/models/tiny-plain"}
    assert len(server.requests) == 1


def test_schemas_are_asked_for_once(runtime: Runtime, server: OracleServer) -> None:
    credentials = {"server_url": server.url, "model_uid": "tiny-chat"}
    for _ in range(3):
        assert runtime.llm("xinference/once", credentials).schema.model == "once"
        runtime.llm("xinference/once", credentials).invoke("Hi")
    paths = [request.path for request in server.requests]
    assert paths.count("/v1/models/tiny-chat") == 1


def test_an_error_is_not_kept_as_a_schema(runtime: Runtime, server: OracleServer) -> None:
    server.fault("F41", status=503, path="/v1/models/tiny-chat")
    chat = runtime.llm("xinference/later", {"server_url": server.url, "model_uid": "tiny-chat"})
    with pytest.raises(Exception, match="not available"):
        chat.invoke("Hi")
    assert chat.invoke("Say hello.").text


def test_schemas_of_the_other_types(runtime: Runtime, server: OracleServer) -> None:
    def properties(kind: str, uid: str) -> dict[str, Any]:
        found = runtime.model_schema("xinference", kind, f"{kind}-schema", {"server_url": server.url, "model_uid": uid})
        assert found.parameter_rules == []
        return {key.value: value for key, value in found.model_properties.items()}

    assert properties("text-embedding", "tiny-embed") == {"context_size": 256, "dimensions": 32, "max_chunks": 256}
    assert properties("rerank", "tiny-rerank") == {}
    assert properties("speech2text", "tiny-whisper") == {}
    assert properties("tts", "tiny-tts") == {}


def test_the_list_is_asked_for_once_whatever_the_type(runtime: Runtime, server: OracleServer) -> None:
    listed = runtime.models("xinference", credentials={"server_url": server.url})
    assert len(server.requests) == 1
    found = {entity.model: entity.model_type.value for entity in listed}
    assert found["tiny-chat"] == "llm"
    assert found["tiny-tts"] == "tts"
    assert "tiny-sd" not in found
    only = runtime.models("xinference", "rerank", {"server_url": server.url})
    assert [entity.model for entity in only] == ["tiny-rerank"]


def test_a_list_with_holes(runtime: Runtime, server: OracleServer) -> None:
    with server.fault("F59", what="holes"):
        listed = runtime.models("xinference", credentials={"server_url": server.url})
    assert "tiny-gguf" in {entity.model for entity in listed}


def test_a_list_with_strange_entries(runtime: Runtime) -> None:
    strange = {"": None, "a": {"model_type": 5}, "b": {"model_type": "LLM", "model_ability": 7, "context_length": "x"}}
    with OracleServer(dialect="xinference", models=strange) as server:
        listed = runtime.models("xinference", credentials={"server_url": server.url})
    assert [entity.model for entity in listed] == ["b"]


def test_a_type_that_the_provider_does_not_serve(runtime: Runtime, server: OracleServer) -> None:
    with pytest.raises(InvokeBadRequestError, match="serves no moderation models"):
        runtime.models("xinference", "moderation", {"server_url": server.url})


def test_the_provider_file_is_without_findings() -> None:
    assert lint(plugin.schema_path) == []


def test_icons_and_names(runtime: Runtime) -> None:
    about = runtime.providers()["xinference"]
    assert about.label.en_US == "Xorbits Inference"
    assert [kind.value for kind in about.supported_model_types] == [
        "llm", "text-embedding", "rerank", "speech2text", "tts",
    ]  # fmt: skip
    for key in ("icon_small", "icon_large"):
        content, media_type = runtime.icon("xinference", key)
        assert (content[:4], media_type) == (b"<svg", "image/svg+xml")
