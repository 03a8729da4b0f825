"""Plays recorded exchanges to the plugin, through runtime, connection and all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from mrt import PromptMessageTool, Runtime
from mrt.entities.llm import LLMResult
from mrt_testing_kit.records import Record, load
from mrt_testing_kit.server import ReplayServer

RECORDS = load("xinference")
Way = Literal["sync", "async"]
WAYS: tuple[Way, ...] = ("sync", "async")

CHAT, COMPLETION, EMBED = "/v1/chat/completions", "/v1/completions", "/v1/embeddings"
RERANK, LISTEN, SPEAK = "/v1/rerank", "/v1/audio/transcriptions", "/v1/audio/speech"

WEATHER = PromptMessageTool(
    name="get_weather",
    description="Get the weather",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)

# No speaking model was recorded, so one is described in the words of another audio model.
_SPEAKER = replace(
    RECORDS["meta_model_tiny-whisper"],
    name="a-speaker",
    path="/v1/models/tiny-speaker",
    body=json.dumps(
        {**RECORDS["meta_model_tiny-whisper"].json, "model_name": "tiny-speaker", "model_ability": ["text2audio"]}
    ).encode(),
)
_CHATS = ("tiny-chat", "tiny-gguf", "tiny-reason", "tiny-vision")


class Player:
    """A server that plays records, and a runtime that asks it."""

    def __init__(self, server: ReplayServer, runtime: Runtime) -> None:
        self.server = server
        self.runtime = runtime
        server.records.setdefault(_SPEAKER.path, _SPEAKER)

    def credentials(self, uid: str) -> dict[str, str]:
        return {"server_url": self.server.url, "model_uid": uid}

    def ask(self, record: Record, way: Way) -> Any:
        """Make the call that the record answers; a listing and a description have one way only."""
        if record.method == "GET":
            return self._describe(record)
        prepare = {
            CHAT: self._chat, COMPLETION: self._complete, EMBED: self._embed, RERANK: self._rerank,
            LISTEN: self._listen, SPEAK: self._speak,
        }[record.path]  # fmt: skip
        handle, arguments = prepare(record)
        # The schema is asked for first, so that the record answers the call and not the question before it.
        assert handle.schema.model
        self.server.played.clear()
        self.server.play(record)
        if record.streamed:
            return _stream(handle, arguments) if way == "sync" else asyncio.run(_astream(handle, arguments))
        return handle.invoke(**arguments) if way == "sync" else asyncio.run(_call(handle.ainvoke, arguments))

    def _describe(self, record: Record) -> Any:
        self.server.played.clear()
        self.server.play(record)
        if record.path == "/v1/models":
            return self.runtime.models("xinference", credentials={"server_url": self.server.url})
        # A name that was never asked for, so that no earlier schema answers.
        name = f"{record.name}-{len(self.server.requests)}"
        kind = {"embedding": "text-embedding", "rerank": "rerank", "audio": "speech2text"}.get(_type_of(record), "llm")
        return self.runtime.model_schema("xinference", kind, name, {"server_url": self.server.url})

    def _chat(self, record: Record) -> tuple[Any, dict[str, Any]]:
        body = _body(record)
        uid = body.get("model") if body.get("model") in _CHATS else "tiny-chat"
        if body.get("tools"):
            # The runtime would refuse tools for a model that has none.
            uid = "tiny-chat" if uid == "tiny-vision" else uid
        handle = self.runtime.llm(f"xinference/{uid}", self.credentials(uid))
        return handle, {"prompt_messages": "Hi", "tools": [WEATHER] if body.get("tools") else None}

    def _complete(self, record: Record) -> tuple[Any, dict[str, Any]]:
        return self.runtime.llm("xinference/tiny-base", self.credentials("tiny-base")), {"prompt_messages": "Hi"}

    def _embed(self, record: Record) -> tuple[Any, dict[str, Any]]:
        given = _body(record).get("input")
        texts = [str(item) for item in given] if isinstance(given, list) else ["hello"]
        return self.runtime.text_embedding("xinference/e", self.credentials("tiny-embed")), {"texts": texts}

    def _rerank(self, record: Record) -> tuple[Any, dict[str, Any]]:
        docs = _body(record).get("documents")
        texts = [str(item) for item in docs] if isinstance(docs, list) else ["a", "b"]
        arguments: dict[str, Any] = {"query": "q", "docs": texts}
        if record.status == 200 and 0 < len(record.json["results"]) < len(texts):
            # The runtime takes no fewer documents than were asked for.
            arguments["top_n"] = len(record.json["results"])
        return self.runtime.rerank("xinference/r", self.credentials("tiny-rerank")), arguments

    def _listen(self, record: Record) -> tuple[Any, dict[str, Any]]:
        return self.runtime.speech2text("xinference/w", self.credentials("tiny-whisper")), {"file": b"RIFF....WAVEfmt "}

    def _speak(self, record: Record) -> tuple[Any, dict[str, Any]]:
        return self.runtime.tts("xinference/s", self.credentials("tiny-speaker")), {"content_text": "Hello"}


def _body(record: Record) -> dict[str, Any]:
    return record.request_body if isinstance(record.request_body, dict) else {}


def _type_of(record: Record) -> str:
    described = record.json if record.status == 200 and record.content_type == "application/json" else {}
    return str(described.get("model_type", "")) if isinstance(described, dict) else ""


def _stream(handle: Any, arguments: dict[str, Any]) -> LLMResult:
    stream = handle.stream(**arguments)
    chunks = list(stream)
    return _same(chunks, stream.result)


async def _astream(handle: Any, arguments: dict[str, Any]) -> LLMResult:
    stream = handle.astream(**arguments)
    chunks = [chunk async for chunk in stream]
    return _same(chunks, stream.result)


def _same(chunks: list[Any], result: Any) -> LLMResult:
    """Return the result, which has to be what the chunks add up to."""
    assert "".join(chunk.text for chunk in chunks) == result.text
    assert [chunk.delta.finish_reason for chunk in chunks if chunk.delta.finish_reason] == [result.finish_reason]
    assert chunks[-1].delta.usage == result.usage
    return result  # type: ignore[no-any-return]


async def _call(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    return await function(**arguments)
