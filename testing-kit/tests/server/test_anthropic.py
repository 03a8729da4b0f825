"""The anthropic dialect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mrt_testing_kit.probe import ANTHROPIC_HEADERS, Got, ask, chat_body, talk
from mrt_testing_kit.server import Answer, OracleServer, Redacted, Text, Thinking, ToolCall, Usage, oracle


@pytest.fixture
def server() -> Iterator[OracleServer]:
    with OracleServer("anthropic") as server:
        yield server
        assert server.errors == []


def send(server: OracleServer, **body: Any) -> Got:
    return ask(server.url, "POST", "/v1/messages", body, ANTHROPIC_HEADERS)


def blocks(events: list[Any]) -> list[dict[str, Any]]:
    """Put the blocks of a stream together again."""
    found: list[dict[str, Any]] = []
    for event in events:
        if event["type"] == "content_block_start":
            assert event["index"] == len(found)
            found.append({**event["content_block"], "json": ""})
        elif event["type"] == "content_block_delta":
            delta, block = event["delta"], found[event["index"]]
            kind = delta["type"]
            if kind == "text_delta":
                block["text"] += delta["text"]
            elif kind == "thinking_delta":
                block["thinking"] += delta["thinking"]
            elif kind == "signature_delta":
                block["signature"] = delta["signature"]
            elif kind == "input_json_delta":
                block["json"] += delta["partial_json"]
            elif kind == "citations_delta":
                block.setdefault("citations", []).append(delta["citation"])
    for block in found:
        text = block.pop("json")
        if block["type"] == "tool_use" and text:
            block["input"] = json.loads(text)
    return found


RICH = Answer(
    parts=[
        Thinking(["I ", "think"], oracle.signature("I think")),
        Redacted("b3JhY2xl"),
        Text(["Let me ", "see."], ["a source"]),
        ToolCall("get_weather", '{"city": "Paris"}'),
        ToolCall("get_weather", '{"city": "Rome"}'),
    ]
)


def test_whole_and_streamed_hold_the_same_blocks(server: OracleServer) -> None:
    server.next_answer(RICH, RICH)
    whole = talk(server.url, "anthropic", stream=False).json
    events = talk(server.url, "anthropic").events
    streamed = blocks(events)
    for block in [*whole["content"], *streamed]:
        block.pop("id", None)
    assert streamed == whole["content"]
    assert [block["type"] for block in streamed] == ["thinking", "redacted_thinking", "text", "tool_use", "tool_use"]
    assert whole["stop_reason"] == events[-2]["delta"]["stop_reason"] == "tool_use"


def test_the_order_of_events(server: OracleServer) -> None:
    got = talk(server.url, "anthropic", "[[oracle: say a b]]")
    kinds = [event["type"] for event in got.events]
    assert kinds == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    names = [line[7:] for line in got.text.split("\n") if line.startswith("event: ")]
    assert names == kinds
    assert got.complete


def test_the_counts_of_the_end_are_those_of_the_whole_answer(server: OracleServer) -> None:
    events = talk(server.url, "anthropic", "Hi").events
    counts = oracle.usage("Hi", cached=False)
    assert events[0]["message"]["usage"]["input_tokens"] == counts.prompt
    assert events[0]["message"]["usage"]["output_tokens"] == 1
    last = events[-2]["usage"]
    assert (last["input_tokens"], last["output_tokens"]) == (counts.prompt, counts.completion)


def test_cached_tokens_stand_outside_the_input(server: OracleServer) -> None:
    content = [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]
    usage = talk(server.url, "anthropic", stream=False, messages=[{"role": "user", "content": content}]).json["usage"]
    counts = oracle.usage("Hi", cache_write=True)
    assert usage["cache_read_input_tokens"] == counts.cached
    assert usage["cache_creation_input_tokens"] == counts.cache_write
    assert sum(usage[name] for name in usage if name.endswith("input_tokens")) == counts.prompt


def test_a_tool_loop_with_thinking(server: OracleServer) -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    body = chat_body("anthropic", "Weather in Paris and London?", stream=False, tools=True, thinking=thinking)
    first = send(server, **body).json
    assert [block["type"] for block in first["content"]] == ["thinking", "tool_use", "tool_use"]
    assert first["content"][0]["signature"] == oracle.signature(first["content"][0]["thinking"])
    results = [
        {
            "type": "tool_result",
            "tool_use_id": block["id"],
            "content": [{"type": "text", "text": block["input"]["city"]}],
        }
        for block in first["content"][1:]
    ]
    history = [
        *body["messages"],
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": results},
    ]
    with OracleServer("anthropic", strict=True) as strict:
        last = send(strict, **{**body, "messages": history}).json
        assert strict.violations == []
    assert last["content"][-1]["text"] == "get_weather returned Paris; get_weather returned London."
    assert last["stop_reason"] == "end_turn"


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("pause_turn", "pause_turn"),
        (None, None),
    ],
)
def test_stop_reasons(server: OracleServer, finish: str | None, reason: str | None) -> None:
    server.next_answer(Answer("x", finish=finish))
    assert talk(server.url, "anthropic", stream=False).json["stop_reason"] == reason


def test_stop_sequences_and_images_and_system(server: OracleServer) -> None:
    said = send(server, **chat_body("anthropic", "[[oracle: say one two]]", stream=False, stop_sequences=["two"])).json
    assert (said["stop_reason"], said["stop_sequence"], said["content"][0]["text"]) == ("stop_sequence", "two", "one ")
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "Look"}]
    seen = talk(server.url, "anthropic", stream=False, messages=[{"role": "user", "content": content}]).json
    assert seen["content"][0]["text"] == oracle.reply("Look", ["image/png"])
    system = [{"type": "text", "text": "Be kind."}]
    heard = talk(server.url, "anthropic", "[[oracle: echo-system]]", stream=False, system=system).json
    assert heard["content"][0]["text"] == "Be kind."


def test_counting_and_models(server: OracleServer) -> None:
    body = {"model": "claude-x", "messages": [{"role": "user", "content": "Hi"}]}
    got = ask(server.url, "POST", "/v1/messages/count_tokens", body, ANTHROPIC_HEADERS)
    assert got.json == {"input_tokens": oracle.usage("Hi").prompt}
    names: list[str] = []
    target = "/v1/models?limit=2"
    while True:
        page = ask(server.url, "GET", target, None, ANTHROPIC_HEADERS).json
        names += [row["id"] for row in page["data"]]
        assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][-1]["id"])
        if not page["has_more"]:
            break
        target = f"/v1/models?limit=2&after_id={page['last_id']}"
    assert len(names) == len(set(names)) == 5
    assert ask(server.url, "GET", f"/v1/models/{names[0]}", None, ANTHROPIC_HEADERS).json["id"] == names[0]


@pytest.mark.parametrize(
    ("headers", "change", "status", "kind"),
    [
        ({"anthropic-version": "2023-06-01"}, {}, 401, "authentication_error"),
        ({"x-api-key": "k"}, {}, 400, "invalid_request_error"),
        (ANTHROPIC_HEADERS, {"max_tokens": None}, 400, "invalid_request_error"),
        (ANTHROPIC_HEADERS, {"model": "gpt"}, 404, "not_found_error"),
        (ANTHROPIC_HEADERS, {"temperature": 1.5}, 400, "invalid_request_error"),
        (ANTHROPIC_HEADERS, {"messages": [{"role": "tool", "content": "x"}]}, 400, "invalid_request_error"),
        (ANTHROPIC_HEADERS, {"messages": []}, 400, "invalid_request_error"),
        (ANTHROPIC_HEADERS, {"thinking": {"type": "enabled", "budget_tokens": 10}}, 400, "invalid_request_error"),
    ],
)
def test_refusals(server: OracleServer, headers: dict[str, str], change: Any, status: int, kind: str) -> None:
    got = ask(server.url, "POST", "/v1/messages", {**chat_body("anthropic", "x"), **change}, headers)
    assert (got.status, got.json["error"]["type"]) == (status, kind)
    assert got.json["request_id"] == got.header("request-id")


def test_only_the_right_key_is_let_in() -> None:
    with OracleServer("anthropic", api_key="sk-test-right") as server:
        for key, status in (("sk-test-right", 200), ("sk-test-wrong", 401)):
            headers = {**ANTHROPIC_HEADERS, "x-api-key": key}
            assert ask(server.url, "GET", "/v1/models", None, headers).status == status


def test_overloaded_before_and_inside_a_stream(server: OracleServer) -> None:
    server.fault("F41", status=529)
    got = talk(server.url, "anthropic")
    assert (got.status, got.json["error"]["type"]) == (529, "overloaded_error")
    server.fault("F19", status=529, after=1)
    events = talk(server.url, "anthropic").events
    assert events[-1]["error"]["type"] == "overloaded_error"
    assert "message_stop" not in [event["type"] for event in events]


def test_thinking_has_a_count_of_its_own(server: OracleServer) -> None:
    server.next_answer(Answer("Yes.", reasoning="Hm.", usage=Usage(10, 7, reasoning=5)))
    assert talk(server.url, "anthropic", stream=False).json["usage"]["output_tokens_details"] == {"thinking_tokens": 5}
    server.next_answer(Answer("Yes.", reasoning="Hm.", usage=Usage(10, 7, reasoning=5)))
    events = talk(server.url, "anthropic").events
    assert events[-2]["usage"]["output_tokens_details"] == {"thinking_tokens": 5}
    assert "output_tokens_details" not in events[0]["message"]["usage"]


def test_images_in_the_results_of_tools_are_read(server: OracleServer) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}
    content = [{"type": "text", "text": "see"}, {"type": "image", "source": source}]
    result = {"type": "tool_result", "tool_use_id": "t1", "content": content}
    use = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
    history = [{"role": "user", "content": "x"}, {"role": "assistant", "content": [use]}]
    talk(server.url, "anthropic", stream=False, messages=[*history, {"role": "user", "content": [result]}])
    heard = server.requests[-1].talk
    assert heard is not None
    assert [(found.text, [image.data for image in found.images]) for found in heard.results] == [("see", [b"hello"])]


def test_a_system_message_among_the_others(server: OracleServer) -> None:
    messages = [{"role": "user", "content": "x"}, {"role": "system", "content": "Be brief."}]
    assert talk(server.url, "anthropic", stream=False, messages=messages).status == 200
    heard = server.requests[-1].talk
    assert heard is not None
    assert [(turn.role, turn.text) for turn in heard.turns] == [("user", "x"), ("system", "Be brief.")]
