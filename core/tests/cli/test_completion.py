from __future__ import annotations

import shutil
import subprocess

import pytest
from cli_run import Runner

from mrt.cli.app import VERBS


def complete(mrt: Runner, line: str, shell: str = "bash") -> list[str]:
    """Return what the shell would be offered for the end of a line."""
    words = line.split(" ")
    env = {"_MRT_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    if shell == "fish":
        env |= {"COMP_WORDS": line, "COMP_CWORD": words[-1]}
    done = mrt(env=env)
    assert (done.code, done.err) == (0, "")
    return [offer.partition(",")[2].partition("\t")[0] for offer in done.out.split()]


def test_verbs(mrt: Runner) -> None:
    assert complete(mrt, "mrt ") == list(VERBS)
    assert complete(mrt, "mrt mod") == ["moderate", "models"]
    assert complete(mrt, "mrt credentials ") == ["list", "remove", "set"]


def test_options(mrt: Runner) -> None:
    assert {"--system", "--param", "--json", "--credential"} <= set(complete(mrt, "mrt chat --"))
    assert complete(mrt, "mrt chat --prof") == ["--profile"]
    assert complete(mrt, "mrt --vers") == ["--version"]


@pytest.mark.parametrize("verb", ["models", "schema", "validate", "credentials set", "credentials remove"])
def test_names_of_providers(mrt: Runner, verb: str) -> None:
    assert [name.rstrip("/") for name in complete(mrt, f"mrt {verb} ")] == ["acme", "bolt"]
    assert [name.rstrip("/") for name in complete(mrt, f"mrt {verb} ac")] == ["acme"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_models_of_a_provider_in_every_shell(mrt: Runner, shell: str) -> None:
    env = {"_MRT_COMPLETE": f"{shell}_complete", "COMP_WORDS": "mrt chat acme/ze", "COMP_CWORD": "2"}
    if shell == "fish":
        env["COMP_CWORD"] = "acme/ze"
    assert "acme/zeta-small" in mrt(env=env).out


def test_models(mrt: Runner) -> None:
    assert complete(mrt, "mrt chat ") == ["acme/", "bolt/"]
    assert complete(mrt, "mrt rerank acme/ra") == ["acme/rank-1"]
    assert complete(mrt, "mrt chat nobody/") == []
    assert complete(mrt, "mrt chat bolt/") == []


def test_types_and_formats(mrt: Runner) -> None:
    assert complete(mrt, "mrt models acme --type t") == ["text-embedding", "tts"]
    assert complete(mrt, "mrt schema acme --format j") == ["json", "json-schema"]


@pytest.mark.parametrize(
    ("shell", "part"), [("bash", "complete -o nosort"), ("zsh", "#compdef mrt"), ("fish", "complete ")]
)
def test_the_script_of_a_shell(bare: Runner, shell: str, part: str) -> None:
    done = bare("completion", shell)
    assert (done.code, done.err) == (0, "")
    assert part in done.out
    assert f"_MRT_COMPLETE={shell}_complete" in done.out
    assert bare("completion", shell, "--json").json == {"shell": shell, "script": done.out.removesuffix("\n")}


def test_bash_takes_the_script(bare: Runner) -> None:
    bash = shutil.which("bash")
    assert bash is not None, "bash is there wherever these tests run"
    script = bare("completion", "bash").out
    done = subprocess.run([bash, "-n"], input=script.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_without_a_shell_it_is_explained(bare: Runner) -> None:
    done = bare("completion", env={"SHELL": "/bin/zsh"})
    assert done.code == 0
    assert "zsh  (your shell)\n    eval" in done.out
    assert set(bare("completion", "--json").json["shells"]) == {"bash", "zsh", "fish"}


def test_another_shell_is_wrong_use(bare: Runner) -> None:
    done = bare("completion", "tcsh")
    assert done.code == 2
    assert "'bash', 'zsh', 'fish'" in done.err
