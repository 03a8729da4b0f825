"""A report and its wheel: what ties them together, and what is found out about a report that was altered."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import framework_providers as providers
import pytest

from mrt.runtime.error_map import plugin_bug
from mrt_testing_kit import Report, Target
from mrt_testing_kit.cli import main
from mrt_testing_kit.identity import wheel_hash

pytestmark = pytest.mark.usefixtures("small_checks")
CREDENTIALS = json.dumps(providers.CREDENTIALS)
CODE = b"from framework_providers import right\n\nplugin = right()\n"
ACME = {
    "acme/__init__.py": CODE,
    "acme-1.dist-info/entry_points.txt": b"[mrt.providers]\nacme-small = acme:plugin\n",
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


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A wheel, and it is installed."""
    path = wheel(tmp_path / "acme-1-py3-none-any.whl", ACME)
    with zipfile.ZipFile(path) as file:
        file.extractall(tmp_path / "site")
    # What an installer adds is no part of the wheel.
    (tmp_path / "site" / "acme-1.dist-info" / "INSTALLER").write_text("pip\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    yield path
    sys.modules.pop("acme", None)


def checked(*words: str) -> Report:
    given = ["check", "acme-small", "--dialect", "openai", "--credentials", CREDENTIALS, "-q"]
    assert main([*given, "--report", "r.json", *words]) == 0
    return Report.from_json(Path("r.json").read_text())


def verified(path: Path, capsys: pytest.CaptureFixture[str], file: str = "r.json") -> tuple[int, str]:
    capsys.readouterr()
    code = main(["report", "verify", str(path), file, "--seed", "7"])
    return code, capsys.readouterr().out


def test_an_installed_wheel_is_verified_against_its_report(
    acme: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = checked()
    assert (report.provider, report.distribution, report.version) == ("acme-small", "acme", "1")
    assert report.content_hash == wheel_hash(acme)
    code, told = verified(acme, capsys)
    assert (code, told.splitlines()[-1]) == (0, "the report holds")
    # At least one of each group that was run.
    assert re.match(r"4 checks run again: EMB-01, LLM-01, SCH-01, STR-1[01]\n", told)
    other = wheel(acme.with_name("acme-2.whl"), {**ACME, "acme/__init__.py": CODE + b"x = 1\n"})
    code, told = verified(other, capsys)
    assert (code, "the report is not about this wheel" in told) == (1, True)
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if not folder.endswith("site")])
    code, told = verified(acme, capsys)
    assert (code, "is not installed from this wheel" in told) == (1, True)


def test_errors_name_the_distribution_under_test(acme: Path) -> None:
    target = Target("acme-small", "openai", providers.CREDENTIALS)
    assert target.package == "framework_providers"
    with target.runtime() as runtime:
        error = plugin_bug(KeyError("x"), runtime.registry.get("acme-small"))
    assert str(error).startswith("the plugin 'acme-small' (acme 1) raised KeyError: 'x'")


def drop_a_check(data: dict[str, Any]) -> None:
    del data["checks"]["STR-11"]


def drop_all(data: dict[str, Any]) -> None:
    data["checks"] = {}


def alter(data: dict[str, Any]) -> None:
    data["checks"]["STR-11"]["status"] = "fail"


def miscount(data: dict[str, Any]) -> None:
    data["counts"]["pass"] += 1


def deny(data: dict[str, Any]) -> None:
    data["passed"] = False


def another_contract(data: dict[str, Any]) -> None:
    data["contract"] = "MRT-C 2025.3"


def another_kit(data: dict[str, Any]) -> None:
    data["kit"] = "0.0.1"


def no_such_tier(data: dict[str, Any]) -> None:
    data["tier"] = "shallow"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (drop_a_check, "does not have the checks of the contract: STR-11"),
        (drop_all, "does not have the checks of the contract: PKG-01, PKG-02"),
        (alter, "STR-11 is said to be fail, and its runs pass"),
        (miscount, "its counts or its outcome are not those of its checks"),
        (deny, "its counts or its outcome are not those of its checks"),
        (another_contract, "it is of MRT-C 2025.3"),
        (another_kit, "testing kit 0.0.1"),
        (no_such_tier, "there is no tier 'shallow'"),
    ],
)
def test_an_altered_report_does_not_hold(
    change: Callable[[dict[str, Any]], None],
    told: str,
    acme: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = checked().to_dict()
    change(data)
    Path("r.json").write_text(json.dumps(data))
    code, printed = verified(acme, capsys)
    assert (code, printed.splitlines()[-1]) == (1, "the report does not hold")
    assert told in printed


def test_a_report_of_other_results_does_not_hold(acme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = checked()
    for check in report.of("pass"):
        check.status = "not-applicable"
        for case in check.cases:
            case.status = "not-applicable"
    report["LLM-01"].status = report["LLM-01"].cases[0].status = "pass"
    report.write("r.json")
    code, printed = verified(acme, capsys)
    assert (code, printed.splitlines()[-1]) == (1, "the report does not hold")
    assert "SCH-01: not-applicable in the report, pass now" in printed


def test_a_report_of_a_part_does_not_hold(acme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checked("-k", "LLM-01")
    code, printed = verified(acme, capsys)
    assert code == 1
    assert "it is of a part of the contract (partial: 1 of 310)" in printed


def test_an_editable_installation_is_tied_to_the_wheel_of_its_code(
    acme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, info = tmp_path / "src" / "acme" / "__init__.py", tmp_path / "site" / "acme-1.dist-info"
    source.parent.mkdir(parents=True)
    (tmp_path / "site" / "acme" / "__init__.py").replace(source)
    (tmp_path / "site" / "acme").rmdir()
    (tmp_path / "site" / "acme.pth").write_text(f"{source.parents[1]}\n")
    (info / "direct_url.json").write_text(json.dumps({"url": "file://", "dir_info": {"editable": True}}))
    (info / "RECORD").write_text("acme.pth,,\nacme-1.dist-info/METADATA,,\n")
    monkeypatch.syspath_prepend(str(source.parents[1]))
    assert checked("-k", "LLM-01").content_hash == ""
    report = checked("-k", "LLM-01", "--wheel", str(acme))
    assert (report.content_hash, report.notes) == (wheel_hash(acme), [])
    source.write_bytes(CODE + b"x = 1\n")
    report = checked("-k", "LLM-01", "--wheel", str(acme))
    assert report.content_hash == ""
    assert report.notes == [
        "the code in acme-1-py3-none-any.whl is not what was run: build it again, then the report names it"
    ]
    code, printed = verified(acme, capsys)
    assert (code, "the code that was run came from none" in printed) == (1, True)


def test_a_wheel_is_what_its_record_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = wheel(tmp_path / "acme-1-py3-none-any.whl", {"acme/__init__.py": b"x = 1\n"})
    other = wheel(tmp_path / "acme-2-py3-none-any.whl", {"acme/__init__.py": b"x = 2\n"})
    assert wheel_hash(other) != wheel_hash(path)
    with zipfile.ZipFile(other, "a") as file:
        file.writestr("acme/more.py", "not in the record")
    with pytest.raises(ValueError, match=r"acme/more\.py is not the file"):
        wheel_hash(other)
