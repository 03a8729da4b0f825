from __future__ import annotations

from typing import Any

import pytest
from oai_calls import Gathered, make_call, make_response, run_stream, sse

from mrt.entities.common import ModelType
from mrt.entities.message import ImagePromptMessageContent, ToolPromptMessage, UserPromptMessage
from mrt.entities.model import AIModelEntity
from mrt.errors import InvokeBadRequestError, InvokeBadResponseError, InvokeConnectionError, InvokeError
from mrt_openai_compatible.dialect.completions import wire_prompt
from mrt_openai_compatible.dialect.llm import OpenAILargeLanguageModel

MODEL = OpenAILargeLanguageModel()
SCHEMA = AIModelEntity.model_validate(
    {"model": "base", "model_type": ModelType.LLM, "model_properties": {"mode": "completion"}}
)


def choice(text: Any, finish: Any = None, **more: Any) -> dict[str, Any]:
    return {"id": "cmpl-1", "model": "served", "choices": [{"index": 0, "text": text, "finish_reason": finish}], **more}


def read(data: bytes) -> Gathered:
    return Gathered(run_stream(MODEL, make_call(stream=True, schema=SCHEMA), [data]))


def parse(value: Any) -> Any:
    return MODEL.parse_response(make_call(schema=SCHEMA), make_response(value))


def test_a_whole_answer() -> None:
    result = parse(choice(" there was", "length", usage={"prompt_tokens": 4, "completion_tokens": 2}))
    assert (result.text, result.finish_reason, result.usage.total_tokens) == (" there was", "length", 6)
    assert result.model == "served"


def test_a_stream_with_running_usage_and_no_end_mark() -> None:
    found = read(sse(
        choice(""), choice(" there", usage={"prompt_tokens": 4, "completion_tokens": 1}),
        choice(" was", usage={"prompt_tokens": 4, "completion_tokens": 2}), choice("", "stop"), done=False,
    ))  # fmt: skip
    assert found.text == " there was"
    assert [chunk.text for chunk in found.chunks] == [" there", " was", ""]
    assert found.finish == ["stop"]
    assert found.usage is not None
    assert found.usage.completion_tokens == 2


def test_thinking_between_tags() -> None:
    assert read(sse(choice("<thi"), choice("nk>why</think>four"), choice("", "stop"))).reasoning == "why"
    result = parse(choice("<think>why</think>four", "stop"))
    assert (result.text, result.reasoning_content) == ("four", "why")


def test_a_cut_stream_and_an_error_in_one() -> None:
    with pytest.raises(InvokeConnectionError):
        read(sse(choice(" there"), done=False))
    with pytest.raises(InvokeError, match="no attribute"):
        read(sse({"error": "'str' object has no attribute 'get'"}, done=False))


@pytest.mark.parametrize(
    "value", [{"choices": []}, choice(None), choice(5), {"choices": [{"message": {"content": "x"}}]}]
)
def test_an_answer_without_text_is_an_error(value: Any) -> None:
    with pytest.raises(InvokeBadResponseError):
        parse(value)


def test_null_text_with_a_finish_reason_is_empty() -> None:
    assert parse(choice(None, "stop")).text == ""


def test_a_prompt_is_text() -> None:
    image = ImagePromptMessageContent(url="https://example.com/a.png")
    with pytest.raises(InvokeBadRequestError, match="text only"):
        wire_prompt([UserPromptMessage([image])])
    with pytest.raises(InvokeBadRequestError, match="tool results"):
        wire_prompt([UserPromptMessage("x"), ToolPromptMessage("y", tool_call_id="a")])
