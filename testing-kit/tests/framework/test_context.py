"""What a check can do with its context, each on a real server."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import framework_providers as providers
import pytest

import mrt
from mrt_testing_kit.catalogue import CATALOGUE, Way, check
from mrt_testing_kit.context import Context
from mrt_testing_kit.report import CaseResult
from mrt_testing_kit.server import Answer
from mrt_testing_kit.session import Session
from mrt_testing_kit.target import Target

Body = Callable[[Context], None]
Judge = Callable[..., CaseResult]


@pytest.fixture
def judge(small_checks: None) -> Judge:
    """Runs a function as a check (under a borrowed id) and returns the result of its first case."""

    def run(body: Body, provider: Any = providers.right, *, tier: Any = "wire", **fields: Any) -> CaseResult:
        CATALOGUE.pop("LLM-09", None)
        check("LLM-09", "a borrowed id", **{"ways": ["sync"], **fields})(body)
        with Session(Target(provider, "openai", providers.CREDENTIALS), tier=tier) as session:
            return session.run(session.cases_of(CATALOGUE["LLM-09"])[0])

    return run


@pytest.mark.parametrize("way", ["sync", "async", "stream", "astream"])
def test_every_way_gives_the_same_outcome(judge: Judge, way: Way) -> None:
    def body(ctx: Context) -> None:
        ctx.server.next_answer(Answer(["One", " two"], finish="length"))
        got = ctx.chat("Count.").ok()
        assert (got.text, got.finish) == ("One two", "length")
        assert got.body["messages"] == [{"role": "user", "content": "Count."}]
        assert len(got.requests) == 1
        assert got.usage is not None
        assert got.texts == (["One", " two"] if way in ("stream", "astream") else [])

    result = judge(body, ways=[way])
    assert (result.status, result.case) == ("pass", f"llm-{way}"), result.text


def test_a_failure_names_the_case_that_was_tried(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        with ctx.case("the first one"):
            ctx.expect(ctx.chat().ok().text, "no text came")
        with ctx.case("the second one"):
            ctx.equal(ctx.chat().ok().text, "never", "the text")

    result = judge(body)
    assert result.status == "fail"
    assert result.text.splitlines()[0].endswith("the text is wrong (the second one)")


def test_an_error_is_an_outcome_and_not_an_exception(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        with ctx.fault("F41", status=429):
            error = ctx.chat().fails(mrt.InvokeRateLimitError)
        assert error.status == 429
        with ctx.fault("F41", status=429):
            ctx.chat().fails(mrt.InvokeAuthorizationError)

    result = judge(body)
    assert result.status == "fail"
    assert "raised InvokeRateLimitError in place of InvokeAuthorizationError" in result.text


def test_a_fault_that_nobody_meets_fails(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        with ctx.fault("F41", status=500):
            assert ctx.kind == "llm"

    result = judge(body)
    assert result.status == "fail"
    assert "never ran into the fault" in result.reason


def test_a_fault_that_is_left_over_fails(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        ctx.server.fault("F41", status=500)

    assert "faults were not met" in judge(body).reason


def test_a_fault_that_the_dialect_cannot_show_ends_without_a_verdict(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        with ctx.fault("F50"):
            ctx.chat()

    result = judge(body)
    assert result.status == "not-applicable"
    assert "F50 cannot happen in the dialect openai" in result.reason


def test_a_strict_vendor_fails_what_a_lenient_one_lets_pass(judge: Judge) -> None:
    class Extra(providers.Chat):
        def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
            return {**given, "no_such_field": 1}

    def lenient(ctx: Context) -> None:
        ctx.chat().ok()

    def strict(ctx: Context) -> None:
        ctx.strict("S1")
        ctx.chat()

    assert judge(lenient, providers.with_chat(Extra)).status == "pass"
    result = judge(strict, providers.with_chat(Extra))
    assert result.status == "fail"
    assert "no_such_field" in result.text


def test_what_is_declared_has_to_be_tested(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        ctx.not_applicable("tools are hard")

    tools = providers.with_chat(providers.ClaimsTools)
    result = judge(body, tools, needs=["tool-call"])
    assert result.status == "fail"
    assert "declares tool-call" in result.reason
    assert judge(body, providers.right, needs=["tool-call"]).reason == "no llm model declares tool-call"
    assert judge(body, tools).status == "not-applicable"


def test_credentials_can_be_changed_and_point_to_another_server(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        assert "api_key" not in ctx.credentials(api_key=None)
        ctx.chat(credentials=ctx.credentials(api_key="sk-test-wrong")).fails(mrt.InvokeAuthorizationError)
        other = ctx.another_server()
        got = ctx.chat(credentials=ctx.credentials(server=other)).ok()
        assert got.requests == other.requests
        assert len(other.requests) == 1

    result = judge(body)
    assert result.status == "pass", result.text


def test_streams_can_be_left_early_and_coroutines_run(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        ctx.server.next_answer(Answer(["1", "2", "3", "4"]))
        assert ctx.chat(way="stream", until=2).texts == ["1", "2"]

        async def two() -> list[str]:
            handle = ctx.handle()
            return [found.text for found in await asyncio.gather(handle.ainvoke("A"), handle.ainvoke("B"))]

        assert ctx.run(two()) == [ctx.oracle.reply("A"), ctx.oracle.reply("B")]

    result = judge(body)
    assert result.status == "pass", result.text


@pytest.mark.parametrize(("tier", "times"), [("wire", 3), ("deep", 20)])
def test_properties_are_tried_on_random_inputs(judge: Judge, tier: str, times: int) -> None:
    seen: list[float] = []

    def fine(ctx: Context) -> None:
        ctx.explore(lambda rnd: seen.append(rnd.random()), times=3, deep=20)

    def wrong(ctx: Context) -> None:
        def body(rnd: random.Random) -> None:
            ctx.expect(rnd.randint(0, 3) < 3, "it was three")

        ctx.explore(body, times=50, deep=200)

    assert judge(fine, tier=tier).status == "pass"
    assert len(seen) >= min(times, 3)
    result = judge(wrong, tier=tier)
    assert (result.status, result.reason) == ("fail", "it was three")


def test_an_advisory_check_fails_nobody(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        ctx.fail("not nice")

    result = judge(body, level="advisory")
    assert (result.status, result.reason) == ("advisory", "not nice")


def test_a_check_that_breaks_off_says_where(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        raise KeyError("oops")

    result = judge(body)
    assert result.status == "fail"
    assert "the check broke off with KeyError: 'oops'" in result.reason
    assert "test_context.py" in result.text
