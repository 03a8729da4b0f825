"""What a call, a chunk and a crowd of calls cost, in counts: functions called, packets sent, JSON read, objects made.

Seconds depend on the machine, and counts do not. Each ceiling is a fifth to a third above what is counted now: a layer
more, a second pass over each chunk, or a pool that looks at all of its connections goes far beyond it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import mrt
from mrt_testing_kit.server import Answer, OracleServer, ToolCall

PLUGINS = {
    "openai-compatible": ("openai", "oracle-chat", {"base_url": "{server}", "api_key": "sk-test-0000"}),
    "xinference": ("xinference", "tiny-chat", {"server_url": "{server}"}),
    "openllm": ("openllm", "local/tiny-llama", {"server_url": "{server}"}),
    "anthropic": (
        "anthropic",
        "claude-haiku-4-5",
        {"anthropic_api_url": "{server}", "anthropic_api_key": "sk-test-0000"},
    ),
}

PIECE = 31
"""Functions called to read one piece of bytes from a socket."""


class Place:
    """A server and a chat model of a bundled plugin that has been called already."""

    def __init__(self, name: str) -> None:
        dialect, model, form = PLUGINS[name]
        self.server = OracleServer(dialect, api_key=form.get("api_key")).start()
        self.credentials = {key: value.replace("{server}", self.server.url) for key, value in form.items()}
        self.runtime = mrt.Runtime()
        self.chat = self.runtime.llm(f"{name}/{model}", self.credentials)
        self.chat.invoke("Say hello.")
        # An event of the Messages dialect has a name beside its data, so that reading one takes more.
        self.named = dialect == "anthropic"

    def close(self) -> None:
        self.runtime.close()
        self.server.stop()


@pytest.fixture(params=list(PLUGINS))
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    made = Place(request.param)
    yield made
    made.close()


@pytest.fixture
def openai() -> Iterator[Place]:
    made = Place("openai-compatible")
    yield made
    made.close()


def counted(work: Callable[[], Any]) -> Counter[str]:
    """Count the functions that this thread calls: C's by their qualified names, all of Python's under ``python``."""
    found: Counter[str] = Counter()

    def profile(frame: Any, event: str, argument: Any) -> None:
        if event == "call":
            found["python"] += 1
        elif event == "c_call":
            found[argument.__qualname__] += 1

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


def of(found: Counter[str], *names: str) -> int:
    """Add up what was counted under the last parts of qualified names."""
    return sum(count for name, count in found.items() if name.rpartition(".")[2] in names)


def on_sockets(found: Counter[str], *names: str) -> int:
    return sum(count for name, count in found.items() if "ocket." in name and name.endswith(names))


def pieces(found: Counter[str]) -> int:
    """Tell in how many pieces bytes came: that is up to the machine, and each costs something of its own."""
    return on_sockets(found, ".recv", ".recv_into")


def consume(place: Place, answer: Answer) -> list[mrt.LLMResultChunk]:
    place.server.next_answer(answer)
    return list(place.chat.stream("Say hello."))


def words(count: int) -> Answer:
    return Answer([f"word{number} " for number in range(count)])


def test_a_call_sends_once_and_reads_its_json_once(place: Place) -> None:
    found = counted(lambda: place.chat.invoke("Say hello."))
    assert on_sockets(found, ".send", ".sendall") == 1
    assert on_sockets(found, ".connect", ".connect_ex", ".close") == 0
    assert of(found, "from_json") == 1
    assert of(found, "getaddrinfo", "gethostbyname", "start_new_thread") == 0
    # 360 and 670 are counted with h11 0.16; httpx's Client makes 1060 and 1790 for the same answer.
    assert found["python"] < 460
    assert found.total() < 850


def test_a_chunk_is_read_once(place: Place) -> None:
    few, many = (counted(lambda count=count: consume(place, words(count))) for count in (100, 500))
    more = many - few
    assert more["from_json"] == 400
    assert on_sockets(few, ".send", ".sendall") == on_sockets(many, ".send", ".sendall") == 1
    # Server-sent events take one search for the end of each, those with names one for the name.
    looks = of(more, "match", "search", "fullmatch", "finditer", "split")
    assert looks - pieces(more) < (2.4 if place.named else 1.2) * 400
    assert more["python"] - 14 * pieces(more) < (21 if place.named else 15) * 400
    assert more.total() - PIECE * pieces(more) < (50 if place.named else 36) * 400


def test_a_chunk_that_is_dropped_leaves_nothing_and_a_kept_one_little(place: Place) -> None:
    def held(keep: bool) -> int:
        place.server.next_answer(words(800))
        kept: list[Any] = []
        gc.collect()
        before = 0
        for number, chunk in enumerate(place.chat.stream("Say hello.")):
            if number == 200:
                before = sys.getallocatedblocks()
            if keep:
                kept.append(chunk)
            if number == 700:
                return sys.getallocatedblocks() - before
        raise AssertionError("the stream was too short")

    # Text that came is kept, once: a stream has a result.
    assert held(keep=False) < 500 * 2.5
    assert held(keep=True) < 500 * 8


@pytest.mark.parametrize("kind", ["text", "arguments"])
def test_four_times_the_chunks_cost_four_times(place: Place, kind: str) -> None:
    def cost(count: int) -> int:
        if kind == "text":
            answer = words(count)
        else:
            text = json.dumps({"text": "x" * 8 * count})
            answer = Answer(
                calls=[ToolCall("save", text, "call_1", [text[at : at + 8] for at in range(0, len(text), 8)])]
            )
        found = counted(lambda: consume(place, answer))
        return found.total() - PIECE * pieces(found)

    cost(10)
    assert cost(1600) < 4.2 * cost(400)


def test_a_vector_costs_the_same_with_any_dimension(openai: Place) -> None:
    texts = [f"text {number}" for number in range(64)]
    handle = openai.runtime.text_embedding("openai-compatible/oracle-embedding", openai.credentials)

    def cost(dimension: int) -> int:
        openai.server.dialect.dimensions = dimension  # type: ignore[attr-defined]
        handle.invoke(texts)
        return counted(lambda: handle.invoke(texts).vectors[-1]).total()

    # A longer answer is read in more pieces; its numbers are not looked at one by one.
    assert cost(1024) < 1.5 * cost(8)


def test_a_hundred_calls_at_once_cost_a_hundred_calls(openai: Place) -> None:
    async def cost(at_once: int) -> float:
        async def crowd() -> None:
            await asyncio.gather(*(openai.chat.ainvoke("Say hello.") for _ in range(at_once)))

        await crowd()
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        # The profile sees the loop's own work, too: its timers, its selector, its callbacks.
        found: Counter[str] = Counter()

        def profile(frame: Any, event: str, argument: Any) -> None:
            found["call"] += event in ("call", "c_call")

        loop.call_soon(sys.setprofile, profile)
        task = loop.create_task(crowd())
        task.add_done_callback(lambda _: (sys.setprofile(None), done.set_result(None)))
        await done
        return found["call"] / at_once

    few, many = asyncio.run(cost(5)), asyncio.run(cost(100))
    assert many < 1.15 * few
