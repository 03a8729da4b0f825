"""Each check of language models passes a right provider and fails the wrong ones that are meant for it."""

from __future__ import annotations

import pytest
import wrong_answers
import wrong_asking
import wrong_tools
from wrong_chat import CREDENTIALS, Wrong

from mrt_testing_kit import run
from mrt_testing_kit.manifest import TITLES

GROUPS = ("LLM", "TOL", "PAR", "RSN")
WRONG: tuple[Wrong, ...] = (*wrong_answers.WRONG, *wrong_asking.WRONG, *wrong_tools.WRONG)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.check}-{wrong.name}")
def test_a_wrong_provider_fails_the_check_that_is_meant_for_it(wrong: Wrong) -> None:
    report = run(wrong.provider, "openai", CREDENTIALS, wrong.check)
    assert report.status(wrong.check) == "fail"
    failed = next(case for case in report[wrong.check].cases if case.status == "fail")
    assert "expected" in failed.text
    assert "mend" in failed.text


@pytest.mark.parametrize("group", GROUPS)
def test_a_right_provider_passes(group: str) -> None:
    report = run(Wrong("right", "").provider, "openai", CREDENTIALS, group)
    assert {entry.id: entry.status for entry in report if entry.cases and entry.status != "pass"} == {}


def test_every_check_of_the_groups_has_a_wrong_provider() -> None:
    covered = {wrong.check for wrong in WRONG}
    assert [id for id in TITLES if id.partition("-")[0] in GROUPS and id not in covered] == []
