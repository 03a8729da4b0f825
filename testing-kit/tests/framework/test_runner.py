"""Right providers pass, and each wrong one fails the check that is meant for it."""

from __future__ import annotations

import re
import socket
import threading
from typing import Any

import framework_providers as providers
import pytest

from mrt_testing_kit import Target, TargetError, run
from mrt_testing_kit.catalogue import CATALOGUE, UnknownCheck, check
from mrt_testing_kit.context import Context
from mrt_testing_kit.manifest import TITLES
from mrt_testing_kit.runner import ordered
from mrt_testing_kit.session import Session

pytestmark = pytest.mark.usefixtures("small_checks")
SMALL = ["SCH-01", "LLM-01", "STR-10", "STR-11", "EMB-01"]


def check_it(provider: Any, ids: Any = None, **options: Any) -> Any:
    return run(provider, "openai", providers.CREDENTIALS, ids, **options)


def test_a_right_provider_passes_and_every_id_is_reported() -> None:
    report = check_it(providers.right)
    assert [(found.id, found.reason) for found in report.failed] == []
    assert [found.id for found in report.of("pass")] == [*SMALL, "MET-02", "MET-03", "MET-04", "MET-05", "MET-06"]
    assert sorted(report.checks) == sorted(TITLES)
    assert report["STR-11"].cases[0].model == "oracle-chat"
    assert {case.case for case in report["STR-11"].cases} == {"llm-stream", "llm-astream"}


def test_only_what_is_asked_for_is_run() -> None:
    report = check_it(providers.with_chat(providers.MadeUpFinish), "STR-11")
    assert report.status("STR-11") == "fail"
    assert not report.passed
    assert (report.status("LLM-01"), report["LLM-01"].reason) == ("not-run", "not asked for")


def test_a_failure_says_what_was_sent_what_came_and_how_to_mend_it() -> None:
    report = check_it(providers.with_chat(providers.MadeUpFinish), "STR-11")
    case = report["STR-11"].cases[0]
    for part in (
        "STR-11 [llm-stream, oracle-chat]: the call should have raised InvokeConnectionError",
        "POST /v1/chat/completions",
        "finish reason 'stop'",
        "BerriAI/litellm#42085",
        "Raise unless a finish reason was seen.",
    ):
        assert part in case.text
    assert "> POST /v1/chat/completions HTTP/1.1" in case.transcript
    # The client may have its answer a moment before the server notes that all of it is out.
    assert re.search(r"< status 200, \w+, faults F15\n< HTTP/1\.1 200 OK", case.transcript)
    assert '< data: {"id"' in case.transcript


def test_no_secret_stands_in_a_report() -> None:
    report = check_it(providers.with_chat(providers.Shouts), "LLM-01")
    assert "authorization: Bearer [secret]" in report["LLM-01"].cases[0].transcript
    assert "sk-canary-" not in report.to_json()
    assert report.credentials == providers.CREDENTIALS
    kept = run(providers.right, "openai", {**providers.CREDENTIALS, "api_key": "sk-test-own"}, "SCH-01")
    assert kept.credentials == providers.CREDENTIALS


def test_an_order_by_seed_gives_the_same_verdicts() -> None:
    first, second = check_it(providers.right), check_it(providers.right, seed=7)
    assert {found.id: found.status for found in first} == {found.id: found.status for found in second}
    session = Session(Target(providers.right, "openai", providers.CREDENTIALS))
    plain, mixed = session.cases(), ordered(session.cases(), 7)
    assert plain != mixed
    assert sorted(map(repr, plain)) == sorted(map(repr, mixed))
    assert {case.check.group for case in mixed[-4:]} == {"MET"}


def test_a_connection_to_elsewhere_is_refused_and_told() -> None:
    report = check_it(providers.with_chat(providers.CallsHome))
    assert report.status("LLM-01") == "pass"
    assert report.status("MET-06") == "fail"
    assert "telemetry.example.com during LLM-01[llm-sync]" in report["MET-06"].cases[0].text
    assert "guarded" not in socket.socket.connect.__qualname__


def test_system_exit_of_a_provider_ends_a_check_and_not_the_run() -> None:
    report = check_it(providers.with_chat(providers.Exits), ["LLM-01", "EMB-01"])
    assert report.status("LLM-01") == "fail"
    assert "SystemExit" in report["LLM-01"].reason
    assert report.status("EMB-01") == "pass"


def test_a_check_that_hangs_is_ended_and_the_next_one_is_judged_alone() -> None:
    gate = threading.Event()

    def hang(ctx: Context) -> None:
        """Waits for ever."""
        gate.wait(60)

    del CATALOGUE["LLM-01"]
    check("LLM-01", "hangs", limit=0.5, ways=["sync"])(hang)
    report = check_it(providers.right, ["LLM-01", "STR-10"])
    gate.set()
    assert report.status("LLM-01") == "fail"
    assert "did not end within" in report["LLM-01"].reason
    assert "gate.wait" in report["LLM-01"].cases[0].text
    assert report.status("STR-10") == "pass"


def test_a_provider_that_hangs_when_it_is_asked_for_models_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    class Hangs(providers.Chat):
        def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> Any:
            gate.wait(60)
            raise KeyError("late")

    monkeypatch.setattr("mrt_testing_kit.session.ASKING", 0.5)
    report = check_it(providers.with_chat(Hangs), ["LLM-01"])
    gate.set()
    assert "the provider hangs" in report["LLM-01"].reason
    assert "gate.wait" in report["LLM-01"].cases[0].text


def test_nothing_is_left_behind() -> None:
    check_it(providers.right, ["LLM-01"])
    before = set(threading.enumerate())
    report = check_it(providers.right)
    assert report.notes == []
    assert set(threading.enumerate()) == before


def test_a_target_may_be_named() -> None:
    report = check_it("framework_providers:wrong", ["STR-11", "EMB-01", "LLM-01"])
    assert [found.id for found in report.failed] == ["STR-11", "EMB-01"]
    assert report.source == "framework_providers:wrong"


def test_what_cannot_be_tested_is_refused() -> None:
    with pytest.raises(TargetError, match="no dialect 'nobody'; there are: anthropic"):
        Target(providers.right, "nobody")
    with pytest.raises(TargetError, match="cannot be imported"):
        Target("framework_providers:nothing", "openai")
    with pytest.raises(TargetError, match="no provider is named 'no-such-provider'"):
        Target("no-such-provider", "openai")
    with pytest.raises(TargetError, match="'speech' is no model type"):
        Target(providers.right, "openai", models={"speech": "x"})
    for wrong in (object(), lambda: 1 / 0):
        with pytest.raises(TargetError, match="cannot be loaded"):
            Target(wrong, "openai")
    with pytest.raises(UnknownCheck, match="did you mean STR-"):
        check_it(providers.right, ["STR-111"])


def test_a_model_type_without_a_model_fails() -> None:
    report = check_it(providers.right, ["LLM-01"], models={"llm": []})
    assert report.status("LLM-01") == "fail"
    assert "--model llm=NAME" in report["LLM-01"].cases[0].text


def test_undeclared_model_types_do_not_apply() -> None:
    report = check_it(lambda: providers.Small({"llm": providers.Chat}), ["EMB-01", "LLM-01"])
    assert report.status("EMB-01") == "not-applicable"
    assert report["EMB-01"].reason == "the provider declares no text-embedding"
    assert report.status("LLM-01") == "pass"


def test_model_types_that_the_dialects_servers_lack_do_not_apply() -> None:
    plain = {"server_url": "{server}", "api_key": "sk-test-any"}
    report = run(providers.right, "openllm-0.4", plain, ["EMB-01", "LLM-01"])
    assert report.status("EMB-01") == "not-applicable"
    assert report["EMB-01"].cases[0].reason == "servers of the dialect openllm-0.4 have no text-embedding models"
    assert report.status("LLM-01") == "pass"
    assert list(report.models) == ["llm"]
    # A server that has the endpoint is tested; this provider does not speak its dialect.
    report = run(providers.right, "openllm-0.4", plain, ["EMB-01"], settings={"generation": "0.3"})
    assert report.status("EMB-01") == "fail"
