"""The tutorial's commands, run as they stand where there is no package index; and the page of the checks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mrt_testing_kit.catalogue import load, select
from mrt_testing_kit.environments import Environment, pack, run
from mrt_testing_kit.explain import as_page

DOCS = Path(__file__).resolve().parents[1] / "docs"
TUTORIAL = (DOCS / "plugins" / "tutorial.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", TUTORIAL, re.DOTALL | re.MULTILINE)
    return [text for name, text in found if name == language]


def commands() -> list[str]:
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def test_the_page_of_the_checks_is_current() -> None:
    page = (DOCS / "contract" / "checks.md").read_text("utf-8")
    again = "python -m mrt_testing_kit explain --markdown > docs/contract/checks.md"
    assert page == as_page(select(None), load()), f"run: {again}"
    assert again in page


@pytest.mark.wheels
def test_the_tutorials_commands_do_what_it_says(tmp_path: Path) -> None:
    house = tmp_path / "house"
    house.mkdir()
    assert pack(["mrt-testing-kit", "mrt-openai-compatible", "hatchling", "build"], house) == []
    fresh = Environment(tmp_path / "venv", house)
    fresh.install("mrt-testing-kit", "mrt-openai-compatible", "hatchling", "build")
    folder, failed = tmp_path, []
    env = {**os.environ, "PATH": f"{fresh.bin}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": ""}
    for command in commands():
        if command.startswith("cd "):
            folder = folder / command.removeprefix("cd ")
        elif command.endswith("pip install -e ."):
            run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", cwd=folder)
            fresh.install(*folder.glob("dist/*.whl"))
        elif (" pip install" in command and "--no-deps" not in command) or "venv" in command:
            # There is no index here; the environment has it all.
            continue
        else:
            # The scaffold's own tests run the whole contract; this is about the commands.
            if command == "python -m pytest -q":
                command += " -k 'STR_11 or vendor'"
            if command.endswith("--report mrt-report.json"):
                command += " -k LLM-01 -k PKG"
            command = command.replace("python -m build", "python -m build --no-isolation")
            done = subprocess.run(command, shell=True, cwd=folder, env=env, capture_output=True, check=False, text=True)
            if " report verify " in command:
                # So that of what there is to find about the report, this alone is found.
                lines = done.stdout.splitlines()
                assert (done.returncode, len(lines), lines[-1]) == (1, 2, "the report does not hold"), done.stdout
                assert lines[0].startswith("it is of a part of the contract")
                continue
            failed += [f"{command}\n{done.stdout}{done.stderr}"] * bool(done.returncode)
    assert failed == []
    assert (folder / "report.html").is_file()

    # The bug that is to be put in, and what the page says comes of it.
    bug, printed = blocks("")
    site = fresh.site / "mrt_acme" / "llm.py"
    site.write_text(site.read_text("utf-8") + "\n" + bug, "utf-8")
    (check,) = [command for command in commands() if command.endswith("-k USG-02")]
    done = subprocess.run(check, shell=True, cwd=folder, env=env, capture_output=True, check=False, text=True)
    assert done.returncode == 1
    assert printed in done.stdout
