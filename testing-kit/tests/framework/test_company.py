"""What else a check puts into a call, and what some parameters need beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from mrt import (
    AIModelEntity,
    HTTPRequest,
    I18nObject,
    Invocation,
    InvokeBadRequestError,
    LLMRequest,
    ParameterRule,
    ParameterType,
    Provider,
)
from mrt_testing_kit.asking import accepted, needed
from mrt_testing_kit.catalogue import CATALOGUE, check
from mrt_testing_kit.company import STOP, USER, Company, ask, beside, companies
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import OFFERED, heard
from mrt_testing_kit.references import openai_http
from mrt_testing_kit.references.openai_http.llm import ReferenceLLM
from mrt_testing_kit.report import CaseResult
from mrt_testing_kit.session import Session
from mrt_testing_kit.target import Target

CREDENTIALS = {"base_url": "{server}", "api_key": "{canary}"}
OTHERS = {
    "text-embedding": "text_embedding:ReferenceEmbedding",
    "rerank": "rerank:ReferenceRerank",
    "speech2text": "speech2text:ReferenceSpeech2Text",
    "tts": "tts:ReferenceTTS",
    "moderation": "moderation:ReferenceModeration",
}
Judge = Callable[..., CaseResult]


class Fussy(ReferenceLLM):
    """Refuses what its vendor does not take together, and sends a limit of thinking beside the switch alone."""

    refused: ClassVar[tuple[str, ...]] = ()
    why: ClassVar[type[Exception]] = InvokeBadRequestError

    def build_request(self, invocation: Invocation[LLMRequest]) -> HTTPRequest:
        asked = invocation.request
        given = {"tools": asked.tools, "stop": asked.stop, **asked.model_parameters}
        if self.refused and all(given.get(name) for name in self.refused):
            raise self.why("not together")
        if "thinking_budget" in asked.model_parameters and not asked.model_parameters.get("thinking"):
            raise InvokeBadRequestError("thinking_budget is for calls that think")
        return super().build_request(invocation)

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return a schema with a parameter that means something beside another one only."""
        schema = super().get_customizable_model_schema(model, credentials)
        kinds = {"thinking": ParameterType.BOOLEAN, "thinking_budget": ParameterType.INT}
        more = [ParameterRule(name=name, label=I18nObject(en_US=name), type=kind) for name, kind in kinds.items()]
        return schema.model_copy(update={"parameter_rules": [*schema.parameter_rules, *more]})


def fussy(*refused: str, why: type[Exception] = InvokeBadRequestError) -> Provider:
    cls = type("Fussier", (Fussy,), {"refused": refused, "why": why})
    others = {kind: f"{openai_http.__name__}.{source}" for kind, source in OTHERS.items()}
    return Provider(openai_http.__name__, models={**others, "llm": cls})


@pytest.fixture
def judge(small_checks: None) -> Judge:
    """Runs a function as a check, under a borrowed id, and returns the result of its first case."""

    def run(body: Callable[[Context], None], provider: Any = openai_http.plugin) -> CaseResult:
        CATALOGUE.pop("LLM-09", None)
        check("LLM-09", "a borrowed id", ways=["sync"])(body)
        with Session(Target(provider, "openai", CREDENTIALS)) as session:
            return session.run(session.cases_of(CATALOGUE["LLM-09"])[0])

    return run


def test_what_a_model_takes_is_in_a_call_one_by_one_and_together(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        met = dict(beside(ctx, parameters={"seed": 37}))
        assert {"in a longer conversation", "beside tools", "beside an image", "beside temperature"} <= set(met)
        assert "beside seed" not in met
        assert all(got.body["seed"] == 37 for got in met.values())
        assert "tools" not in met["beside an image"].body
        whole = met["beside everything else"]
        assert {"tools", "temperature", "response_format", "tool_choice"} <= set(whole.body)
        assert (whole.body["user"], whole.body["stop"]) == (USER, [STOP])
        assert len(heard(whole).images) == 1
        assert len([turn for turn in heard(whole).turns if turn.results]) == 1

    result = judge(body)
    assert result.status == "pass", result.text


def test_what_the_check_gives_itself_is_not_given_again(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        assert [company.stop for company in companies(ctx, without=["stop"]) if company.stop] == []
        for name, got in beside(ctx, stop=["END"], without=["history"]):
            assert got.body["stop"] == ["END"], name
            assert len(heard(got).turns) == 2, name

    result = judge(body)
    assert result.status == "pass", result.text


def test_what_a_provider_refuses_before_it_asks_is_left_out(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        met = dict(beside(ctx, stop=["END"]))
        assert "beside tools" not in met
        assert "beside an image" in met
        whole = met["beside everything else"]
        assert "tools" not in whole.body
        assert len(heard(whole).images) == 1
        # The answer that was meant for the call is not left for the next one.
        assert ctx.chat("Say hello.").ok().text == ctx.oracle.reply("Say hello.")

    result = judge(body, fussy("tools", "stop"))
    assert result.status == "pass", result.text


def test_another_error_is_the_failure_of_the_company(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        list(beside(ctx, stop=["END"]))

    result = judge(body, fussy("tools", "stop", why=RuntimeError))
    assert result.status == "fail"
    assert "beside tools" in result.text


def test_companies_are_joined() -> None:
    one = Company("beside a user", user="u", parameters={"a": 1}, stop=["x"])
    both = one.with_(Company("beside tools", tools=OFFERED, image=True, parameters={"b": 2}, stop=["y"]))
    assert both == Company(
        "beside a user, beside tools", [], True, {"a": 1, "b": 2}, tools=OFFERED, stop=["x", "y"], user="u"
    )


def test_a_parameter_is_tried_beside_the_switch_that_it_needs(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        got, without, with_ = needed(ctx, {"thinking_budget": 1237})
        assert with_ == {"thinking": True}
        assert got.ok().body["thinking_budget"] == 1237
        assert without.ok().body["thinking"] is True
        assert "thinking_budget" not in without.body
        got, without = accepted(ctx, {"seed": 37})
        assert (got.ok().body["seed"], "thinking" in without.body) == (37, False)

    result = judge(body, fussy())
    assert result.status == "pass", result.text


def test_a_parameter_that_is_refused_whatever_is_beside_it_stays_refused(judge: Judge) -> None:
    def body(ctx: Context) -> None:
        got, _, with_ = needed(ctx, {"seed": 37})
        assert with_ == {}
        got.fails(InvokeBadRequestError)
        assert ask(ctx, Company("beside a seed", parameters={"seed": 37})) is None

    result = judge(body, fussy("seed"))
    assert result.status == "pass", result.text
