"""Every check of embeddings passes a right provider, and fails one that breaks what it is for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from workshop_text import CREDENTIALS
from wrong_emb import RIGHT, WRONG

import mrt
from mrt.runtime.embedding import TextEmbeddingHandle
from mrt_testing_kit import run


def test_a_right_provider_passes() -> None:
    report = run(RIGHT.make, "openai", CREDENTIALS, "EMB")
    assert [(found.id, found.status) for found in report if found.group == "EMB" and found.status != "pass"] == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_provider_fails(name: str) -> None:
    wrong = WRONG[name]
    report = run(wrong.make, "openai", CREDENTIALS, wrong.check)
    assert report.status(wrong.check) == "fail", report[wrong.check].reason


def test_a_runtime_that_asks_for_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """No provider can break this, since core answers; the check holds core to it."""
    asked = TextEmbeddingHandle._request

    def something(handle: TextEmbeddingHandle, texts: Iterable[str], input_type: Any) -> mrt.TextEmbeddingRequest:
        return asked(handle, list(texts) or ["nothing"], input_type)

    monkeypatch.setattr(TextEmbeddingHandle, "_request", something)
    assert run(RIGHT.make, "openai", CREDENTIALS, "EMB-08").status("EMB-08") == "fail"
