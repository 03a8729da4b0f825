from __future__ import annotations

import json
import os
import stat
from typing import Any

import pytest
from cli_run import Runner


def test_embed(mrt: Runner, asked: list[Any]) -> None:
    done = mrt("embed", "acme/vec-1", "one", "a text that is longer than its column")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "TEXT                      SIZE  VECTOR",
        "one                       3     3.000000 0.500000 0.000000",
        "a text that is longer...  3     37.000000 0.500000 0.000000",
    ]
    result = mrt("embed", "acme/vec-1", "one", "--query", "--json").json
    assert result["embeddings"] == [[3.0, 0.5, 1.0]]
    assert [body["kind"] for _, body in asked] == ["document", "query"]


def test_embed_takes_lines_from_a_pipe(mrt: Runner) -> None:
    result = mrt("embed", "acme/vec-1", "--json", stdin="a\n\nbb\r\nschön\n".encode()).json
    assert [vector[0] for vector in result["embeddings"]] == [1.0, 2.0, 5.0]


def test_rerank(mrt: Runner) -> None:
    docs = ("dogs bark", "the cat sat", "a cat")
    done = mrt("rerank", "acme/rank-1", "the cat", *docs)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "SCORE   INDEX  DOCUMENT",
        "0.2000  1      the cat sat",
        "0.1000  2      a cat",
        "0.0000  0      dogs bark",
    ]
    best = mrt("rerank", "acme/rank-1", "the cat", *docs, "--top-n", "1", "--json").json["docs"]
    assert best == [{"index": 1, "text": "the cat sat", "score": 0.2}]
    piped = mrt("rerank", "acme/rank-1", "the cat", "--json", stdin="\n".join(docs).encode())
    assert [doc["index"] for doc in piped.json["docs"]] == [1, 2, 0]
    none = mrt("rerank", "acme/rank-1", "the cat", *docs, "--score-threshold", "0.9")
    assert (none.code, none.out, none.err) == (0, "", "no document reaches the score\n")


def test_transcribe(mrt: Runner) -> None:
    (mrt.folder / "talk.wav").write_bytes(b"RIFF")
    assert mrt("transcribe", "acme/ear-1", "talk.wav").out == "talk.wav: RIFF\n"
    assert mrt("transcribe", "acme/ear-1", "-", stdin=b"piped").out == "audio.wav: piped\n"
    assert mrt("transcribe", "acme/ear-1", "talk.wav", "--json").json == {"model": "ear-1", "text": "talk.wav: RIFF"}


@pytest.mark.parametrize(
    ("file", "told"), [("gone.wav", "No such file"), (".", "directory"), ("empty.wav", "is empty")]
)
def test_transcribe_needs_a_sound(mrt: Runner, asked: list[Any], file: str, told: str) -> None:
    (mrt.folder / "empty.wav").touch()
    done = mrt("transcribe", "acme/ear-1", file)
    assert (done.code, asked) == (2, [])
    assert told in done.err


def test_speak_writes_a_file(mrt: Runner) -> None:
    done = mrt("speak", "acme/voice-1", "hello", "-o", "hello.mp3")
    assert (done.code, done.out, done.err) == (0, "", "wrote hello.mp3, 9 bytes\n")
    path = mrt.folder / "hello.mp3"
    assert path.read_bytes() == b"own:hello"
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    done = mrt("speak", "acme/voice-1", "--voice", "bo", "-o", "hello.mp3", "--json", stdin=b"piped\n")
    assert done.json == {"file": "hello.mp3", "bytes": 8}
    assert path.read_bytes() == b"bo:piped"


def test_speak_writes_to_a_pipe(mrt: Runner) -> None:
    done = mrt("speak", "acme/voice-1", "hello", "-o", "-")
    assert (done.code, done.out, done.err) == (0, "own:hello", "")


def test_a_sound_that_breaks_off_leaves_no_file(mrt: Runner) -> None:
    (mrt.folder / "old.mp3").write_bytes(b"old")
    done = mrt("speak", "acme/voice-1", "break", "-o", "old.mp3")
    assert done.code == 1
    assert [path.name for path in mrt.folder.iterdir()] == ["old.mp3"]
    assert (mrt.folder / "old.mp3").read_bytes() == b"old"


def test_voices(mrt: Runner) -> None:
    assert mrt("speak", "acme/voice-1", "--voices").out.splitlines() == [
        "VOICE  NAME  LANGUAGES",
        "ada    Ada   en-US",
        "bo     Bo    en-US, zh-Hans",
    ]
    assert mrt("speak", "acme/voice-1", "--voices", "--json").json[0]["value"] == "ada"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("hello",), "say where the sound goes"),
        (("hello", "-o", "-", "--json"), "both need stdout"),
        (("hello", "-o", "no/such/folder/x.mp3"), "cannot write"),
        (("-o", "x.mp3"), "TEXT is empty"),
    ],
    ids=str,
)
def test_speak_in_the_wrong_way(mrt: Runner, asked: list[Any], words: tuple[str, ...], told: str) -> None:
    done = mrt("speak", "acme/voice-1", *words)
    assert (done.code, done.out, asked) == (2, "", [])
    assert told in done.err


def test_moderate(mrt: Runner) -> None:
    assert mrt("moderate", "acme/guard-1", "good words").out == "not flagged\n  rude    0.1000\n"
    done = mrt("moderate", "acme/guard-1", stdin=b"bad words")
    assert (done.code, done.out) == (0, "flagged\n  rude  found  0.9000\n")
    assert mrt("moderate", "acme/guard-1", "bad", "--json").json["flagged"] is True


def test_tokens(mrt: Runner, asked: list[Any]) -> None:
    done = mrt("tokens", "acme/zeta-small", "Hello there, how are you?")
    assert done.code == 0
    assert int(done.out) > 5
    assert "estimate" in done.err
    counted = mrt("tokens", "acme/zeta-small", "--json", stdin=b"Hello there, how are you?").json
    assert counted == {"model": "zeta-small", "tokens": int(done.out), "method": "estimate"}
    assert asked == []


def test_validate(mrt: Runner, bare: Runner, asked: list[Any]) -> None:
    done = mrt("validate", "acme")
    assert (done.code, done.out) == (0, "the credentials for acme work\n")
    assert asked[-1][0] == "whoami"
    assert mrt("validate", "acme", "--json").json == {
        "valid": True, "provider": "acme", "model": None, "model_type": None,
    }  # fmt: skip
    wrong = mrt("validate", "acme", env={"MRT_ACME_API_KEY": "sk-test-wrong"})
    assert (wrong.code, wrong.out, wrong.err) == (3, "", "error: the key was refused\n")
    bolt = bare("validate", "bolt/one", "-c", "uid=u", "-c", "login=none", "--json")
    assert bolt.json == {"valid": True, "provider": "bolt", "model": "one", "model_type": "llm", "label": "one"}
    rerank = bare("validate", "bolt/one", "--type", "rerank", "-c", "uid=u", "-c", "login=none")
    assert rerank.out == "the credentials for bolt/one (rerank) work\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("acme", "--type", "llm"), "belongs to a model"),
        (("bolt",), "name one, as in bolt/MODEL"),
        (("acme/zeta-small", "--type", "chat"), "is no model type; use llm"),
        (("nobody",), "no provider is named 'nobody'"),
    ],
    ids=str,
)
def test_validate_in_the_wrong_way(mrt: Runner, words: tuple[str, ...], told: str) -> None:
    done = mrt("validate", *words)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 2, "InvokeBadRequestError"),
        (403, 3, "InvokeAuthorizationError"),
        (404, 2, "InvokeBadRequestError"),
        (429, 1, "InvokeRateLimitError"),
        (500, 1, "InvokeServerUnavailableError"),
        (503, 1, "InvokeServerUnavailableError"),
    ],
)
def test_a_failing_vendor(mrt: Runner, status: int, code: int, kind: str) -> None:
    for options in ((), ("--no-stream",)):
        done = mrt("chat", "acme/zeta-small", f"fail {status}", *options)
        assert (done.code, done.out) == (code, "")
        assert done.err.startswith("error: acme/zeta-small: ")
        assert "as you wish" in done.err
        done = mrt("chat", "acme/zeta-small", f"fail {status}", "--json", *options)
        assert (done.code, done.out) == (code, "")
        assert done.error["type"] == kind
        assert done.error["status"] == status
        assert done.error["provider"] == "acme"
        assert done.error["request_id"] == "request-7"
        assert done.error["retry_after"] == (12 if status == 429 else None)


@pytest.mark.parametrize(
    "words",
    [
        ("chat", "acme/zeta-small", "x"),
        ("embed", "acme/vec-1", "x"),
        ("rerank", "acme/rank-1", "x", "y"),
        ("moderate", "acme/guard-1", "x"),
        ("speak", "acme/voice-1", "x", "-o", "x.mp3"),
        ("transcribe", "acme/ear-1", "-"),
        ("validate", "acme"),
    ],
    ids=lambda words: words[0],
)
def test_a_vendor_that_is_not_there(mrt: Runner, words: tuple[str, ...]) -> None:
    done = mrt(*words, "--json", env={"MRT_ACME_SERVER_URL": "http://127.0.0.1:1"}, stdin=b"x")
    assert (done.code, done.out) == (1, "")
    assert done.error["type"] == "InvokeConnectionError"
    assert done.error["retryable"] is True
    assert list(mrt.folder.iterdir()) == []
    assert json.dumps(done.error)


def test_a_timeout_ends_a_call(mrt: Runner) -> None:
    done = mrt("chat", "acme/zeta-small", "slow", "--timeout", "0.5", "--json")
    assert done.code == 1
    assert done.error["type"] == "InvokeTimeoutError"
    assert done.lines[0]["delta"]["message"]["content"] == "word0 "
