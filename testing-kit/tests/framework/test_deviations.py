"""contract.toml: what it may excuse, and what it may not."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import framework_providers as providers
import pytest

from mrt_testing_kit import run
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.deviations import parse, read

pytestmark = pytest.mark.usefixtures("small_checks")
DOCS = "https://example.com/docs"
LATER = datetime.date.today() + datetime.timedelta(days=30)
PAST = datetime.date.today() - datetime.timedelta(days=1)
REASON = "The vendor cannot do it."
UNLINKED = f'level = "known-bug"\nreason = "{REASON}"\nexpires = {LATER}\n'
BUG = {"level": "known-bug", "reason": REASON, "link": "https://example.com/1", "expires": LATER}
ALL = ["STR-11", "LLM-01", "MET-02", "MET-03", "MET-07"]


def check_it(provider: Any, table: dict[str, Any], ids: Any = ALL) -> Any:
    return run(provider, "openai", providers.CREDENTIALS, ids, config=parse(table))


def test_a_deviation_excuses_a_failure_with_its_level_and_reason() -> None:
    wrong = providers.with_chat(providers.MadeUpFinish)
    for level in ("vendor-unsupported", "not-implemented"):
        report = check_it(wrong, {"STR-11": {"level": level, "reason": REASON, "link": DOCS}})
        assert (report["STR-11"].status, report["STR-11"].reason) == (level, REASON)
        assert report.passed
    assert check_it(wrong, {"STR-11": BUG}).status("STR-11") == "known-bug"


def test_a_check_that_passes_although_it_is_listed_fails() -> None:
    report = check_it(providers.right, {"STR-11": BUG})
    assert report.status("STR-11") == "fail"
    assert "it passes: take the entry out" in report["STR-11"].reason


def test_an_entry_that_is_too_wide_is_told_how_to_be_narrower() -> None:
    def works_for_texts(ctx: Context) -> None:
        """Fails for chat."""
        ctx.expect(ctx.kind != "llm", "it does not work")

    check("ERR-01", "works", ways=["sync"])(works_for_texts)
    entry = {"level": "not-implemented", "reason": REASON}
    report = check_it(providers.right, {"ERR-01": entry}, ["ERR-01"])
    assert [(case.case, case.status) for case in report["ERR-01"].cases] == [
        ("llm-sync", "not-implemented"),
        ("text-embedding-sync", "fail"),
    ]
    assert 'take the entry out, or limit it with model_types = ["llm"]' in report["ERR-01"].reason
    report = check_it(providers.right, {"ERR-01": {**entry, "model_types": ["llm"]}}, ["ERR-01"])
    assert report.status("ERR-01") == "not-implemented"


def test_a_deviation_may_be_for_some_ways_only() -> None:
    wrong = providers.with_chat(providers.MadeUpFinish)
    report = check_it(wrong, {"STR-11": {**BUG, "ways": ["stream"]}})
    assert [case.status for case in report["STR-11"].cases] == ["known-bug", "fail"]


def test_an_expired_known_bug_fails() -> None:
    wrong = providers.with_chat(providers.MadeUpFinish)
    report = check_it(wrong, {"STR-11": {**BUG, "expires": PAST}})
    assert report.status("STR-11") == "fail"
    assert report.status("MET-03") == "fail"
    assert str(PAST) in report["MET-03"].cases[0].text


def test_a_declared_model_type_cannot_be_excused() -> None:
    wrong = providers.with_chat(providers.Shouts)
    report = check_it(wrong, {"LLM-01": {"level": "not-implemented", "reason": REASON}})
    assert report.status("LLM-01") == "fail"
    assert "cannot do without LLM-01" in report["LLM-01"].reason
    assert check_it(wrong, {"LLM-01": {**BUG, "ways": ["sync", "async"]}}).status("LLM-01") == "known-bug"


def test_a_wrong_file_is_told_in_a_run_of_one_check(tmp_path: Path) -> None:
    file = tmp_path / "contract.toml"
    for text, by in (("[STR-11", "MET-02"), ("[SRT-11]\n", "MET-02"), (f"[STR-10]\n{UNLINKED}", "MET-03")):
        file.write_text(text)
        report = run(providers.right, "openai", providers.CREDENTIALS, "LLM-01", config=file)
        assert [found.id for found in report.failed] == [by]
        assert report.status("LLM-01") == "pass"


@pytest.mark.parametrize(
    ("id", "fields", "told", "by"),
    [
        ("STR-99", BUG, "'STR-99' is no check of", "MET-02"),
        ("STR", BUG, "[STR] is not one check", "MET-02"),
        ("STR-11", {"level": "known-bug"}, "has no reason", "MET-02"),
        ("STR-11", {**BUG, "reason": "bug"}, "reason 'bug' is too short", "MET-02"),
        ("STR-11", {"level": "vendor-unsupported", "reason": REASON}, "without link: give the vendor's page", "MET-02"),
        ("STR-11", {**BUG, "expires": LATER + datetime.timedelta(366)}, "is the latest day", "MET-03"),
        ("STR-11", {"level": "wontfix", "reason": REASON}, "level is 'wontfix'", "MET-02"),
        ("STR-11", {**BUG, "because": 1}, "unknown key 'because'", "MET-02"),
        ("STR-11", {**BUG, "ways": ["sideways"]}, "ways has 'sideways'", "MET-02"),
        ("STR-11", {**BUG, "model_types": "llm"}, "model_types is 'llm'; it is a list", "MET-02"),
        ("STR-11", 3, "is no table", "MET-02"),
        ("STR-11", {**BUG, "expires": "2030-01-01"}, "write a date without quotes", "MET-03"),
        ("STR-11", {"level": "known-bug", "reason": REASON, "expires": LATER}, "without link", "MET-03"),
        ("STR-11", {"level": "known-bug", "reason": REASON, "link": "x"}, "without expires", "MET-03"),
    ],
)
def test_a_wrong_entry_fails_the_run_and_excuses_nothing(id: str, fields: Any, told: str, by: str) -> None:
    report = check_it(providers.with_chat(providers.MadeUpFinish), {id: fields})
    assert report.status(by) == "fail"
    assert told in report[by].cases[0].text
    assert report.status("STR-11") == "fail"


def test_a_file_names_the_contract_for_which_it_was_reviewed() -> None:
    assert check_it(providers.right, {}).status("MET-07") == "not-applicable"
    assert check_it(providers.right, {"contract": "MRT-C 2026.1"}).status("MET-07") == "pass"
    assert check_it(providers.right, {"contract": "MRT-C 2025.3"}).status("MET-07") == "fail"


def test_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "contract.toml"
    file.write_text('contract = "MRT-C 2026.1"\n[LLM-04]\nlevel = "not-implemented"\nreason = "It names no model."\n')
    found = read(file)
    assert (found.entries["LLM-04"].reason, found.contract, found.problems) == (
        "It names no model.",
        "MRT-C 2026.1",
        [],
    )
    file.write_text("[TOL-05\n")
    assert "is no TOML" in read(file).problems[0].sentence
    assert read(tmp_path / "absent.toml").entries == {}
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "absent.toml", must_exist=True)
