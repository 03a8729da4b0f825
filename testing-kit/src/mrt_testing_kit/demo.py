"""The demo behind ``mrt demo``: every step of the road, against a server that runs on this machine for as long.

Each step is a real command of ``mrt``, printed before it runs.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from mrt.cli import main
from mrt.errors import MRTError
from mrt.registry import Registry

PROVIDER = "xinference"
DISTRIBUTION = "mrt-xinference"
WIDTH = 80

_TOOL = '{"name":"weather","parameters":{"properties":{"city":{"type":"string"}}}}'


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it shows, and the command that does it."""

    title: str
    command: tuple[str, ...]


def _call(verb: str, model: str, *rest: str) -> tuple[str, ...]:
    return (verb, f"{PROVIDER}/{model}", *rest)


_DOCUMENTS = ("Stocks fell sharply on Monday.", "The cat sat on the mat.", "A dog ran through the park.")
STEPS = (
    Step("The installed providers", ("providers",)),
    Step("The form for credentials of this one", ("schema", PROVIDER)),
    Step("Are the credentials right?", _call("validate", "tiny-chat")),
    Step("The models that the server runs", ("models", PROVIDER, "--live")),
    Step("A chat, streamed", _call("chat", "tiny-chat", "-v", "Say hello.")),
    Step("A model that thinks first", _call("chat", "tiny-reason", "Think about two plus two.")),
    Step(
        "The model calls a tool, and gets its result",
        _call(
            "chat", "tiny-chat", "How is the weather in Paris?", "--tool", _TOOL, "--tool-result", "weather=15 degrees"
        ),
    ),
    Step("Texts become vectors", _call("embed", "tiny-embed", "A cat sat on the mat.", "Stocks fell.")),
    Step("Documents sorted by a question", _call("rerank", "tiny-rerank", "Where did the cat sit?", *_DOCUMENTS)),
    Step("Text becomes speech", _call("speak", "tiny-tts", "The cat sat on the mat.", "-o", "cat.wav")),
    Step("Speech becomes text", _call("transcribe", "tiny-whisper", "cat.wav")),
)


def run(*, as_json: bool = False) -> int:
    """Run the demo.

    Args:
        as_json: Write one JSON object per step in place of text.

    Returns:
        0 when all steps worked, else the exit code of the step that did not.

    Raises:
        MRTError: The plugin that the demo is about is not installed.
    """
    from mrt_testing_kit.server import OracleServer

    # A thread of this process serves, so that nothing can be left running, however the process ends.
    with _ends_on_sigterm(), OracleServer(PROVIDER) as server, _own_place(server.url):
        if PROVIDER not in Registry(True).names():
            raise MRTError(f"the demo needs the plugin for {PROVIDER}: pip install mrt-testing-kit {DISTRIBUTION}")
        if not as_json:
            print(f"A stand-in for {PROVIDER} runs at {server.url}, on this machine:")
            print("no network and no key are needed. The first command tells mrt where it is.")
            print(f"\n$ export MRT_{PROVIDER.upper()}_SERVER_URL={server.url}", flush=True)
        for number, step in enumerate(STEPS, 1):
            code = _run_as_json(step) if as_json else _run(number, step)
            if code:
                print(f"the step failed with exit code {code}: {step.title}", file=sys.stderr)
                return code
        if not as_json:
            print("\nThat was all of it; the server has ended, and nothing is left behind.", flush=True)
    return 0


def _run(number: int, step: Step) -> int:
    print(f"\n{number}. {step.title}\n\n{command_line(step.command)}", flush=True)
    return main(step.command)


def _run_as_json(step: Step) -> int:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = main([*step.command, "--json"])
    lines = [json.loads(line) for line in output.getvalue().splitlines()]
    result: Any = lines[0] if len(lines) == 1 else lines
    command = ["mrt", *step.command]
    print(json.dumps({"step": step.title, "command": command, "exit_code": code, "output": result}), flush=True)
    return code


def command_line(command: tuple[str, ...]) -> str:
    """Return a command as one types it into a shell, in lines of at most 80 columns where its words allow that."""
    lines = ["$ mrt"]
    for word in map(shlex.quote, command):
        if len(lines[-1]) + len(word) + 3 > WIDTH and lines[-1].strip():
            lines[-1] += " \\"
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}"
    return "\n".join(lines)


@contextlib.contextmanager
def _own_place(url: str) -> Generator[None]:
    """Work in a folder that goes away, with the demo's credentials and without the person's own."""
    before, environ = os.getcwd(), dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="mrt-demo-") as folder:
        prefix = f"MRT_{PROVIDER.upper()}_"
        for name in [name for name in os.environ if name.startswith(prefix)]:
            del os.environ[name]
        os.environ |= {f"{prefix}SERVER_URL": url, "MRT_CONFIG_DIR": folder, "MRT_NO_CACHE": "1"}
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
            os.environ.clear()
            os.environ.update(environ)


@contextlib.contextmanager
def _ends_on_sigterm() -> Generator[None]:
    """Let a polite request to end run the cleaning up, too."""

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
