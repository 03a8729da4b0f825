"""dev.py: what it says when it cannot work, when it installs again, and how it ends."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def load(clone: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev_of_a_clone", clone / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with dev.py, three empty members and a group that no index holds."""
    folder = tmp_path / "a clone"
    for member in ("core", "testing-kit", "plugins/mrt-one"):
        (folder / member).mkdir(parents=True)
        (folder / member / "pyproject.toml").write_text(f'[project]\nname = "{Path(member).name}"\nversion = "1"\n')
    (folder / "pyproject.toml").write_text('[dependency-groups]\ntest = ["no-such-distribution"]\ncheck = []\n')
    shutil.copy(ROOT / "dev.py", folder)
    return folder


def call(clone: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(clone / "dev.py"), *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )


def pretend_installed(clone: Path, command: str = "true") -> ModuleType:
    """Make a .venv whose `pytest` runs a shell command, stamped as up to date."""
    dev = load(clone)
    dev.script("python").parent.mkdir(parents=True)
    for name in ("python", "pytest"):
        dev.script(name).write_text(f"#!/bin/sh\n{command}\n")
        dev.script(name).chmod(0o755)
    dev.stamp("test").write_text(dev.digest())
    return dev


@pytest.mark.parametrize(
    "arguments", [[], ["frobnicate"], ["wheels"], ["wheels", "a", "b"], ["check", "x"]], ids=" ".join
)
def test_wrong_use_exits_with_2_and_shows_the_usage(clone: Path, arguments: list[str]) -> None:
    done = call(clone, *arguments)
    assert done.returncode == 2
    assert "usage: python dev.py VERB" in done.stderr
    assert (" ".join(arguments) or "nothing") in done.stderr.splitlines()[0]
    assert done.stdout == ""
    assert not (clone / ".venv").exists()


def test_help_goes_to_standard_output(clone: Path) -> None:
    done = call(clone, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "wheels DIR" in done.stdout


def test_an_old_python_is_turned_away_with_both_versions() -> None:
    dev = load(ROOT)
    with pytest.raises(SystemExit) as exit:
        dev.require_python((3, 10))
    assert "3.10" in str(exit.value.code)
    assert "3.11" in str(exit.value.code)
    dev.require_python((3, 11))
    dev.require_python((3, 14))


def test_nothing_is_installed_while_the_stamp_fits(clone: Path) -> None:
    dev = pretend_installed(clone)
    assert dev.missing(["test"]) == []
    assert dev.missing(["test", "check"]) == ["check"]
    done = call(clone, "test")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("changed", ["pyproject.toml", "core/pyproject.toml", "plugins/mrt-one/pyproject.toml"])
def test_a_changed_project_file_asks_for_an_installation(clone: Path, changed: str) -> None:
    dev = pretend_installed(clone)
    with (clone / changed).open("a") as file:
        file.write("# changed\n")
    assert dev.missing(["test"]) == ["test"]


def test_a_new_plugin_asks_for_an_installation(clone: Path) -> None:
    pretend_installed(clone)
    shutil.copytree(clone / "plugins/mrt-one", clone / "plugins/mrt-two")
    assert load(clone).missing(["test"]) == ["test"]


def test_another_interpreter_asks_for_an_installation(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dev = pretend_installed(clone)
    monkeypatch.setattr(sys, "version", "3.99.0 (main)")
    assert dev.missing(["test"]) == ["test"]


def test_a_moved_clone_asks_for_an_installation(clone: Path) -> None:
    pretend_installed(clone)
    moved = clone.rename(clone.with_name("moved"))
    assert load(moved).missing(["test"]) == ["test"]


def test_a_vanished_interpreter_asks_for_an_installation(clone: Path) -> None:
    dev = pretend_installed(clone)
    dev.script("python").unlink()
    assert dev.missing(["test"]) == ["test"]


def test_a_folder_that_cannot_be_written_is_named(clone: Path) -> None:
    (clone / ".venv").write_text("in the way")
    done = call(clone, "test")
    assert done.returncode == 1
    assert f"cannot write to {clone / '.venv'}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_python_without_ensurepip_gets_the_package_to_install(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dev = load(clone)
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit) as exit:
        dev.make_environment()
    assert f"python3.{sys.version_info[1]}-venv" in str(exit.value.code)
    assert "ensurepip" in str(exit.value.code)


def test_without_a_network_it_says_so_and_leaves_no_stamp(clone: Path) -> None:
    done = call(clone, "test", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(clone), PIP_CONFIG_FILE=os.devnull, UV_OFFLINE="1")
    assert done.returncode == 1
    assert "cannot install the dependencies; is there a network?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((clone / ".venv").glob("*.stamp"))


def test_the_exit_code_and_arguments_are_passed_on(clone: Path) -> None:
    pretend_installed(clone, 'echo "$@"; exit 5')
    done = call(clone, "test", "-k", "two words")
    assert (done.returncode, done.stdout) == (5, "-k two words\n")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["interrupted", "terminated"]
)
def test_a_signal_ends_it_quietly_and_leaves_nothing_running(clone: Path, number: int, code: int) -> None:
    pid_file = clone / "pid"
    pretend_installed(clone, f'echo $$ > "{pid_file}.part"; mv "{pid_file}.part" "{pid_file}"; exec sleep 60')
    command = [sys.executable, str(clone / "dev.py"), "test"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while not pid_file.exists():
            assert process.poll() is None
            time.sleep(0.01)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (code, "")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
