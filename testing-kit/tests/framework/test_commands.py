"""The commands of the kit: what they write, what they refuse before they run, and how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import framework_providers as providers
import pytest

from mrt_testing_kit import Report, run
from mrt_testing_kit.catalogue import check, load
from mrt_testing_kit.cli import main
from mrt_testing_kit.context import Context
from mrt_testing_kit.manifest import TITLES
from mrt_testing_kit.runner import Interrupted
from mrt_testing_kit.server.dialects.base import DIALECTS
from mrt_testing_kit.server.dialects.openai.dialect import OpenAI

HERE = Path(__file__).parent
CREDENTIALS = json.dumps(providers.CREDENTIALS)
RIGHT = ["framework_providers:right", "--dialect", "openai"]
GIVEN = [*RIGHT, "--credentials", CREDENTIALS]


def test_check_writes_every_form_and_says_by_its_exit_code(
    small_checks: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forms = {"report": "r.json", "html": "r.html", "markdown": "r.md", "badge": "r.svg"}
    outputs = [word for form, name in forms.items() for word in (f"--{form}", str(tmp_path / name))]
    given = ["--dialect", "openai", "--credentials", CREDENTIALS]
    assert main(["check", "framework_providers:wrong", *given, *outputs]) == 1
    assert "STR-11 [llm-stream, oracle-chat]" in capsys.readouterr().out
    assert Report.from_json((tmp_path / "r.json").read_text()).status("STR-11") == "fail"
    assert all((tmp_path / name).stat().st_size for name in forms.values())
    assert main(["check", *GIVEN, "-k", "LLM-01", "-k", "STR"]) == 0
    assert capsys.readouterr().err.strip("\n.-") == ""
    assert main(["report", str(tmp_path / "r.json"), "--markdown", str(tmp_path / "again.md")]) == 0
    assert (tmp_path / "again.md").read_text() == (tmp_path / "r.md").read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["openai-compatibel", "--dialect", "openai"], "did you mean 'openai-compatible'"),
        (["framework_providers:right", "--dialect", "opena"], "no dialect 'opena'; there are: anthropic"),
        ([*RIGHT, "--credentials", "{x"], "is no JSON"),
        ([*RIGHT, "--credentials", "[]"], "no JSON object"),
        ([*GIVEN, "-k", "STR-1"], "did you mean STR-01"),
        ([*GIVEN, "--model", "x"], "write llm=NAME"),
        ([*GIVEN, "--model", "speech=x"], "'speech' is no model type"),
        ([*GIVEN, "--model", "tts=x"], "small declares no tts; it has llm, text-embedding"),
        (["framework_providers:listed", *GIVEN[1:], "--model", "llm=fixd"], "has no such model, did you mean fixed?"),
        ([*GIVEN, "--set", "foo=1"], "the dialect openai has no setting 'foo'; it has: "),
        ([*GIVEN, "--config", "absent.toml"], "no file absent.toml"),
        ([*GIVEN, "--report", "absent/r.json"], "cannot write absent/r.json: there is no folder absent"),
        ([*GIVEN, "--html", "."], "cannot write .: it is a folder"),
        ([*GIVEN, "--wheel", "absent.whl"], "--wheel absent.whl: there is no such file"),
        ([*GIVEN, "--wheel", __file__], "is no wheel"),
        ([*GIVEN, "--source", "absent"], "--source absent: there is no pyproject.toml in it"),
        ([*RIGHT, "--credentials", '{"server_url": "{server}", "apikey": "{canary}"}'], "did you mean 'api_key'?"),
        ([*RIGHT, "--credentials", '{"server_url": "https://example.com", "api_key": "{canary}"}'], "hold no {server}"),
        (["framework_providers:right"], "--dialect openai"),
        (["--dialect", "openai"], "name a provider"),
    ],
)
def test_wrong_use_is_told_in_one_line_before_anything_runs(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", *words]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert told in printed.err
    assert list(tmp_path.iterdir()) == []


def test_what_may_make_sense_is_run(small_checks: None, capsys: pytest.CaptureFixture[str]) -> None:
    # Files need no credentials, and who names a server of this machine may know why.
    assert main(["check", *RIGHT, "-k", "SCH"]) == 0
    local = json.dumps({"server_url": "http://127.0.0.1:9", "api_key": "sk-test-1"})
    assert main(["check", *RIGHT, "--credentials", local, "-k", "LLM-01", "-q"]) == 1
    assert "note: the credentials hold no {server}" in capsys.readouterr().err
    # A provider without any form takes what it is given.
    words = ["framework_providers:formless", "--dialect", "openai", "-k", "LLM-01", "--credentials"]
    assert main(["check", *words, CREDENTIALS]) == 0
    assert main(["check", *words, "{}"]) == 1


def test_a_dialect_is_found_among_the_tests(
    small_checks: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    # It is known from here on; other tests are to see the kit's own alone.
    monkeypatch.setitem(DIALECTS, "near", OpenAI)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "near_dialect.py").write_text(
        "from mrt_testing_kit.server.dialects.openai.dialect import OpenAI\n\n\n"
        "class Near(OpenAI):\n    name = 'near'\n"
    )
    given = ["--credentials", CREDENTIALS, "--model", "llm=oracle-chat", "-k", "LLM-01"]
    assert main(["check", "framework_providers:right", "--dialect", "near_dialect:Near", *given]) == 0


def test_an_interrupted_run_says_what_it_had_found(
    small_checks: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupts(ctx: Context) -> None:
        """Stands for Ctrl-C, which comes while the main thread waits for a check."""
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.chdir(tmp_path)
    check("STR-35", "interrupts", ways=["stream"])(interrupts)
    wrong = ["check", "framework_providers:wrong", "--dialect", "openai", "--credentials", CREDENTIALS]
    assert main([*wrong, "-k", "STR", "--report", "r.json"]) == 130
    printed = capsys.readouterr()
    assert "STR-11 [llm-stream, oracle-chat]" in printed.out
    assert "failed: STR-11\n" in printed.out
    assert printed.err.endswith("interrupted: no report was written\n")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Interrupted) as caught:
        run(providers.right, "openai", providers.CREDENTIALS, "STR")
    assert caught.value.report.status("STR-10") == "pass"
    assert caught.value.report["STR-35"].cases == []


def test_ctrl_c_while_the_kit_is_imported_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "argparse.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, "-m", "mrt_testing_kit", "check"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "\ninterrupted\n")


@pytest.mark.parametrize("file", [__file__, "absent.json", "."])
def test_what_is_no_report_is_refused(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["report", file], ["report", "verify", "--seed", "7", "a.whl", file]):
        assert main(words) == 2
        told = capsys.readouterr().err
        assert told.startswith((f"{file} is no report of the testing kit", f"cannot read {file}: "))
        assert told.count("\n") == 1


def test_checks_are_listed_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    def told(*words: str) -> str:
        assert main(list(words)) == 0
        return capsys.readouterr().out

    assert len(told("check", "--list").splitlines()) == len(TITLES) + 1
    explained, found = " ".join(told("explain", "str_12").split()), load()["STR-12"]
    for part in (found.title, found.why, found.fix, *found.bugs, *found.faults, "dated known bug alone"):
        assert " ".join(part.split()) in explained
    assert main(["explain", "STR-99"]) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0: the server has no protection"),
        (["--host", "example.com"], "loopback address only"),
        (["--fault", "F41", "status=abc"], "F41 status=abc: is no number like 500"),
        (["--fault", "F41", "status=7"], "F41 status=7: is no number like 500"),
        (["--fault", "F15", "after=-1"], "F15 after=-1: is no number like 2"),
        (["--fault", "F01", "size=0"], "F01 size=0: is no number like 1"),
    ],
)
def test_a_server_that_would_break_is_not_started(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *words]) == 2
    printed: Any = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert told in printed.err
