"""Every check of rerank passes a right provider, and fails one that breaks what it is for."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from workshop_text import CREDENTIALS
from wrong_rrk import RIGHT, WRONG

import mrt
from mrt.runtime.rerank import RerankHandle
from mrt_testing_kit import run


def test_a_right_provider_passes() -> None:
    report = run(RIGHT.make, "openai", CREDENTIALS, "RRK")
    assert [(found.id, found.status) for found in report if found.group == "RRK" and found.status != "pass"] == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_provider_fails(name: str) -> None:
    wrong = WRONG[name]
    report = run(wrong.make, "openai", CREDENTIALS, wrong.check)
    assert report.status(wrong.check) == "fail", report[wrong.check].reason


def test_a_runtime_that_sorts_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """No provider can break this, since core answers; the check holds core to it."""
    asked = RerankHandle._request

    def something(
        handle: RerankHandle, query: str, docs: Iterable[str], score_threshold: float | None, top_n: int | None
    ) -> mrt.RerankRequest:
        return asked(handle, query, list(docs) or ["nothing"], score_threshold, top_n)

    monkeypatch.setattr(RerankHandle, "_request", something)
    assert run(RIGHT.make, "openai", CREDENTIALS, "RRK-04").status("RRK-04") == "fail"
