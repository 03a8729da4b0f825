"""A terminal to run the command at: types into it, and shows what a person would see."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Sequence

from cli_run import MRT, Runner

PATIENCE = 20.0


class Terminal:
    """The command at a terminal of its own, whose Ctrl-C reaches it.

    Args:
        mrt: Environment and folder.
        args: The command's arguments.
        stdout: A file that gets stdout in place of the terminal.
    """

    def __init__(self, mrt: Runner, args: Sequence[str], stdout: str | None = None) -> None:
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(mrt.folder)
                if stdout is not None:
                    os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT, 0o600), 1)
                os.execve(sys.executable, [*MRT, *args], {**mrt.env, "TERM": "dumb"})
            finally:
                os._exit(99)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def until(self, text: str) -> str:
        """Wait until a text is seen, and return what was seen before it since the last wait."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen:
            assert self._read(deadline), f"{text!r} did not come; seen: {self.seen!r}"
        before, _, self.seen = self.seen.partition(text)
        return before

    def end(self) -> tuple[int, str]:
        """Wait for the command's end, and return its exit code and the rest of what was seen."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            continue
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status), self.seen

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.fd], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)
