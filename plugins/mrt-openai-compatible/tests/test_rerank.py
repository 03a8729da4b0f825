from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st
from oai_calls import make_call, make_response, run_flow

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, RerankRequest
from mrt.errors import InvokeBadRequestError, InvokeBadResponseError, InvokeError
from mrt_openai_compatible.dialect.rerank import OpenAIRerankModel

MODEL = OpenAIRerankModel()
DOCS = ("zero", "one", "two")


def call(docs: Sequence[str] = DOCS, **fields: Any) -> Invocation[Any]:
    return make_call(RerankRequest("query", docs, **fields), model_type=ModelType.RERANK)


def results(*pairs: tuple[Any, Any], **more: Any) -> dict[str, Any]:
    return {"results": [{"index": index, "relevance_score": score, **more} for index, score in pairs]}


def rank(value: Any, docs: Sequence[str] = DOCS, **fields: Any) -> list[tuple[int, str, float]]:
    result, _ = run_flow(MODEL, call(docs, **fields), [make_response(value)])
    return [(doc.index, doc.text, doc.score) for doc in result.docs]


def test_the_request() -> None:
    _, [sent] = run_flow(MODEL, call(top_n=2), [make_response(results((0, 0.5)))])
    assert sent == {
        "model": "some-model", "query": "query", "documents": list(DOCS), "return_documents": False, "top_n": 2,
    }  # fmt: skip
    assert "top_n" not in run_flow(MODEL, call(), [make_response(results((0, 0.5)))])[1][0]


def test_documents_are_named_by_index_and_sorted_best_first() -> None:
    assert rank(results((1, 0.25), (2, 0.75), (0, 0.5))) == [(2, "two", 0.75), (0, "zero", 0.5), (1, "one", 0.25)]


def test_equal_scores_keep_the_order_of_the_documents() -> None:
    assert [index for index, _, _ in rank(results((2, 0.5), (0, 0.5), (1, 0.5)))] == [0, 1, 2]


@pytest.mark.parametrize("document", [None, "other text", {"text": "other text"}, {}])
def test_texts_are_the_callers_whatever_the_server_echoes(document: Any) -> None:
    assert rank(results((1, 0.5), document=document)) == [(1, "one", 0.5)]


def test_equal_documents_are_told_apart() -> None:
    assert rank(results((1, 0.9), (0, 0.1)), ["same", "same"]) == [(1, "same", 0.9), (0, "same", 0.1)]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8))
def test_scores_are_the_servers_own(scores: list[float]) -> None:
    found = rank(results(*enumerate(scores)), [f"doc {n}" for n in range(len(scores))])
    assert {index: score for index, _, score in found} == dict(enumerate(scores))


def test_the_threshold_itself_stays_in_and_zero_is_one() -> None:
    value = results((0, 0.5), (1, 0.0), (2, -0.5))
    assert [index for index, _, _ in rank(value, score_threshold=0.0)] == [0, 1]
    assert [index for index, _, _ in rank(value, score_threshold=0.5)] == [0]


def test_no_more_than_top_n_and_no_more_are_asked_for_than_there_are() -> None:
    value = results((0, 0.1), (1, 0.2), (2, 0.3))
    assert [index for index, _, _ in rank(value, top_n=2)] == [2, 1]
    assert run_flow(MODEL, call(top_n=9), [make_response(value)])[1][0]["top_n"] == 3


@pytest.mark.parametrize("top_n", [0, -1])
def test_a_senseless_top_n_is_refused_before_any_request(top_n: int) -> None:
    with pytest.raises(InvokeBadRequestError, match="top_n"):
        run_flow(MODEL, call(top_n=top_n), [])


def test_no_document_needs_no_request() -> None:
    result, sent = run_flow(MODEL, call(()), [])
    assert (result.docs, sent) == ([], [])


@pytest.mark.parametrize("index", [3, -1, None, "0", 1.0, True])
def test_an_index_that_is_none_of_the_documents_is_an_error(index: Any) -> None:
    with pytest.raises(InvokeBadResponseError, match="names document"):
        rank(results((index, 0.5)))


def test_an_index_twice_is_an_error() -> None:
    with pytest.raises(InvokeBadResponseError, match="twice"):
        rank(results((1, 0.5), (1, 0.4)))


@pytest.mark.parametrize("score", [None, math.nan, math.inf, "high", [], True])
def test_a_score_that_is_no_number_is_an_error(score: Any) -> None:
    with pytest.raises(InvokeBadResponseError, match="score"):
        rank(results((0, score)))


def test_a_number_written_as_text_is_one() -> None:
    assert rank(results((0, "0.25"))) == [(0, "zero", 0.25)]


@pytest.mark.parametrize(
    "value",
    [
        {"data": [{"index": 1, "relevance_score": 0.5}], "object": "list"},
        [{"index": 1, "score": 0.5}],
        {"results": [{"index": 1, "score": 0.5, "document": {"text": "x"}}]},
    ],
)
def test_other_shapes(value: Any) -> None:
    assert rank(value) == [(1, "one", 0.5)]


@pytest.mark.parametrize(
    "value", [{}, {"results": None}, {"results": {}}, {"results": []}, {"results": [None]}, 5, None]
)
def test_a_hollow_answer_is_an_error(value: Any) -> None:
    with pytest.raises(InvokeBadResponseError):
        rank(value)


def test_an_error_with_status_200_is_an_error() -> None:
    with pytest.raises(InvokeError, match="no such model"):
        rank({"detail": "no such model"})
