from __future__ import annotations

import json
from typing import Any

import pytest
from oai_calls import make_call

from mrt.entities.common import ModelType
from mrt.entities.message import AssistantPromptMessage, PromptMessageTool, SystemPromptMessage, UserPromptMessage
from mrt.entities.model import AIModelEntity, ModelPropertyKey
from mrt.errors import InvokeBadRequestError
from mrt_openai_compatible.dialect.llm import OpenAILargeLanguageModel
from mrt_openai_compatible.dialect.request import fits_strict_mode, response_format, wire_parameters, wire_stop

MODEL = OpenAILargeLanguageModel()
TOOL = PromptMessageTool(name="weather")
COMPLETION = AIModelEntity.model_validate(
    {"model": "base", "model_type": ModelType.LLM, "model_properties": {ModelPropertyKey.MODE: "completion"}}
)
CLOSED = {
    "type": "object", "title": "City list!", "properties": {"a": {"type": "string"}}, "required": ["a"],
    "additionalProperties": False,
}  # fmt: skip


def body(model: OpenAILargeLanguageModel = MODEL, **fields: Any) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(model.build_request(make_call(**fields)).content)
    return sent


def test_a_bare_call_sends_nothing_that_was_not_asked_for() -> None:
    assert body() == {"model": "some-model", "messages": [{"role": "user", "content": "Hi"}]}


def test_zero_and_false_are_values_and_none_is_not() -> None:
    given = {"temperature": 0, "top_p": 0.0, "seed": 0, "logprobs": False, "presence_penalty": None}
    assert wire_parameters(given) == {"temperature": 0, "top_p": 0.0, "seed": 0, "logprobs": False}


def test_declared_parameters_pass_under_their_names() -> None:
    assert wire_parameters({"top_k": 3, "min_p": 0.1}) == {"top_k": 3, "min_p": 0.1}


def test_parameters_do_not_overwrite_the_dialects_own_fields() -> None:
    sent = body(parameters={"model": "other", "messages": [], "stream": True, "stream_options": {}})
    assert sent == {"model": "some-model", "messages": [{"role": "user", "content": "Hi"}]}


def test_the_token_field_is_the_servers() -> None:
    class Newer(OpenAILargeLanguageModel):
        token_field = "max_completion_tokens"

    assert body(Newer(), parameters={"max_tokens": 5})["max_completion_tokens"] == 5
    assert "max_tokens" not in body(Newer(), parameters={"max_tokens": 5})
    assert body(Newer(), parameters={"max_tokens": 5}, schema=COMPLETION)["max_tokens"] == 5


def test_flags_for_tools_need_tools() -> None:
    flags = {"tool_choice": "required", "parallel_tool_calls": False}
    alone = body(parameters=flags)
    assert "tool_choice" not in alone
    assert "parallel_tool_calls" not in alone
    assert "tools" not in alone
    together = body(parameters=flags, tools=[TOOL])
    assert together["tool_choice"] == "required"
    assert together["parallel_tool_calls"] is False
    assert [tool["function"]["name"] for tool in together["tools"]] == ["weather"]


def test_the_server_is_told_of_as_many_stop_texts_as_it_takes() -> None:
    assert wire_stop(["a", "b", "a", "", "c", "d", "e"]) == ["a", "b", "c", "d"]
    assert wire_stop(["a", "b", "c", "d", "e"], None) == ["a", "b", "c", "d", "e"]
    assert body(stop=["x"])["stop"] == ["x"]
    assert "stop" not in body(stop=[""])


def test_a_stream_asks_for_usage_and_a_whole_answer_does_not() -> None:
    streamed = body(stream=True)
    assert streamed["stream"] is True
    assert streamed["stream_options"] == {"include_usage": True}
    assert not {"stream", "stream_options"} & body().keys()


def test_usage_in_streams_can_be_left_out() -> None:
    class Older(OpenAILargeLanguageModel):
        def include_usage(self, invocation: Any) -> bool:
            return False

    assert "stream_options" not in body(Older(), stream=True)


def test_streams_and_whole_answers_ask_for_the_same_otherwise() -> None:
    fields: dict[str, Any] = {"parameters": {"temperature": 0.5}, "tools": [TOOL], "stop": ["x"], "user": "ann"}
    streamed = body(stream=True, **fields)
    whole = body(**fields)
    assert {key: value for key, value in streamed.items() if key not in ("stream", "stream_options")} == whole
    assert whole["user"] == "ann"


def test_the_response_format_is_nested_as_the_dialect_wants_it() -> None:
    sent = body(parameters={"response_format": "json_schema", "json_schema": json.dumps(CLOSED)})
    schema = {"name": "City_list_", "schema": CLOSED, "strict": True}
    assert sent["response_format"] == {"type": "json_schema", "json_schema": schema}
    assert "json_schema" not in sent


def test_a_schema_alone_means_its_format() -> None:
    wanted = response_format(None, {"type": "object", "properties": {"a": {}}})
    assert wanted is not None
    assert wanted["json_schema"]["strict"] is False
    assert wanted["json_schema"]["name"] == "answer"


def test_a_named_schema_stays_as_it_is() -> None:
    named = {"name": "cities", "schema": CLOSED, "strict": False}
    assert response_format("json_schema", named) == {"type": "json_schema", "json_schema": named}
    unnamed = response_format("json_schema", {"schema": CLOSED})
    assert unnamed == {"type": "json_schema", "json_schema": {"name": "answer", "schema": CLOSED}}


@pytest.mark.parametrize("kind", ["text", "json_object"])
def test_other_formats_are_their_type(kind: str) -> None:
    assert body(parameters={"response_format": kind})["response_format"] == {"type": kind}


def test_an_object_of_the_dialect_passes() -> None:
    assert response_format({"type": "grammar", "value": "x"}, None) == {"type": "grammar", "value": "x"}


@pytest.mark.parametrize(
    ("kind", "schema", "words"),
    [
        ("json_schema", None, "needs a schema"),
        ("json_schema", "{broken", "no JSON"),
        ("json_schema", "[]", "no JSON object"),
        ("text", CLOSED, "no effect"),
    ],
)
def test_formats_that_cannot_be_meant_are_refused(kind: str, schema: Any, words: str) -> None:
    with pytest.raises(InvokeBadRequestError, match=words):
        response_format(kind, schema)


def test_strict_mode_is_asked_for_only_where_the_schema_allows_it() -> None:
    assert fits_strict_mode(CLOSED)
    assert not fits_strict_mode({**CLOSED, "required": []})
    assert not fits_strict_mode({**CLOSED, "additionalProperties": True})
    nested = {**CLOSED, "properties": {"a": {"type": "array", "items": {"type": "object", "properties": {}}}}}
    assert not fits_strict_mode(nested)


def test_one_message_is_the_prompt_of_a_completion() -> None:
    request = MODEL.build_request(make_call(prompt="Once upon a time", schema=COMPLETION))
    assert request.url.endswith("/v1/completions")
    assert json.loads(request.content) == {"model": "some-model", "prompt": "Once upon a time"}


def test_a_conversation_is_a_script_to_continue() -> None:
    messages = [SystemPromptMessage("Be brief."), UserPromptMessage("Hi"), AssistantPromptMessage("Yes?")]
    asked = body(prompt=[*messages, UserPromptMessage("Go on")], schema=COMPLETION)["prompt"]
    assert asked == "Be brief.\nUser: Hi\nAssistant: Yes?\nUser: Go on\nAssistant:"
    assert body(prompt=messages, schema=COMPLETION)["prompt"].endswith("Assistant: Yes?")


def test_a_completion_takes_no_tools() -> None:
    with pytest.raises(InvokeBadRequestError, match="no tools"):
        body(tools=[TOOL], schema=COMPLETION)


def test_the_callers_parameters_stay_as_they_are() -> None:
    parameters = {"max_tokens": 5, "json_schema": CLOSED}
    body(parameters=parameters)
    assert parameters == {"max_tokens": 5, "json_schema": CLOSED}
