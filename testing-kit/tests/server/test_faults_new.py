"""What no client knows yet, text in parts, counts and names in other places than the usual one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mrt_testing_kit.probe import Got, talk
from mrt_testing_kit.server import Answer, OracleServer, Usage

NAMES = ("openai", "anthropic")


@pytest.fixture
def servers() -> Iterator[dict[str, OracleServer]]:
    running = {name: OracleServer(name).start() for name in NAMES}
    yield running
    for server in running.values():
        server.stop()
        assert server.errors == []
        assert server.unconsumed() == []


def chat(server: OracleServer, answer: Answer, **options: Any) -> Got:
    server.next_answer(answer)
    return talk(server.url, server.dialect.name, **options)


def chunks(got: Got) -> list[dict[str, Any]]:
    return [event for event in got.events if isinstance(event, dict)]


class TestNews:
    def test_a_document_of_openai(self, servers: dict[str, OracleServer]) -> None:
        servers["openai"].fault("F28", what="new")
        found = chat(servers["openai"], Answer("Yes."), stream=False).json
        message = found["choices"][0]["message"]
        assert all("oracle_note" in holder for holder in (found, found["choices"][0], message))
        assert message["content"] == "Yes."
        assert found["usage"]["oracle_tokens"] > found["usage"]["total_tokens"]

    def test_a_stream_of_openai(self, servers: dict[str, OracleServer]) -> None:
        servers["openai"].fault("F28", what="new")
        got = chat(servers["openai"], Answer(["Y", "es"]))
        assert "event: oracle_note" in got.text
        assert sum("choices" not in event for event in chunks(got)) == 1

    def test_a_document_of_anthropic(self, servers: dict[str, OracleServer]) -> None:
        servers["anthropic"].fault("F28", what="new")
        content = chat(servers["anthropic"], Answer("Yes."), stream=False).json["content"]
        kinds = [block["type"] for block in content]
        assert kinds == ["server_tool_use", "web_search_tool_result", "oracle_block", "text"]

    def test_a_stream_of_anthropic(self, servers: dict[str, OracleServer]) -> None:
        servers["anthropic"].fault("F28", what="new")
        events = chunks(chat(servers["anthropic"], Answer(["Y", "es"])))
        opened = [event["index"] for event in events if event["type"] == "content_block_start"]
        assert opened == [0, 1, 2, 3]
        assert {event["delta"]["type"] for event in events if event["type"] == "content_block_delta"} == {
            "input_json_delta",
            "oracle_delta",
            "text_delta",
        }
        assert "oracle_event" in [event["type"] for event in events]


class TestParts:
    @pytest.mark.parametrize("stream", [False, True])
    def test_text_in_parts(self, servers: dict[str, OracleServer], stream: bool) -> None:
        servers["openai"].fault("F28", what="parts")
        got = chat(servers["openai"], Answer(["One", " two"]), stream=stream)
        if stream:
            said = [choice["delta"].get("content") for event in chunks(got) for choice in event["choices"]]
        else:
            said = [got.json["choices"][0]["message"]["content"]]
        texts = [part["text"] if isinstance(part, dict) else part for item in said for part in item or ()]
        assert "".join(texts) == "One two"
        assert any(isinstance(item, list) for item in said)

    def test_messages_have_parts_anyway(self) -> None:
        with OracleServer("anthropic") as server:
            server.fault("F28", what="parts")
            chat(server, Answer("One two"), stream=False)
            assert len(server.unplayed) == 1
            server.unplayed.clear()


class TestRefusals:
    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize("field", ["refusal", "content"])
    def test_one_shape_for_both(self, servers: dict[str, OracleServer], stream: bool, field: str) -> None:
        servers["openai"].fault("F31", finish="filter", refusal=field == "refusal")
        got = chat(servers["openai"], Answer(["I ", "must not."]), stream=stream)
        if stream:
            holders = [choice["delta"] for event in chunks(got) for choice in event["choices"]]
        else:
            holders = [got.json["choices"][0]["message"]]
        assert "".join(holder.get(field) or "" for holder in holders) == "I must not."
        other = "content" if field == "refusal" else "refusal"
        assert not any(holder.get(other) for holder in holders)

    def test_what_is_filtered_is_a_refusal(self, servers: dict[str, OracleServer]) -> None:
        for stream in (False, True):
            got = chat(servers["openai"], Answer("I must not.", finish="content_filter"), stream=stream)
            assert '"refusal":"I must not."' in got.text or '"refusal":" must"' in got.text


class TestPlaces:
    COUNTS = Usage(100, 50, cached=30, reasoning=20)

    def usages(self, server: OracleServer, what: str) -> list[dict[str, Any]]:
        server.fault("F29", what=what)
        asked = {"stream_options": {"include_usage": True}} if server.dialect.name == "openai" else {}
        events = chunks(chat(server, Answer("Yes.", usage=self.COUNTS), **asked))
        found = [event.get("message", event).get("usage") for event in events]
        return [usage for usage in found if usage]

    def test_with_the_finish(self, servers: dict[str, OracleServer]) -> None:
        (only,) = self.usages(servers["openai"], "finish")
        assert (only["prompt_tokens"], only["completion_tokens"]) == (100, 50)
        first, last = self.usages(servers["anthropic"], "finish")
        assert first == {"input_tokens": 0, "output_tokens": 0}
        assert (last["input_tokens"], last["cache_read_input_tokens"], last["output_tokens"]) == (70, 30, 50)

    def test_split(self, servers: dict[str, OracleServer]) -> None:
        first, last = self.usages(servers["anthropic"], "split")
        assert (first["input_tokens"], first["cache_read_input_tokens"]) == (70, 30)
        assert last == {"output_tokens": 50}
        assert self.usages(servers["anthropic"], "part")[-1] == {"input_tokens": 70, "output_tokens": 50}

    def test_sound_in_the_prompt(self, servers: dict[str, OracleServer]) -> None:
        counts = Usage(100, 50, audio=7, heard=11)
        usage = chat(servers["openai"], Answer("Yes.", usage=counts), stream=False).json["usage"]
        assert usage["prompt_tokens_details"]["audio_tokens"] == 11
        assert usage["completion_tokens_details"]["audio_tokens"] == 7


class TestNames:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("stream", [False, True])
    def test_another_model_answers(self, servers: dict[str, OracleServer], name: str, stream: bool) -> None:
        got = chat(servers[name], Answer("Yes.", model="oracle-2026-01"), stream=stream)
        assert '"model":"oracle-2026-01"' in got.text
        assert f'"model":"{servers[name].requests[-1].model}"' not in got.text


class TestSignatures:
    @pytest.mark.parametrize("stream", [False, True])
    def test_details_have_one_signature(self, servers: dict[str, OracleServer], stream: bool) -> None:
        servers["openai"].fault("F39", field="reasoning_details")
        got = chat(servers["openai"], Answer("Yes.", reasoning=["H", "m."]), stream=stream)
        assert got.text.count('"signature"') == 1

    def test_details_go_back(self, servers: dict[str, OracleServer]) -> None:
        details = [{"type": "reasoning.text", "text": text, "signature": text * 2} for text in ("a", "b")]
        history = [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": "y", "reasoning_details": details},
            {"role": "user", "content": "z"},
        ]
        talk(servers["openai"].url, "openai", stream=False, messages=history)
        heard = servers["openai"].requests[-1].talk
        assert heard is not None
        found = [vars_of(thought) for thought in heard.turns[1].thoughts]
        assert found == [(["a"], "aa"), (["b"], "bb")]


def vars_of(thought: Any) -> tuple[list[str], str]:
    return thought.pieces, thought.signature
