"""The dialects say what the recorded servers said: same statuses, headers, framing, keys and types."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mrt_testing_kit.probe import Got, ask
from mrt_testing_kit.records import Record, load
from mrt_testing_kit.server import OracleServer

# What the oracle does not stand in for: management, images, the Responses API, and the state of one machine.
NOT_SERVED = (
    *("auth_", "serverkill", "workerkill", "terminate", "limit_", "images", "responses", "derived/", "more_abort"),
    *("meta_registration", "meta_engines", "meta_supervisor", "meta_workers", "meta_replicas", "meta_events"),
    *("meta_cluster_devices", "meta_cluster_ui", "meta_cluster_info_detailed", "meta_docs", "meta_metrics"),
    *("meta_models_families", "meta_models_prompts", "meta_root", "meta_health", "error_launch"),
    *("loading_launch", "loading_progress", "loading_list"),
)

# Where the recorded server had an accident, or one that another test stages.
ACCIDENTS = {
    "new-0.6.30/chat-engine-dead": "the engine's process had died",
    "new-0.6.30/chat-stream-server-killed": "the server was killed",
    "new-0.6.30/chat-stream-client-leaves": "the client left",
    "new-0.6.30/completions-echo-logprobs": "the oracle has no probabilities for prompts",
    "new-0.6.30/probe-root": "a static file's headers",
    "old-0.4.44/generate-stream-server-killed": "the server was killed",
    "old-0.4.44/generate-stream-client-leaves": "the client left",
    "old-0.4.44/chat-stream": "the finish event was lost: F31 finish=missing",
    "old-0.4.44/generate-stream": "the finish event was lost: F31 finish=missing",
    "old-0.4.44/cohere-generate": "the oracle has no Cohere routes",
    "gguf_chat_tool_choice_required_stream": "the model rambled before the call",
    "reason_stream_interval_1": "the border between reasoning and text fell between two chunks",
}


def candidates(server: str) -> list[Record]:
    """Return the records that can be asked again."""
    return [
        record
        for record in load(server).values()
        if record.status
        and not record.name.startswith(NOT_SERVED)
        and record.name not in ACCIDENTS
        and not (isinstance(record.request_body, dict) and {"_multipart", "_shortened"} & set(record.request_body))
    ]


def shape(value: Any) -> Any:
    """Return keys, in order, and types of a JSON value; of a list, each shape once."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        # Bytes that stand for themselves need no shape of their own.
        items = {json.dumps(shape(item)) for item in value}
        return [json.loads(text) for text in sorted(items)]
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, int | float) else type(value).__name__


def chunk_shape(event: Any) -> str:
    """Return the shape of an event; the role that comes back every so often in the text does not count."""
    if isinstance(event, dict):
        for choice in event.get("choices") or []:
            delta = choice.get("delta")
            if isinstance(delta, dict) and len(delta) > 1 and choice.get("logprobs", 0) is None:
                choice["delta"] = {key: item for key, item in delta.items() if key != "role"}
    return event if isinstance(event, str) else json.dumps(shape(event))


def ask_again(record: Record, server: OracleServer) -> Got:
    body = record.request_body
    headers = {
        name: value
        for name, value in record.request_headers
        if name.lower() not in ("host", "connection", "content-length", "accept")
    }
    if body is not None and "content-type" not in {name.lower() for name in headers}:
        headers["content-type"] = ""
    data = body.encode() if isinstance(body, str) else body
    return ask(server.url, record.method, record.path, data, headers)


def compare(record: Record, got: Got) -> None:
    assert got.status == record.status
    assert got.header("content-type") == record.header("content-type")
    ours = {name.lower() for name, _ in got.headers} - {"connection"}
    assert ours == {name.lower() for name, _ in record.headers} - {"connection"}
    assert got.complete == (record.ended == "complete")
    if record.streamed and record.content_type == "text/event-stream" and record.events:
        assert {chunk_shape(event) for event in got.events} == {chunk_shape(event) for event in record.events}
        assert chunk_shape(got.events[0]) == chunk_shape(record.events[0])
        assert chunk_shape(got.events[-1]) == chunk_shape(record.events[-1])
        assert (b"\r\n" in got.body) == (b"\r\n" in record.body)
        assert got.body[-4:] == record.body[-4:]
        assert got.body[:6] == record.body[:6]
    elif record.content_type == "application/json" and not record.shortened:
        assert json.dumps(clean(got.json)) == json.dumps(clean(record.json))
    elif record.content_type == "text/plain" and not record.shortened:
        assert got.body == record.body


def clean(value: Any) -> Any:
    """Return the shape of a document, the bytes of tokens left out."""
    found = shape(value)
    text = json.dumps(found).replace('"bytes": []', '"bytes": ["number"]')
    return shape_of_sets(json.loads(text))


def shape_of_sets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape_of_sets(item) for key, item in value.items()}
    if isinstance(value, list):
        return [json.loads(text) for text in sorted({json.dumps(shape_of_sets(item)) for item in value})]
    return value


@pytest.mark.parametrize("record", candidates("xinference"), ids=lambda record: record.name)
def test_xinference(record: Record) -> None:
    with OracleServer("xinference") as server:
        if record.name.endswith("_again"):
            ask_again(record, server)
        got = ask_again(record, server)
        assert server.errors == []
    compare(record, got)


@pytest.mark.parametrize("record", candidates("openllm"), ids=lambda record: record.name)
def test_openllm(record: Record) -> None:
    is_new = record.name.startswith("new")
    settings = {"max_model_len": 256, **({"tool_parser": False} if is_new else {})}
    with OracleServer("openllm" if is_new else "openllm-0.4", settings=settings) as server:
        got = ask_again(record, server)
        assert server.errors == []
    compare(record, got)


def test_every_accident_is_a_record() -> None:
    names = {*load("xinference"), *load("openllm")}
    assert set(ACCIDENTS) <= names
