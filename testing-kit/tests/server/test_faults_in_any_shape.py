"""F24, F28, F30 and F50 to F60 find their places in answers of a shape that the kit has never seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import own_shape
import pytest
from own_shape import embed, lines, order, right, talk, vectors

from mrt_testing_kit.probe import ask
from mrt_testing_kit.server import OracleServer, oracle, register_dialect


@pytest.fixture
def server(own_dialects: None) -> Iterator[OracleServer]:
    register_dialect(own_shape.Own)
    with OracleServer("own", api_key="sk-own-1") as running:
        running.api_key = None
        yield running
        assert running.errors == []
        assert running.unplayed == []
        assert running.unconsumed() == []


class TestVectors:
    def test_without_a_fault(self, server: OracleServer) -> None:
        assert vectors(server, "a", "b", "c") == right("a", "b", "c")

    @pytest.mark.parametrize(("how", "places"), [("reverse", [2, 1, 0]), ("rotate", [1, 2, 0])])
    def test_shuffled(self, server: OracleServer, how: str, places: list[int]) -> None:
        server.fault("F50", how=how)
        assert vectors(server, "a", "b", "c") == [right("a", "b", "c")[place] for place in places]

    @pytest.mark.parametrize(("by", "count"), [(1, 2), (3, 0), (-1, 4)])
    def test_too_few_and_too_many(self, server: OracleServer, by: int, count: int) -> None:
        server.fault("F51", by=by)
        found = vectors(server, "a", "b", "c")
        assert [place for place, _ in found] == list(range(count))

    def test_odd_numbers(self, server: OracleServer) -> None:
        server.fault("F53", value="nan", at=1)
        found = vectors(server, "a", "b")
        assert math.isnan(found[1][1][0])
        for value, first in (("inf", math.inf), ("null", None), ("text", "0.5")):
            server.fault("F53", value=value)
            assert vectors(server, "a")[0][1][0] == first
        server.fault("F53", value="null-vector")
        assert vectors(server, "a")[0][1] is None
        server.fault("F53", value="double")
        assert vectors(server, "a")[0][1] == [2 * number for number in oracle.embedding("a")]

    def test_dimensions(self, server: OracleServer) -> None:
        cases: list[tuple[dict[str, Any], list[int]]] = [
            ({}, [8, 7]),
            ({"which": "all", "by": 2}, [10, 10]),
            ({"which": "empty"}, [0, 0]),
        ]
        for options, lengths in cases:
            server.fault("F54", **options)
            assert [len(numbers) for _, numbers in vectors(server, "a", "b")] == lengths

    def test_no_items_and_a_null_item(self, server: OracleServer) -> None:
        server.fault("F24", what="no-items")
        assert embed(server, "a", "b")["vectors"] == []
        server.fault("F24", what="null-item")
        assert embed(server, "a", "b")["vectors"] == [None]


class TestRanks:
    def results(self, server: OracleServer, what: str, **body: Any) -> list[Any]:
        server.fault("F55", what=what)
        found: list[Any] = order(server, **body)["answer"]["order"]
        return found

    def test_order_and_places(self, server: OracleServer) -> None:
        assert [row["place"] for row in self.results(server, "unsorted")] == [0, 1, 2]
        assert self.results(server, "sorted")[0]["place"] == 1
        assert len(self.results(server, "duplicate")) == 4
        assert self.results(server, "out-of-range", best=1) == [{"place": 6, "fit": oracle.score("b", "b")}]
        assert self.results(server, "negative")[0]["place"] == -1
        assert not any("place" in row for row in self.results(server, "no-index"))

    def test_scores_and_texts(self, server: OracleServer) -> None:
        assert {row["fit"] for row in self.results(server, "null-score")} == {None}
        assert isinstance(self.results(server, "string-score")[0]["fit"], str)
        assert all(math.isnan(row["fit"]) for row in self.results(server, "nan-score"))
        assert self.results(server, "zero")[-1]["fit"] == 0.0
        assert self.results(server, "logits")[0]["fit"] == oracle.score("b", "b") * 16 - 8
        assert self.results(server, "other-text")[0]["doc"] == "A document of somebody else."
        assert "doc" not in self.results(server, "no-text")[0]

    def test_no_items_and_a_null_item(self, server: OracleServer) -> None:
        server.fault("F24", what="no-items")
        assert order(server) == {"answer": {"order": []}}
        server.fault("F24", what="null-item")
        assert order(server) == {"answer": {"order": [None]}}


class TestOthers:
    def test_moderation(self, server: OracleServer) -> None:
        def judge(what: str) -> Any:
            server.fault("F58", what=what)
            return ask(server.url, "POST", "/judge", {"texts": ["a", oracle.offence("hate")]}).json

        assert len(judge("short")) == 1
        assert judge("none") == []
        assert judge("null") is None
        assert judge("null-item") == [None, None]
        assert judge("no-verdict") == [{}, {}]
        odd = judge("unknown-category")
        assert (odd[0]["bad"], odd[0]["why"]["oracle/heresy"], odd[1]["why"]["hate"]) == (True, True, True)
        assert judge("unflagged")[0]["bad"] is False

    def test_transcripts(self, server: OracleServer) -> None:
        def hear(what: str) -> Any:
            server.fault("F57", what=what)
            return ask(server.url, "POST", "/hear", oracle.speech("Hi")).json

        assert (hear("empty"), hear("null"), hear("missing")) == ({"heard": ""}, {"heard": None}, {})
        assert "error" in hear("error")
        assert (hear("verbose")["heard"], hear("verbose")["language"]) == ("Hi", "english")

    def test_lists_of_models(self, server: OracleServer) -> None:
        def listed(what: str) -> Any:
            server.fault("F59", what=what)
            return ask(server.url, "GET", "/engines").json

        assert listed("holes")["engines"] == [None, "acme-talk", "acme-vec", ""]
        assert listed("empty") == {"engines": []}
        assert listed("null-data") == {"engines": None}
        assert listed("no-data") == {}

    def test_the_key_is_shown_wherever_it_was_sent(self, server: OracleServer) -> None:
        server.api_key = "sk-own-1"
        for headers in ({"x-acme-key": "sk-own-1"}, {"x-other": "key=sk-own-1"}):
            server.fault("F60")
            got = ask(server.url, "GET", "/engines", None, headers)
            assert (got.status, "sk-own-1" in got.json["error"]["message"]) == (401, True)
        server.fault("F60")
        assert "sk-own-1" in ask(server.url, "POST", "/talk", {"token": "sk-own-1"}).text


class TestChat:
    def test_null_and_missing_text(self, server: OracleServer) -> None:
        for fault, what, said in (
            ("F28", "null", None),
            ("F28", "empty", ""),
            ("F24", "no-items", "-"),
            ("F24", "hollow", "-"),
        ):
            server.fault(fault, what=what)
            assert talk(server).json.get("says", "-") == said

    def test_pieces_that_say_nothing(self, server: OracleServer) -> None:
        server.fault("F28", what="null")
        assert {"part": None} in lines(talk(server, stream=True))

    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize(("what", "told"), [("usage", None), ("counts", None), ("missing", "-")])
    def test_counts(self, server: OracleServer, stream: bool, what: str, told: Any) -> None:
        server.fault("F30", what=what)
        last = lines(talk(server, stream=stream))[-1]
        assert (last.get("tokens_in", "-"), last.get("tokens_out", "-"), last["ended"]) == (told, told, "stop")

    def test_a_stream_of_lines(self, server: OracleServer) -> None:
        got = talk(server, stream=True)
        assert got.header("content-type") == "application/x-ndjson"
        assert "".join(line.get("part", "") for line in lines(got)) == oracle.reply("Good morning to you")
        server.fault("F15", after=1)
        assert len(lines(talk(server, stream=True))) == 1
        server.fault("F19", after=1)
        assert lines(talk(server, stream=True))[-1]["error"]["message"] == "Quota exceeded for the oracle."
        server.fault("F12")
        assert " a\u2028b" in talk(server, stream=True).text
