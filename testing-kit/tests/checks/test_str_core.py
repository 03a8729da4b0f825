"""Some checks of streams hold core to what no provider can break: with another core, they fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from wrong_chat import CREDENTIALS, Wrong

from mrt.runtime.llm_finish import ChunkFinisher, LLMCall
from mrt.runtime.streams import AsyncStream, Stream
from mrt_testing_kit import run

RIGHT = Wrong("right", "")


def statuses(id: str) -> list[str]:
    return [case.status for case in run(RIGHT.provider, "openai", CREDENTIALS, id)[id].cases]


@pytest.mark.parametrize("id", ["STR-31", "STR-32"])
def test_core_as_it_is_passes(id: str) -> None:
    assert set(statuses(id)) == {"pass"}


def test_a_core_that_numbers_from_1_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ChunkFinisher.__init__

    def from_one(finisher: Any, call: LLMCall) -> None:
        made(finisher, call)
        finisher._index = 1

    monkeypatch.setattr(ChunkFinisher, "__init__", from_one)
    assert set(statuses("STR-31")) == {"fail"}


def test_a_core_whose_streams_say_their_end_again_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def again(stream: Any) -> Iterator[Any]:
        for chunk in stream._pieces:
            stream.last = chunk
            yield chunk
        yield stream.last

    async def again_async(stream: Any) -> AsyncIterator[Any]:
        async for chunk in stream._pieces:
            stream.last = chunk
            yield chunk
        yield stream.last

    monkeypatch.setattr(Stream, "__iter__", again)
    monkeypatch.setattr(AsyncStream, "__aiter__", again_async)
    assert set(statuses("STR-32")) == {"fail"}
