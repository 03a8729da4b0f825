"""The demo, run as a person runs it: ``mrt demo``."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from mrt.errors import MRTError
from mrt_testing_kit import demo

MRT = (sys.executable, "-m", "mrt", "demo")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A person's environment, whose own credentials must neither help nor get out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MRT_", "XDG_", "LC_", "LANG"))}
    folders = {name: str(tmp_path / name.lower()) for name in ("HOME", "TMPDIR")}
    for folder in folders.values():
        Path(folder).mkdir()
    own = {"MRT_XINFERENCE_API_KEY": "sk-test-canary", "MRT_XINFERENCE_SERVER_URL": "http://127.0.0.1:1"}
    return {**kept, **folders, **own, "PYTHONUTF8": "1"}


def run(env: dict[str, str], folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [*MRT, *args]
    return subprocess.run(
        command, env=env, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
    )


def left_behind(tmp_path: Path) -> list[str]:
    return [str(path) for path in tmp_path.rglob("*") if path.is_file()]


def test_every_step_works_and_says_its_command(env: dict[str, str], tmp_path: Path) -> None:
    done = run(env, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    commands = re.sub(r" \\\n +", " ", done.stdout)
    for number, step in enumerate(demo.STEPS, 1):
        assert f"\n{number}. {step.title}\n\n$ mrt {step.command[0]}" in commands
    for seen in (
        "xinference  ",
        "server_url",
        "the credentials for xinference/tiny-chat (llm) work",
        "Hello! How can I help you today?",
        "The answer is 4.",
        "weather returned 15 degrees.",
        "the cat sat on the mat",
    ):
        assert seen.lower() in done.stdout.lower(), seen
    assert "Two plus two makes four." in done.stderr
    assert "canary" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert max(map(len, (done.stdout + done.stderr).splitlines())) <= demo.WIDTH
    assert left_behind(tmp_path) == []


def test_one_json_object_for_each_step(env: dict[str, str], tmp_path: Path) -> None:
    done = run(env, tmp_path, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert [step["step"] for step in steps] == [step.title for step in demo.STEPS]
    assert {step["exit_code"] for step in steps} == {0}
    assert all(step["output"] for step in steps)
    assert steps[-1]["output"]["text"].strip(" .").lower() == "the cat sat on the mat"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing(env: dict[str, str], tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        MRT, env=env, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    url = re.search(r"http://127\.0\.0\.1:\d+", first)
    assert url is not None, first
    while "1. " not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert "Traceback" not in errors
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url[0]}/status", timeout=5)
    assert left_behind(tmp_path) == []


def test_without_the_plugin_it_says_what_to_install(env: dict[str, str], tmp_path: Path) -> None:
    done = run({**env, "MRT_DISABLED_PLUGINS": "mrt-xinference"}, tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == "error: the demo needs the plugin for xinference: pip install mrt-testing-kit mrt-xinference\n"
    )


def test_a_failing_step_ends_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    before = os.getcwd(), dict(os.environ)
    steps = (demo.Step("Wrong", ("chat", "xinference/no-such-model", "Hi")),)
    monkeypatch.setattr(demo, "STEPS", (*steps, *demo.STEPS))
    for as_json in (False, True):
        assert demo.run(as_json=as_json) == 2
        out, err = capsys.readouterr()
        assert "the step failed with exit code 2: Wrong" in err
        assert demo.STEPS[1].title not in out
    assert (os.getcwd(), dict(os.environ)) == before


def test_no_plugin_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MRT_DISABLED_PLUGINS", "xinference")
    with pytest.raises(MRTError, match="pip install mrt-testing-kit mrt-xinference"):
        demo.run()


def test_commands_are_wrapped_as_a_shell_reads_them() -> None:
    line = demo.command_line(("chat", "acme/m", "--tool", '{"a": "b c"}', "x" * 50, "it's", "y" * 90))
    assert line == ('$ mrt chat acme/m --tool \'{"a": "b c"}\' \\\n  ' + "x" * 50 + " 'it'\"'\"'s' \\\n  " + "y" * 90)
