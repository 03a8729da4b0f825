"""F01 to F24: framing, ends, and answers under status 200 that are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mrt_testing_kit.probe import MODELS, Got, ask, talk
from mrt_testing_kit.server import OracleServer, UnconsumedFault, oracle
from mrt_testing_kit.server.faults import REGISTRY, applies, describe, make

DIALECTS = tuple(MODELS)
TEXT = "Good morning to you"


@pytest.fixture(params=DIALECTS)
def server(request: pytest.FixtureRequest) -> Iterator[OracleServer]:
    with OracleServer(request.param) as server:
        yield server
        assert server.errors == []
        assert server.unconsumed() == []


def chat(server: OracleServer, text: str = TEXT, **options: Any) -> Got:
    return talk(server.url, server.dialect.name, text, **options)


def said(server: OracleServer, events: list[Any]) -> str:
    """Return the text of a stream in any dialect."""
    text = ""
    for event in events:
        if not isinstance(event, dict):
            continue
        for choice in event.get("choices") or []:
            text += (choice.get("delta") or {}).get("content") or ""
        if event.get("type") == "content_block_delta":
            text += event["delta"].get("text") or ""
    return text


class TestFraming:
    @pytest.mark.parametrize("fault", ["F01", "F04", "F05", "F07", "F08", "F09", "F10", "F11", "F13", "F14"])
    def test_the_answer_is_the_same(self, server: OracleServer, fault: str) -> None:
        server.fault(fault)
        got = chat(server)
        assert said(server, got.events).startswith(oracle.reply(TEXT))
        assert got.status == 200

    def test_one_byte_per_chunk(self, server: OracleServer) -> None:
        server.fault("F01", times=2)
        for stream in (True, False):
            got = chat(server, stream=stream)
            assert {len(chunk) for chunk in got.chunks} == {1}
            assert got.complete

    def test_split_within_characters(self, server: OracleServer) -> None:
        server.fault("F02")
        got = chat(server)
        broken = 0
        for chunk in got.chunks:
            try:
                chunk.decode()
            except UnicodeDecodeError:
                broken += 1
        assert broken >= 5
        assert "é😀漢字" in said(server, got.events)

    def test_split_between_cr_and_lf_and_in_escapes(self, server: OracleServer) -> None:
        server.fault("F03")
        got = chat(server)
        pairs = list(zip(got.chunks, got.chunks[1:], strict=False))
        assert any(a.endswith(b"\r") and b.startswith(b"\n") for a, b in pairs)
        assert any(a.endswith(b"\\") for a, _ in pairs)
        assert "é" in said(server, got.events)

    def test_one_packet(self, server: OracleServer) -> None:
        entry = server.fault("F04")
        chat(server)
        assert entry.consumed

    @pytest.mark.parametrize(("fault", "newline"), [("F05", b"\r\n"), ("F06", b"\r")])
    def test_line_ends(self, server: OracleServer, fault: str, newline: bytes) -> None:
        server.fault(fault)
        body = chat(server).body
        assert body.count(newline) == body.count(b"\r") > 4
        assert (b"\n" in body) is (fault == "F05")

    def test_no_space(self, server: OracleServer) -> None:
        server.fault("F07")
        lines = [line for line in chat(server).text.splitlines() if line]
        assert lines
        assert all(":" in line and not line.partition(":")[2].startswith(" ") for line in lines)

    def test_comments_and_meta_events(self, server: OracleServer) -> None:
        server.fault("F08")
        text = chat(server).text.replace("\r\n", "\n")
        assert text.startswith(": keep-alive\n\n:\n\nid: 0\n: keep-alive\n")
        server.fault("F09")
        text = chat(server).text.replace("\r\n", "\n")
        assert text.startswith("retry: 3000\n\nid: 41\n\nevent: ping\n\n")

    def test_byte_order_mark(self, server: OracleServer) -> None:
        server.fault("F10", times=2)
        for stream in (True, False):
            assert chat(server, stream=stream).body.startswith(b"\xef\xbb\xbf")

    def test_data_on_several_lines(self, server: OracleServer) -> None:
        server.fault("F11")
        first = chat(server).text.replace("\r\n", "\n").split("\n\n")[0]
        assert first.count("data: ") > 3

    def test_separators_stand_unescaped_in_the_text(self, server: OracleServer) -> None:
        server.fault("F12", times=2)
        body = chat(server).body
        assert "\u2028".encode() in body
        assert "\u0085".encode() in body
        assert server.requests[-1].answer is not None
        assert "\u2028" in server.requests[-1].answer.text
        assert "\u2028".encode() in chat(server, stream=False).body

    def test_end_marks(self, server: OracleServer) -> None:
        end = "message_stop" if server.dialect.name == "anthropic" else "[DONE]"
        assert end in chat(server).text
        server.fault("F13")
        assert end not in chat(server).text
        server.fault("F14")
        late = chat(server).text
        assert late.index(end) < late.index("LATE")


class TestEnds:
    def test_a_clean_end_in_the_middle(self, server: OracleServer) -> None:
        server.fault("F15", after=2)
        got = chat(server)
        assert got.complete
        assert got.end == "eof"
        assert said(server, got.events) == "You said:"
        reasons = [c.get("finish_reason") for e in got.events if isinstance(e, dict) for c in e.get("choices") or []]
        assert set(reasons) <= {None}
        assert "message_delta" not in got.text
        assert "[DONE]" not in got.text

    @pytest.mark.parametrize(("how", "end"), [("reset", "reset"), ("terminator", "eof"), ("length", "eof")])
    @pytest.mark.parametrize("stream", [True, False])
    def test_hard_cuts(self, server: OracleServer, how: str, end: str, stream: bool) -> None:
        server.fault("F16", how=how)
        got = chat(server, stream=stream)
        assert (got.end, got.complete) == (end, False)
        assert got.body
        assert server.wait_for(lambda: server.requests[-1].outcome != "pending")
        assert server.connections[-1].closed_by == "server"

    @pytest.mark.parametrize("after", [0, 1, 2])
    @pytest.mark.parametrize("stream", [True, False])
    def test_stalls(self, server: OracleServer, after: int, stream: bool) -> None:
        server.fault("F17", after=after)
        got = chat(server, stream=stream, timeout=0.15)
        assert got.end == "timeout"
        assert bool(got.head) is (after > 0)
        assert bool(got.raw) is (after > 1)
        assert not got.complete
        assert server.wait_for(lambda: server.requests[-1].outcome == "left")

    def test_a_drip_is_whole_in_the_end(self, server: OracleServer) -> None:
        server.fault("F18", pause=0.002, times=2)
        assert said(server, chat(server).events) == oracle.reply(TEXT)
        whole = chat(server, stream=False)
        assert len(whole.chunks) == 8
        assert whole.json


class TestErrorsInside:
    @pytest.mark.parametrize("shape", ["vendor", "object", "string"])
    def test_an_error_in_a_stream_ends_it(self, server: OracleServer, shape: str) -> None:
        server.fault("F19", shape=shape, message="No more.")
        got = chat(server)
        assert said(server, got.events) == "You"
        assert "No more." in got.text
        last = next(event for event in got.events if isinstance(event, dict) and "error" in event)
        if shape == "string":
            assert last == {"error": "No more."}
        assert '"finish_reason":"stop"' not in got.text

    def test_an_error_in_place_of_a_document(self, server: OracleServer) -> None:
        server.fault("F19")
        got = chat(server, stream=False)
        assert got.status == 200
        assert "Quota exceeded" in got.text
        assert "choices" not in got.json

    def test_a_named_error_event(self, server: OracleServer) -> None:
        server.fault("F20")
        text = chat(server).text.replace("\r\n", "\n")
        assert "event: error\ndata: " in text

    @pytest.mark.parametrize("what", ["cut", "text", "trailing", "single-quotes"])
    @pytest.mark.parametrize("stream", [True, False])
    def test_bad_json(self, server: OracleServer, what: str, stream: bool) -> None:
        server.fault("F21", what=what)
        got = chat(server, stream=stream)
        if stream:
            bad = [event for event in got.events if isinstance(event, str) and event != "[DONE]"]
            assert len(bad) == 1
        else:
            with pytest.raises(ValueError):
                json.loads(got.body)

    def test_html_and_json_on_a_stream(self, server: OracleServer) -> None:
        server.fault("F22")
        got = chat(server)
        assert (got.status, got.header("content-type")) == (200, "text/html; charset=utf-8")
        assert got.text.startswith("<!DOCTYPE html>")
        server.fault("F23")
        got = chat(server)
        assert (got.status, got.header("content-type")) == (200, "application/json")
        assert "error" in got.text or "detail" in got.json

    def test_hollow_documents(self, server: OracleServer) -> None:
        field = "content" if server.dialect.name == "anthropic" else "choices"
        expected: dict[str, Any] = {"empty": b"", "whitespace": b" \n\n", "hollow": b"{}", "null": b"null"}
        for what, body in expected.items():
            server.fault("F24", what=what)
            assert chat(server, stream=False).body == body
        for what, items in (("no-items", []), ("null-item", [None])):
            server.fault("F24", what=what)
            assert chat(server, stream=False).json[field] == items

    def test_hollow_streams(self, server: OracleServer) -> None:
        server.fault("F24", what="empty")
        assert chat(server).body == b""
        server.fault("F24", what="no-items")
        assert said(server, chat(server).events) == ""


class TestScript:
    def test_every_fault_is_there(self) -> None:
        assert sorted(REGISTRY) == [f"F{n:02}" for n in range(1, 61)]
        assert [about["id"] for about in describe()] == sorted(REGISTRY)
        assert all(about["title"] and about["kinds"] for about in describe())

    @pytest.mark.parametrize("id", sorted(REGISTRY))
    def test_every_choice_is_accepted_and_nothing_else(self, id: str) -> None:
        cls = REGISTRY[id]
        assert set(cls.choices) <= set(cls.options)
        for name, values in cls.choices.items():
            assert cls.options[name] in values
            for value in values:
                assert make(id, **{name: value}).o[name] == value
            with pytest.raises(ValueError, match="choose from"):
                make(id, **{name: "rubbish"})
        with pytest.raises(ValueError, match="has no option rubbish"):
            make(id, rubbish=1)

    def test_unknown_faults_are_named(self) -> None:
        with pytest.raises(ValueError, match="no fault 'F99'; there are: F01, F02"):
            make("F99")

    def test_where_faults_apply(self) -> None:
        assert applies("F15", "openai", "chat", True)
        assert not applies("F15", "openai", "chat", False)
        assert not applies("F50", "openai", "chat")
        assert not applies("F33", "anthropic", "chat", True)

    def test_times_skip_path_and_when(self) -> None:
        with OracleServer() as server:
            entry = server.fault("F41", status=503, times=2, skip=1, path="*/chat/*", when=lambda r: b"Hi" in r.body)
            statuses = [talk(server.url, "openai", "Hi").status for _ in range(4)]
            assert statuses == [200, 503, 503, 200]
            assert entry.met == 2
            assert [request.id for request in entry.hits] == [2, 3]
            other = server.fault("F41", path="*/embeddings")
            assert talk(server.url, "openai", "Hi").status == 200
            assert server.unconsumed() == [other]

    def test_of_one_id_the_first_ids_combine(self) -> None:
        with OracleServer() as server:
            server.fault("F41", status=500)
            server.fault("F41", status=502)
            server.fault("F45", content_type="x/y")
            first = talk(server.url, "openai")
            assert (first.status, first.header("content-type")) == (500, "x/y")
            assert talk(server.url, "openai").status == 502
            assert server.requests[0].faults == ["F41", "F45"]

    def test_a_context_must_meet_its_fault(self) -> None:
        with OracleServer() as server:
            with pytest.raises(UnconsumedFault, match=r"F15 .*met 0 times"), server.fault("F15"):
                pass
            assert len(server.script) == 0
            with pytest.raises(KeyError), server.fault("F15"):
                raise KeyError

    def test_a_fault_waits_for_a_request_that_it_fits(self) -> None:
        with OracleServer() as server, server.fault("F15"):
            assert talk(server.url, "openai", stream=False).status == 200
            assert ask(server.url, "GET", "/v1/models").status == 200
            assert not talk(server.url, "openai").text.endswith("[DONE]\n\n")
