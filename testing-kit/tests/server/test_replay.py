"""Records, and the server that plays them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mrt_testing_kit.probe import ask
from mrt_testing_kit.records import SERVERS, Record, load, record
from mrt_testing_kit.server import ReplayServer

EVERY = [entry for server in SERVERS for entry in load(server).values()]


def test_the_records_are_all_there() -> None:
    assert len(load("xinference")) == 460
    assert len(load("openllm")) == 164
    with pytest.raises(ValueError, match="no records of 'acme'; there are: xinference, openllm"):
        load("acme")


def test_what_a_record_holds() -> None:
    stream = load("xinference")["chat_stream"]
    assert (stream.method, stream.path, stream.status, stream.reason) == ("POST", "/v1/chat/completions", 200, "OK")
    assert (stream.streamed, stream.ended) == (True, "complete")
    assert [stream.shortened, stream.edited, stream.derived] == [False] * 3
    assert stream.body.endswith(b"data: [DONE]\r\n\r\n")
    assert stream.events[-1] == "[DONE]"
    assert stream.request_body["stream"] is True
    assert stream.header("X-Request-Id")
    whole = load("openllm")["old-0.4.44/chat"]
    assert whole.json["object"] == "chat.completion"
    assert load("openllm")["old-0.4.44/chat-malformed-json"].request_body == '{"model": '
    assert load("openllm")["derived/v0.5-models"].derived
    assert load("xinference")["embeddings_many"].shortened
    assert not load("xinference")["gguf_chat_sync"].shortened


@pytest.mark.parametrize(
    ("server", "name", "ended"),
    [
        ("xinference", "serverkill_SIGKILL", "cut"),
        ("xinference", "serverkill_SIGTERM_then_connect", "refused"),
        ("openllm", "old-0.4.44/chat-temperature-3-stream", "cut"),
        ("openllm", "new-0.6.30/chat-stream-client-leaves", "left"),
        ("openllm", "new-0.6.30/after-kill", "refused"),
    ],
)
def test_how_it_ended(server: str, name: str, ended: str) -> None:
    assert load(server)[name].ended == ended


def test_no_private_thing_is_in_the_records() -> None:
    for entry in EVERY:
        text = entry.text + json.dumps(entry.request_body) + json.dumps(entry.request_headers)
        assert f"{Path.home()}/" not in text
        assert f"{Path(__file__).parents[3]}/" not in text


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: entry.name)
def test_every_record_is_played_byte_for_byte(entry: Record) -> None:
    with ReplayServer([entry]) as server:
        server.play(entry)
        got = ask(server.url, entry.method, entry.path, b"{}" if entry.method == "POST" else None)
        assert server.played == [entry.name]
    if entry.ended == "refused":
        assert got.end == "reset"
        return
    assert got.status == entry.status
    assert got.body == entry.body
    assert got.complete == (entry.ended == "complete")
    sent = [
        pair for pair in entry.headers if pair[0].lower() not in ("content-length", "transfer-encoding", "connection")
    ]
    assert [pair for pair in got.headers if pair in sent] == sent


def test_a_request_finds_its_record() -> None:
    with ReplayServer("xinference", names=["chat_*", "embeddings_*", "meta_*", "error_*", "auth_*"]) as server:
        for name in ("chat_sync_unicode", "embeddings_base64", "meta_model_tiny-chat", "error_malformed_json"):
            entry = load("xinference")[name]
            body = entry.request_body
            got = ask(server.url, entry.method, entry.path, body.encode() if isinstance(body, str) else body)
            assert got.body == entry.body
        assert server.played[-1] == "error_malformed_json"
        headers = {"authorization": "Bearer xf-test-any"}
        ask(server.url, "GET", "/v1/models", None, headers)
        assert server.played[-1] == "auth_jwt_models"
        other = ask(server.url, "POST", "/v1/chat/completions", {"model": "anything"})
        assert other.status in (200, 401, 403, 404, 429, 500)
        assert ask(server.url, "GET", "/no/such/path").status == 599


def test_names_choose_and_play_decides() -> None:
    with ReplayServer("xinference", names=["chat_*", "meta_cluster_auth"]) as server:
        assert set(server.records) == {
            name for name in load("xinference") if name.startswith("chat_") or name == "meta_cluster_auth"
        }
        server.play("chat_stream", "meta_cluster_auth")
        assert ask(server.url, "GET", "/whatever").events[-1] == "[DONE]"
        assert ask(server.url, "GET", "/whatever").json == {"auth": False}
    with ReplayServer("openllm", names=["old-0.4.44/"]) as server:
        assert len(server.records) == sum(name.startswith("old-") for name in load("openllm"))


def test_cut_and_split_at_given_bytes() -> None:
    entry = load("xinference")["chat_stream_unicode"]
    with ReplayServer("xinference") as server:
        for at in range(0, len(entry.body), 97):
            server.play(entry, cut=at)
            got = ask(server.url, body={})
            assert (got.body, got.complete) == (entry.body[:at], False)
        server.play(entry, split=[5, 1, 10])
        got = ask(server.url, body={})
        assert [len(chunk) for chunk in got.chunks[:3]] == [1, 4, 5]
        assert (got.body, got.complete) == (entry.body, True)
        whole = load("xinference")["chat_sync"]
        server.play(whole, cut=10)
        got = ask(server.url, body={})
        assert (got.body, got.complete) == (whole.body[:10], False)
        assert got.header("content-length") == str(len(whole.body))


def test_a_transcript_of_one_s_own() -> None:
    entry = record(
        {
            "name": "mine",
            "request": {"method": "GET", "path": "/x"},
            "response": {"status": 418, "reason": "Teapot", "headers": [["x-a", "1"]], "body": "é"},
        }
    )
    with ReplayServer([entry]) as server:
        got = ask(server.url, "GET", "/x")
    assert got.head.startswith(b"HTTP/1.1 418 Teapot\r\nx-a: 1\r\n")
    assert got.body == "é".encode()
