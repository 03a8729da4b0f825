"""Answers recorded from a server that speaks this dialect in its own way."""

from __future__ import annotations

import random
from typing import Any

import pytest
from oai_calls import make_call, run_stream

from mrt.entities.common import ModelType
from mrt.entities.invocation import AudioFile, RerankRequest, Speech2TextRequest, TextEmbeddingRequest
from mrt.entities.model import AIModelEntity
from mrt.errors import InvokeError
from mrt.http.messages import Headers, HTTPResponse
from mrt_openai_compatible.dialect.llm import OpenAILargeLanguageModel
from mrt_openai_compatible.dialect.rerank import OpenAIRerankModel
from mrt_openai_compatible.dialect.speech2text import OpenAISpeech2TextModel
from mrt_openai_compatible.dialect.text_embedding import OpenAITextEmbeddingModel
from mrt_testing_kit.records import Record, load

RECORDS = load("xinference")
CHAT, COMPLETION = "/v1/chat/completions", "/v1/completions"
COMPLETION_SCHEMA = AIModelEntity.model_validate(
    {"model": "base", "model_type": ModelType.LLM, "model_properties": {"mode": "completion"}}
)
STREAMS = [name for name, it in RECORDS.items() if it.path in (CHAT, COMPLETION) and it.streamed and it.status == 200]
WHOLE = [name for name, it in RECORDS.items() if it.path in (CHAT, COMPLETION) and not it.streamed and it.status == 200]
LLM = OpenAILargeLanguageModel()


def llm_call(record: Record, *, stream: bool) -> Any:
    return make_call(stream=stream, schema=COMPLETION_SCHEMA if record.path == COMPLETION else None)


def response(record: Record) -> HTTPResponse:
    return HTTPResponse(record.status, Headers(record.headers), record.body)


def outcome(record: Record, pieces: list[bytes]) -> tuple[list[Any], str]:
    """Return the chunks that came and the error after them."""
    chunks: list[Any] = []
    model, call = LLM, llm_call(record, stream=True)
    parser = model.stream_parser(call)

    class Kept:
        done = False

        def feed(self, event: Any) -> Any:
            found = parser.feed(event)
            chunks.extend(found)
            self.done = parser.done
            return found

        def finish(self) -> Any:
            found = parser.finish()
            chunks.extend(found)
            return found

    class Keeping(OpenAILargeLanguageModel):
        def stream_parser(self, invocation: Any) -> Any:
            return Kept()

    try:
        run_stream(Keeping(), call, pieces)
    except InvokeError as error:
        return chunks, f"{type(error).__name__}: {error}"
    return chunks, ""


def test_there_are_records_of_each_kind() -> None:
    assert len(STREAMS) > 45
    assert len(WHOLE) > 50


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_the_same_however_its_bytes_are_cut(name: str) -> None:
    record = RECORDS[name]
    whole = outcome(record, [record.body])
    assert whole == outcome(record, [record.body[at : at + 1] for at in range(len(record.body))])
    places = random.Random(name)
    for _ in range(5):
        cuts = sorted(places.sample(range(len(record.body)), min(9, len(record.body))))
        pieces = [record.body[a:b] for a, b in zip([0, *cuts], [*cuts, len(record.body)], strict=True)]
        assert outcome(record, pieces) == whole


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_ends_with_reason_and_usage_or_with_an_error(name: str) -> None:
    record = RECORDS[name]
    chunks, error = outcome(record, [record.body])
    failed = any(isinstance(event, dict) and event.get("error") for event in record.events)
    assert bool(error) == (failed or record.ended != "complete")
    if not error:
        assert [chunk.delta.finish_reason for chunk in chunks][-1] is not None
        assert [chunk.delta.usage for chunk in chunks if chunk.delta.usage is not None] == [chunks[-1].delta.usage]


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer_is_a_result(name: str) -> None:
    record = RECORDS[name]
    result = LLM.parse_response(llm_call(record, stream=False), response(record))
    choice = record.json["choices"][0]
    assert result.usage.source == "reported"
    assert result.vendor_finish_reason == choice["finish_reason"]
    if record.path == COMPLETION:
        assert result.text == choice["text"]
    elif "<think>" not in (choice["message"]["content"] or ""):
        assert result.text == (choice["message"]["content"] or "")
        assert result.reasoning_content == (choice["message"].get("reasoning_content") or None)
        found = [(call.function.name, call.function.arguments) for call in result.message.tool_calls]
        calls = choice["message"].get("tool_calls") or []
        assert found == [(call["function"]["name"], call["function"]["arguments"]) for call in calls]


def test_the_first_of_two_finish_reasons_counts() -> None:
    chunks, _ = outcome(RECORDS["chat_max_tokens_stream"], [RECORDS["chat_max_tokens_stream"].body])
    assert chunks[-1].delta.finish_reason == "length"


def test_parallel_calls_in_a_stream() -> None:
    record = RECORDS["gguf_chat_tools_parallel_stream"]
    chunks, _ = outcome(record, [record.body])
    calls: dict[Any, list[str]] = {}
    for piece in (piece for chunk in chunks for piece in chunk.delta.message.tool_calls):
        call = calls.setdefault((piece.index, piece.id), ["", ""])
        call[0] += piece.function.name
        call[1] += piece.function.arguments
    assert list(calls.values()) == [["get_weather", '{"city": "Paris"}'], ["get_weather", '{"city": "London"}']]


def test_thinking_that_the_server_left_in_the_text() -> None:
    record = RECORDS["chat_think_no_parser"]
    result = LLM.parse_response(llm_call(record, stream=False), response(record))
    assert "<think>" not in result.text
    assert result.reasoning_content


def test_thinking_that_the_server_took_out_in_a_stream_and_whole() -> None:
    whole = LLM.parse_response(llm_call(RECORDS["reason_sync"], stream=False), response(RECORDS["reason_sync"]))
    chunks, _ = outcome(RECORDS["reason_stream"], [RECORDS["reason_stream"].body])
    assert "".join(chunk.text for chunk in chunks) == whole.text
    assert "".join(chunk.delta.reasoning_content or "" for chunk in chunks) == whole.reasoning_content


EMBEDDINGS = [
    name
    for name, it in RECORDS.items()
    if it.path == "/v1/embeddings" and it.status == 200 and not it.shortened and it.json["data"]
]


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_embeddings(name: str) -> None:
    record = RECORDS[name]
    texts = ["x"] * len(record.json["data"])
    call = make_call(TextEmbeddingRequest(texts), model_type=ModelType.TEXT_EMBEDDING)
    result = OpenAITextEmbeddingModel().parse_response(call, response(record))
    assert len(result.vectors) == len(texts)
    assert result.usage.tokens == record.json["usage"]["prompt_tokens"]


def test_base64_and_floats_are_the_same_vectors() -> None:
    call = make_call(TextEmbeddingRequest(["hello", "x"]), model_type=ModelType.TEXT_EMBEDDING)
    packed = OpenAITextEmbeddingModel().parse_response(call, response(RECORDS["embeddings_base64"]))
    assert len(packed.vectors[0]) == 32
    assert all(-1 <= number <= 1 for vector in packed.vectors for number in vector)


RERANKS = [
    name
    for name, it in RECORDS.items()
    if it.path == "/v1/rerank" and it.status == 200 and "documents" in it.request_body
]


@pytest.mark.parametrize("name", RERANKS)
def test_reranks(name: str) -> None:
    record = RECORDS[name]
    docs = record.request_body["documents"]
    docs = [docs] if isinstance(docs, str) else docs
    top_n = 0 if record.request_body.get("top_n") == 0 else None
    call = make_call(RerankRequest("q", docs, top_n=top_n), model_type=ModelType.RERANK)
    result = OpenAIRerankModel().parse_response(call, response(record))
    wanted = [(item["index"], item["relevance_score"]) for item in record.json["results"]]
    assert sorted((doc.index, doc.score) for doc in result.docs) == sorted(wanted)
    assert [doc.text for doc in result.docs] == [docs[doc.index] for doc in result.docs]


TRANSCRIPTIONS = [name for name, it in RECORDS.items() if name.startswith("audio_") and it.status == 200]


@pytest.mark.parametrize("name", TRANSCRIPTIONS)
def test_transcriptions(name: str) -> None:
    call = make_call(Speech2TextRequest(AudioFile(b"x")), model_type=ModelType.SPEECH2TEXT)
    text = OpenAISpeech2TextModel().parse_response(call, response(RECORDS[name]))
    assert text == RECORDS[name].json["text"]
    assert text.strip()


ERRORS = [name for name, it in RECORDS.items() if it.path in (CHAT, COMPLETION) and it.status >= 400]


@pytest.mark.parametrize("name", ERRORS)
def test_each_error_is_typed_and_says_something(name: str) -> None:
    record = RECORDS[name]
    error = LLM.parse_error(llm_call(record, stream=False), response(record))
    assert isinstance(error, InvokeError)
    assert error.status == record.status
    assert error.description
