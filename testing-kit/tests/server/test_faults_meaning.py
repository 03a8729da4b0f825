"""F25 to F40: chunks, tool calls and reasoning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mrt_testing_kit.probe import MODELS, Got, talk
from mrt_testing_kit.server import OracleServer, oracle

SHAPED = ("openai", "xinference", "openllm", "openllm-0.4")
WITH_TOOLS = ("openai", "xinference", "openllm")
ASK = "Weather in Paris and London?"


@pytest.fixture
def servers() -> Iterator[dict[str, OracleServer]]:
    running = {name: OracleServer(name).start() for name in MODELS}
    yield running
    for server in running.values():
        server.stop()
        assert server.errors == []
        assert server.unconsumed() == []


def chat(server: OracleServer, text: str = "Good morning to you", **options: Any) -> Got:
    return talk(server.url, server.dialect.name, text, **options)


def chunks(got: Got) -> list[dict[str, Any]]:
    return [event for event in got.events if isinstance(event, dict)]


def call_pieces(got: Got) -> list[dict[str, Any]]:
    pieces: list[dict[str, Any]] = []
    for event in chunks(got):
        for choice in event.get("choices") or []:
            pieces += (choice.get("delta") or {}).get("tool_calls") or []
    return pieces


@pytest.mark.parametrize("name", SHAPED)
class TestChunks:
    def test_trailing_usage(self, servers: dict[str, OracleServer], name: str) -> None:
        servers[name].fault("F25")
        events = chunks(chat(servers[name]))
        assert events[-1]["choices"] == []
        assert events[-1]["usage"]["prompt_tokens"] == oracle.usage("Good morning to you").prompt
        assert not events[-2].get("usage")

    @pytest.mark.parametrize("what", ["null", "missing"])
    def test_choices(self, servers: dict[str, OracleServer], name: str, what: str) -> None:
        servers[name].fault("F26", what=what)
        odd = [event for event in chunks(chat(servers[name])) if event.get("choices") is None]
        assert len(odd) == 1
        assert ("choices" in odd[0]) is (what == "null")

    @pytest.mark.parametrize("what", ["null", "missing"])
    def test_delta(self, servers: dict[str, OracleServer], name: str, what: str) -> None:
        servers[name].fault("F27", what=what)
        odd = [c for e in chunks(chat(servers[name])) for c in e["choices"] if c.get("delta") is None]
        assert len(odd) == 1
        assert ("delta" in odd[0]) is (what == "null")

    def test_empty_text(self, servers: dict[str, OracleServer], name: str) -> None:
        servers[name].fault("F28")
        deltas = [c["delta"] for e in chunks(chat(servers[name])) for c in e["choices"]]
        assert sum(delta.get("role") == "assistant" for delta in deltas) == 2
        assert any(delta.get("content", 0) is None for delta in deltas[1:])

    def test_cumulative_usage(self, servers: dict[str, OracleServer], name: str) -> None:
        servers[name].fault("F29")
        counts = [e["usage"]["completion_tokens"] for e in chunks(chat(servers[name])) if e.get("usage")]
        whole = oracle.usage("Good morning to you").completion
        assert counts == sorted(counts)
        assert counts[-1] == whole
        assert sum(counts) > 2 * whole


class TestCounts:
    @pytest.mark.parametrize("name", MODELS)
    @pytest.mark.parametrize("stream", [True, False])
    def test_null_usage(self, servers: dict[str, OracleServer], name: str, stream: bool) -> None:
        server = servers[name]
        server.fault("F30", what="usage")
        got = chat(
            server, stream=stream, **({"stream_options": {"include_usage": True}} if name != "anthropic" else {})
        )
        assert "prompt_tokens" not in got.text
        assert "input_tokens" not in got.text
        server.fault("F30", what="counts")
        assert '"total_tokens":null' in chat(server, stream=False).text or name == "anthropic"

    def test_details(self, servers: dict[str, OracleServer]) -> None:
        servers["openai"].fault("F30", what="details")
        usage = chat(servers["openai"], stream=False).json["usage"]
        assert usage["prompt_tokens_details"] is usage["completion_tokens_details"] is None
        assert usage["prompt_tokens"]
        servers["openai"].fault("F30", what="missing")
        assert "usage" not in chat(servers["openai"], stream=False).json

    def test_cumulative_usage_of_messages(self, servers: dict[str, OracleServer]) -> None:
        servers["anthropic"].fault("F29")
        deltas = [e for e in chunks(chat(servers["anthropic"])) if e["type"] == "message_delta"]
        counts = [e["usage"]["output_tokens"] for e in deltas]
        assert len(counts) > 3
        assert counts == sorted(counts)
        assert [e["delta"]["stop_reason"] for e in deltas][-1] == "end_turn"

    @pytest.mark.parametrize("name", MODELS)
    @pytest.mark.parametrize("stream", [True, False])
    @pytest.mark.parametrize(
        ("finish", "openai", "anthropic"),
        [
            ("length", "length", "max_tokens"),
            ("filter", "content_filter", "refusal"),
            ("tool", "tool_calls", "tool_use"),
            ("null", None, None),
            ("unknown", "oracle_nap", "oracle_nap"),
        ],
    )
    def test_finish_table(
        self, servers: dict[str, OracleServer], name: str, stream: bool, finish: str, openai: Any, anthropic: Any
    ) -> None:
        servers[name].fault("F31", finish=finish)
        got = chat(servers[name], stream=stream)
        if name == "anthropic":
            found = got.json["stop_reason"] if not stream else got.events[-2]["delta"]["stop_reason"]
            assert found == anthropic
        else:
            last = got.json if not stream else [e for e in chunks(got) if e["choices"]][-1]
            assert last["choices"][0]["finish_reason"] == openai


@pytest.mark.parametrize("name", WITH_TOOLS)
class TestTools:
    def test_interleaved(self, servers: dict[str, OracleServer], name: str) -> None:
        servers[name].fault("F32")
        order = [piece["index"] for piece in call_pieces(chat(servers[name], ASK, tools=True))]
        assert order[:4] == [0, 1, 0, 1]

    def test_same_index(self, servers: dict[str, OracleServer], name: str) -> None:
        servers[name].fault("F33")
        pieces = call_pieces(chat(servers[name], ASK, tools=True))
        assert {piece["index"] for piece in pieces} == {0}
        assert len({piece["id"] for piece in pieces if "id" in piece}) == 2

    @pytest.mark.parametrize(("what", "found"), [("none", {"-"}), ("null", {None}), ("gaps", {1, 4})])
    def test_gaps(self, servers: dict[str, OracleServer], name: str, what: str, found: set[Any]) -> None:
        servers[name].fault("F34", what=what)
        pieces = call_pieces(chat(servers[name], ASK, tools=True))
        assert {piece.get("index", "-") for piece in pieces} == found

    def test_late_and_null_names(self, servers: dict[str, OracleServer], name: str) -> None:
        server = servers[name]
        server.fault("F35", what="id-late")
        pieces = call_pieces(chat(server, "Weather in Paris?", tools=True))
        assert "id" not in pieces[0]
        assert pieces[-1]["id"]
        server.fault("F35", what="name-late")
        pieces = call_pieces(chat(server, "Weather in Paris?", tools=True))
        assert "name" not in pieces[0]["function"]
        server.fault("F35", what="later-null")
        pieces = call_pieces(chat(server, "Weather in Paris?", tools=True))
        assert pieces[0]["id"]
        assert (pieces[1]["id"], pieces[1]["function"]["name"]) == (None, None)
        server.fault("F35", what="id-null")
        assert {piece.get("id") for piece in call_pieces(chat(server, ASK, tools=True))} == {None}
        server.fault("F35", what="duplicate")
        ids = [piece["id"] for piece in call_pieces(chat(server, ASK, tools=True)) if piece.get("id")]
        assert ids == ["call_oracle", "call_oracle"]

    @pytest.mark.parametrize(
        ("what", "arguments"),
        [("empty", ""), ("null", None), ("object", {"city": "Paris"}), ("broken", '{"city": "Paris"'), ("list", "[1]")],
    )
    def test_odd_arguments(self, servers: dict[str, OracleServer], name: str, what: str, arguments: Any) -> None:
        server = servers[name]
        server.fault("F36", what=what, times=2)
        whole = chat(server, "Weather in Paris?", tools=True, stream=False).json["choices"][0]["message"]
        assert whole["tool_calls"][0]["function"]["arguments"] == arguments
        pieces = [p["function"].get("arguments") for p in call_pieces(chat(server, "Weather in Paris?", tools=True))]
        assert ("".join(pieces) if isinstance(arguments, str) else pieces[0]) == arguments

    def test_no_content_beside_a_call(self, servers: dict[str, OracleServer], name: str) -> None:
        server = servers[name]
        for what, content in (("null", None), ("empty", ""), ("missing", "-")):
            server.fault("F37", what=what)
            got = chat(server, "Weather in Paris?", tools=True)
            deltas = [c["delta"] for e in chunks(got) for c in e["choices"] if c["delta"].get("tool_calls")]
            assert {delta.get("content", "-") for delta in deltas} == {content}

    @pytest.mark.parametrize(("index", "found"), [("count", [0, 1]), ("zero", [0, 0])])
    def test_whole_calls(self, servers: dict[str, OracleServer], name: str, index: str, found: list[int]) -> None:
        servers[name].fault("F38", index=index)
        pieces = call_pieces(chat(servers[name], ASK, tools=True))
        assert [piece["index"] for piece in pieces] == found
        assert [json.loads(piece["function"]["arguments"])["city"] for piece in pieces] == ["Paris", "London"]


class TestToolsOfMessages:
    def test_interleaved_blocks(self, servers: dict[str, OracleServer]) -> None:
        servers["anthropic"].fault("F32")
        events = chunks(chat(servers["anthropic"], ASK, tools=True))
        order = [event["index"] for event in events if event["type"] == "content_block_delta"]
        assert order == [0, 1, 0, 1, 0, 1, 0, 1]

    def test_gaps_between_blocks(self, servers: dict[str, OracleServer]) -> None:
        servers["anthropic"].fault("F34", what="gaps")
        events = chunks(chat(servers["anthropic"], ASK, tools=True))
        assert {event["index"] for event in events if "index" in event} == {1, 4}

    def test_whole_and_empty_arguments(self, servers: dict[str, OracleServer]) -> None:
        server = servers["anthropic"]
        server.fault("F38")
        deltas = [e["delta"] for e in chunks(chat(server, ASK, tools=True)) if e["type"] == "content_block_delta"]
        assert [delta["partial_json"] for delta in deltas] == ["", '{"city": "Paris"}', "", '{"city": "London"}']
        server.fault("F36", what="object")
        events = chunks(chat(server, "Weather in Paris?", tools=True))
        opened = next(e["content_block"] for e in events if e["type"] == "content_block_start")
        assert opened["input"] == {"city": "Paris"}

    def test_a_fault_makes_calls_where_there_were_none(self, servers: dict[str, OracleServer]) -> None:
        servers["openai"].fault("F32")
        pieces = call_pieces(chat(servers["openai"], "Good day", tools=True))
        assert {piece["index"] for piece in pieces} == {0, 1}


class TestReasoning:
    @pytest.mark.parametrize("field", ["reasoning", "reasoning_content", "thinking", "reasoning_details"])
    @pytest.mark.parametrize("stream", [True, False])
    def test_aliases(self, servers: dict[str, OracleServer], field: str, stream: bool) -> None:
        server = servers["openai"]
        server.fault("F39", field=field)
        got = chat(server, "Good day", stream=stream)
        holders = (
            [c["delta"] for e in chunks(got) for c in e["choices"]] if stream else [got.json["choices"][0]["message"]]
        )
        values = [holder[field] for holder in holders if holder.get(field)]
        flat = [v if isinstance(v, str) else v[0]["text"] for v in values]
        assert "".join(flat) == "The oracle ponders."
        others = {"reasoning", "reasoning_content", "thinking", "reasoning_details"} - {field}
        assert not any(holder.get(other) for other in others for holder in holders)
        # The usual field stays, and is null.
        assert all("reasoning_content" in holder for holder in holders if holder.get(field))

    def test_split_tags(self, servers: dict[str, OracleServer]) -> None:
        servers["openai"].fault("F39", what="split-tags")
        texts = [c["delta"].get("content") for e in chunks(chat(servers["openai"], "Hi")) for c in e["choices"]]
        assert texts[1:3] == ["<th", "ink>"]
        joined = "".join(text or "" for text in texts)
        assert joined == "<think>The oracle ponders.</think>\n\nYou said: Hi"

    @pytest.mark.parametrize("name", MODELS)
    def test_blank_and_redacted(self, servers: dict[str, OracleServer], name: str) -> None:
        server = servers[name]
        server.fault("F39", what="blank")
        chat(server)
        assert server.requests[-1].answer is not None
        assert server.requests[-1].answer.reasoning == "\n\n"
        server.fault("F39", what="redacted")
        got = chat(server, stream=False)
        assert ("redacted_thinking" in got.text) is (name == "anthropic")

    def test_mixed_chunk(self, servers: dict[str, OracleServer]) -> None:
        servers["openai"].fault("F40", what="mixed")
        deltas = [c["delta"] for e in chunks(chat(servers["openai"], "Hi")) for c in e["choices"]]
        assert any(delta.get("content") and delta.get("reasoning_content") for delta in deltas)

    @pytest.mark.parametrize(
        ("what", "text"),
        [
            ("tag-rounds", "<think>Thought 0.</think>\n\nSaid 0. <think>Thought 1.</think>\n\nSaid 1. You said: Hi"),
            ("unclosed", "<think>The oracle ponders.You said: Hi"),
            ("nested", "<think>a <think>b</think> c</think>\n\nYou said: Hi"),
        ],
    )
    def test_tags(self, servers: dict[str, OracleServer], what: str, text: str) -> None:
        servers["openai"].fault("F40", what=what)
        deltas = [c["delta"] for e in chunks(chat(servers["openai"], "Hi")) for c in e["choices"]]
        assert "".join(delta.get("content") or "" for delta in deltas) == text

    def test_rounds_of_blocks(self, servers: dict[str, OracleServer]) -> None:
        servers["anthropic"].fault("F40", what="rounds", rounds=2)
        content = chat(servers["anthropic"], "Hi", stream=False).json["content"]
        assert [block["type"] for block in content] == ["thinking", "text", "thinking", "text", "text"]
        assert all(b["signature"] == oracle.signature(b["thinking"]) for b in content if b["type"] == "thinking")
