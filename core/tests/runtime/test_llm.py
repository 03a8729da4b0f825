"""What happens around a language model's call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from runtime_plugins import Plugin, VendorBusyError, VendorDeniedError, chunk, entity, reply, scripted

from mrt import (
    ImagePromptMessageContent,
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeConnectionError,
    InvokeRateLimitError,
    LLMResult,
    LLMUsage,
    PluginError,
    PromptMessageTool,
    Runtime,
    SystemPromptMessage,
    ToolCall,
    ToolCallFunction,
    UserPromptMessage,
)
from mrt.runtime.llm import LLMHandle

TEMPERATURE = {"name": "temperature", "use_template": "temperature"}


def handle(
    answer: Callable[[dict[str, Any]], Any], rules: list[dict[str, Any]] | None = None, **schema: Any
) -> LLMHandle:
    runtime = Runtime(load_entry_points=False)
    runtime.register(Plugin({"llm": scripted(answer, rules, **schema)}), "fake")
    return runtime.llm("fake/some/model", {"key": "sk-test-0123456789"})


async def drain(chat: LLMHandle) -> list[Any]:
    return [piece async for piece in chat.astream("Hi")]


def both(chat: LLMHandle) -> list[list[Any]]:
    """Return the chunks of the sync and of the async stream."""
    return [list(chat.stream("Hi")), asyncio.run(drain(chat))]


def test_only_the_first_slash_splits_and_a_text_becomes_a_user_message() -> None:
    seen: dict[str, Any] = {}

    def answer(call: dict[str, Any]) -> LLMResult:
        seen.update(call)
        return reply()

    result = handle(answer).invoke("Hi", stop=["END"], user="u1")
    assert seen["model"] == "some/model"
    assert seen["prompt_messages"] == [UserPromptMessage("Hi")]
    assert (seen["stop"], seen["user"], seen["stream"], seen["tools"]) == (["END"], "u1", False, None)
    assert seen["credentials"] == {"key": "sk-test-0123456789"}
    assert (result.text, result.usage.total_tokens, result.usage.source) == ("Hello.", 10, "reported")
    assert result.usage.latency > 0


def test_what_a_caller_gives_is_not_changed() -> None:
    def answer(call: dict[str, Any]) -> LLMResult:
        call["prompt_messages"].append(UserPromptMessage("more"))
        call["model_parameters"]["x"] = 1
        call["credentials"]["key"] = "changed"
        call["stop"].append("more")
        return reply()

    messages, parameters, stop = [UserPromptMessage("Hi")], {"temperature": 0}, ["END"]
    chat = handle(answer, [TEMPERATURE])
    for _ in range(2):
        chat.invoke(messages, model_parameters=parameters, stop=stop)
    assert (messages, parameters, stop) == ([UserPromptMessage("Hi")], {"temperature": 0}, ["END"])


def test_parameters_are_checked_before_the_plugin_is_asked() -> None:
    def answer(call: dict[str, Any]) -> LLMResult:
        raise AssertionError("the plugin must not be asked")

    with pytest.raises(InvokeBadRequestError) as caught:
        handle(answer, [TEMPERATURE]).invoke("Hi", model_parameters={"temperature": 7, "temprature": 1})
    assert "temperature" in str(caught.value)
    assert "temprature" in str(caught.value)


def test_dropped_parameters_are_named_on_the_result() -> None:
    runtime = Runtime(load_entry_points=False, unknown_parameters="drop")
    seen: list[dict[str, Any]] = []

    def answer(call: dict[str, Any]) -> Any:
        seen.append(call["model_parameters"])
        return iter([chunk("a", finish="stop")]) if call["stream"] else reply()

    runtime.register(Plugin({"llm": scripted(answer, [TEMPERATURE])}), "fake")
    chat = runtime.llm("fake/m")
    assert chat.invoke("Hi", model_parameters={"temperature": 0, "seed": 1}).dropped_parameters == ("seed",)
    stream = chat.stream("Hi", model_parameters={"seed": 1})
    list(stream)
    assert stream.result is not None
    assert stream.result.dropped_parameters == ("seed",)
    assert seen == [{"temperature": 0.0}, {}]


def test_the_last_chunk_has_finish_reason_and_usage_whatever_order_they_come_in() -> None:
    usage = LLMUsage(prompt_tokens=5, completion_tokens=2)
    orders: list[list[Any]] = [
        [chunk("He"), chunk("llo", finish="stop"), chunk(usage=usage)],
        [chunk(""), chunk("He", usage=usage), chunk("llo"), chunk(finish="end_turn")],
        [chunk("Hello", finish="stop", usage=usage)],
    ]
    for order in orders:
        for chunks in both(handle(lambda _, order=order: iter([chunk_copy(one) for one in order]))):  # type: ignore[misc]
            assert "".join(one.text for one in chunks) == "Hello"
            assert [one.delta.index for one in chunks] == list(range(len(chunks)))
            assert [one.delta.finish_reason for one in chunks] == [None] * (len(chunks) - 1) + ["stop"]
            assert [one.delta.usage is not None for one in chunks] == [False] * (len(chunks) - 1) + [True]
            assert chunks[-1].delta.usage.prompt_tokens == 5
            assert chunks[-1].delta.usage.time_to_first_chunk > 0


def chunk_copy(one: Any) -> Any:
    delta = one.delta
    return chunk(delta.message.content, finish=delta.finish_reason, usage=delta.usage)


def test_missing_usage_is_estimated_and_says_so() -> None:
    for chunks in both(handle(lambda _: iter([chunk("Hello there, world", finish="stop")]))):
        usage = chunks[-1].delta.usage
        assert (usage.source, usage.completion_tokens) == ("estimated", 4)
        assert usage.prompt_tokens > 0
    assert handle(lambda _: reply(usage=LLMUsage.empty_usage())).invoke("Hi").usage.source == "estimated"


def test_a_stop_text_ends_the_stream_and_the_vendors_work() -> None:
    closed = threading.Event()

    def answer(_: dict[str, Any]) -> Iterator[Any]:
        try:
            for text in ("one ", "E", "ND two", "three"):
                yield chunk(text)
        finally:
            closed.set()

    chat = handle(answer)
    stream = chat.stream("Hi", stop=["END"])
    assert "".join(one.text for one in stream) == "one "
    assert closed.is_set()
    assert stream.result is not None
    assert stream.result.finish_reason == "stop"
    assert handle(lambda _: reply("one END two")).invoke("Hi", stop=["END"]).text == "one "


def test_the_result_of_a_stream_is_the_whole_answer() -> None:
    def answer(_: dict[str, Any]) -> Iterator[Any]:
        yield chunk(None, reasoning="Let me ")
        yield chunk(None, reasoning="see.")
        yield chunk("Yes", opaque={"signature": "x"})
        yield chunk(None, calls=[ToolCall("1", function=ToolCallFunction("f", '{"a"'), index=0)])
        yield chunk(None, calls=[ToolCall("", function=ToolCallFunction("", ": 1}"), index=0)])
        yield chunk(None, finish="stop")

    stream = handle(answer).stream("Hi")
    assert stream.result is None
    list(stream)
    result = stream.result
    assert result is not None
    assert (result.text, result.reasoning_content, result.finish_reason) == ("Yes", "Let me see.", "tool_calls")
    assert result.vendor_finish_reason == "stop"
    assert result.message.tool_calls == [ToolCall("1", function=ToolCallFunction("f", '{"a": 1}'), index=0)]
    assert result.message.opaque_body == {"signature": "x"}


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (VendorBusyError("slow down"), InvokeRateLimitError),
        (VendorDeniedError("no"), InvokeAuthorizationError),
        (ConnectionResetError("reset"), InvokeConnectionError),
        (TypeError("a bug"), PluginError),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_errors_are_mapped_before_and_within_a_stream(raised: Exception, expected: type[Exception], late: bool) -> None:
    def answer(call: dict[str, Any]) -> Any:
        def chunks() -> Iterator[Any]:
            if late:
                yield chunk("part")
            raise raised

        if call["stream"]:
            return chunks()
        raise raised

    chat = handle(answer)
    for run in (lambda: chat.invoke("Hi"), lambda: list(chat.stream("Hi")), lambda: asyncio.run(drain(chat))):
        with pytest.raises(expected) as caught:
            run()
        assert type(caught.value) is expected
        assert caught.value.__cause__ is raised
        assert caught.value.provider == "fake"  # type: ignore[attr-defined]


def test_an_error_in_a_stream_keeps_what_had_come() -> None:
    def answer(_: dict[str, Any]) -> Iterator[Any]:
        yield chunk("part of ")
        yield chunk("it")
        raise VendorBusyError("busy")

    with pytest.raises(InvokeRateLimitError) as caught:
        list(handle(answer).stream("Hi"))
    assert caught.value.partial.text == "part of it"


def test_images_and_tools_need_a_model_that_takes_them() -> None:
    chat = handle(lambda _: reply(), [], features=[])
    image = ImagePromptMessageContent(url="https://example.com/a.png")
    with pytest.raises(InvokeBadRequestError, match="image"):
        chat.invoke([UserPromptMessage([image])])
    with pytest.raises(InvokeBadRequestError, match="tool"):
        chat.invoke("Hi", tools=[PromptMessageTool("f")])


@pytest.mark.parametrize("prompt", ["", [], [UserPromptMessage("")], [SystemPromptMessage(None)]])
def test_an_empty_prompt_is_refused(prompt: Any) -> None:
    with pytest.raises(InvokeBadRequestError, match="empty"):
        handle(lambda _: reply()).invoke(prompt)


def test_a_plugin_that_returns_something_else_is_told_so() -> None:
    with pytest.raises(PluginError, match="LLMResult"):
        handle(lambda _: "text").invoke("Hi")
    with pytest.raises(PluginError, match="str"):
        list(handle(lambda _: iter(["text"])).stream("Hi"))


def test_prices_are_exact_and_unknown_ones_are_not_zero() -> None:
    pricing = {"input": "0.15", "output": "0.6", "unit": "0.000001", "currency": "USD", "cache_read": "0.015"}
    usage = LLMUsage(prompt_tokens=1000, completion_tokens=17, cache_read_tokens=900)
    priced = handle(lambda _: reply(usage=usage), [], pricing=pricing).invoke("Hi").usage
    assert priced.total_price == Decimal("0.0000387")
    assert handle(lambda _: reply(), []).invoke("Hi").usage.total_price is None


def test_a_closed_handle_says_so_and_closes_twice() -> None:
    chat = handle(lambda _: reply())
    with chat:
        chat.invoke("Hi")
    chat.close()
    with pytest.raises(InvokeBadRequestError, match="closed"):
        chat.invoke("Hi")


def test_code_block_mode_strips_the_fence_in_both_ways() -> None:
    seen: list[Any] = []

    def answer(call: dict[str, Any]) -> Any:
        seen.append(call)
        if call["stream"]:
            return iter([chunk("```js"), chunk('on\n{"a"'), chunk(": 1}\n``"), chunk("`", finish="stop")])
        return reply('{"a": 1}\n```')

    rule = {"name": "response_format", "use_template": "response_format"}
    chat = handle(answer, [rule])
    messages = [UserPromptMessage("Give me JSON.")]
    result = chat.invoke(messages, model_parameters={"response_format": "JSON"})
    assert result.text == '{"a": 1}'
    stream = chat.stream(messages, model_parameters={"response_format": "JSON"})
    assert "".join(one.text for one in stream) == '{"a": 1}'
    assert messages == [UserPromptMessage("Give me JSON.")]
    assert "response_format" not in seen[0]["model_parameters"]


def test_structured_output_is_parsed() -> None:
    rule = {"name": "json_schema", "use_template": "json_schema"}
    parameters = {"json_schema": '{"type": "object"}'}
    chat = handle(
        lambda call: iter([chunk('{"a": '), chunk("1}", finish="stop")]) if call["stream"] else reply('{"a": 1}'),
        [rule],
    )
    assert chat.invoke("Hi", model_parameters=parameters).structured_output == {"a": 1}
    stream = chat.stream("Hi", model_parameters=parameters)
    list(stream)
    assert stream.result is not None
    assert stream.result.structured_output == {"a": 1}


def test_tokens_are_counted_with_their_method() -> None:
    count = handle(lambda _: reply()).get_num_tokens("Hello there, world")
    assert (count.method, int(count) > 4) == ("estimate", True)


def test_a_schema_is_made_once_per_credentials() -> None:
    made: list[str] = []
    model = scripted(lambda _: reply(), [])

    class Counting(model):  # type: ignore[valid-type,misc]
        def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> Any:
            made.append(credentials.get("key", ""))
            return super().get_customizable_model_schema(model, credentials)

    runtime = Runtime(load_entry_points=False)
    runtime.register(Plugin({"llm": Counting}, entity()), "fake")
    for key in ("k-1", "k-2", "k-1"):
        runtime.llm("fake/m", {"key": key}).invoke("Hi")
    assert made == ["k-1", "k-2"]
