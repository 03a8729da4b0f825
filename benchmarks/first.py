"""Measures of fresh processes that call the server: what a program pays until its first answer."""

from __future__ import annotations

import sys
import tempfile

from benchmarks.local import children, median

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
        # The whole of it, so more than the way to the first request.
        chat = ["mrt", "chat", "openai-compatible/bench", "x", "-c", f"base_url={url}"]
        found["mrt chat"] = median(lambda: children([sys.executable, "-m", *chat], MRT_CACHE_DIR=cache), times)
    return found
