"""Plays recorded exchanges to the plugin, through runtime, connection and all."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ollm_calls import ask, embed

from mrt import Runtime
from mrt_testing_kit.records import Record, load
from mrt_testing_kit.server import ReplayServer

RECORDS = load("openllm")
CHAT, COMPLETION, EMBED = "/v1/chat/completions", "/v1/completions", "/v1/embeddings"
GENERATE, STREAM = "/v1/generate", "/v1/generate_stream"

NOT_FOUND = RECORDS["new-0.6.30/probe-unknown-v1-path"]
_OLD = RECORDS["old-0.4.44/metadata-post-json"]
# No server of 0.2 or 0.3 was recorded; its metadata differs from that of 0.4 by these.
OLDEST = replace(
    _OLD,
    name="oldest-metadata",
    headers=(("content-type", "application/json"),),
    body=json.dumps({**_OLD.json, "model_id": "/models/tiny-llama", "supports_embeddings": True}).encode(),
)

INTRODUCTIONS: dict[str, tuple[str, tuple[Record, ...]]] = {
    "0.3": ("tiny-llama", (NOT_FOUND, OLDEST)),
    "0.4": ("tiny-llama", (RECORDS["old-0.4.44/models"], _OLD)),
    "0.5": ("org/model", (RECORDS["derived/v0.5-models"], RECORDS["derived/v0.5-metadata"])),
    "0.6": (
        "local/tiny-llama",
        (RECORDS["new-0.6.30/models"], RECORDS["new-0.6.30/probe-v1-openapi-json"]),
    ),
}
"""Generation to a model's name and the records by which a server of that generation introduces itself."""


def generation_of(name: str) -> str:
    """Return the generation of a record."""
    folder, _, rest = name.partition("/")
    if folder == "derived":
        return {"v0.2": "0.3", "v0.3": "0.3", "v0.5": "0.5", "v0.6": "0.6"}[rest[:4]]
    return "0.6" if folder.startswith("new") else "0.4"


def is_stream(record: Record) -> bool:
    """Tell whether a stream was asked for, whatever came."""
    body = record.request_body
    return record.path == STREAM or (isinstance(body, dict) and bool(body.get("stream"))) or record.streamed


class Player:
    """A server that plays records, and a runtime that asks it."""

    def __init__(self, server: ReplayServer, runtime: Runtime) -> None:
        self.server = server
        self.runtime = runtime
        self._handles: dict[tuple[str, str], Any] = {}

    def ask(self, record: Record, way: str) -> Any:
        """Make the call that a record of a POST answers.

        Args:
            record: The record.
            way: ``sync`` or ``async``.
        """
        generation = generation_of(record.name)
        is_text = record.path == COMPLETION or (record.path in (GENERATE, STREAM) and generation != "0.3")
        mode = "embedding" if record.path == EMBED else "completion" if is_text else "chat"
        handle = self.handle(generation, mode)
        self.server.played.clear()
        self.server.play(record)
        if mode == "embedding":
            return embed(handle, way, ["hello"])
        return ask(handle, {"sync": "stream", "async": "astream"}[way] if is_stream(record) else way)

    def introduce(self, *records: Record, model: str = "tiny-llama") -> Any:
        """Return the schema that the plugin makes of a server that introduces itself by these records."""
        self.server.played.clear()
        self.server.play(*records)
        # A key that was never used, so that no earlier schema answers.
        credentials = {"server_url": self.server.url, "api_key": f"sk-test-{len(self.server.requests)}"}
        return self.runtime.model_schema("openllm", "llm", model, credentials)

    def handle(self, generation: str, mode: str) -> Any:
        """Return a model of a server of a generation; its mode is ``chat``, ``completion`` or ``embedding``."""
        handle = self._handles.get((generation, mode))
        if handle is None:
            model, records = INTRODUCTIONS[generation]
            credentials = {"server_url": self.server.url, "api_key": f"sk-test-{generation}"}
            if mode == "embedding":
                handle = self.runtime.text_embedding(f"openllm/{model}", credentials)
            else:
                handle = self.runtime.llm(f"openllm/{model}", {**credentials, "mode": mode})
            # The schema is asked for first, so that the record answers the call and not the question before it.
            self.server.play(*records)
            assert generation.partition("-")[0] in handle.schema.label.get("en_US")
            self._handles[generation, mode] = handle
        return handle
