"""What `import mrt` costs and gives: each question is asked of a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAVY = [
    *("httpx", "httpcore", "anyio", "ssl", "pydantic", "pydantic_core", "yaml", "importlib_metadata", "pluggy"),
    *(
        "click",
        "asyncio",
        "importlib.metadata",
        "inspect",
        "typing",
        "re",
        "dataclasses",
        "json",
        "logging",
        "typing_extensions",
    ),
]

# By heart: what the documentation promises, not what the module happens to list.
_PUBLIC = """
    llm text_embedding rerank speech2text tts moderation Runtime
    I18nObject ModelType FetchFrom ModelFeature ModelPropertyKey ParameterRule ParameterType AIModelEntity
    ProviderEntity PriceConfig PromptMessage SystemPromptMessage UserPromptMessage AssistantPromptMessage
    ToolPromptMessage DeveloperPromptMessage TextPromptMessageContent ImagePromptMessageContent
    AudioPromptMessageContent VideoPromptMessageContent DocumentPromptMessageContent PromptMessageTool LLMResult
    LLMResultChunk LLMResultChunkDelta LLMUsage TextEmbeddingResult EmbeddingUsage RerankResult RerankDocument
    ModerationResult Invocation TokenCount Credentials Secret Timeouts
    MRTError InvokeError InvokeConnectionError InvokeServerUnavailableError InvokeRateLimitError
    InvokeAuthorizationError InvokeBadRequestError CredentialsValidateFailedError ProviderNotFoundError PluginError
    SchemaError hookimpl MRT_API LargeLanguageModel TextEmbeddingModel RerankModel Speech2TextModel TTSModel
    ModerationModel AIModel Provider HTTPModel HTTPRequest HTTPResponse
"""
PUBLIC = _PUBLIC.split()


def ask(program: str, *flags: str) -> Any:
    """Run a program that prints JSON in a fresh interpreter."""
    command = [sys.executable, *flags, "-c", program]
    done = subprocess.run(command, capture_output=True, check=False, cwd=Path(__file__).parent, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


LOADED = """
import sys
before = set(sys.modules)
{}
new = sorted(set(sys.modules) - before)
import json
print(json.dumps(new))
"""


def test_import_loads_nothing_heavy() -> None:
    loaded = set(ask(LOADED.format("import mrt")))
    assert "mrt" in loaded
    assert not loaded & set(HEAVY)


def test_import_loads_few_modules() -> None:
    """With `-S`, so that no `.pth` file loads anything before."""
    path = str(Path(__file__).parents[1] / "src")
    loaded = ask(LOADED.format(f"sys.path.insert(0, {path!r}); import mrt"), "-S")
    assert loaded == ["__future__", "mrt"]


def test_an_error_class_loads_neither_http_nor_pydantic() -> None:
    assert not set(ask(LOADED.format("from mrt import InvokeError, ProviderNotFoundError"))) & set(HEAVY[:10])


def test_the_list_of_provider_names_loads_neither_http_nor_pydantic_nor_pluggy() -> None:
    program = "import mrt; mrt.registry.Registry(load_entry_points=False).names()"
    unwanted = {"httpx", "httpcore", "ssl", "pydantic", "yaml", "importlib.metadata", "pluggy", "asyncio"}
    assert not set(ask(LOADED.format(program))) & unwanted


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_resolve(name: str) -> None:
    import mrt

    assert name in mrt.__all__
    assert getattr(mrt, name) is getattr(mrt, name)


def test_every_listed_name_resolves() -> None:
    import mrt

    assert not [name for name in mrt.__all__ if not hasattr(mrt, name)]


def test_star_import_gives_all_names() -> None:
    names = ask("import json\nnames = {}\nexec('from mrt import *', names)\nprint(json.dumps(sorted(names)))")
    assert set(PUBLIC) <= set(names)


def test_dir_lists_names_before_they_are_loaded() -> None:
    names = set(ask("import mrt, json; print(json.dumps(dir(mrt)))"))
    assert {*PUBLIC, "__version__", "schema", "errors", "middleware", "http"} <= names
    assert not {"TYPE_CHECKING", "Any", "annotations"} & names


@pytest.mark.parametrize("name", ["schema", "errors", "middleware", "http", "entities", "registry", "hookspecs"])
def test_parts_are_attributes(name: str) -> None:
    """`mrt.schema.load_provider(path)` works after no more than `import mrt`."""
    assert ask(f"import mrt, json; print(json.dumps(mrt.{name}.__name__))") == f"mrt.{name}"


def test_an_unknown_name_is_an_attribute_error() -> None:
    import mrt

    with pytest.raises(AttributeError, match="'mrt' has no attribute 'invok'"):
        mrt.invok  # noqa: B018
    assert not hasattr(mrt, "__wrapped__")


def test_a_name_is_looked_up_once() -> None:
    import mrt

    first = mrt.LLMResult
    assert vars(mrt)["LLMResult"] is first
