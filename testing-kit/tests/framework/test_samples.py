"""Wrong providers, each of which fails the check of the contract that is meant for it."""

from __future__ import annotations

import framework_providers as providers
import pytest

from mrt_testing_kit import run

WRONG = {
    "STR-10": providers.with_chat(providers.NeedsEndMark),
    "STR-11": providers.with_chat(providers.MadeUpFinish),
    "PAR-01": providers.with_chat(providers.DropsZero),
    "ERR-01": providers.with_chat(providers.CatchAll),
    "SEC-03": providers.with_chat(providers.KeyInMessage),
    "LLM-01": providers.with_chat(providers.Shouts),
    "EMB-01": providers.with_embed(providers.ReplyOrder),
    "CRD-02": providers.form_without_required,
}


@pytest.mark.parametrize("id", sorted(WRONG))
def test_a_wrong_provider_fails_the_check_that_is_meant_for_it(id: str) -> None:
    report = run(WRONG[id], "openai", providers.CREDENTIALS, id)
    assert report.status(id) == "fail"
    assert "sk-canary-" not in report.to_json()
