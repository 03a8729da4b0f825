"""Calls in every way, and servers of every generation."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.llm import LLMResult
from mrt.entities.message import UserPromptMessage
from mrt.entities.secret import Credentials
from mrt_openllm.llm import OpenLLMLargeLanguageModel
from mrt_openllm.server import Generation, Server

WAYS = ("sync", "async", "stream", "astream")
WHOLE = WAYS[:2]

OLD_DEFAULTS = {"max_new_tokens": 128, "temperature": 0.75, "top_k": 15, "top_p": 0.78, "repetition_penalty": 1.0}

SERVERS = {
    "0.3": Server(Generation.OLDEST, ("m",), defaults=OLD_DEFAULTS),
    "0.4": Server(Generation.OLD, ("m",), defaults=OLD_DEFAULTS),
    "0.5": Server(Generation.MIDDLE, ("m",), defaults=OLD_DEFAULTS),
    "0.6": Server(Generation.NEW, ("m",), {"m": 256}, fields=frozenset({"temperature", "top_k", "structured_outputs"})),
}


def ask(handle: Any, way: str, prompt: Any = "Hi", **arguments: Any) -> LLMResult:
    """Call a language model; a stream's chunks have to add up to its result."""
    if way == "sync":
        return handle.invoke(prompt, **arguments)
    if way == "async":
        return asyncio.run(_awaited(handle.ainvoke, prompt, arguments))
    if way == "stream":
        with handle.stream(prompt, **arguments) as stream:
            return _same(list(stream), stream.result)
    return asyncio.run(_astream(handle, prompt, arguments))


async def _awaited(function: Any, prompt: Any, arguments: dict[str, Any]) -> Any:
    return await function(prompt, **arguments)


async def _astream(handle: Any, prompt: Any, arguments: dict[str, Any]) -> LLMResult:
    async with handle.astream(prompt, **arguments) as stream:
        return _same([chunk async for chunk in stream], stream.result)


def _same(chunks: list[Any], result: Any) -> LLMResult:
    assert "".join(chunk.text for chunk in chunks) == result.text
    assert [chunk.delta.finish_reason for chunk in chunks[:-1] if chunk.delta.finish_reason] == []
    assert chunks[-1].delta.finish_reason == result.finish_reason
    assert chunks[-1].delta.usage == result.usage
    return result  # type: ignore[no-any-return]


def embed(handle: Any, way: str, texts: list[str]) -> Any:
    """Call a text embedding model."""
    return handle.invoke(texts) if way == "sync" else asyncio.run(_awaited(handle.ainvoke, texts, {}))


def call_to(
    generation: str, *, mode: str = "chat", stream: bool = False, server: Server | None = None, **request: Any
) -> Invocation[Any]:
    """Return a call as the plugin's methods see it, to a server of a generation."""
    credentials: Mapping[str, Any] = {"server_url": "http://127.0.0.1:1", "mode": mode}
    schema = OpenLLMLargeLanguageModel().schema_of("m", "m", server or SERVERS[generation], credentials)
    messages = request.pop("messages", (UserPromptMessage("Hi"),))
    asked = LLMRequest(messages, **request)
    return Invocation(ModelType.LLM, "m", Credentials(credentials), asked, stream=stream, schema=schema)
