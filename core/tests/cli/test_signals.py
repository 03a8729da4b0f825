"""Ctrl-C and readers that leave."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

from cli_run import MRT, Runner
from cli_server import Vendor


def test_ctrl_c_ends_a_call_quietly(mrt: Runner, vendor: Vendor, asked: list[Any]) -> None:
    process = mrt.start("chat", "acme/zeta-small", "slow")
    assert process.stdout is not None
    assert process.stdout.read(6) == b"word0 "
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, b"interrupted\n")
    assert out.endswith(b"\n")
    assert vendor.left.wait(10), "the vendor is not told to stop"


def test_ctrl_c_leaves_no_half_file(mrt: Runner, vendor: Vendor) -> None:
    process = mrt.start("speak", "acme/voice-1", "slow", "-o", "x.mp3", "--debug")
    while not list(mrt.folder.iterdir()):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode in (0, 130)
    assert not [path for path in mrt.folder.iterdir() if path.name != "x.mp3"]
    assert err


def test_a_reader_that_leaves_is_no_error(mrt: Runner, vendor: Vendor, asked: list[Any]) -> None:
    for options in ([], ["--json"]):
        process = mrt.start("chat", "acme/zeta-small", "many", *options)
        assert process.stdout is not None
        assert process.stdout.read(10)
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
        process.stderr.close()
        assert (process.wait(timeout=20), err) == (141, b"")


def test_a_reader_that_left_before_the_result(mrt: Runner) -> None:
    for words in (["models", "acme"], ["providers", "--json"], ["schema", "acme"], ["completion", "bash"]):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [*MRT, *words], env=mrt.env, cwd=mrt.folder, stdout=writing, stderr=subprocess.PIPE, timeout=20, check=False
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (141, b""), words


def test_stdout_that_is_closed(mrt: Runner) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *MRT, "providers"],
        env=mrt.env, cwd=mrt.folder, stderr=subprocess.PIPE, timeout=20, check=False,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
