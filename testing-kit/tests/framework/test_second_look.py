"""MET-01 and MET-08: they look at a whole run, so each gets a run of a few checks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from mrt import InvokeBadRequestError, Provider
from mrt_testing_kit.references import openai_http
from mrt_testing_kit.references.openai_http.llm import ReferenceLLM
from mrt_testing_kit.report import CaseResult
from mrt_testing_kit.session import Case, Session
from mrt_testing_kit.target import Target

CREDENTIALS = {"base_url": "{server}", "api_key": "{canary}"}
KINDS = ("llm", "text-embedding", "rerank", "speech2text", "tts", "moderation")


class Few(Session):
    """A run in which the contract has a few checks only, of language models alone."""

    few: tuple[str, ...] = ()

    def cases(self, ids: Iterable[str] | None = None) -> list[Case]:
        return [case for case in super().cases(ids) if case.check.id in self.few and case.kind in (None, "llm")]


def results(plugin: Any, *ids: str) -> dict[str, CaseResult]:
    target = Target(plugin, "openai", CREDENTIALS)
    # The other model types would have to be seen to work as well.
    target.entity = target.entity.model_copy(update={"supported_model_types": target.entity.supported_model_types[:1]})
    with Few(target) as session:
        session.few = ids
        return {result.name: result for result in map(session.run, session.cases())}


def made(cls: type[ReferenceLLM]) -> Provider:
    others = dict(openai_http.plugin._sources)
    return Provider(openai_http.__name__, models={**{str(kind): source for kind, source in others.items()}, "llm": cls})


class Tired(ReferenceLLM):
    """Refuses calls once it has had enough of them."""

    calls = 0

    def build_request(self, invocation: Any) -> Any:
        type(self).calls += 1
        if self.calls > 9:
            raise InvokeBadRequestError("enough")
        return super().build_request(invocation)


def test_what_changes_from_run_to_run_is_found() -> None:
    right = results(openai_http.plugin, "LLM-08", "MET-08")
    assert {result.status for result in right.values()} == {"pass"}
    Tired.calls = 0
    found = results(made(Tired), "LLM-08", "MET-08")
    first = {name: result.status for name, result in found.items() if name != "MET-08"}
    assert "pass" in first.values()
    assert found["MET-08"].status == "fail"
    assert "then fail" in found["MET-08"].text


class Mute(ReferenceLLM):
    """Drops the calls of every answer."""

    def parse_response(self, invocation: Any, response: Any) -> Any:
        result = super().parse_response(invocation, response)
        result.message.tool_calls.clear()
        return result


@pytest.mark.parametrize(("cls", "status"), [(ReferenceLLM, "pass"), (Mute, "fail")])
def test_a_feature_of_which_nothing_works_is_found(cls: type[ReferenceLLM], status: str) -> None:
    found = results(made(cls), "LLM-08", "TOL-01", "MET-01")
    assert found["MET-01"].status == status, found["MET-01"].text
