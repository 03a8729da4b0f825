from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from mrt.entities.message import (
    AssistantPromptMessage,
    PromptMessage,
    PromptMessageTool,
    SystemPromptMessage,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt.errors import (
    InvokeBadRequestError,
    InvokeConnectionError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
)
from mrt_anthropic.tools import safe_name
from mrt_testing_kit.server import Answer, OracleServer, Redacted, Text, Thinking, ToolCall, Usage, oracle

Chat = Callable[..., Any]
Way = Callable[..., Any]
TOOLS = [
    PromptMessageTool("weather.get", "The weather.", {"type": "object", "properties": {"place": {"type": "string"}}}),
    PromptMessageTool("now", "The time."),
]
BUDGET = "claude-haiku-4-5-20251001"


def invoke(chat: Any, *args: Any, **kwargs: Any) -> Any:
    return chat.invoke(*args, **kwargs)


def ainvoke(chat: Any, *args: Any, **kwargs: Any) -> Any:
    return asyncio.run(chat.ainvoke(*args, **kwargs))


def stream(chat: Any, *args: Any, **kwargs: Any) -> Any:
    with chat.stream(*args, **kwargs) as pieces:
        for _ in pieces:
            pass
        return pieces.result


def astream(chat: Any, *args: Any, **kwargs: Any) -> Any:
    async def run() -> Any:
        async with chat.astream(*args, **kwargs) as pieces:
            async for _ in pieces:
                pass
            return pieces.result

    return asyncio.run(run())


every_way = pytest.mark.parametrize("way", [invoke, ainvoke, stream, astream])


@every_way
def test_an_answer(server: OracleServer, chat: Chat, way: Way) -> None:
    result = way(chat(), [SystemPromptMessage("Be brief."), UserPromptMessage("Hello")], user="u-1")
    assert result.text == oracle.reply("Hello")
    assert (result.finish_reason, result.vendor_finish_reason) == ("stop", "end_turn")
    assert result.usage.source == "reported"
    assert result.usage.completion_tokens == oracle.usage("Hello").completion
    assert result.request_id.startswith("req_")
    [request] = server.requests
    assert request.header("x-api-key") == "sk-test-messages"
    assert request.header("anthropic-version") == "2023-06-01"
    assert request.header("authorization") is None
    assert request.json["system"] == [{"type": "text", "text": "Be brief."}]
    assert request.json["metadata"] == {"user_id": "u-1"}


@every_way
def test_two_parallel_calls_with_thinking_run_to_the_end(server: OracleServer, chat: Chat, way: Way) -> None:
    # The vendor allows no dot in a name, so it knows the tool by another one.
    dotted = safe_name("weather.get")
    server.next_answer(
        Answer(
            parts=[
                Thinking(["Two ", "places."], "c2lnbmVk"),
                Redacted("ZGF0YQ=="),
                Text(["I look ", "at both."]),
                ToolCall(dotted, '{"place": "Kyōto"}'),
                ToolCall("now", ""),
            ]
        )
    )
    conversation: list[PromptMessage] = [UserPromptMessage("Weather and time?")]
    parameters = {"thinking": True, "thinking_budget": 2048}
    result = way(chat(BUDGET), conversation, model_parameters=parameters, tools=TOOLS)
    assert result.finish_reason == "tool_calls"
    assert (result.reasoning_content, result.text) == ("Two places.", "I look at both.")
    calls = result.message.tool_calls
    assert [call.function.name for call in calls] == ["weather.get", "now"]
    assert [json.loads(call.function.arguments) for call in calls] == [{"place": "Kyōto"}, {}]

    conversation += [result.message, *(ToolPromptMessage(f"of {c.function.name}", tool_call_id=c.id) for c in calls)]
    server.next_answer(Answer("Rain at noon.", reasoning="Both are here."))
    last = way(chat(BUDGET), conversation, model_parameters=parameters, tools=TOOLS)
    assert (last.text, last.finish_reason) == ("Rain at noon.", "stop")

    assert [tool["name"] for tool in server.requests[-1].json["tools"]] == [dotted, "now"]
    sent = server.requests[-1].json["messages"]
    assert [turn["role"] for turn in sent] == ["user", "assistant", "user"]
    ids = [call.id for call in calls]
    assert sent[1]["content"] == [
        {"type": "thinking", "thinking": "Two places.", "signature": "c2lnbmVk"},
        {"type": "redacted_thinking", "data": "ZGF0YQ=="},
        {"type": "text", "text": "I look at both."},
        {"type": "tool_use", "id": ids[0], "name": dotted, "input": {"place": "Kyōto"}},
        {"type": "tool_use", "id": ids[1], "name": "now", "input": {}},
    ]
    assert [(block["type"], block["tool_use_id"]) for block in sent[2]["content"]] == [
        ("tool_result", ids[0]),
        ("tool_result", ids[1]),
    ]


@every_way
@pytest.mark.parametrize(
    ("model", "usage", "prompt", "completion"),
    [
        # 1009 - 31 - 113 = 865 tokens outside of the cache
        ("claude-opus-5", Usage(1009, 607, 31, 113), "0.00504675", "0.015175"),
        # 31 x 0.25 + 113 x 12.50 + 865 x 10 millionths
        ("claude-fable-5-1", Usage(1009, 607, 31, 113), "0.01007025", "0.03035"),
        # The same counts on both sides of the border at 100 000 tokens
        ("claude-haiku-5-5", Usage(100_000, 7, 11, 13), "0.009999335", "0.0000035"),
        ("claude-haiku-5-5", Usage(100_001, 7, 11, 13), "0.049997175", "0.0000175"),
    ],
)
def test_prices_are_exact(
    server: OracleServer, chat: Chat, way: Way, model: str, usage: Usage, prompt: str, completion: str
) -> None:
    server.next_answer(Answer("Hi", usage=usage))
    got = way(chat(model), "Hello").usage
    assert (got.prompt_tokens, got.cache_read_tokens, got.cache_write_tokens) == (
        usage.prompt,
        usage.cached,
        usage.cache_write,
    )
    assert got.prompt_price == Decimal(prompt)
    assert got.completion_price == Decimal(completion)
    assert got.total_price == Decimal(prompt) + Decimal(completion)
    assert got.currency == "USD"


@every_way
@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("stop_sequence", "stop"),
        ("refusal", "content_filter"),
        ("pause_turn", "other"),
        ("a_new_one", "other"),
        (None, None),
    ],
)
def test_finish_reasons(server: OracleServer, chat: Chat, way: Way, word: str | None, reason: str | None) -> None:
    server.next_answer(Answer("Hi", finish=word))
    result = way(chat(), "Hello")
    assert (result.finish_reason, result.vendor_finish_reason, result.text) == (reason, word, "Hi")


@every_way
def test_overloaded(server: OracleServer, chat: Chat, way: Way) -> None:
    with server.fault("F41", status=529), pytest.raises(InvokeServerUnavailableError) as caught:
        way(chat(), "Hello")
    assert (caught.value.status, caught.value.code, caught.value.retryable) == (529, "overloaded_error", True)
    assert caught.value.request_id
    assert len(server.requests) == 1


@every_way
def test_a_wait_is_kept(server: OracleServer, chat: Chat, way: Way) -> None:
    with server.fault("F42"), pytest.raises(InvokeRateLimitError) as caught:
        way(chat(), "Hello")
    assert caught.value.retry_after is not None


@pytest.mark.parametrize("way", [stream, astream])
@pytest.mark.parametrize("fault", ["F15", "F16"])
def test_a_stream_that_breaks_off_keeps_what_came(server: OracleServer, chat: Chat, way: Way, fault: str) -> None:
    server.next_answer(Answer("one two three four"))
    with server.fault(fault, after=2), pytest.raises(InvokeConnectionError) as caught:
        way(chat(), "Hello")
    assert caught.value.request_id
    assert caught.value.partial.text
    assert "one two three four".startswith(caught.value.partial.text)


@pytest.mark.parametrize("way", [stream, astream])
def test_an_error_inside_a_stream(server: OracleServer, chat: Chat, way: Way) -> None:
    with server.fault("F20"), pytest.raises(InvokeServerUnavailableError) as caught:
        way(chat(), "Hello")
    assert caught.value.code in ("overloaded_error", "api_error")


def test_the_vendor_counts_tokens(server: OracleServer, chat: Chat) -> None:
    count = chat().get_num_tokens([SystemPromptMessage("Be brief."), UserPromptMessage("Hello")], TOOLS)
    assert (int(count), count.method) == (oracle.usage("Hello").prompt, "vendor")
    sent = server.requests[-1].json
    assert sent.keys() == {"model", "system", "messages", "tools"}


def test_without_the_endpoint_tokens_are_estimated(server: OracleServer, chat: Chat) -> None:
    with server.fault("F41", status=404, path="*/count_tokens"):
        count = chat().get_num_tokens("Hello")
    assert count.method == "estimate"
    assert count > 0


def test_conflicts_and_unknown_parameters_cost_no_request(server: OracleServer, chat: Chat) -> None:
    for model, parameters, word in (
        (BUDGET, {"thinking": True, "temperature": 0.5}, "temperature"),
        ("claude-opus-5", {"temperature": 0.5}, "temperature"),
        ("claude-fable-5-1", {"thinking": False}, "thinking"),
        ("claude-fable-5-1", {"tool_choice": "required"}, "tool_choice"),
        ("claude-opus-5", {"max_tokens": 128001}, "max_tokens"),
        (BUDGET, {"thinking": True, "thinking_budget": 1023}, "thinking_budget"),
    ):
        with pytest.raises(InvokeBadRequestError, match=word):
            chat(model).invoke("Hello", model_parameters=parameters)
    assert server.requests == []


def test_structured_output(server: OracleServer, chat: Chat) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    result = chat().invoke("Give me one", model_parameters={"json_schema": json.dumps(schema)})
    assert isinstance(result.structured_output["a"], int)
    assert server.requests[-1].json["output_config"] == {"format": {"type": "json_schema", "schema": schema}}


@every_way
def test_blank_stop_texts_are_enforced_though_the_vendor_never_sees_them(
    server: OracleServer, chat: Chat, way: Way
) -> None:
    server.next_answer(Answer("one\ntwo"))
    assert way(chat(), "Hello", stop=["\n"]).text == "one"
    assert "stop_sequences" not in server.requests[-1].json


def test_the_caller_keeps_his_objects(chat: Chat) -> None:
    blocks = [{"type": "thinking", "thinking": "a", "signature": "s"}]
    messages = [UserPromptMessage("Hi"), AssistantPromptMessage("a ", opaque_body=blocks), UserPromptMessage("b")]
    before = [message.model_dump() for message in messages]
    chat().invoke(messages, model_parameters={"prompt_caching_messages": True})
    assert [message.model_dump() for message in messages] == before
