"""Reports in every form, and the commands that write them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import framework_providers as providers
import pytest

from mrt_testing_kit import CONTRACT, Report, run
from mrt_testing_kit.badge import as_svg
from mrt_testing_kit.catalogue import load
from mrt_testing_kit.identity import wheel_hash
from mrt_testing_kit.manifest import GROUPS, TITLES
from mrt_testing_kit.report_html import as_html
from mrt_testing_kit.report_text import as_markdown, as_text, summary

HERE = Path(__file__).parent
CREDENTIALS = json.dumps(providers.CREDENTIALS)


@pytest.fixture
def red(small_checks: None) -> Report:
    return run("framework_providers:wrong", "openai", providers.CREDENTIALS, ["STR-11", "STR-10", "LLM-01"])


def command(*words: str, folder: Path = HERE, path: Sequence[Path] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mrt_testing_kit", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [HERE, *path]))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_json_holds_everything_and_comes_back(red: Report) -> None:
    data = json.loads(red.to_json())
    assert list(data["checks"]) == list(TITLES)
    assert data["checks"]["STR-11"]["status"] == "fail"
    assert (data["contract"], data["passed"], data["counts"]["fail"]) == (CONTRACT, False, 1)
    again = Report.from_json(red.to_json())
    assert again == red
    for text in ("[]", "{}", '{"checks": {"STR-11": {"status": "good", "cases": []}}}', "no"):
        with pytest.raises(ValueError):
            Report.from_json(text)


def test_text_shows_a_failure_once_for_all_ways(red: Report) -> None:
    text = as_text(red)
    assert text.count("STR-11 [") == 1
    assert "also:     llm-astream" in text
    assert text.rstrip().endswith(summary(red))
    assert summary(red) == f"{CONTRACT}: 1 fail, 2 pass, 0 known bugs"


def test_markdown_has_a_row_per_check_that_ran(red: Report) -> None:
    lines = as_markdown(red).splitlines()
    assert next(line for line in lines if line.startswith("| STR-")).startswith("| STR-10 | no end mark")
    assert len([line for line in lines if line.startswith("| ") and "-" in line.split()[1]]) == 3


def test_html_is_well_formed_and_needs_nothing_from_outside(red: Report) -> None:
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.rows: set[str] = set()

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            fields = dict(attrs)
            assert not {"src", "href"} & set(fields)
            if tag == "tr" and fields.get("id"):
                self.rows.add(str(fields["id"]))
            if tag not in ("meta", "br", "input"):
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    page = as_html(red)
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert reader.rows == set(TITLES)
    assert "<script>alert" not in as_html(Report("<script>alert(1)</script>", "openai", red.checks))


def test_badges_name_the_contract(red: Report) -> None:
    root = ElementTree.fromstring(as_svg(red))
    assert root.attrib["aria-label"] == f"{CONTRACT}: 1 failing"
    assert red.failed
    green = run(providers.right, "openai", providers.CREDENTIALS, ["LLM-01"])
    assert ElementTree.fromstring(as_svg(green)).attrib["aria-label"] == f"{CONTRACT}: 1 pass"
    green["STR-11"].status = "known-bug"
    assert "1 pass, 1 known bug" in as_svg(green)


def test_check_writes_every_form_and_says_by_its_exit_code(tmp_path: Path) -> None:
    forms = {"report": "r.json", "html": "r.html", "markdown": "r.md", "badge": "r.svg"}
    outputs = [word for form, name in forms.items() for word in (f"--{form}", str(tmp_path / name))]
    done = command("check", "framework_world:wrong", "--dialect", "openai", "--credentials", CREDENTIALS, *outputs)
    assert done.returncode == 1, done.stderr
    assert "STR-11 [llm-stream, oracle-chat]" in done.stdout
    assert Report.from_json((tmp_path / "r.json").read_text()).status("STR-11") == "fail"
    assert all((tmp_path / name).stat().st_size for name in forms.values())
    fine = command(
        "check",
        "framework_world:plugin",
        "--dialect",
        "openai",
        "--credentials",
        CREDENTIALS,
        "-k",
        "LLM-01",
        "-k",
        "STR",
    )
    assert (fine.returncode, fine.stderr.strip("\n.-")) == (0, "")
    shown = command("report", str(tmp_path / "r.json"), "--markdown", str(tmp_path / "again.md"))
    assert shown.returncode == 0
    assert (tmp_path / "again.md").read_text() == (tmp_path / "r.md").read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["openai-compatibel", "--dialect", "openai"], "did you mean 'openai-compatible'"),
        (["framework_providers:plugin", "--dialect", "opena"], "no dialect 'opena'; there are: anthropic"),
        (["framework_providers:plugin", "--dialect", "openai", "--credentials", "{x"], "is no JSON"),
        (["framework_providers:plugin", "--dialect", "openai", "--credentials", "[]"], "no JSON object"),
        (["framework_providers:plugin", "--dialect", "openai", "-k", "STR-1"], "did you mean STR-01"),
        (["framework_providers:plugin", "--dialect", "openai", "--model", "x"], "write llm=NAME"),
        (["framework_providers:plugin", "--dialect", "openai", "--config", "absent.toml"], "no file absent.toml"),
        (["framework_providers:plugin"], "--dialect openai"),
        (["--dialect", "openai"], "name a provider"),
    ],
)
def test_wrong_use_is_told_in_one_line(words: list[str], told: str) -> None:
    done = command("check", *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_checks_are_listed_and_explained() -> None:
    listed = command("check", "--list").stdout.splitlines()
    assert len(listed) == len(TITLES) + 1
    explained, check = " ".join(command("explain", "str_11").stdout.split()), load()["STR-11"]
    for part in (check.title, check.why, check.fix, *check.bugs, *check.faults):
        assert " ".join(part.split()) in explained
    assert command("explain", "STR-99").returncode == 2


ENTRY = "acme-1.dist-info/entry_points.txt"
ACME = {
    "acme/__init__.py": b"from framework_world import right\nplugin = right()\n",
    ENTRY: b"[mrt.providers]\nacme-small = acme:plugin\n",
    "acme-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: acme\nVersion: 1\n",
}


def wheel(path: Path, files: dict[str, bytes]) -> Path:
    def line(name: str, content: bytes) -> str:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        return f"{name},sha256={digest},{len(content)}"

    record = "acme-1.dist-info/RECORD"
    text = "\n".join([*(line(name, content) for name, content in files.items()), f"{record},,"])
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
        file.writestr(record, text)
    return path


def test_an_installed_wheel_is_verified_against_its_report(tmp_path: Path) -> None:
    path = wheel(tmp_path / "acme-1-py3-none-any.whl", ACME)
    site = tmp_path / "site"
    with zipfile.ZipFile(path) as file:
        file.extractall(site)
    # What an installer adds is no part of the wheel.
    (site / "acme-1.dist-info" / "INSTALLER").write_text("pip\n")
    words = ["check", "acme-small", "--dialect", "openai", "--credentials", CREDENTIALS, "--report", "r.json", "-q"]
    done = command(*words, folder=tmp_path, path=[site])
    assert done.returncode == 0, done.stdout + done.stderr
    report = Report.from_json((tmp_path / "r.json").read_text())
    assert (report.provider, report.distribution, report.version) == ("acme-small", "acme", "1")
    assert report.content_hash == wheel_hash(path)
    again = command("report", "verify", str(path), "r.json", folder=tmp_path, path=[site])
    assert (again.returncode, again.stdout.splitlines()[-1]) == (0, "the report holds"), again.stderr
    for check in report.of("pass"):
        check.status = "advisory"
    report.write(tmp_path / "lie.json")
    lie = command("report", "verify", str(path), "lie.json", folder=tmp_path, path=[site])
    assert (lie.returncode, lie.stdout.splitlines()[-1]) == (1, "the report does not hold")
    gone = command("report", "verify", str(path), "r.json", folder=tmp_path)
    assert (gone.returncode, "is not installed from this wheel" in gone.stdout) == (1, True)


def test_a_report_is_tied_to_a_wheel(tmp_path: Path, red: Report) -> None:
    path = wheel(tmp_path / "acme-1-py3-none-any.whl", {"acme/__init__.py": b"x = 1\n"})
    digest = wheel_hash(path)
    other = wheel(tmp_path / "acme-2-py3-none-any.whl", {"acme/__init__.py": b"x = 2\n"})
    assert wheel_hash(other) != digest
    with zipfile.ZipFile(other, "a") as file:
        file.writestr("acme/more.py", "not in the record")
    with pytest.raises(ValueError, match=r"acme/more\.py is not the file"):
        wheel_hash(other)
    red.write(tmp_path / "r.json")
    done = command("report", "verify", str(path), str(tmp_path / "r.json"))
    assert (done.returncode, "is not about this wheel" in done.stdout) == (1, True)
    assert command("report", "verify", str(HERE / "conftest.py"), str(tmp_path / "r.json")).returncode == 2
    assert command("report", str(tmp_path / "absent.json")).returncode == 2


def test_every_group_has_a_title() -> None:
    assert len(TITLES) == 310
    assert {id.partition("-")[0] for id in TITLES} == set(GROUPS)
