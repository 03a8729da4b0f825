"""Names of new plugins, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mrt_testing_kit.cli import main
from mrt_testing_kit.scaffold import KINDS, Names, ScaffoldError, create, render


def test_all_names_come_from_the_distributions() -> None:
    names = Names("mrt-deep-sea2")
    assert (names.provider, names.package, names.title, names.prefix) == (
        "deep-sea2",
        "mrt_deep_sea2",
        "Deep Sea2",
        "DeepSea2",
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("acme", "mrt-acme"),
        ("mrt_acme", "mrt-acme"),
        ("mrt-Acme", "mrt-acme"),
        ("mrt-", "mrt-acme"),
        ("mrt-3d", "mrt-d"),
        ("mrt-a--b", "mrt-a-b"),
        ("mrt-a.b", "mrt-a-b"),
        ("mrt-acme/../x", "mrt-acme-x"),
        ("", "mrt-acme"),
        ("mrt-acme\n", "mrt-acme"),
    ],
)
def test_a_bad_name_is_refused_with_a_better_one(name: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match="is no name for a plugin") as caught:
        create(name, "openai", tmp_path)
    assert str(caught.value).endswith(hint)
    assert "begins with 'mrt-' and a letter" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mrt-acme").mkdir()
    (tmp_path / "mrt-acme" / "mine.txt").write_text("mine")
    with pytest.raises(ScaffoldError, match="is there already"):
        create("mrt-acme", "openai", tmp_path)
    assert [path.name for path in (tmp_path / "mrt-acme").iterdir()] == ["mine.txt"]


def test_a_file_in_the_place_of_the_parent_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ScaffoldError, match="file"):
        create("mrt-acme", "openai", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_the_name_of_an_installed_distribution_is_taken(tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match="is installed here already"):
        create("mrt-testing-kit", "openai", tmp_path)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ScaffoldError, match="there are: openai, anthropic, custom"):
        render(Names("mrt-acme"), "cobol")


@pytest.mark.parametrize("kind", KINDS)
def test_no_placeholder_is_left_and_no_other_name_is_in_it(kind: str) -> None:
    written = render(Names("mrt-deep-sea"), kind)
    assert {"pyproject.toml", "src/mrt_deep_sea/provider.yaml", "src/mrt_deep_sea/py.typed"} <= set(written)
    assert {"tests/test_contract.py", ".github/workflows/ci.yml", ".gitignore", "LICENSE"} <= set(written)
    # Python 3.11 brings a pip that knows no groups.
    assert "--group" not in written["README.md"] + written[".github/workflows/ci.yml"]
    for path, text in written.items():
        assert "__" not in path.replace("__init__", ""), path
        assert "${" not in text.replace("${{", ""), path
        assert "$" not in text.replace("${{", ""), path
        assert "acme" not in text.lower() or "example.com" in text, path


def test_the_verb_writes_and_says_what_comes_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "mrt-acme", "--dialect", "custom", "--dir", str(tmp_path / "deep" / "er")]) == 0
    printed = capsys.readouterr().out
    assert "python -m pytest" in printed
    assert (tmp_path / "deep" / "er" / "mrt-acme" / "tests" / "acme_dialect.py").is_file()


def test_the_verb_ends_with_2_and_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mrt_testing_kit", "new", "Acme", "--dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONWARNINGS": "error"})
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().count("\n") == 1
