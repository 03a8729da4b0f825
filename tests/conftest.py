"""What the tests of the whole repository share: its folders and its tracked files."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Distribution:
    """One member of the workspace, as its pyproject.toml describes it."""

    folder: Path
    project: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.project["name"])

    @property
    def version(self) -> str:
        if "version" in self.project:
            return str(self.project["version"])
        source = (self.package / "__init__.py").read_text("utf-8")
        (version,) = re.findall(r'^__version__ = "(.+)"$', source, re.MULTILINE)
        return str(version)

    @property
    def package(self) -> Path:
        (package,) = (path.parent for path in self.folder.glob("src/*/__init__.py"))
        return package

    @property
    def sources(self) -> list[Path]:
        return sorted(self.package.rglob("*.py"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The clone's folder."""
    return ROOT


@pytest.fixture(scope="session")
def distributions() -> list[Distribution]:
    """All members of the workspace, core first."""
    folders = [
        ROOT / "core",
        ROOT / "testing-kit",
        *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml")),
    ]
    return [
        Distribution(folder, tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"])
        for folder in folders
    ]
