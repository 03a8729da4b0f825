"""The distribution under test: what becomes of one that cannot be built, and how it is built without its backend."""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import framework_providers as providers
import pytest

from mrt_testing_kit import Report, run
from mrt_testing_kit.building import build
from mrt_testing_kit.environments import CommandError
from mrt_testing_kit.runner import Interrupted

STATIC = ["PKG-01", "PKG-05", "PKG-12"]
BACKEND = """
import os

def build_wheel(folder, config_settings=None, metadata_directory=None):
    open(os.path.join(folder, "acme-1-py3-none-any.whl"), "w").close()
    return "acme-1-py3-none-any.whl"
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary ones are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def project(tmp_path: Path, system: str, **files: str) -> Path:
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(f"[build-system]\n{system}\n", "utf-8")
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, "utf-8")
    return folder


def broken(tmp_path: Path) -> Path:
    fails = "def build_sdist(*args):\n    raise RuntimeError('no sources here')\n"
    return project(tmp_path, 'requires = []\nbuild-backend = "fails"\nbackend-path = ["."]', fails=fails)


def check_it(ids: list[str], **options: Any) -> Report:
    return run(providers.right, "openai", providers.CREDENTIALS, ids, **options)


def test_what_cannot_be_built_is_said_once(tmp_path: Path, temporary: Path) -> None:
    folder = broken(tmp_path)
    report = check_it(STATIC, source=str(folder))
    assert [found.id for found in report.failed] == ["PKG-01"]
    assert report["PKG-01"].reason.endswith("read or built: RuntimeError: no sources here")
    for id in STATIC[1:]:
        assert (report.status(id), report[id].reason) == (
            "not-run",
            "the distribution cannot be read or built: see PKG-01",
        )
    # Whoever asks for another check alone is told by that one, also when it is judged again.
    assert [found.id for found in check_it(["PKG-12"], source=str(folder)).failed] == ["PKG-12"]
    assert list(temporary.iterdir()) == []


def test_nothing_stays_of_an_interrupted_build(tmp_path: Path, temporary: Path) -> None:
    def interrupt(_: Any) -> None:
        assert [path.name[:13] for path in temporary.iterdir()] == ["mrt-artifact-"]
        raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        check_it(STATIC, source=str(broken(tmp_path)), progress=interrupt)
    assert list(temporary.iterdir()) == []


def test_a_backend_that_is_not_here_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(tmp_path, 'requires = ["no-such-backend>=2"]\nbuild-backend = "no_such_backend.api"')
    # As where `build` is not installed.
    monkeypatch.setitem(sys.modules, "build", None)
    with pytest.raises(LookupError, match=r"no_such_backend\.api is not installed here: pip install build.*no-such-ba"):
        build(folder, "wheel", tmp_path / "out")
    with pytest.raises(LookupError, match="has no pyproject"):
        build(tmp_path, "wheel", tmp_path / "out")


@pytest.mark.wheels
def test_a_backend_that_is_not_here_is_fetched_from_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = tmp_path / "house"
    house.mkdir()
    info = "far_backend-2.dist-info"
    with zipfile.ZipFile(house / "far_backend-2-py3-none-any.whl", "w") as wheel:
        wheel.writestr("far_backend.py", BACKEND)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: far-backend\nVersion: 2\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "far_backend.py,,\n")
    folder = project(tmp_path, 'requires = ["far-backend>=2"]\nbuild-backend = "far_backend"')
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(house))
    assert build(folder, "wheel", tmp_path / "out") == tmp_path / "out" / "acme-1-py3-none-any.whl"
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "empty"))
    with pytest.raises(CommandError, match="far-backend"):
        build(folder, "wheel", tmp_path / "other")


def test_what_needs_the_source_or_a_wheel_says_so() -> None:
    # Without a distribution packaging is not at stake at all.
    assert check_it(["PKG-01"]).status("PKG-01") == "not-applicable"
    ids = ["PKG-01", "PKG-02", "PKG-05", "PKG-06", "PKG-09", "PKG-17"]
    installed = run("openai-compatible", "openai", {}, ids)
    assert {found.id: found.reason for found in installed.of("not-run") if found.cases} == {
        "PKG-01": "give --source DIR",
        **dict.fromkeys(["PKG-02", "PKG-06", "PKG-09", "PKG-17"], "give --wheel FILE or --source DIR"),
    }
