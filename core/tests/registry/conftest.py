"""Plugins as an installer leaves them: packages and dist-info folders in a folder of `sys.path`."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mrt.registry.discovery import GROUPS, discover

YAML = """
provider: {provider}
label: {{en_US: {label}}}
supported_model_types: [llm, text-embedding]
configurate_methods: [customizable-model]
model_credential_schema:
  model: {{label: {{en_US: Model Name}}}}
  credential_form_schemas:
    - {{variable: server_url, label: {{en_US: Server URL}}, type: text-input, required: true}}
"""

PLUGIN = """
import mrt

imported = True

@mrt.hookimpl
def invoke(invocation):
    return f"{__name__}: {invocation.model}"
"""


def describe(provider: str, label: str) -> str:
    """Write a provider file."""
    return YAML.format(provider=provider, label=label)


class Site:
    """A folder that plugins are installed into."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.settle()

    def settle(self) -> None:
        """Make everything look as if it had been there for a while; what just changed is not cached."""
        past = time.time_ns() - 10_000_000_000
        for path in [*self.path.rglob("*"), self.path]:
            # Later ones differ from earlier ones, as they would.
            past += 1_000_003
            os.utime(path, ns=(past, past))

    def package(self, name: str, source: str = PLUGIN, **files: str | bytes) -> Path:
        """Write a package; keywords are more files, `provider` is ``provider.yaml``."""
        folder = self.path.joinpath(*name.split("."))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").write_text(textwrap.dedent(source), "utf-8")
        for file, content in files.items():
            path = folder / ("provider.yaml" if file == "provider" else file)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    def metadata(self, distribution: str, version: str, entry_points: str) -> Path:
        """Write a dist-info folder."""
        folder = self.path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        folder.mkdir(exist_ok=True)
        header = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        (folder / "METADATA").write_text(header, "utf-8")
        (folder / "entry_points.txt").write_text(textwrap.dedent(entry_points), "utf-8")
        return folder

    def install(
        self,
        name: str,
        source: str = PLUGIN,
        *,
        version: str = "1.0",
        schema: str | None = "",
        value: str | None = None,
        distribution: str | None = None,
        group: str = "mrt.providers",
    ) -> Path:
        """Install a plugin `name` as the distribution mrt-NAME with the package mrt_NAME; return its folder."""
        package = f"mrt_{name.replace('-', '_')}"
        text = describe(name, name.title()) if schema == "" else schema
        folder = self.package(package, source, **({} if text is None else {"provider": text}))
        self.metadata(distribution or f"mrt-{name}", version, f"[{group}]\n{name} = {value or package}\n")
        self.settle()
        return folder


@pytest.fixture(name="describe")
def describe_fixture() -> Callable[[str, str], str]:
    return describe


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of its own."""
    monkeypatch.delenv("MRT_NO_CACHE", raising=False)
    monkeypatch.setenv("MRT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def site(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The only folder of plugins that is seen; what tests import is forgotten again."""
    made = Site(tmp_path / "site")
    # The plugins that this environment has anyway are switched off.
    others = {fact.distribution for group in GROUPS for fact in discover(group)}
    monkeypatch.setenv("MRT_DISABLED_PLUGINS", ",".join(sorted(others)))
    monkeypatch.syspath_prepend(str(made.path))
    before = set(sys.modules)
    yield made
    for name in set(sys.modules) - before:
        if name.partition(".")[0].startswith(("mrt_", "single")):
            del sys.modules[name]
