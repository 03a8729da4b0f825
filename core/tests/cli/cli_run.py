"""Running the real command: in processes of its own, and at a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MRT = (sys.executable, "-m", "mrt")


@dataclass
class Done:
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.err.splitlines()[-1])["error"]
        return found


class Runner:
    """Runs commands with an environment of their own, in an empty folder."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self.env = env
        self.folder = folder

    def __call__(self, *args: str, stdin: bytes | None = None, env: dict[str, str] | None = None) -> Done:
        done = subprocess.run(
            [*MRT, *args],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            env={**self.env, **(env or {})},
            cwd=self.folder,
            timeout=60,
            check=False,
        )
        assert b"\r" not in done.stdout
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *args: str, **settings: Any) -> subprocess.Popen[bytes]:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([*MRT, *args], env=self.env, cwd=self.folder, **{**pipes, **settings})


def clean_environment(site: Path, home: Path) -> dict[str, str]:
    """Return this process's environment without what a person set up for MRT, and with the test's plugins."""
    own = ("MRT_", "_MRT_", "PYTHON", "XDG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    for name in ("NO_COLOR", "COLUMNS", "LANG", "LC_ALL"):
        kept.pop(name, None)
    return {
        **kept,
        "PYTHONPATH": str(site),
        "PYTHONUTF8": "1",
        "HOME": str(home),
        "MRT_CONFIG_DIR": str(home / "config"),
        "MRT_CACHE_DIR": str(home / "cache"),
        "MRT_DISABLED_PLUGINS": "mrt-openai-compatible,mrt-xinference,mrt-openllm,mrt-anthropic",
    }
