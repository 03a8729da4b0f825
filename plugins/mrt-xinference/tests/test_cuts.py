"""However the bytes of a stream are cut, its chunks are the same; a stream that breaks off never looks whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from xin_calls import llm_call, run_stream, uncut
from xin_replay import CHAT, COMPLETION, RECORDS

from mrt.entities.llm import LLMResultChunk
from mrt.errors import InvokeConnectionError, InvokeError
from mrt_testing_kit.records import Record
from mrt_xinference.llm import XinferenceLargeLanguageModel

MODEL = XinferenceLargeLanguageModel()
STREAMS = sorted(
    name for name, it in RECORDS.items() if it.streamed and it.status == 200 and it.path in (CHAT, COMPLETION)
)
# One of each shape: both engines, calls in the text and in their field, thinking, text completions, errors, CJK.
CUT_EVERYWHERE = [
    "chat_stream_unicode",
    "chat_tools_text_and_call_stream",
    "chat_tools_broken_stream",
    "reason_tools_stream",
    "gguf_chat_tools_stream",
    "gguf_completions_stream",
    "limit_second_stream",
]
Outcome = tuple[list[Any], str]


def outcome(record: Record, pieces: Iterable[bytes]) -> Outcome:
    """Return what a stream says, chunk by chunk, and the error that ends it."""
    call = llm_call(record)
    said: list[Any] = []
    try:
        for chunk in run_stream(MODEL, call, pieces):
            said.append(told(chunk))
    except InvokeError as error:
        return said, f"{type(error).__name__}: {error}"
    return said, ""


def told(chunk: LLMResultChunk) -> Any:
    """Return what a chunk says; the ids of calls found in the text are made up, so they are left out."""
    delta = chunk.delta
    calls = [(call.index, call.function.name, call.function.arguments) for call in delta.message.tool_calls]
    return chunk.text, delta.reasoning_content, calls, delta.finish_reason, delta.usage, chunk.model


def pieces(body: bytes, places: Iterable[int]) -> Iterator[bytes]:
    edges = [0, *sorted(places), len(body)]
    return (body[start:end] for start, end in pairwise(edges))


@pytest.fixture(scope="module")
def whole() -> dict[str, Outcome]:
    return {name: outcome(RECORDS[name], [RECORDS[name].body]) for name in STREAMS}


def test_there_are_streams_of_every_shape() -> None:
    assert len(STREAMS) > 55
    assert set(CUT_EVERYWHERE) <= set(STREAMS)


@pytest.mark.parametrize("name", STREAMS)
def test_byte_by_byte(whole: dict[str, Outcome], name: str) -> None:
    body = RECORDS[name].body
    assert outcome(RECORDS[name], (body[at : at + 1] for at in range(len(body)))) == whole[name]


@pytest.mark.parametrize("name", CUT_EVERYWHERE)
def test_cut_in_two_at_every_byte(whole: dict[str, Outcome], name: str) -> None:
    body = RECORDS[name].body
    for place in range(1, len(body)):
        assert outcome(RECORDS[name], (body[:place], body[place:])) == whole[name], place


@settings(max_examples=300, deadline=None)
@given(data=st.data(), name=st.sampled_from(STREAMS))
def test_cut_anywhere(whole: dict[str, Outcome], data: st.DataObject, name: str) -> None:
    body = RECORDS[name].body
    places = data.draw(st.sets(st.integers(1, len(body) - 1), max_size=12))
    assert outcome(RECORDS[name], pieces(body, places)) == whole[name]


@pytest.mark.parametrize("name", CUT_EVERYWHERE)
def test_a_stream_that_breaks_off_is_an_error_until_its_finish_reason_came(name: str) -> None:
    record = RECORDS[name]
    complete, failure = outcome(record, [record.body])
    for place in range(len(record.body)):
        said, error = outcome(record, [record.body[:place]])
        if error:
            # What came before is what the whole stream says, too.
            assert said == complete[: len(said)]
            assert "InvokeConnectionError" in error or error == failure
        else:
            # The finish reason stands in the last but one event; only counts may be missing.
            assert [part[:4] for part in said] == [part[:4] for part in complete]


def test_the_connection_that_broke_says_so() -> None:
    record = RECORDS["serverkill_SIGKILL"]
    call = llm_call(record)
    with pytest.raises(InvokeConnectionError, match="ended before the answer did"):
        list(run_stream(MODEL, call, [record.body]))


@pytest.mark.parametrize("name", STREAMS)
def test_without_tools_nothing_is_taken_out_of_the_text(name: str) -> None:
    record = RECORDS[name]
    texts = [choice["text"] if "text" in choice else choice["delta"].get("content") or "" for choice in uncut(record)]
    written = "".join(texts)
    if "<tool_call>" in written and "<think>" not in written:
        chunks: list[LLMResultChunk] = []
        try:
            chunks.extend(run_stream(MODEL, llm_call(record, tools=False), [record.body]))
        except InvokeConnectionError:
            assert record.ended == "cut"
        assert "".join(chunk.text for chunk in chunks) == written
