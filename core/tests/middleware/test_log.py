from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from mrt.entities.common import ModelType
from mrt.entities.invocation import TextEmbeddingRequest
from mrt.entities.llm import LLMResult, LLMResultChunk, LLMResultChunkDelta
from mrt.entities.message import AssistantPromptMessage
from mrt.entities.results import TextEmbeddingResult
from mrt.entities.usage import EmbeddingUsage, LLMUsage
from mrt.errors import InvokeConnectionError, InvokeRateLimitError
from mrt.middleware import Log, Retry, compose

USAGE = LLMUsage(12, 34)


def answer(way: str, text: str = "fine") -> list[Any]:
    """The answer in the shape of the way: whole, or in two chunks of which the last has the usage."""
    if way in ("call", "acall"):
        message = AssistantPromptMessage(text)
        return [LLMResult("small-2", message, USAGE, finish_reason="stop", request_id="r1")]
    first = LLMResultChunk("small-2", LLMResultChunkDelta(0, AssistantPromptMessage(text[:2])), request_id="r1")
    last = LLMResultChunkDelta(1, AssistantPromptMessage(text[2:]), USAGE, "stop")
    return [first, LLMResultChunk("small-2", last)]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    for name in ("mrt.calls", "test.own"):
        caplog.set_level(logging.DEBUG, name)
    return caplog


def test_one_line_for_a_call(way: str, vendor: Any, run: Any, log: Any, clock: Any) -> None:
    run(way, [Log(clock=clock)], vendor(answer(way)))
    (record,) = log.records
    assert (record.name, record.levelno) == ("mrt.calls", logging.INFO)
    middle = "" if way in ("call", "acall") else "2 chunks, first after 0.000 s, "
    assert record.getMessage() == f"acme/small ok: 0.000 s, {middle}12 tokens in, 34 tokens out, stop, request r1"
    assert record.mrt["outcome"] == "ok"
    assert record.mrt["model_type"] == "llm"
    assert record.mrt["prompt_tokens"] == 12


def test_a_failed_call_is_a_warning(way: str, vendor: Any, run: Any, log: Any, clock: Any) -> None:
    error = InvokeRateLimitError("too fast", status=429, code="quota", request_id="r2", retry_after=1.5)
    with pytest.raises(InvokeRateLimitError):
        run(way, [Log(clock=clock)], vendor([error]))
    (record,) = log.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("acme/small failed: 0.000 s")
    assert record.getMessage().endswith("InvokeRateLimitError, HTTP 429, code quota, retry after 1.5 s, request r2")
    assert "too fast" not in record.getMessage()


def test_an_error_inside_a_stream(stream_way: str, vendor: Any, run: Any, log: Any) -> None:
    with pytest.raises(InvokeConnectionError):
        run(stream_way, [Log()], vendor([answer(stream_way)[0], InvokeConnectionError("cut off")]))
    (record,) = log.records
    assert record.mrt["outcome"] == "failed"
    assert record.mrt["chunks"] == 1
    assert record.mrt["error"] == "InvokeConnectionError"


def test_a_stream_that_was_left(stream_way: str, vendor: Any, leave: Any, log: Any) -> None:
    target = vendor(answer(stream_way))
    leave(stream_way, [Log()], target)
    (record,) = log.records
    assert record.levelno == logging.INFO
    assert record.getMessage().startswith("acme/small left early: ")
    assert (target.open, target.closed) == (0, 1)


def test_a_cancelled_call_is_no_warning(vendor: Any, ask: Any, log: Any) -> None:
    async def main() -> None:
        with pytest.raises(asyncio.CancelledError):
            await compose([Log()], vendor([asyncio.CancelledError()])).acall(ask())

    asyncio.run(main())
    (record,) = log.records
    assert (record.levelno, record.mrt["outcome"]) == (logging.INFO, "cancelled")


def test_attempts_are_counted(way: str, vendor: Any, run: Any, log: Any, clock: Any) -> None:
    retry = Retry(sleep=clock.sleep, asleep=clock.asleep)
    run(way, [Log(), retry], vendor([InvokeConnectionError()], [InvokeConnectionError()], answer(way)))
    (record,) = log.records
    assert record.mrt["failed_attempts"] == 2
    assert "2 attempts before" in record.getMessage()


def test_content_is_not_written(way: str, vendor: Any, run: Any, ask: Any, log: Any) -> None:
    run(way, [Log()], vendor(answer(way, "a private answer")), ask("a private question"))
    assert "private" not in repr([vars(record) for record in log.records])


def test_content_is_written_on_demand_but_secrets_never(way: str, vendor: Any, run: Any, ask: Any, log: Any) -> None:
    text = "the key sk-test-own " + "x" * 1000
    run(way, [Log(content=True)], vendor(answer(way, text)), ask("my key is sk-test-own"))
    (record,) = log.records
    assert "prompt 'user: my key is ********'" in record.getMessage()
    assert "answer 'the key ********" in record.getMessage()
    assert len(record.mrt["answer"]) == 500
    assert "sk-test-own" not in repr(vars(record))


def test_the_errors_text_is_content(vendor: Any, run: Any, log: Any) -> None:
    with pytest.raises(InvokeConnectionError):
        run("call", [Log(content=True)], vendor([InvokeConnectionError("reset by sk-test-own")]))
    assert "'reset by ********'" in log.records[0].getMessage()


def test_other_types_tell_what_they_have(vendor: Any, run: Any, ask: Any, log: Any) -> None:
    result = TextEmbeddingResult("small", [[1.0]], EmbeddingUsage(7))
    asked = ask(model_type=ModelType.TEXT_EMBEDDING, request=TextEmbeddingRequest(["one", "two"]))
    run("call", [Log(content=True)], vendor([result]), asked)
    (record,) = log.records
    assert "7 tokens in" in record.getMessage()
    assert record.mrt["prompt"] == "one\ntwo"


def test_uncounted_tokens_are_not_zero_tokens(vendor: Any, run: Any, log: Any) -> None:
    run("call", [Log()], vendor([LLMResult("small", AssistantPromptMessage("hi"))]))
    assert "tokens" not in log.records[0].getMessage()


def test_logger_and_level_can_be_chosen(vendor: Any, run: Any, log: Any) -> None:
    own = logging.getLogger("test.own")
    run("call", [Log(own, level=logging.DEBUG)], vendor(["hi"]))
    own.setLevel(logging.ERROR)
    run("call", [Log(own)], vendor(["hi"]))
    assert [(record.name, record.levelno) for record in log.records] == [("test.own", logging.DEBUG)]
