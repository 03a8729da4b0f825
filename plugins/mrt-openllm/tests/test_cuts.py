"""Recorded streams, cut anywhere: the pieces in which bytes come change nothing, and no cut looks like an end."""

from __future__ import annotations

import random
from typing import Any

import pytest
from ollm_calls import call_to
from ollm_replay import GENERATE, RECORDS, STREAM, generation_of
from ollm_table import Outside, row_of

from mrt.errors import InvokeBadResponseError, InvokeConnectionError, InvokeError
from mrt.http.framing import decoder_for
from mrt_openllm.llm import OpenLLMLargeLanguageModel
from mrt_testing_kit.records import Record

MODEL = OpenLLMLargeLanguageModel()
STREAMS = [name for name, it in RECORDS.items() if it.streamed and not isinstance(row_of(name), Outside)]
ENDED = [name for name in STREAMS if RECORDS[name].ended == "complete" and generation_of(name) != "0.3"]


def outcome(record: Record, pieces: list[bytes]) -> tuple[list[Any], type[InvokeError] | None]:
    """Read a stream exactly as core does; return the chunks that came and the class of the error after them."""
    is_text = record.path in (GENERATE, STREAM, "/v1/completions")
    call = call_to(generation_of(record.name), mode="completion" if is_text else "chat", stream=True)
    parser, decoder = MODEL.stream_parser(call), decoder_for(MODEL.stream_framing(call))
    chunks: list[Any] = []
    try:
        for piece in pieces:
            for event in decoder.feed(piece):
                chunks += parser.feed(event)
                if parser.done:
                    return [*chunks, *parser.finish()], None
        for event in decoder.finish():
            chunks += parser.feed(event)
        chunks += parser.finish()
    except InvokeError as error:
        return chunks, type(error)
    return chunks, None


def text(chunks: list[Any]) -> str:
    return "".join(chunk.text for chunk in chunks)


def test_there_are_streams_of_each_generation() -> None:
    assert {generation_of(name) for name in STREAMS} == {"0.3", "0.4", "0.6"}
    assert len(STREAMS) > 14


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_the_same_however_its_bytes_are_cut(name: str) -> None:
    record = RECORDS[name]
    body = record.body
    chunks, error = outcome(record, [body])
    places = random.Random(name)
    cuts = [list(range(1, len(body)))] + [sorted(places.sample(range(len(body)), min(9, len(body)))) for _ in range(5)]
    for cut in cuts:
        pieces = [body[a:b] for a, b in zip([0, *cut], [*cut, len(body)], strict=True)]
        again, other = outcome(record, pieces)
        assert (text(again), other) == (text(chunks), error)
        # Bare text has no events, so that its chunks are the pieces themselves.
        if generation_of(name) != "0.3":
            assert again == chunks


@pytest.mark.parametrize("name", ENDED)
def test_a_stream_that_is_cut_off_never_looks_complete(name: str) -> None:
    record = RECORDS[name]
    whole, error = outcome(record, [record.body])
    assert error is None or name.endswith("stream-error")
    step = max(1, len(record.body) // 150)
    for end in range(0, len(record.body), step):
        chunks, error = outcome(record, [record.body[:end]])
        assert text(whole).startswith(text(chunks))
        if error is None:
            assert text(chunks) == text(whole)
        elif not name.endswith("stream-error"):
            assert error in (InvokeConnectionError, InvokeBadResponseError)
