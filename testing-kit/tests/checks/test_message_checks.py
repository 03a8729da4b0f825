"""Each check of messages, counts and credentials passes a right provider and fails the wrong ones meant for it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import wrong_credentials
import wrong_messages
from wrong_chat import CREDENTIALS, Wrong

from mrt.runtime.llm_finish import LLMCall
from mrt_testing_kit import run
from mrt_testing_kit.manifest import TITLES

GROUPS = ("CRD", "SEC", "CNT", "USG")
WRONG: tuple[Wrong, ...] = (*wrong_credentials.WRONG, *wrong_messages.WRONG)

# CRD-02 has a wrong provider among the tests of the framework, USG-12 below: core alone measures time.
ELSEWHERE = {"CRD-02", "USG-12"}


@pytest.fixture(autouse=True)
def same_environment() -> Iterator[None]:
    """Some wrong providers write into the environment."""
    kept = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.check}-{wrong.name}")
def test_a_wrong_provider_fails_the_check_that_is_meant_for_it(wrong: Wrong) -> None:
    report = run(wrong.provider, "openai", CREDENTIALS, wrong.check)
    assert report.status(wrong.check) == "fail"
    failed = next(case for case in report[wrong.check].cases if case.status == "fail")
    assert "broke off" not in failed.text
    assert "mend" in failed.text
    assert "sk-canary-" not in report.to_json()


@pytest.mark.parametrize("group", GROUPS)
def test_a_right_provider_passes(group: str) -> None:
    report = run(Wrong("right", "").provider, "openai", CREDENTIALS, group)
    assert {entry.id: entry.status for entry in report if entry.cases and entry.status != "pass"} == {}


def test_every_check_of_the_groups_has_a_wrong_provider() -> None:
    covered = {wrong.check for wrong in WRONG} | ELSEWHERE
    assert [id for id in TITLES if id.partition("-")[0] in GROUPS and id not in covered] == []


def test_a_runtime_that_measures_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """No provider can break this, since core measures; the check holds core to it."""
    right = LLMCall.usage

    def unmeasured(self: LLMCall, *arguments: object) -> object:
        found = right(self, *arguments)  # type: ignore[arg-type]
        found.latency = 0.0
        return found

    monkeypatch.setattr(LLMCall, "usage", unmeasured)
    assert run(Wrong("right", "").provider, "openai", CREDENTIALS, "USG-12").status("USG-12") == "fail"
