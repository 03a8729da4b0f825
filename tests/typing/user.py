"""A program of a user, checked by mypy and pyright in strict mode and never run."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import assert_type

import mrt
from mrt import (
    AIModelEntity,
    AssistantPromptMessage,
    ImagePromptMessageContent,
    InvokeError,
    InvokeRateLimitError,
    LLMResult,
    LLMResultChunk,
    LLMUsage,
    ModerationResult,
    PromptMessage,
    PromptMessageTool,
    ProviderEntity,
    RerankResult,
    Runtime,
    SystemPromptMessage,
    TextEmbeddingResult,
    TextPromptMessageContent,
    TokenCount,
    UserPromptMessage,
)

CREDENTIALS = {"server_url": "http://127.0.0.1:9997", "model_uid": "qwen"}
WEATHER = PromptMessageTool(
    name="weather",
    description="Tell the weather of a city.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}},
)


def chat() -> None:
    with mrt.llm("xinference/qwen2.5-instruct", credentials=CREDENTIALS) as model:
        assert_type(model.schema, AIModelEntity)
        model.validate_credentials()
        result = model.invoke("Tell me a joke", model_parameters={"temperature": 0}, stop=["\n\n"], user="ann")
        assert_type(result, LLMResult)
        assert_type(result.message, AssistantPromptMessage)
        assert_type(result.usage, LLMUsage)
        assert_type(model.get_num_tokens([UserPromptMessage(content="Hi")], tools=[WEATHER]), TokenCount)
        messages: list[PromptMessage] = [SystemPromptMessage(content="Be brief"), UserPromptMessage(content="Hi")]
        with model.stream(messages, tools=[WEATHER]) as chunks:
            for chunk in chunks:
                assert_type(chunk, LLMResultChunk)
        try:
            model.invoke(messages)
        except InvokeRateLimitError as error:
            assert_type(error.retry_after, float | None)
            assert_type(error.retryable, bool)
        except InvokeError as error:
            assert_type(error.status, int | None)
            assert_type(error.provider, str | None)


async def chat_async() -> None:
    async with mrt.llm("xinference/qwen2.5-instruct", credentials=CREDENTIALS) as model:
        assert_type(await model.ainvoke("Tell me a joke"), LLMResult)
        async with model.astream("Tell me a joke") as chunks:
            async for chunk in chunks:
                assert_type(chunk, LLMResultChunk)
        await model.aclose()


def look_at_an_image() -> None:
    message = UserPromptMessage(
        content=[
            TextPromptMessageContent(data="What is this?"),
            ImagePromptMessageContent(format="png", mime_type="image/png", base64_data="iVBORw0KGgo="),
        ]
    )
    mrt.llm("xinference/qwen2-vl", credentials=CREDENTIALS).invoke([message])


def the_other_model_types() -> None:
    vectors = mrt.text_embedding("xinference/bge-m3", credentials=CREDENTIALS).invoke(["a", "b"], input_type="query")
    assert_type(vectors, TextEmbeddingResult)
    ranking = mrt.rerank("xinference/bge-reranker", credentials=CREDENTIALS).invoke("q", ["a", "b"], top_n=1)
    assert_type(ranking, RerankResult)
    hearing = mrt.speech2text("xinference/whisper", credentials=CREDENTIALS)
    assert_type(hearing.invoke(Path("hello.wav")), str)
    assert_type(hearing.invoke(b"RIFF"), str)
    speaking = mrt.tts("xinference/voice", credentials=CREDENTIALS)
    sound: bytes = speaking.invoke("Hello", voice="default")
    assert_type(sound.hex(), str)
    assert_type(speaking.invoke("Hello").media_type, str)
    with speaking.stream("Hello") as parts:
        for part in parts:
            assert_type(part, bytes)
    verdict = mrt.moderation("openai-compatible/guard", credentials={"base_url": "http://127.0.0.1:8000"}).invoke("x")
    assert_type(verdict, ModerationResult)
    if verdict:
        print("flagged")


def a_runtime_of_its_own() -> None:
    runtime = Runtime(load_entry_points=False)
    assert_type(runtime.providers(), dict[str, ProviderEntity])
    runtime.disable("acme")
    runtime.validate_credentials("acme", {"api_key": "sk-test-1"})
    data, media_type = runtime.icon("acme", "icon_small", lang="zh_Hans")
    assert_type(data, bytes)
    assert_type(media_type, str)
    for failure in runtime.failures:
        print(failure.provider, failure.distribution, failure.version, failure.phase, failure.error)
    model = runtime.llm("acme/large", credentials={"api_key": "sk-test-1"})
    assert_type(model.invoke("Hi").usage.total_price, Decimal | None)
