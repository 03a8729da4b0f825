from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, strategies as st
from oai_calls import make_call, make_response, run_flow

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, ModerationRequest
from mrt.entities.model import AIModelEntity
from mrt.errors import InvokeBadResponseError, InvokeError
from mrt.http.messages import HTTPResponse
from mrt_openai_compatible.dialect.moderation import OpenAIModerationModel, overlapping

MODEL = OpenAIModerationModel()
OFFENCE = "smashgore"


def call(text: str, **properties: Any) -> Invocation[Any]:
    schema = AIModelEntity.model_validate(
        {"model": "m", "model_type": ModelType.MODERATION, "model_properties": properties}
    )
    return make_call(ModerationRequest(text), model_type=ModelType.MODERATION, schema=schema)


def judge(given: str | list[str]) -> HTTPResponse:
    texts = given if isinstance(given, list) else [given]
    return make_response({"model": "served", "results": [
        {"flagged": OFFENCE in text, "categories": {"violence": OFFENCE in text}, "category_scores": {"violence": 0.5}}
        for text in texts
    ]})  # fmt: skip


def moderate(text: str, model: OpenAIModerationModel = MODEL, **properties: Any) -> Any:
    import json

    flow = model.exchange(call(text, **properties))
    request = next(flow)
    try:
        while True:
            request = flow.send(judge(json.loads(request.content)["input"]))
    except StopIteration as end:
        return end.value


def parse(result: Any) -> Any:
    return MODEL.parse_response(call("x"), make_response({"results": [result], "model": "served"}))


def test_one_text() -> None:
    result, [sent] = run_flow(MODEL, call("Hello"), [judge("Hello")])
    assert sent == {"model": "some-model", "input": "Hello"}
    assert not result
    assert (result.categories, result.scores, result.model) == ({"violence": False}, {"violence": 0.5}, "served")
    assert moderate(f"this is {OFFENCE}").categories == {"violence": True}


@given(st.integers(0, 300), st.integers(0, 300))
def test_an_offence_is_found_wherever_it_stands(before: int, after: int) -> None:
    class Small(OpenAIModerationModel):
        batch_size = 2

    text = "x" * before + OFFENCE + "y" * after
    assert moderate(text, Small(), max_characters_per_chunk=40)
    assert not moderate("x" * before + "y" * after, Small(), max_characters_per_chunk=40)


@given(st.text(max_size=200), st.integers(1, 40))
def test_pieces_cover_the_text(text: str, size: int) -> None:
    overlap = min(10, size // 2)
    pieces = overlapping(text, size, overlap)
    assert all(len(piece) <= size for piece in pieces)
    assert pieces[0] + "".join(piece[overlap:] for piece in pieces[1:]) == text


def test_a_short_reply_is_an_error() -> None:
    for results in ([], None, [{"flagged": False}] * 3, {}):
        with pytest.raises(InvokeBadResponseError):
            run_flow(MODEL, call("x" * 3500), [make_response({"results": results, "id": "m"})])


@pytest.mark.parametrize("result", [None, {}, {"flagged": None}, {"flagged": "no"}, {"categories": {}}, 5])
def test_what_does_not_say_whether_it_is_flagged_is_never_harmless(result: Any) -> None:
    with pytest.raises(InvokeBadResponseError):
        parse(result)


def test_categories_that_nobody_knows_and_scores_that_are_none() -> None:
    result = parse({
        "flagged": False, "categories": {"new/kind": True, "old": None},
        "category_scores": {"new/kind": 0.9, "old": None, "odd": math.nan, "text": "0.5"},
    })  # fmt: skip
    assert result.flagged
    assert result.categories == {"new/kind": True, "old": False}
    assert result.scores == {"new/kind": 0.9}


def test_categories_decide_where_the_flag_is_missing() -> None:
    assert parse({"categories": {"violence": True}})
    assert not parse({"categories": {"violence": False}})


def test_an_error_with_status_200_is_an_error() -> None:
    with pytest.raises(InvokeError, match="out of order"):
        run_flow(MODEL, call("x"), [make_response({"error": "out of order"})])
