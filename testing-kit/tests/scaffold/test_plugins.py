"""Each new plugin is built, installed where nothing else is, and keeps the contract at once."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from mrt.schema import lint
from mrt_testing_kit.environments import Environment, pack, run
from mrt_testing_kit.scaffold import KINDS, create

pytestmark = pytest.mark.wheels

# The whole contract takes half a minute for each, so every run has a slice of it, and `pytest -m slow` all.
SLICE = ["-k", "SCH or LLM_01 or CRD_01 or STR_11 or ERR_01 or EMB_01 or vendor"]
NEEDS = ["mrt-testing-kit", "mrt-openai-compatible", "mrt-anthropic"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheelhouse")
    assert pack(NEEDS, folder) == []
    return folder


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["mrt-acme", "mrt-deep-sea"])
def test_a_new_plugin_lints_and_type_checks(kind: str, name: str, tmp_path: Path) -> None:
    folder, _ = create(name, kind, tmp_path)
    assert lint(folder / "src") == []
    # The tools belong to the development environment, and not to the one that runs the tests alone.
    if find_spec("mypy"):
        run(sys.executable, "-m", "mypy", cwd=folder)
    if find_spec("ruff"):
        run(sys.executable, "-m", "ruff", "check", cwd=folder)
        run(sys.executable, "-m", "ruff", "format", "--check", cwd=folder)


@pytest.mark.parametrize(
    ("checks", "least"),
    [pytest.param(SLICE, 20, id="slice"), pytest.param([], 100, id="whole", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_installs_and_passes_the_contract(
    kind: str, checks: list[str], least: int, house: Path, tmp_path: Path
) -> None:
    folder, _ = create("mrt-deep-sea", kind, tmp_path)
    run(sys.executable, "-m", "hatchling", "build", "--directory", tmp_path / "dist", cwd=folder)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert len(list((tmp_path / "dist").glob("*.tar.gz"))) == 1

    fresh = Environment(tmp_path / "venv", house)
    fresh.install(wheel, "mrt-testing-kit")
    # The folder of the sources is not on the path: what is tested is what the wheel holds.
    report = tmp_path / "report.json"
    run(fresh.python, "-m", "pytest", "-q", "--mrt-report", report, *checks, cwd=folder)
    told = json.loads(report.read_text("utf-8"))
    assert told["passed"]
    assert told["content_hash"], "the provider was installed from a wheel"
    assert told["counts"]["pass"] > least
    assert not {"fail", "known-bug", "not-implemented", "vendor-unsupported"} & set(told["counts"])
