"""What failures say, where it is easy to name the wrong culprit."""

from __future__ import annotations

from typing import Any

from wrong_chat import CREDENTIALS, Wrong

from mrt import Invocation, LLMResult, LLMResultChunk
from mrt_testing_kit import run


def told(wrong: Wrong, check: str) -> str:
    report = run(wrong.provider, "openai", CREDENTIALS, check)
    return next(case for case in report[check].cases if case.status == "fail").text


def test_of_two_ways_the_one_that_is_wrong_is_named() -> None:
    def whole(result: LLMResult, _: Invocation[Any]) -> LLMResult:
        result.finish_reason = "stop"
        return result

    def pieces(chunks: list[LLMResultChunk], _: Invocation[Any]) -> list[LLMResultChunk]:
        for chunk in chunks:
            chunk.delta.finish_reason = chunk.delta.finish_reason and "stop"
        return chunks

    text = told(Wrong("whole", "LLM-02", result=whole), "LLM-02")
    assert text.startswith("LLM-02 [llm-stream, oracle-chat]: finish reason of sync, against that of stream is wrong")
    assert "\n  came:     'stop'\n  expected: 'length'\n" in text
    text = told(Wrong("pieces", "LLM-02", chunks=pieces), "LLM-02")
    assert text.startswith("LLM-02 [llm-stream, oracle-chat]: finish reason of stream, against that of sync is wrong")
    assert "\n  came:     'stop'\n  expected: 'length'\n" in text


def test_a_class_that_validates_nothing_is_told_so() -> None:
    def accepts(self: Any, model: str, credentials: dict[str, Any]) -> None:
        """Ask nobody."""

    silent = Wrong("silent", "CRD-03", attributes={"validate_credentials": accepts})
    note = "note:     validating made no request: validate_credentials of the model's class has to ask the vendor"
    for check in ("CRD-03", "CRD-04", "CRD-15", "CRD-17", "SEC-03"):
        assert note in told(silent, check)
    assert "no proxy can be seen at work" in told(silent, "CRD-17")
