from __future__ import annotations

import base64
import math
import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st
from oai_calls import make_call, make_response, run_flow

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, TextEmbeddingRequest
from mrt.entities.model import AIModelEntity
from mrt.errors import InvokeBadRequestError, InvokeBadResponseError, InvokeError
from mrt.http.messages import Headers, HTTPResponse
from mrt_openai_compatible.dialect.text_embedding import OpenAITextEmbeddingModel
from mrt_openai_compatible.dialect.vectors import packed_body

MODEL = OpenAITextEmbeddingModel()


def call(texts: Sequence[str], **fields: Any) -> Invocation[Any]:
    input_type = fields.pop("input_type", "document")
    return make_call(TextEmbeddingRequest(texts, input_type), model_type=ModelType.TEXT_EMBEDDING, **fields)


def schema(**properties: Any) -> AIModelEntity:
    return AIModelEntity.model_validate(
        {"model": "e", "model_type": ModelType.TEXT_EMBEDDING, "model_properties": properties}
    )


def packed(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def reply(vectors: Sequence[Any], order: Sequence[int] | None = None, **fields: Any) -> HTTPResponse:
    entries = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(vectors)]
    data = entries if order is None else [entries[n] for n in order]
    return make_response({"object": "list", "data": data, "model": "served", **fields}, x_request_id="req-1")


def numbers(result: Any) -> list[list[float]]:
    return [list(vector) for vector in result.vectors]


def test_base64_is_asked_for_and_decoded() -> None:
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    result, sent = run_flow(MODEL, call(["a", "b"]), [reply([packed(1, -0.5), packed(0, 0.25)], usage=usage)])
    assert sent == [{"model": "some-model", "input": ["a", "b"], "encoding_format": "base64"}]
    assert numbers(result) == [[1, -0.5], [0, 0.25]]
    assert (result.model, result.request_id, result.usage.tokens) == ("served", "req-1", 5)


def test_base64_is_read_in_one_pass_with_the_json_and_says_the_same() -> None:
    packed_vectors = [packed(1.5, -2.0), packed(3.1e38, -0.0)]
    for response in (reply(packed_vectors), reply(packed_vectors, model="m-2", extra={"embedding": "x"})):
        body = packed_body(response)
        assert body is not None
        assert [entry["embedding"] for entry in body["data"]] == [base64.b64decode(text) for text in packed_vectors]
        rest = {name: value for name, value in body.items() if name != "data"}
        assert rest == {name: value for name, value in response.json().items() if name != "data"}


@pytest.mark.parametrize(
    "response",
    [
        reply([[1.0, 2.0]]),
        reply([packed(1.0), [2.0]]),
        reply(["*" + packed(1.0)]),
        HTTPResponse(200, Headers(), b'{"data": [{"embedding": "AACAPw'),
        HTTPResponse(200, Headers(), b'{"error": "busy", "data": [{"embedding": "AACAPw=="}]}'),
        HTTPResponse(200, Headers(), b'[{"embedding": "AACAPw=="}]'),
    ],
)
def test_other_answers_are_left_to_the_usual_way(response: HTTPResponse) -> None:
    assert packed_body(response) is None


def test_lists_are_understood_although_base64_was_asked_for() -> None:
    result, _ = run_flow(MODEL, call(["a"]), [reply([[1, -0.5]])])
    assert numbers(result) == [[1, -0.5]]
    assert result.usage.source == "unknown"


def test_the_index_counts_and_not_the_order() -> None:
    result, _ = run_flow(MODEL, call(["a", "b", "c"]), [reply([[1], [2], [3]], order=[2, 0, 1])])
    assert numbers(result) == [[1], [2], [3]]


def test_without_an_index_the_order_counts() -> None:
    answer = make_response({"data": [{"embedding": [1]}, {"embedding": [2], "index": None}]})
    assert numbers(run_flow(MODEL, call(["a", "b"]), [answer])[0]) == [[1], [2]]


@pytest.mark.parametrize(
    "data",
    [
        None, [], {}, [{"index": 0, "embedding": [1]}], [{"index": n, "embedding": [1]} for n in range(3)],
        [{"index": 0, "embedding": [1]}] * 2, [{"index": 0, "embedding": [1]}, {"index": 2, "embedding": [1]}],
        [{"index": 0, "embedding": [1]}, {"index": -1, "embedding": [1]}],
        [{"index": 0, "embedding": [1]}, {"index": "1", "embedding": [1]}], [{"index": 0, "embedding": [1]}, None],
    ],
)  # fmt: skip
def test_vectors_that_cannot_be_placed_are_an_error(data: Any) -> None:
    with pytest.raises(InvokeBadResponseError):
        run_flow(MODEL, call(["a", "b"]), [make_response({"data": data, "object": "list"})])


@pytest.mark.parametrize(
    "vector",
    [
        [], None, "", [1.0, None], [1.0, "x"], [math.nan, 1], [math.inf, 1], [math.inf, -math.inf], {"x": 1},
        packed(1, math.nan), packed(math.inf, 1), "no base64", "QUI=", 5, [[1.0]],
    ],
)  # fmt: skip
def test_vectors_that_are_none_are_an_error(vector: Any) -> None:
    with pytest.raises(InvokeBadResponseError):
        run_flow(MODEL, call(["a", "b"]), [reply([packed(1, 2), vector])])


def test_the_largest_floats_are_finite() -> None:
    largest = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
    assert numbers(run_flow(MODEL, call(["a"]), [reply([packed(*[largest] * 8)])])[0]) == [[largest] * 8]


def test_vectors_of_different_sizes_are_an_error_also_across_batches() -> None:
    with pytest.raises(InvokeBadResponseError, match="different sizes: 1 and 2"):
        run_flow(MODEL, call(["a", "b"]), [reply([[1], [1, 2]])])
    with pytest.raises(InvokeBadResponseError, match="different sizes"):
        run_flow(MODEL, call(["a", "b"], schema=schema(max_chunks=1)), [reply([[1]]), reply([[1, 2]])])


def test_vectors_have_the_declared_size() -> None:
    with pytest.raises(InvokeBadResponseError, match="of 1 numbers where 2"):
        run_flow(MODEL, call(["a"], schema=schema(dimensions=2)), [reply([[1]])])


@given(st.integers(0, 10), st.integers(1, 4))
def test_batches_keep_pairs_together(count: int, limit: int) -> None:
    texts = [f"text {n}" for n in range(count)]
    starts = range(0, count, limit)
    answers = [reply([[float(n)] for n in range(start, min(start + limit, count))]) for start in starts]
    # A shuffled answer must not matter either.
    for answer in answers:
        assert answer.status == 200
    result, sent = run_flow(MODEL, call(texts, schema=schema(max_chunks=str(limit))), answers)
    assert numbers(result) == [[float(n)] for n in range(count)]
    assert [text for body in sent for text in body["input"]] == texts
    assert all(len(body["input"]) <= limit for body in sent)


def test_no_text_needs_no_request() -> None:
    result, sent = run_flow(MODEL, call([]), [])
    assert (list(result.vectors), sent) == ([], [])


def test_batches_have_a_size_in_characters_and_a_long_text_goes_alone() -> None:
    class Small(OpenAITextEmbeddingModel):
        batch_characters = 10

    texts = ["a" * 6, "b" * 4, "c", "d" * 50, "e"]
    answers = [reply([[1], [2]]), reply([[3]]), reply([[4]]), reply([[5]])]
    result, sent = run_flow(Small(), call(texts), answers)
    assert [body["input"] for body in sent] == [texts[:2], ["c"], ["d" * 50], ["e"]]
    assert numbers(result) == [[1], [2], [3], [4], [5]]


def test_usage_is_summed_over_batches() -> None:
    answers = [reply([[1]], usage={"prompt_tokens": 5}), reply([[2]], usage={"prompt_tokens": 7})]
    result, _ = run_flow(MODEL, call(["a", "b"], schema=schema(max_chunks=1)), answers)
    assert result.usage.tokens == 12


def test_an_empty_text_is_refused_before_any_request() -> None:
    with pytest.raises(InvokeBadRequestError, match="text 2 is empty"):
        run_flow(MODEL, call(["a", "b", ""], schema=schema(max_chunks=1)), [])


def test_servers_may_take_empty_texts() -> None:
    class Lenient(OpenAITextEmbeddingModel):
        accepts_empty_texts = True

    assert run_flow(Lenient(), call(["a", ""]), [reply([[1], [2]])])[1][0]["input"] == ["a", ""]


def test_a_failure_in_one_batch_fails_the_whole() -> None:
    answers = [reply([[1]]), make_response({"error": {"message": "down"}}, status=500)]
    with pytest.raises(InvokeError):
        run_flow(MODEL, call(["a", "b"], schema=schema(max_chunks=1)), answers)


def test_a_server_that_refuses_base64_is_asked_without_from_then_on() -> None:
    refusal = make_response({"error": {"message": "encoding_format must be 'float'"}}, status=400)
    answers = [refusal, reply([[1]]), reply([[2]])]
    result, sent = run_flow(MODEL, call(["a", "b"], schema=schema(max_chunks=1)), answers)
    assert numbers(result) == [[1], [2]]
    assert [body.get("encoding_format") for body in sent] == ["base64", None, None]


def test_another_refusal_is_not_tried_again() -> None:
    with pytest.raises(InvokeBadRequestError):
        run_flow(MODEL, call(["a"]), [make_response({"error": {"message": "too long"}}, status=400), reply([[1]])])


def test_an_error_with_status_200_is_an_error() -> None:
    value = {"object": "error", "message": "The model does not support Embeddings API", "code": 400}
    with pytest.raises(InvokeError, match="Embeddings API"):
        run_flow(MODEL, call(["a"]), [make_response(value)])


def test_fields_of_a_vendors_own() -> None:
    class Typed(OpenAITextEmbeddingModel):
        encoding = None

        def extra_fields(self, invocation: Invocation[Any]) -> dict[str, Any]:
            return {"input_type": invocation.request.input_type}

        def dimensions(self, invocation: Invocation[Any]) -> int | None:
            return 2

        def texts(self, invocation: Invocation[Any]) -> Sequence[str]:
            return [f"query: {text}" for text in invocation.request.texts]

    _, sent = run_flow(Typed(), call(["a"], input_type="query", user="ann"), [reply([[1, 2]])])
    assert sent == [
        {"model": "some-model", "input": ["query: a"], "dimensions": 2, "user": "ann", "input_type": "query"}
    ]


def test_text_that_looks_like_a_url_and_the_callers_list_stay() -> None:
    texts = ["https://example.com/a.png"]
    _, sent = run_flow(MODEL, call(texts), [reply([[1]])])
    assert sent[0]["input"] == texts == ["https://example.com/a.png"]
