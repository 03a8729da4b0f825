"""Odd indices, numbers, scores, verdicts, sounds and transcripts: F50 to F58 beyond what is plainly broken."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mrt_testing_kit.probe import ask
from mrt_testing_kit.server import OracleServer, oracle


@pytest.fixture
def server() -> Iterator[OracleServer]:
    with OracleServer("openai") as running:
        yield running
        assert running.errors == []


def rows(server: OracleServer, *texts: str, **body: Any) -> list[Any]:
    given = {"model": "m", "input": list(texts), **body}
    found: list[Any] = ask(server.url, "POST", "/v1/embeddings", given).json["data"]
    return found


class TestVectors:
    @pytest.mark.parametrize(
        ("how", "places"),
        [("twice", [0, 1, 0]), ("beyond", [0, 1, 3]), ("negative", [0, 1, -1]), ("text", ["2", "1", "0"])],
    )
    def test_odd_indices(self, server: OracleServer, how: str, places: list[Any]) -> None:
        server.fault("F50", how=how)
        found = rows(server, "a", "b", "c")
        assert [row["index"] for row in found] == places
        texts = "cba" if how == "text" else "abc"
        assert [row["embedding"] for row in found] == [oracle.embedding(text) for text in texts]

    def test_without_indices(self, server: OracleServer) -> None:
        server.fault("F50", how="none")
        assert not any("index" in row for row in rows(server, "a", "b"))

    def test_spoilt_base64(self, server: OracleServer) -> None:
        server.fault("F52", what="torn")
        found = rows(server, "a", "b", encoding_format="base64")
        assert len(base64.b64decode(found[0]["embedding"])) == 32
        assert len(base64.b64decode(found[1]["embedding"])) % 4 != 0
        server.fault("F52", what="words")
        assert rows(server, "a")[0]["embedding"] == "no vector"

    def test_where_the_odd_number_stands(self, server: OracleServer) -> None:
        server.fault("F53", value="minus-inf", place=-1)
        vector = rows(server, "a")[0]["embedding"]
        assert vector[:-1] == oracle.embedding("a")[:-1]
        assert vector[-1] == -math.inf
        server.fault("F53", value="nested")
        assert rows(server, "a")[0]["embedding"] == [oracle.embedding("a")]

    def test_rare_numbers(self, server: OracleServer) -> None:
        server.fault("F53", value="zero")
        assert rows(server, "a")[0]["embedding"] == [0.0] * 8
        server.fault("F53", value="odd", times=2)
        plain = [row["embedding"] for row in rows(server, "a", "b", dimensions=12)]
        assert plain == [oracle.odd_numbers(0, 12), oracle.odd_numbers(1, 12)]
        assert plain[0] != plain[1]
        assert any(isinstance(number, int) for number in plain[0])
        coded = rows(server, "a", dimensions=12, encoding_format="base64")[0]["embedding"]
        # Single precision keeps them whole.
        assert list(struct.unpack("<12f", base64.b64decode(coded))) == plain[0]


class TestRanks:
    def results(self, server: OracleServer, what: str, **options: Any) -> list[Any]:
        body = {"model": "m", "query": "b", "documents": ["a", "b", "b"]}
        server.fault("F55", what=what, **options)
        found: list[Any] = ask(server.url, "POST", "/v1/rerank", body).json["results"]
        return found

    def test_order_and_number(self, server: OracleServer) -> None:
        assert [row["index"] for row in self.results(server, "sorted")] == [1, 2, 0]
        assert [row["index"] for row in self.results(server, "reversed")] == [0, 2, 1]
        assert [row["index"] for row in self.results(server, "short")] == [1, 2]
        assert [row["index"] for row in self.results(server, "twice")] == [1, 2, 1]
        assert [row["index"] for row in self.results(server, "text-index")] == ["1", "2", "0"]

    def test_scores(self, server: OracleServer) -> None:
        right = [row["relevance_score"] for row in self.results(server, "sorted")]
        scores = [row.get("relevance_score") for row in self.results(server, "no-score", at=1)]
        assert scores == [right[0], None, right[2]]
        assert [row["relevance_score"] for row in self.results(server, "inf-score", at=-1)] == [*right[:2], math.inf]
        assert [row["relevance_score"] for row in self.results(server, "odd")] == oracle.odd_scores(3)


class TestVerdicts:
    def results(self, server: OracleServer, what: str) -> list[Any]:
        server.fault("F58", what=what)
        texts = ["fine", oracle.offence("hate")]
        found: list[Any] = ask(server.url, "POST", "/v1/moderations", {"model": "m", "input": texts}).json["results"]
        return found

    def test_scores_that_tell_something_else(self, server: OracleServer) -> None:
        fine, bad = self.results(server, "low-scores")
        assert (fine["flagged"], bad["flagged"], max(bad["category_scores"].values())) == (False, True, 0.25)
        fine, bad = self.results(server, "high-scores")
        assert (fine["flagged"], bad["flagged"], min(fine["category_scores"].values())) == (False, True, 0.75)

    def test_verdicts(self, server: OracleServer) -> None:
        assert [row["flagged"] for row in self.results(server, "text-verdict")] == ["false", "true"]
        assert not any(self.results(server, "no-categories")[1]["categories"].values())


class TestSpeech:
    def test_another_format(self, server: OracleServer) -> None:
        server.fault("F56", what="format", format="flac")
        body = {"model": "m", "input": "Hello", "voice": "alloy", "response_format": "mp3"}
        got = ask(server.url, "POST", "/v1/audio/speech", body)
        assert (got.header("content-type"), got.body[:4]) == ("audio/flac", b"fLaC")
        assert oracle.transcript(got.body) == "Hello"

    def hear(self, server: OracleServer, shape: str) -> httpx.Response:
        return httpx.post(
            f"{server.url}/v1/audio/transcriptions",
            data={"model": "m", "response_format": shape},
            files={"file": ("a.wav", oracle.speech("Hi"))},
        )

    def test_a_text_in_segments_alone(self, server: OracleServer) -> None:
        server.fault("F57", what="segments")
        found = self.hear(server, "json").json()
        assert "text" not in found
        assert [segment["text"] for segment in found["segments"]] == ["Hi"]

    @pytest.mark.parametrize("what", ["null", "missing", "error", "verbose", "segments"])
    def test_plain_text_has_no_place_for_it(self, server: OracleServer, what: str) -> None:
        server.fault("F57", what=what)
        assert self.hear(server, "text").status_code == 500
        assert [error.is_mistake for error in server.unplayed] == [False]

    def test_plain_text_without_a_word(self, server: OracleServer) -> None:
        server.fault("F57", what="empty")
        assert self.hear(server, "text").text == "\n"
        assert self.hear(server, "text").text == "Hi\n"
