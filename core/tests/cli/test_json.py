"""Every verb has --json: a document, or one per line, on stdout; errors as JSON on stderr."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cli_run import Runner

from mrt.cli.app import VERBS

GOOD: dict[str, tuple[str, ...]] = {
    "chat": ("acme/zeta-small", "Grüße, 世界"),
    "embed": ("acme/vec-1", "x"),
    "rerank": ("acme/rank-1", "x", "y"),
    "transcribe": ("acme/ear-1", "-"),
    "speak": ("acme/voice-1", "x", "-o", "x.mp3"),
    "moderate": ("acme/guard-1", "x"),
    "tokens": ("acme/zeta-small", "x"),
    "providers": (),
    "models": ("acme",),
    "schema": ("acme",),
    "validate": ("acme",),
    "credentials": ("list",),
    "lint": ("{site}",),
    "doctor": (),
    "demo": ("shown",),
    "completion": ("zsh",),
}
DEMO = "import json\n\ndef run(*, as_json=False):\n    print(json.dumps({'step': 1}) if as_json else 'step 1')\n"


def install_demo(mrt: Runner, source: str) -> None:
    (mrt.folder / "shown_demo.py").write_text(source)
    info = mrt.folder / "shown_demo-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shown-demo\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[mrt.demos]\nshown = shown_demo:run\n")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_writes_json(mrt: Runner, verb: str) -> None:
    install_demo(mrt, DEMO)
    words = [word.replace("{site}", mrt.env["PYTHONPATH"].split(":")[0] + "/mrt_acme") for word in GOOD[verb]]
    done = mrt(verb, *words, "--json", stdin=b"piped")
    assert done.code == 0, done.err
    documents: list[Any] = [json.loads(line) for line in done.out.splitlines()]
    assert documents
    assert len(documents) == 1 or verb == "chat"
    assert "\\u" not in done.out
    plain = mrt(verb, *words, stdin=b"piped")
    assert plain.code == 0
    assert plain.out != done.out


def test_the_demo_is_somebody_elses(mrt: Runner) -> None:
    install_demo(mrt, DEMO)
    assert mrt("demo", "shown").out == "step 1\n"
    done = mrt("demo", "other")
    assert done.code == 2
    assert "there is no demo 'other'" in done.err


@pytest.mark.parametrize(
    ("source", "code", "told"),
    [
        ("def run(*, as_json=False): return 7\n", 7, ""),
        ("import nothing_of_that_name\n", 1, "the demo of shown-demo cannot be imported"),
        (
            "from mrt.errors import MRTError\ndef run(*, as_json=False): raise MRTError('lacks a plugin')\n",
            1,
            "lacks a",
        ),
    ],
)
def test_a_demo_that_fails(mrt: Runner, source: str, code: int, told: str) -> None:
    install_demo(mrt, source)
    done = mrt("demo", "shown")
    assert done.code == code
    assert told in done.err
    assert "Traceback" not in done.err
