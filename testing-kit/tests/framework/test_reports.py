"""Reports in every form."""

from __future__ import annotations

import inspect
import json
import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import framework_providers as providers
import pytest

from mrt_testing_kit import CONTRACT, Report, run
from mrt_testing_kit.badge import as_svg, words
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import NotRun
from mrt_testing_kit.given import key_field
from mrt_testing_kit.manifest import GROUPS, TITLES
from mrt_testing_kit.report_html import as_html
from mrt_testing_kit.report_text import as_markdown, as_text, summary

GREEN, AMBER = "#2e7d32", "#b26a00"
FIELDS = [{**field, "required": field["variable"] == "server_url"} for field in providers.FORM]


def keyless() -> providers.Small:
    """Return a provider whose key may be left out."""
    form = {"credential_form_schemas": FIELDS}
    return providers.Small({"llm": providers.Chat}, model_credential_schema=form)


@pytest.fixture
def red(small_checks: None) -> Report:
    return run("framework_providers:wrong", "openai", providers.CREDENTIALS, ["STR-11", "STR-10", "LLM-01"])


def test_json_holds_everything_and_comes_back(red: Report) -> None:
    data = json.loads(red.to_json())
    assert list(data["checks"]) == list(TITLES)
    assert data["checks"]["STR-11"]["status"] == "fail"
    assert (data["contract"], data["passed"], data["counts"]["fail"]) == (CONTRACT, False, 1)
    again = Report.from_json(red.to_json())
    assert again == red
    data["models"] = 3
    for text in ("[]", "{}", '{"checks": {"STR-11": {"status": "good", "cases": []}}}', "no", json.dumps(data)):
        with pytest.raises(ValueError, match="is no report of the testing kit"):
            Report.from_json(text)


def test_text_shows_a_failure_once_for_all_ways(red: Report) -> None:
    text = as_text(red)
    assert text.count("STR-11 [") == 1
    assert "also:     llm-astream" in text
    assert text.splitlines()[-2:] == ["failed: STR-11", summary(red)]
    assert summary(red) == f"{CONTRACT} (partial: 3 of 310): 1 fail, 2 pass, 0 known bugs, 307 not run"


def test_text_shows_a_bug_of_the_plugin_once_for_all_checks_with_its_line(small_checks: None) -> None:
    class Buggy(providers.Chat):
        def build_request(self, invocation: Any) -> Any:
            return invocation.request.description

    def judges_later(ctx: Context) -> None:
        """Looks at the call when the fault should have been met."""
        with ctx.fault("F15"):
            ctx.chat("Hi")

    def calls_by_itself(ctx: Context) -> None:
        """Lets out what the call raises."""
        ctx.handle().invoke("Hi")

    check("STR-12", "a cut", fix="-")(judges_later)
    check("STR-13", "a stall", fix="-")(calls_by_itself)
    report = run(providers.with_chat(Buggy), "openai", providers.CREDENTIALS, ["STR", "LLM-01"])
    text = as_text(report)
    assert text.count("AttributeError") == 1
    assert "  also:     llm-async, llm-stream, llm-astream; STR-10, STR-11, STR-12, STR-13\n" in text
    assert "note:     PluginError: the plugin 'small'" in report["STR-12"].cases[0].text
    line = inspect.getsourcelines(Buggy)[1] + 2
    assert re.search(rf"test_reports\.py:{line}, in build_request\]", text)


def test_what_was_not_run_is_told_with_the_reason(small_checks: None) -> None:
    def lacks_a_wheel(ctx: Context) -> None:
        """Needs a wheel."""
        raise NotRun("give --wheel FILE")

    check("PKG-02", "installs", tier="static", fix="-")(lacks_a_wheel)
    report = run(providers.right, "openai", providers.CREDENTIALS)
    assert (report.status("PKG-02"), report["PKG-02"].cases[0].reason) == ("not-run", "give --wheel FILE")
    assert "\n  PKG-02: give --wheel FILE\n" in as_text(report)
    # What the kit could not do alone makes no run a partial one.
    assert report.left_out == []
    assert "| PKG-02 | installs | not-run | give --wheel FILE |" in as_markdown(report)


def test_a_run_without_a_key_says_that_secrets_were_not_looked_for(small_checks: None) -> None:
    def secrets(ctx: Context) -> None:
        """Needs the canary."""
        key_field(ctx)

    check("SEC-01", "repr", ways=["sync"], fix="-")(secrets)
    given = {"server_url": "{server}"}
    report = run(keyless(), "openai", given, "SEC-01")
    assert report.status("SEC-01") == "not-applicable"
    assert report.notes == ["SEC was not checked, for the credentials hold no key: give api_key as {canary}"]
    assert run(keyless(), "openai", given, "LLM-01").notes == []
    own = run(keyless(), "openai", {**given, "api_key": "sk-test-own"}, "SEC-01")
    assert (own.status("SEC-01"), own.credentials["api_key"]) == ("pass", "{canary}")
    assert own.notes[0].startswith("api_key held a key, and {canary} was put in its place")


def test_markdown_has_a_row_per_check_that_ran_and_the_failures(red: Report) -> None:
    page = as_markdown(red)
    lines = page.splitlines()
    assert next(line for line in lines if line.startswith("| STR-")).startswith("| STR-10 | no end mark")
    assert len([line for line in lines if line.startswith("| ") and "-" in line.split()[1]]) == 3
    details = page[page.index("<details><summary>STR-11 [llm-stream") : page.index("</details>")]
    for name in ("sent:", "came:", "expected:", "mend:"):
        assert f"\n  {name}" in details


def test_html_is_well_formed_and_needs_nothing_from_outside(red: Report) -> None:
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.rows: set[str] = set()

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            fields = dict(attrs)
            assert "src" not in fields
            assert str(fields.get("href", "#")).startswith("#")
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
    assert '<li><a href="#STR-11">STR-11</a>' in page
    boxes = re.findall(r'data-status="(\S+)"( checked)?> ', page)
    assert boxes == [("fail", " checked"), ("pass", ""), ("not-run", "")]
    assert "<script>alert" not in as_html(Report("<script>alert(1)</script>", "openai", red.checks))


def test_badges_name_the_contract(red: Report) -> None:
    root = ElementTree.fromstring(as_svg(red))
    assert root.attrib["aria-label"] == f"{CONTRACT}: 1 failing"
    assert red.failed
    part = run(providers.right, "openai", providers.CREDENTIALS, ["LLM-01"])
    assert words(part) == (CONTRACT, "partial: 1 of 310", AMBER)
    whole = run(providers.right, "openai", providers.CREDENTIALS)
    passes = whole.counts["pass"]
    assert words(whole) == (CONTRACT, f"{passes} pass", GREEN)
    whole["STR-11"].status = "vendor-unsupported"
    assert words(whole) == (CONTRACT, f"{passes - 1} pass, 1 excused", GREEN)
    whole["STR-10"].status = "known-bug"
    assert words(whole) == (CONTRACT, f"{passes - 2} pass, 1 excused, 1 known bug", AMBER)
    assert run(providers.right, "openai", providers.CREDENTIALS, tier="static").left_out != []


def test_every_group_has_a_title() -> None:
    assert len(TITLES) == 310
    assert {id.partition("-")[0] for id in TITLES} == set(GROUPS)
