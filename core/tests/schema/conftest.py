"""Files to read: from texts, and a whole tree of vendors."""

from __future__ import annotations

import importlib.util
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _module(name: str) -> ModuleType:
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"mrt_schema_tests_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


corpus_module = _module("corpus")

PROVIDER = """
    provider: acme
    label:
      en_US: Acme
    supported_model_types:
      - llm
    configurate_methods:
      - predefined-model
    provider_credential_schema:
      credential_form_schemas:
        - variable: api_key
          type: secret-input
          required: true
          label:
            en_US: API Key
            zh_Hans: 密钥
    models:
      llm:
        position: models/llm/_position.yaml
        predefined:
          - models/llm/*.yaml
"""
MODEL = """
    model: acme-1
    label:
      en_US: Acme One
    model_type: llm
    features:
      - tool-call
      - stream-tool-call
    model_properties:
      mode: chat
      context_size: 8192
    parameter_rules:
      - name: temperature
        use_template: temperature
      - name: max_tokens
        use_template: max_tokens
        max: 4096
    pricing:
      input: '0.50'
      output: '1.50'
      unit: '0.000001'
      currency: USD
"""

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a cache folder of its own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("MRT_CACHE_DIR", str(folder))
    monkeypatch.delenv("MRT_NO_CACHE", raising=False)
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write texts, dedented, or bytes, below the test's folder: `write("models/a.yaml", "...")`."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).lstrip("\n").encode())
        return path

    return write_file


@pytest.fixture
def vendor(write: Write) -> Callable[..., Path]:
    """Write a provider with models, and return the provider file; models are name to text, or names."""

    def write_vendor(models: Any = ("acme-1",), provider: str = PROVIDER, position: str | None = None) -> Path:
        texts = models if isinstance(models, dict) else {name: model_text(model=name) for name in models}
        for name, text in texts.items():
            write(f"models/llm/{name}.yaml", text)
        if position is not None:
            write("models/llm/_position.yaml", position)
        return write("provider.yaml", provider)

    return write_vendor


def model_text(old: str = "", new: str = "", *, model: str = "acme-1") -> str:
    """Return the text of a sound model, with one part of it replaced."""
    text = textwrap.dedent(MODEL).lstrip("\n")
    assert old in text
    return text.replace(old, new, 1).replace("model: acme-1", f"model: {model}", 1)


@pytest.fixture
def model() -> Callable[..., str]:
    """Give `model_text` to tests."""
    return model_text


@pytest.fixture
def provider_text() -> Callable[[str, str], str]:
    """Give the text of a sound provider, with one part of it replaced."""

    def text_with(old: str = "", new: str = "") -> str:
        text = textwrap.dedent(PROVIDER).lstrip("\n")
        assert old in text
        return text.replace(old, new, 1)

    return text_with


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A tree of the size of the published one."""
    return corpus_module.generate(tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def small_corpus(tmp_path: Path) -> Any:
    """A small tree, which the test may change."""
    return corpus_module.generate(tmp_path / "vendors", vendors=8, models=120)
