"""Measures of fresh processes that call the server: what a program pays until its first answer."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time

from benchmarks.local import children, environment_with, median

_OPENAI = (
    "import openai; c = openai.OpenAI(base_url='{url}/v1', api_key='sk-bench-0000'); "
    "c.chat.completions.create(model='bench', messages=[{{'role': 'user', 'content': 'x'}}])"
)
_HTTPX = (
    "import httpx; httpx.Client().post('{url}/v1/chat/completions', "
    "json={{'model': 'bench', 'messages': [{{'role': 'user', 'content': 'x'}}]}}).json()"
)
_MRT = "import mrt; mrt.llm('{name}/bench', {{'{field}': '{url}'}}).invoke('x')"


def first_calls(times: int, url: str, openai_python: str | None) -> dict[str, float]:
    """Return the CPU milliseconds of programs that import a library, call it once, and end.

    Args:
        times: How often each is run; the median counts.
        url: The server.
        openai_python: An interpreter that has openai's SDK, if there is one.
    """
    programs = {
        "first call, mrt-xinference": (sys.executable, _MRT.format(name="xinference", field="server_url", url=url)),
        "first call, mrt-openai-compatible": (
            sys.executable,
            _MRT.format(name="openai-compatible", field="base_url", url=url),
        ),
        "first call, httpx": (sys.executable, _HTTPX.format(url=url)),
    }
    if openai_python:
        programs["first call, openai"] = (openai_python, _OPENAI.format(url=url))
    with tempfile.TemporaryDirectory() as cache:
        found = {
            name: median(lambda p=python, c=code: children([p, "-c", c], MRT_CACHE_DIR=cache), times)  # type: ignore[misc]
            for name, (python, code) in programs.items()
        }
        chat = [sys.executable, "-m", "mrt", "chat", "openai-compatible/bench", "x", "-c", "base_url="]
        found["mrt chat"] = median(lambda: children([*chat[:-1], chat[-1] + url], MRT_CACHE_DIR=cache), times)
        if sys.platform == "linux":
            found["mrt chat, to the first request"] = median(lambda: _until_asked(chat, MRT_CACHE_DIR=cache), times)
    return found


def _until_asked(command: list[str], **environment: str) -> float:
    """Return the CPU milliseconds that a command has used when its first request arrives.

    Args:
        command: Its last argument lacks the URL at its end.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        process = subprocess.Popen(
            [*command[:-1], command[-1] + url],
            env=environment_with(environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                time.sleep(0.02)  # It waits for its answer by now.
                # The number of another process's clock, as `clock_getcpuclockid` of glibc makes it.
                return time.clock_gettime((~process.pid << 3) | 2) * 1e3
        finally:
            process.kill()
            process.wait()
