"""``python -m mrt_testing_kit serve``, as a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mrt_testing_kit.probe import MODELS, ask, talk
from mrt_testing_kit.server import OracleServer


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "mrt_testing_kit", "serve", *words]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def serving(*words: str, end: signal.Signals = signal.SIGTERM) -> Iterator[tuple[str, list[str]]]:
    with subprocess.Popen(command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith("Ctrl-C"):
            line = process.stdout.readline()
            if not line:
                raise AssertionError(process.communicate()[1])
            lines.append(line)
        found = re.search(r"https?://127\.0\.0\.1:\d+", lines[0])
        assert found is not None
        try:
            yield found.group(), lines
        finally:
            process.send_signal(end)
            _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize("name", MODELS)
def test_each_dialect_is_served(name: str) -> None:
    with serving("--dialect", name) as (url, lines):
        assert talk(url, name, "Say hello.", stream=False).status == 200
        assert any("mrt chat" in line and url in line for line in lines)


def test_ctrl_c_ends_it_also_in_the_middle_of_a_stream() -> None:
    with serving(end=signal.SIGINT) as (url, _):
        got = talk(url, "openai", "[[oracle: long 10000]] [[oracle: pace 1]]", timeout=0.2)
        assert got.end == "timeout"


def test_faults_strictness_keys_and_models() -> None:
    words = ["--fault", "F41", "status=503", "body=html", "--strict", "--api-key", "sk-test-k", "--model", "only"]
    with serving(*words) as (url, lines):
        got = talk(url, "openai")
        assert (got.status, got.header("content-type")) == (503, "text/html; charset=utf-8")
        assert any("sk-test-k" in line for line in lines)
    with serving(*words[4:]) as (url, _):
        headers = {"authorization": "Bearer sk-test-k"}
        assert [row["id"] for row in ask(url, "GET", "/v1/models", None, headers).json["data"]] == ["only"]
        assert ask(url, "GET", "/v1/models").status == 401
    with serving("--dialect", "openllm-0.4", "--set", "generation=0.5") as (url, _):
        assert ask(url, "POST", "/v1/metadata").json["quantise"] is None


def test_tls_names_its_ca() -> None:
    with serving("--tls") as (url, lines):
        assert url.startswith("https://")
        path = next(line.partition(": ")[2].strip() for line in lines if line.startswith("test CA: "))
        assert os.path.exists(path)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--dialect", "acme"],
            "unknown dialect 'acme'; there are: anthropic, openai, openllm, openllm-0.4, xinference",
        ),
        (["--fault", "F99"], "unknown fault 'F99'; there are: F01, F02"),
        (["--fault", "F41", "rubbish=1"], "F41 has no option rubbish; it has: body"),
        (["--fault", "F41", "body=rubbish"], "F41 body='rubbish': choose from vendor"),
        (["--set", "rubbish"], "not an option: 'rubbish'; write key=value"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(words: list[str], sentence: str) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


def test_a_port_in_use_is_one_sentence_and_exit_code_1() -> None:
    with OracleServer() as server:
        done = run("--port", str(server.port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"cannot listen: port {server.port} of 127.0.0.1 is in use\n"
    done = run("--port", "99999")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_help_lists_every_fault() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert all(f"  F{n:02}  " in done.stdout for n in range(1, 61))


def test_whoever_reads_the_address_may_leave() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    asked = command("--dialect", "openai", "--port", str(port))
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        # It goes on, without anybody who reads what it says.
        url = f"http://127.0.0.1:{port}"
        while process.poll() is None:
            with contextlib.suppress(OSError):
                assert talk(url, "openai", "Say hello.", stream=False).status == 200
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
