"""Every check of speech passes a right provider, and fails one that breaks what it is for."""

from __future__ import annotations

import pytest
from workshop_text import CREDENTIALS
from wrong_tts import RIGHT, WRONG

import mrt
from mrt.runtime.speech import TTSHandle
from mrt_testing_kit import run


def test_a_right_provider_passes() -> None:
    report = run(RIGHT.make, "openai", CREDENTIALS, "TTS")
    assert [(found.id, found.status) for found in report if found.group == "TTS" and found.status != "pass"] == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_provider_fails(name: str) -> None:
    wrong = WRONG[name]
    report = run(wrong.make, "openai", CREDENTIALS, wrong.check)
    assert report.status(wrong.check) == "fail", report[wrong.check].reason


def test_a_runtime_that_speaks_the_empty_text_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """No provider can break this, since core refuses; the check holds core to it."""

    def anything(handle: TTSHandle, content_text: str, voice: str | None) -> mrt.TTSRequest:
        return mrt.TTSRequest(content_text or "nothing", voice)

    monkeypatch.setattr(TTSHandle, "_request", anything)
    assert run(RIGHT.make, "openai", CREDENTIALS, "TTS-03").status("TTS-03") == "fail"
