"""F41 to F60: statuses, headers, connections, payloads."""

from __future__ import annotations

import base64
import gzip
import json
import math
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from mrt_testing_kit.probe import ANTHROPIC_HEADERS, MODELS, Got, ask, talk
from mrt_testing_kit.server import OracleServer, oracle
from mrt_testing_kit.server.faults.http import STATUSES


@pytest.fixture
def server() -> Iterator[OracleServer]:
    with OracleServer("openai") as server:
        yield server
        assert server.errors == []


def embed(server: OracleServer, *texts: str, **fields: Any) -> Got:
    return ask(server.url, "POST", "/v1/embeddings", {"model": "m", "input": list(texts), **fields})


class TestStatuses:
    @pytest.mark.parametrize("status", STATUSES)
    @pytest.mark.parametrize("name", MODELS)
    def test_the_vendor_s_own_error(self, status: int, name: str) -> None:
        with OracleServer(name) as server, server.fault("F41", status=status):
            got = talk(server.url, name)
        assert got.status == status
        error = got.json.get("error", got.json.get("detail"))
        assert "oracle" in (error if isinstance(error, str) else error["message"])

    @pytest.mark.parametrize(
        ("body", "media_type"),
        [("foreign", "application/json"), ("html", "text/html"), ("text", "text/plain"), ("empty", None)],
    )
    def test_bodies(self, server: OracleServer, body: str, media_type: str | None) -> None:
        server.fault("F41", status=502, body=body, message="Quite broken.")
        got = talk(server.url, "openai")
        assert (got.header("content-type") or "").partition(";")[0] == (media_type or "")
        assert ("Quite broken." in got.text) is (body != "empty")

    def test_a_huge_body(self, server: OracleServer) -> None:
        server.fault("F41", body="huge", size=1_000_000)
        assert len(talk(server.url, "openai").body) > 1_000_000
        assert server.fault("F41", body="huge").fault.o["size"] == 10_000_000
        server.reset()

    @pytest.mark.parametrize("reason", ["context", "filter", "model", "quota"])
    @pytest.mark.parametrize("name", MODELS)
    def test_known_causes(self, reason: str, name: str) -> None:
        with OracleServer(name) as server, server.fault("F41", reason=reason):
            assert talk(server.url, name).status == {"model": 404, "quota": 429}.get(reason, 400)

    def test_it_plays_on_any_endpoint(self, server: OracleServer) -> None:
        server.fault("F41", status=500, times=None)
        for method, target in (("GET", "/v1/models"), ("POST", "/v1/audio/transcriptions"), ("GET", "/nowhere")):
            assert ask(server.url, method, target).status == 500

    @pytest.mark.parametrize(
        ("form", "header", "value"),
        [
            ("seconds", "retry-after", "3"),
            ("fraction", "retry-after", "3.5"),
            ("ms", "retry-after-ms", "3500"),
            ("absurd", "retry-after", "999999999999"),
            ("negative", "retry-after", "-5"),
            ("garbage", "retry-after", "soon"),
        ],
    )
    def test_retry_after(self, server: OracleServer, form: str, header: str, value: str) -> None:
        server.fault("F42", form=form, seconds=3.5)
        got = talk(server.url, "openai")
        assert (got.status, got.header(header)) == (429, value)

    def test_retry_after_a_date(self, server: OracleServer) -> None:
        server.fault("F42", form="date", seconds=60, status=503)
        got = talk(server.url, "openai")
        late = parsedate_to_datetime(got.header("retry-after") or "").timestamp() - time.time()
        assert got.status == 503
        assert 50 < late <= 60

    def test_redirects(self, server: OracleServer) -> None:
        target = "/v1/chat/completions"
        for to, location in (
            ("scheme", f"https://127.0.0.1:{server.port}{target}"),
            ("host", f"http://localhost:{server.port}{target}"),
            ("same", f"/moved{target}"),
            ("loop", target),
        ):
            server.fault("F43", to=to, status=308)
            got = talk(server.url, "openai")
            assert (got.status, got.header("location")) == (308, location)
        server.fault("F43", location="http://example.com/")
        assert talk(server.url, "openai").header("location") == "http://example.com/"

    @pytest.mark.parametrize("stream", [True, False])
    def test_compression(self, server: OracleServer, stream: bool) -> None:
        plain = talk(server.url, "openai", "Hi", stream=stream)
        for coding, unpack in (("gzip", gzip.decompress), ("deflate", zlib.decompress)):
            server.fault("F44", coding=coding)
            got = talk(server.url, "openai", "Hi", stream=stream)
            assert got.header("content-encoding") == coding
            assert unpack(got.body).count(b"You") == plain.body.count(b"You") > 0
        for coding in ("br", "zstd", "unknown", "liar"):
            server.fault("F44", coding=coding)
            assert talk(server.url, "openai", stream=stream).header("content-encoding")

    def test_a_compressed_stream_stays_a_stream(self, server: OracleServer) -> None:
        server.fault("F44", coding="gzip")
        unpacker = zlib.decompressobj(31)
        parts = [unpacker.decompress(chunk) for chunk in talk(server.url, "openai").chunks]
        assert sum(part.startswith(b"data: ") for part in parts) > 3

    def test_a_compressed_error(self, server: OracleServer) -> None:
        server.fault("F41", status=500)
        server.fault("F44")
        response = httpx.post(f"{server.url}/v1/embeddings", json={})
        assert response.json()["error"]["message"] == "The oracle failed."

    def test_types_and_charsets(self, server: OracleServer) -> None:
        server.fault("F45", content_type="text/event-stream")
        assert talk(server.url, "openai", stream=False).header("content-type") == "text/event-stream"
        server.fault("F45", content_type=None)
        assert talk(server.url, "openai", stream=False).header("content-type") is None
        server.fault("F45", content_type="application/json; charset=utf-16", encode="utf-16")
        got = talk(server.url, "openai", "é", stream=False)
        assert json.loads(got.body.decode("utf-16"))["choices"][0]["message"]["content"] == "You said: é"

    @pytest.mark.parametrize("name", MODELS)
    def test_the_key_in_the_body(self, name: str) -> None:
        with OracleServer(name) as server, server.fault("F60"):
            headers = {"authorization": "Bearer sk-test-canary", "x-api-key": "sk-test-other"}
            got = ask(server.url, "GET", "/v1/models?key=sk-test-third", None, headers)
            assert got.status == 401
            assert all(key in got.text for key in ("sk-test-canary", "sk-test-other", "sk-test-third"))


class TestConnections:
    def test_refused_and_dns(self, server: OracleServer) -> None:
        with server.fault("F46", how="refused") as fault:
            with pytest.raises(httpx.ConnectError):
                httpx.get(fault.url)
        with server.fault("F46", how="dns") as fault:
            assert fault.url == "http://oracle.invalid"
        with pytest.raises(ValueError, match="needs no address"):
            _ = server.fault("F41").url
        server.reset()

    @pytest.mark.parametrize(("how", "end"), [("reset", "reset"), ("close", "eof")])
    def test_a_connection_that_ends_at_once(self, server: OracleServer, how: str, end: str) -> None:
        with server.fault("F46", how=how):
            try:
                with socket.create_connection((server.host, server.port), timeout=5) as sock:
                    assert sock.recv(1) == b""
                    found = "eof"
            except ConnectionResetError:
                found = "reset"
        assert found == end
        assert ask(server.url, "GET", "/v1/models").status == 200

    @pytest.mark.parametrize(
        ("where", "shown"), [("first-byte", b""), ("head", b"HTTP/1.1 200"), ("read", b"\r\n\r\n{")]
    )
    def test_silence(self, server: OracleServer, where: str, shown: bytes) -> None:
        with server.fault("F47", where=where):
            got = talk(server.url, "openai", stream=False, timeout=0.15)
        data = got.head + (b"\r\n\r\n" if got.raw else b"") + got.raw
        assert got.end == "timeout"
        assert shown in data if shown else data == b""
        assert not got.complete

    def test_nobody_accepts(self, server: OracleServer) -> None:
        with server.fault("F47", where="connect") as fault:
            with pytest.raises(httpx.ConnectTimeout):
                httpx.get(fault.url, timeout=0.15)

    @pytest.mark.parametrize(("how", "end"), [("close", "eof"), ("reset", "reset")])
    def test_a_kept_connection_goes_stale(self, server: OracleServer, how: str, end: str) -> None:
        get = b"GET /v1/models/m HTTP/1.1\r\nhost: x\r\n\r\n"
        with server.fault("F48", how=how), socket.create_connection((server.host, server.port), timeout=5) as sock:
            sock.sendall(get)
            assert sock.recv(1 << 16).startswith(b"HTTP/1.1 200")
            sock.sendall(get)
            try:
                found = "eof" if sock.recv(1) == b"" else "data"
            except ConnectionResetError:
                found = "reset"
        assert found == end
        assert len(server.requests) == 1

    def test_a_connection_closed_unannounced(self, server: OracleServer) -> None:
        with server.fault("F48", how="idle"):
            with socket.create_connection((server.host, server.port), timeout=5) as sock:
                sock.sendall(b"GET /v1/models/m HTTP/1.1\r\nhost: x\r\n\r\n")
                data = b""
                while block := sock.recv(1 << 16):
                    data += block
        assert b"connection: keep-alive" in data
        assert b"connection: close" not in data

    def test_a_barrier_lets_all_go_together(self, server: OracleServer) -> None:
        with server.fault("F49", count=5, seconds=30) as entry:
            done: list[int] = []
            threads = [
                threading.Thread(target=lambda: done.append(talk(server.url, "openai").status)) for _ in range(5)
            ]
            for thread in threads[:4]:
                thread.start()
            assert server.wait_for(lambda: len(server.requests) == 4)
            assert done == []
            threads[4].start()
            for thread in threads:
                thread.join()
        assert done == [200] * 5
        assert not entry.fault.timed_out  # type: ignore[attr-defined]

    def test_a_barrier_does_not_wait_for_ever(self, server: OracleServer) -> None:
        entry = server.fault("F49", count=2, seconds=0.05)
        assert talk(server.url, "openai").status == 200
        assert entry.fault.timed_out  # type: ignore[attr-defined]
        assert server.unconsumed() == [entry]


class TestTls:
    def test_the_test_ca_is_enough(self) -> None:
        with OracleServer("openai", tls=True) as server:
            assert server.url.startswith("https://127.0.0.1:")
            context = ssl.create_default_context(cafile=server.ca_file)
            context.verify_flags |= getattr(ssl, "VERIFY_X509_STRICT", 0)
            for host in ("127.0.0.1", "localhost"):
                got = httpx.get(f"https://{host}:{server.port}/v1/models", verify=context)
                assert got.status_code == 200
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                httpx.get(f"{server.url}/v1/models")

    @pytest.mark.parametrize(
        ("kind", "match"),
        [("untrusted", "self-signed|self signed"), ("wrong-host", "mismatch|not valid for"), ("expired", "expired")],
    )
    def test_bad_certificates(self, kind: str, match: str) -> None:
        with OracleServer("openai", tls=kind) as server:
            context = ssl.create_default_context(cafile=server.ca_file)
            with pytest.raises(httpx.ConnectError, match=match):
                httpx.get(f"{server.url}/v1/models", verify=context)

    def test_a_broken_handshake_is_met(self) -> None:
        with OracleServer("openai", tls=True) as server:
            context = ssl.create_default_context(cafile=server.ca_file)
            for host in ("localhost", "127.0.0.1"):
                with (
                    server.fault("F46", how="tls"),
                    pytest.raises(httpx.ConnectError, match="SSL"),
                ):
                    httpx.get(f"https://{host}:{server.port}/v1/models", verify=context)
            assert httpx.get(f"{server.url}/v1/models", verify=context).status_code == 200

    def test_streams_and_resets_over_tls(self) -> None:
        with OracleServer("openai", tls=True) as server:
            context = ssl.create_default_context(cafile=server.ca_file)
            body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
            with httpx.Client(verify=context, base_url=server.url) as client:
                assert client.post("/v1/chat/completions", json=body).text.endswith("data: [DONE]\n\n")
                with server.fault("F16"), pytest.raises(httpx.TransportError):
                    client.post("/v1/chat/completions", json=body)


class TestVectors:
    def rows(self, got: Got) -> list[Any]:
        found: list[Any] = got.json["data"]
        return found

    @pytest.mark.parametrize(("how", "order"), [("reverse", [2, 1, 0]), ("rotate", [1, 2, 0])])
    def test_shuffled(self, server: OracleServer, how: str, order: list[int]) -> None:
        server.fault("F50", how=how)
        rows = self.rows(embed(server, "a", "b", "c"))
        assert [row["index"] for row in rows] == order
        assert all(row["embedding"] == oracle.embedding("abc"[row["index"]]) for row in rows)

    @pytest.mark.parametrize(("by", "count"), [(1, 2), (3, 0), (-1, 4)])
    def test_too_few_and_too_many(self, server: OracleServer, by: int, count: int) -> None:
        server.fault("F51", by=by)
        assert len(self.rows(embed(server, "a", "b", "c"))) == count

    def test_the_other_form(self, server: OracleServer) -> None:
        server.fault("F52", times=2)
        coded = self.rows(embed(server, "a"))[0]["embedding"]
        assert list(struct.unpack("<8f", base64.b64decode(coded))) == oracle.embedding("a")
        assert self.rows(embed(server, "a", encoding_format="base64"))[0]["embedding"] == oracle.embedding("a")

    def test_odd_numbers(self, server: OracleServer) -> None:
        server.fault("F53", value="nan", at=1)
        rows = self.rows(embed(server, "a", "b"))
        assert math.isnan(rows[1]["embedding"][0])
        assert rows[0]["embedding"] == oracle.embedding("a")
        for value, found in (("inf", math.inf), ("null", None), ("text", "0.5")):
            server.fault("F53", value=value)
            assert self.rows(embed(server, "a"))[0]["embedding"][0] == found
        server.fault("F53", value="null-vector")
        assert self.rows(embed(server, "a"))[0]["embedding"] is None
        server.fault("F53", value="nan")
        coded = self.rows(embed(server, "a", encoding_format="base64"))[0]["embedding"]
        assert math.isnan(struct.unpack("<f", base64.b64decode(coded)[:4])[0])

    def test_dimensions(self, server: OracleServer) -> None:
        for options, lengths in (({}, [8, 7]), ({"which": "all", "by": 2}, [10, 10]), ({"which": "empty"}, [0, 0])):
            server.fault("F54", **options)  # type: ignore[arg-type]
            assert [len(row["embedding"]) for row in self.rows(embed(server, "a", "b"))] == lengths


class TestPayloads:
    @pytest.mark.parametrize("name", ["openai", "xinference"])
    def test_ranks(self, name: str) -> None:
        body = {"model": "tiny-rerank", "query": "b", "documents": ["a", "b", "c"], "return_documents": True}

        def results(what: str) -> list[Any]:
            server.fault("F55", what=what)
            found: list[Any] = ask(server.url, "POST", "/v1/rerank", body).json["results"]
            return found

        with OracleServer(name) as server:
            assert [row["index"] for row in results("unsorted")] == [0, 1, 2]
            assert results("sorted")[0]["index"] == 1
            assert len(results("duplicate")) == 4
            assert results("out-of-range")[0]["index"] == 6
            assert results("negative")[0]["index"] == -1
            assert {row["relevance_score"] for row in results("null-score")} == {None}
            assert isinstance(results("string-score")[0]["relevance_score"], str)
            assert "document" not in results("no-text")[0]

    def test_audio(self, server: OracleServer) -> None:
        body = {"model": "m", "input": "Hello", "voice": "alloy", "response_format": "wav"}

        def speak(what: str) -> Got:
            server.fault("F56", what=what)
            return ask(server.url, "POST", "/v1/audio/speech", body)

        whole = oracle.speech("Hello", "alloy", "wav")
        assert speak("empty").body == b""
        assert (speak("json").status, speak("json").header("content-type")) == (200, "application/json")
        assert (speak("type").header("content-type"), speak("type").body) == ("text/plain", whole)
        assert speak("truncated").body == whole[: len(whole) // 3]

    @pytest.mark.parametrize("name", ["openai", "xinference"])
    def test_transcripts(self, name: str) -> None:
        with OracleServer(name) as server:
            for what, check in (("empty", {"text": ""}), ("null", {"text": None}), ("missing", None), ("error", None)):
                server.fault("F57", what=what)
                found = httpx.post(
                    f"{server.url}/v1/audio/transcriptions",
                    data={"model": "tiny-whisper"},
                    files={"file": ("a.wav", oracle.speech("Hi"))},
                ).json()
                if check is not None:
                    assert found["text"] == check["text"]
                else:
                    assert "text" not in found
                assert ("error" in found) is (what == "error")

    def test_moderations(self, server: OracleServer) -> None:
        def results(what: str) -> Any:
            server.fault("F58", what=what)
            return ask(server.url, "POST", "/v1/moderations", {"model": "m", "input": ["a", "b"]}).json["results"]

        assert len(results("short")) == 1
        assert results("none") == []
        assert results("null") is None
        assert results("unknown-category")[0]["categories"]["oracle/heresy"] is True

    @pytest.mark.parametrize("name", MODELS)
    def test_model_lists(self, name: str) -> None:
        def listed(what: str) -> Any:
            server.fault("F59", what=what)
            return ask(server.url, "GET", "/v1/models", None, ANTHROPIC_HEADERS).json

        with OracleServer(name) as server:
            holes = listed("holes")["data"]
            assert "id" not in holes[0]
            assert holes[1]["id"] is None
            assert holes[-3:-1] == [None, {}]
            assert "data" not in listed("no-data")
            assert listed("null-data")["data"] is None
            assert listed("empty")["data"] == []
