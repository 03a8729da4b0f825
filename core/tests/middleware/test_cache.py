from __future__ import annotations

import asyncio
import copy
from array import array
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mrt.entities.common import ModelType
from mrt.entities.invocation import (
    AudioFile,
    LLMRequest,
    ModerationRequest,
    RerankRequest,
    Speech2TextRequest,
    TextEmbeddingRequest,
    TTSRequest,
)
from mrt.entities.llm import LLMResult, LLMResultChunk, LLMResultChunkDelta
from mrt.entities.message import AssistantPromptMessage, UserPromptMessage
from mrt.entities.results import SpeechAudio, TextEmbeddingResult
from mrt.entities.secret import Credentials
from mrt.errors import InvokeConnectionError
from mrt.middleware import Cache

PROMPT = [UserPromptMessage("hello")]


@pytest.fixture
def steady(ask: Any) -> Any:
    """A call that says the same each time."""
    return ask(request=LLMRequest(PROMPT, {"temperature": 0}))


def test_the_second_answer_comes_from_memory(way: str, vendor: Any, run: Any, steady: Any) -> None:
    cache, target = Cache(), vendor(["a", "b"], ["other"])
    assert run(way, [cache], target, steady) == run(way, [cache], target, steady)
    assert len(target.asked) == 1
    assert len(cache) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"provider": "bolt"},
        {"model": "large"},
        {"user": "someone"},
        {"credentials": Credentials({"api_key": "sk-test-2"})},
        {"request": LLMRequest([UserPromptMessage("hi")], {"temperature": 0})},
        {"request": LLMRequest(PROMPT, {"temperature": 0, "top_p": 0.5})},
        {"request": LLMRequest(PROMPT, {"temperature": 0}, stop=["x"])},
    ],
    ids=str,
)
def test_another_question_is_asked(
    change: dict[str, Any], way: str, vendor: Any, run: Any, ask: Any, steady: Any
) -> None:
    cache, target = Cache(), vendor(["a"], ["b"])
    run(way, [cache], target, steady)
    assert run(way, [cache], target, ask(**{"request": steady.request, **change})) == ["b"]


def test_streams_and_whole_answers_are_kept_apart(vendor: Any, run: Any, steady: Any) -> None:
    cache, target = Cache(), vendor(["a", "b"])
    assert run("call", [cache], target, steady) == ["ab"]
    assert run("stream", [cache], target, steady) == ["a", "b"]
    assert len(target.asked) == 2


ASKS = {
    "temperature 0": (ModelType.LLM, LLMRequest(PROMPT, {"temperature": 0.0}), True),
    "seed": (ModelType.LLM, LLMRequest(PROMPT, {"seed": 0}), True),
    "no parameter": (ModelType.LLM, LLMRequest(PROMPT), False),
    "some temperature": (ModelType.LLM, LLMRequest(PROMPT, {"temperature": 0.1}), False),
    "embedding": (ModelType.TEXT_EMBEDDING, TextEmbeddingRequest(["a"]), True),
    "rerank": (ModelType.RERANK, RerankRequest("a", ["b"]), True),
    "moderation": (ModelType.MODERATION, ModerationRequest("a"), True),
    "speech": (ModelType.TTS, TTSRequest("a"), False),
    "transcription": (ModelType.SPEECH2TEXT, Speech2TextRequest(AudioFile(b"a")), False),
}


@pytest.mark.parametrize("always", [False, True])
@pytest.mark.parametrize("name", ASKS)
def test_what_is_kept(name: str, always: bool, vendor: Any, run: Any, ask: Any) -> None:
    kind, request, steady = ASKS[name]
    cache, target = Cache(always=always), vendor(["a"])
    for _ in range(2):
        run("call", [cache], target, ask(model_type=kind, request=request))
    assert len(target.asked) == (1 if steady or always else 2)


def test_answers_grow_old(vendor: Any, run: Any, steady: Any, clock: Any) -> None:
    cache, target = Cache(ttl=10, clock=clock), vendor(["a"])
    run("call", [cache], target, steady)
    clock.now += 9.5
    run("call", [cache], target, steady)
    assert len(target.asked) == 1
    clock.now += 0.5
    run("call", [cache], target, steady)
    assert len(target.asked) == 2


def test_without_a_time_they_stay(vendor: Any, run: Any, steady: Any, clock: Any) -> None:
    cache, target = Cache(ttl=None, clock=clock), vendor(["a"])
    run("call", [cache], target, steady)
    clock.now += 1e9
    run("call", [cache], target, steady)
    assert len(target.asked) == 1


def test_the_least_recently_used_goes_first(vendor: Any, run: Any, ask: Any) -> None:
    cache, target = Cache(2), vendor(["a"])

    def question(text: str) -> None:
        run("call", [cache], target, ask(request=LLMRequest([UserPromptMessage(text)], {"seed": 1})))

    for text in ["1", "2", "1", "3"]:
        question(text)
    assert len(cache) == 2
    target.asked.clear()
    question("1")
    assert target.asked == []
    question("2")
    assert len(target.asked) == 1


def test_errors_are_not_kept(way: str, vendor: Any, run: Any, steady: Any) -> None:
    cache, target = Cache(), vendor([InvokeConnectionError()], ["fine"])
    with pytest.raises(InvokeConnectionError):
        run(way, [cache], target, steady)
    assert run(way, [cache], target, steady) == ["fine"]


def test_a_stream_that_failed_is_not_kept(stream_way: str, vendor: Any, run: Any, steady: Any) -> None:
    cache, target = Cache(), vendor(["half", InvokeConnectionError()], ["who", "le"])
    with pytest.raises(InvokeConnectionError):
        run(stream_way, [cache], target, steady)
    assert run(stream_way, [cache], target, steady) == ["who", "le"]
    assert target.open == 0


def test_a_stream_that_was_left_is_not_kept(stream_way: str, vendor: Any, run: Any, leave: Any, steady: Any) -> None:
    cache, target = Cache(), vendor(["a", "b"])
    assert leave(stream_way, [cache], target, steady) == "a"
    assert target.open == 0
    assert len(cache) == 0
    assert run(stream_way, [cache], target, steady) == ["a", "b"]
    assert len(target.asked) == 2


def test_long_streams_are_not_kept(stream_way: str, vendor: Any, run: Any, steady: Any) -> None:
    cache, target = Cache(max_chunks=2), vendor(["a", "b", "c"])
    for _ in range(2):
        assert run(stream_way, [cache], target, steady) == ["a", "b", "c"]
    assert len(target.asked) == 2


def test_nobody_changes_what_others_get(way: str, vendor: Any, run: Any, steady: Any) -> None:
    def chunk() -> Any:
        message = AssistantPromptMessage("hi")
        if way in ("call", "acall"):
            return LLMResult("small", message)
        return LLMResultChunk("small", LLMResultChunkDelta(0, message))

    def spoil(came: Any) -> None:
        message = came.message if isinstance(came, LLMResult) else came.delta.message
        message.content = "changed"

    cache, target = Cache(), vendor([chunk()])
    run(way, [cache], target, steady, spoil)
    run(way, [cache], target, steady, spoil)
    assert run(way, [cache], target, steady) == [chunk()]
    assert len(target.asked) == 1


def test_results_of_all_kinds_can_be_copied(vendor: Any, run: Any, ask: Any) -> None:
    vectors = TextEmbeddingResult("small", [array("f", [0.5, 1.0])])
    for result in (vectors, SpeechAudio(b"sound", "audio/mpeg")):
        cache, target = Cache(always=True), vendor([result])
        for _ in range(2):
            assert run("call", [cache], target) == [result]
        assert len(target.asked) == 1
    assert copy.deepcopy(SpeechAudio(b"sound", "audio/mpeg")).media_type == "audio/mpeg"


def test_a_question_that_cannot_be_told_apart_is_always_asked(way: str, vendor: Any, run: Any, ask: Any) -> None:
    cache, target = Cache(always=True), vendor(["a"])
    strange = ask(request=LLMRequest(PROMPT, {"temperature": 0, "callback": object()}))
    for _ in range(2):
        run(way, [cache], target, strange)
    assert len(target.asked) == 2
    assert len(cache) == 0


def test_threads_share_it(vendor: Any, run: Any, ask: Any) -> None:
    cache, target = Cache(8), vendor(["a"])

    def question(number: int) -> list[str]:
        request = LLMRequest([UserPromptMessage(str(number % 20))], {"seed": 1})
        return run("call", [cache], target, ask(request=request))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(question, range(400))) == [["a"]] * 400
    assert len(cache) == 8


def test_cancellation_passes(ask: Any, steady: Any) -> None:
    async def main() -> None:
        cache = Cache()

        async def cancelled(invocation: Any) -> Any:
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await cache.acall(steady, cancelled)
        assert len(cache) == 0

    asyncio.run(main())


def test_it_can_be_cleared_and_is_true_when_empty(vendor: Any, run: Any, steady: Any) -> None:
    cache, target = Cache(), vendor(["a"])
    run("call", [cache], target, steady)
    cache.clear()
    assert len(cache) == 0
    assert cache
    with pytest.raises(ValueError):
        Cache(0)
