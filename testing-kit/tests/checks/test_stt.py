"""Every check of transcription passes a right provider, and fails one that breaks what it is for."""

from __future__ import annotations

from typing import Any

import pytest
from workshop_text import CREDENTIALS
from wrong_stt import RIGHT, WRONG

import mrt
from mrt.runtime import speech
from mrt.runtime.speech import Speech2TextHandle
from mrt_testing_kit import run


def test_a_right_provider_passes() -> None:
    report = run(RIGHT.make, "openai", CREDENTIALS, "STT")
    assert [(found.id, found.status) for found in report if found.group == "STT" and found.status != "pass"] == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_provider_fails(name: str) -> None:
    wrong = WRONG[name]
    report = run(wrong.make, "openai", CREDENTIALS, wrong.check)
    assert report.status(wrong.check) == "fail", report[wrong.check].reason


# No provider can break these, since core reads the file; the checks hold core to it.


def test_a_runtime_that_sends_empty_files_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def anything(handle: Speech2TextHandle, file: Any) -> mrt.Speech2TextRequest:
        return mrt.Speech2TextRequest(speech.read_audio(file))

    monkeypatch.setattr(Speech2TextHandle, "_request", anything)
    assert run(RIGHT.make, "openai", CREDENTIALS, "STT-02").status("STT-02") == "fail"


def test_a_runtime_that_closes_files_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    read = speech.read_audio

    def closing(file: Any) -> mrt.AudioFile:
        found = read(file)
        if hasattr(file, "close"):
            file.close()
        return found

    monkeypatch.setattr(speech, "read_audio", closing)
    assert run(RIGHT.make, "openai", CREDENTIALS, "STT-05").status("STT-05") == "fail"
