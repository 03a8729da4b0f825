"""Calls that are broken off, made in other processes, and made among traps."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import framework_providers as providers
import pytest

from mrt_testing_kit import breaking
from mrt_testing_kit.ambient import TRAP, traps
from mrt_testing_kit.breaking import BLOCKED, broken_off, can_interrupt, interrupted
from mrt_testing_kit.catalogue import CATALOGUE, check, load
from mrt_testing_kit.child import call, source
from mrt_testing_kit.context import Context
from mrt_testing_kit.jobs import jobs
from mrt_testing_kit.references.openai_client import client
from mrt_testing_kit.report import CaseResult
from mrt_testing_kit.session import Session
from mrt_testing_kit.target import Target
from mrt_testing_kit.witness import features

Judge = Callable[..., CaseResult]


@pytest.fixture
def judge(small_checks: None) -> Judge:
    """Runs a function as a check (under a borrowed id) and returns the result of its first case."""

    def run(body: Callable[[Context], None], provider: Any = providers.right, **credentials: Any) -> CaseResult:
        CATALOGUE.pop("LLM-09", None)
        check("LLM-09", "a borrowed id", ways=["sync"])(body)
        with Session(Target(provider, "openai", {**providers.CREDENTIALS, **credentials})) as session:
            return session.run(session.cases_of(CATALOGUE["LLM-09"])[0])

    return run


def test_a_cancelled_call_is_told_from_one_that_blocks_and_one_that_answers(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else the kit waits for seconds before it says that the loop is blocked.
    monkeypatch.setattr(breaking, "BLOCKED_AFTER", 0.5)

    def body(ctx: Context) -> None:
        with ctx.fault("F47", where="first-byte", times=None) as silence:
            handle = ctx.handle()

            async def blocking() -> None:
                handle.invoke("Say hello.")

            assert broken_off(ctx, lambda: handle.ainvoke("Say hello."), lambda: silence.hits) == "CancelledError"
            before = len(silence.hits)
            assert broken_off(ctx, blocking, lambda: len(silence.hits) > before) == BLOCKED

        async def answering() -> None:
            return None

        assert broken_off(ctx, answering, lambda: True) in ("a result", "CancelledError")

    result = judge(body)
    assert result.status == "pass", result.text


@pytest.mark.skipif(not can_interrupt(), reason="threads cannot be interrupted here")
@pytest.mark.parametrize("by", [KeyboardInterrupt, SystemExit])
def test_an_interruption_is_seen_and_so_is_one_that_is_hidden(judge: Judge, by: type[BaseException]) -> None:
    def body(ctx: Context) -> None:
        handle = ctx.handle()

        def hiding() -> None:
            try:
                handle.invoke("Say hello.")
            except BaseException as error:
                raise ValueError("hidden") from error

        assert interrupted(ctx, lambda: handle.invoke("Say hello."), by) == by.__name__
        assert interrupted(ctx, hiding, by) == "ValueError"

    result = judge(body)
    assert result.status == "pass", result.text


def test_another_process_makes_a_call(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        job = jobs(ctx, 1)[0]
        assert source(ctx) == "framework_providers:plugin"
        assert call(ctx, job, "stream", ctx.credentials(), {"MRT_TRAP": "1"}) == ""
        assert ctx.server.requests[-1].body.count(b"stream") == 1
        said = call(ctx, job, "sync", ctx.credentials(api_key="sk-test-wrong"), {})
        assert said.startswith("InvokeAuthorizationError")

    result = judge(body, "framework_providers:plugin")
    assert result.status == "pass", result.text


def test_an_object_of_this_process_is_nothing_that_another_can_find(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        source(ctx)

    provider = providers.Small({"llm": providers.Chat})
    provider.package = ""
    assert judge(body, provider).status == "not-applicable"


def test_the_environment_is_full_of_traps_and_then_as_before(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        before = dict(os.environ)
        with traps(ctx, "http://127.0.0.1:9"):
            assert os.environ["OPENAI_API_KEY"] == os.environ["SMALL_API_KEY"] == TRAP
            assert os.environ["SMALL_SERVER_URL"] == os.environ["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:9"
            assert os.environ["OPENAI_CUSTOM_HEADERS"] == f"authorization: Bearer {TRAP}"
            assert TRAP in Path(os.environ["NETRC"]).read_text()
        assert dict(os.environ) == before

    result = judge(body)
    assert result.status == "pass", result.text


def test_words_alone_show_no_feature_at_work(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        ctx.chat("Say hello.").ok()
        assert features(ctx.requests[-1]) == set()

    result = judge(body)
    assert result.status == "pass", result.text


def test_a_client_that_read_the_environment_before_is_asked_in_a_fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    # Put back what the provider changes.
    monkeypatch.setattr(client, "getproxies", vars(client)["getproxies"])
    credentials = {"base_url": "{server}", "api_key": "{canary}"}
    with Session(Target("kept_proxies:plugin", "openai", credentials)) as session:
        cases = session.cases_of(load()["CRD-17"])
        result = session.run(next(case for case in cases if case.kind == "moderation"))
    assert result.status == "pass", result.text
