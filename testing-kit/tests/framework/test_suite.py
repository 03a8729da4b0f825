"""The contract under pytest: generated classes, options, outcomes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mrt_testing_kit import contract
from mrt_testing_kit.catalogue import load

HERE = Path(__file__).parent
TEST_FILE = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
import framework_world
from mrt_testing_kit import contract
globals().update(contract(framework_world.NAME, "openai", framework_world.CREDENTIALS))
"""


class Project:
    """A project of somebody else with a contract test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers -p no:cacheprovider\n")
        self.use("right")

    def use(self, name: str) -> None:
        (self.folder / "test_contract.py").write_text(TEST_FILE.replace("NAME", name))

    def pytest(self, *words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_right_provider_is_green_and_a_report_is_written(project: Project) -> None:
    code, text = project.pytest("--mrt-report", "r.json", "-W", "error")
    assert code == 0, text
    report = json.loads((project.folder / "r.json").read_text())
    assert report["checks"]["STR-11"]["status"] == "pass"
    assert report["checks"]["MET-04"]["status"] == "pass"
    assert len(report["checks"]) == 310


@pytest.mark.parametrize("word", ["STR-11", "STR_11"])
def test_checks_are_found_by_their_ids(project: Project, word: str) -> None:
    code, text = project.pytest("-k", word, "--collect-only")
    assert code == 0
    assert [line for line in text.splitlines() if "::" in line] == [
        "test_contract.py::TestSTR_llm::test_STR_11[stream]",
        "test_contract.py::TestSTR_llm::test_STR_11[astream]",
    ]


def test_checks_are_chosen_exactly(project: Project) -> None:
    # Something else that has the letters in its name.
    (project.folder / "test_strings.py").write_text("def test_STR(): pass\n")
    code, text = project.pytest("--mrt-only", "STR-11", "--mrt-only", "llm", "--collect-only")
    assert code == 0
    assert [line.partition("::")[2] for line in text.splitlines() if "::" in line] == [
        *(f"TestLLM_llm::test_LLM_01[{way}]" for way in ("sync", "async", "stream", "astream")),
        *(f"TestSTR_llm::test_STR_11[{way}]" for way in ("stream", "astream")),
    ]


def test_a_wrong_file_of_deviations_is_told_also_when_one_check_is_chosen(project: Project) -> None:
    (project.folder / "contract.toml").write_text('[STR-10]\nlevel = "vendor-unsupported"\nreason = "It cannot."\n')
    code, text = project.pytest("-k", "LLM_01")
    assert code == 4
    assert "contract.toml is wrong: [STR-10] is vendor-unsupported without link" in text


def test_what_cannot_be_run_is_told_without_a_traceback(project: Project) -> None:
    given = 'framework_world.right, "openai", {"server_url": "{server}"}'
    (project.folder / "test_contract.py").write_text(f"{TEST_FILE.partition('globals()')[0]}contract({given})\n")
    code, text = project.pytest()
    assert code == 2
    assert "API key is missing: give 'api_key'" in text
    assert "Traceback" not in text
    assert "suite.py" not in text
    with pytest.raises(pytest.Collector.CollectError, match="cannot be imported: ModuleNotFoundError"):
        contract("no_such_module:plugin", "openai")


def test_checks_are_found_by_their_marks(project: Project) -> None:
    text = project.pytest("-m", "contract and static", "--collect-only")[1]
    assert "test_SCH_01" in text
    assert "test_STR_11" not in text


def test_a_failure_shows_the_check_and_the_wire_without_our_frames(project: Project) -> None:
    project.use("wrong")
    code, text = project.pytest("-k", "STR-11")
    assert code == 1
    assert "STR-11 [llm-stream, oracle-chat]: the call should have raised" in text
    assert "on the wire" in text
    assert "> POST /v1/chat/completions HTTP/1.1" in text
    assert "session.py" not in text
    assert "sk-canary" not in text


def test_a_deviation_is_an_expected_failure(project: Project) -> None:
    project.use("wrong")
    (project.folder / "contract.toml").write_text('[STR-11]\nlevel = "not-implemented"\nreason = "To be done soon."\n')
    code, text = project.pytest("-k", "STR-11", "-rx")
    assert code == 0
    assert "not-implemented: To be done soon." in text
    assert "2 xfailed" in text


def test_a_part_of_the_contract_is_no_complete_run(project: Project) -> None:
    code, text = project.pytest("-k", "MET-04 or LLM-01", "-rs")
    assert code == 0
    assert "only some of the checks were asked for" in text


def test_what_judges_the_run_comes_last_in_any_order(project: Project) -> None:
    (project.folder / "conftest.py").write_text("def pytest_collection_modifyitems(items):\n    items.reverse()\n")
    lines = [line for line in project.pytest("--collect-only")[1].splitlines() if "::" in line]
    assert "::test_SCH_01" not in lines[0]
    assert all("::TestMET::" in line for line in lines[-4:])
    assert not any("::TestMET::" in line for line in lines[:4])


def test_a_check_is_explained(project: Project) -> None:
    code, text = project.pytest("--mrt-explain", "STR-11")
    assert code == 0
    assert " ".join(load()["STR-11"].why.split()) in " ".join(text.split())
    assert project.pytest("--mrt-explain", "STR-99")[0] == 4


def test_the_tier_is_chosen_on_the_command_line(project: Project) -> None:
    text = project.pytest("--mrt-tier", "static", "--collect-only")[1]
    assert "test_SCH_01" in text
    assert "test_LLM_01" not in text


def test_pytest_without_a_contract_loads_nothing_of_the_kit(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(
        "import sys\n"
        "def test_plain():\n"
        "    loaded = {name for name in sys.modules if name.startswith(('mrt_testing_kit', 'mrt.'))}\n"
        "    assert loaded == {'mrt_testing_kit', 'mrt_testing_kit.plugin'}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
