"""Every check of moderation passes a right provider, and fails one that breaks what it is for."""

from __future__ import annotations

import pytest
from workshop_text import CREDENTIALS
from wrong_mod import RIGHT, WRONG

import mrt
from mrt.runtime.moderation import ModerationHandle
from mrt_testing_kit import run


def test_a_right_provider_passes() -> None:
    report = run(RIGHT.make, "openai", CREDENTIALS, "MOD")
    assert [(found.id, found.status) for found in report if found.group == "MOD" and found.status != "pass"] == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_provider_fails(name: str) -> None:
    wrong = WRONG[name]
    report = run(wrong.make, "openai", CREDENTIALS, wrong.check)
    assert report.status(wrong.check) == "fail", report[wrong.check].reason


def test_a_runtime_that_flags_the_empty_text_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """No provider can break this, since core answers; the check holds core to it."""

    def flagged(handle: ModerationHandle, text: str) -> mrt.ModerationRequest:
        return mrt.ModerationRequest(text or "smashgore")

    monkeypatch.setattr(ModerationHandle, "_request", flagged)
    assert run(RIGHT.make, "openai", CREDENTIALS, "MOD-02").status("MOD-02") == "fail"
