from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Sequence

import click
import pytest
from cli_run import Runner

from mrt import __version__
from mrt.cli.app import VERBS

SUBVERBS = [("credentials", "set"), ("credentials", "list"), ("credentials", "remove")]
HEAVY = ["httpx", "httpcore", "pydantic", "yaml", "mrt.runtime", "mrt.http.transport", "mrt_acme", "mrt_bolt"]


# What a call of a plain URL can do without; each costs a chat some milliseconds before its first request.
NEEDLESS = ["httpx", "asyncio", "yaml", "difflib", "ssl", "logging", "mrt.schema.reading", "mrt.middleware.retry"]


def loaded(mrt: Runner, *args: str, env: dict[str, str] | None = None, of: Sequence[str] = HEAVY) -> set[str]:
    """Run a command in a fresh interpreter and return which of the heavy modules it has imported."""
    code = (
        "import sys, json\nfrom mrt.cli import main\n"
        f"try:\n    main({list(args)!r})\nfinally:\n"
        f"    print('\\n' + json.dumps([name for name in {list(of)!r} if name in sys.modules]), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env={**mrt.env, **(env or {})}, cwd=mrt.folder, capture_output=True, timeout=60, check=False
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_verbs_are_listed(bare: Runner) -> None:
    done = bare("--help")
    assert done.code == 0
    assert done.err == ""
    for name, verb in VERBS.items():
        assert f"\n  {name} " in done.out
        assert verb.help in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_without_a_verb_the_help_is_shown(bare: Runner) -> None:
    assert bare().out == bare("--help").out == bare("-h").out
    assert bare().code == 0


def test_the_version(bare: Runner) -> None:
    done = bare("--version")
    assert (done.code, done.out) == (0, f"mrt {__version__}\n")


@pytest.mark.parametrize("name", VERBS)
def test_the_list_says_what_the_verb_itself_says(name: str) -> None:
    command = importlib.import_module(VERBS[name].module).command
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help is not None
    first = " ".join(command.help.split("\n\n")[0].split())
    assert first == VERBS[name].help


@pytest.mark.parametrize("words", [*((name,) for name in VERBS), *SUBVERBS], ids=" ".join)
def test_every_verb_explains_itself_and_knows_the_common_options(bare: Runner, words: tuple[str, ...]) -> None:
    done = bare(*words, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: mrt {' '.join(words)} ")
    assert max(map(len, done.out.splitlines())) <= 80
    if words != ("credentials",):
        for option in ("--json", "--debug", "--lang"):
            assert f" {option} " in done.out


def test_help_and_verbs_without_vendor_load_no_heavy_module(mrt: Runner) -> None:
    for line in ("--help", "chat --help", "--version", "completion zsh", "credentials list", "no-such-verb"):
        assert loaded(mrt, *line.split()) == set(), line


def test_listing_loads_no_heavy_module_once_it_is_known(mrt: Runner) -> None:
    assert "httpx" not in loaded(mrt, "providers")
    assert "mrt_acme" not in loaded(mrt, "providers", env={"MRT_NO_CACHE": "1"})
    assert loaded(mrt, "providers") == set()


def test_a_chat_loads_nothing_needless_once_the_provider_is_known(
    mrt: Runner, asked: list[tuple[str, dict[str, object]]]
) -> None:
    deadline = time.monotonic() + 30
    # What was written a moment ago is not kept yet.
    while (needless := loaded(mrt, "chat", "acme/zeta-small", "hello", of=NEEDLESS)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert needless == set()
    assert "messages" in asked[-1][1]


def test_completion_loads_no_heavy_module(mrt: Runner) -> None:
    env = {"_MRT_COMPLETE": "bash_complete", "COMP_WORDS": "mrt ", "COMP_CWORD": "1"}
    assert loaded(mrt, env=env) == set()
    assert loaded(mrt, env={**env, "COMP_WORDS": "mrt models ", "COMP_CWORD": "2"}) == set()
    assert not {"httpx", "mrt_acme"} & loaded(mrt, env={**env, "COMP_WORDS": "mrt chat acme/", "COMP_CWORD": "2"})


@pytest.mark.parametrize(("word", "near"), [("caht", "chat"), ("provider", "providers"), ("tokns", "tokens")])
def test_a_mistyped_verb_is_guessed(bare: Runner, word: str, near: str) -> None:
    done = bare(word)
    assert done.code == 2
    assert f"there is no verb '{word}'; did you mean {near}?" in done.err


def test_the_same_as_a_module_and_as_a_script(bare: Runner) -> None:
    script = subprocess.run(
        [sys.executable, "-c", "import sys; from mrt.cli import main; sys.exit(main())", "nope"],
        env=bare.env, capture_output=True, check=False,
    )  # fmt: skip
    assert (script.returncode, script.stderr.decode()) == (2, bare("nope").err)
