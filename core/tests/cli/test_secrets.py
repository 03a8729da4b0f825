"""A key that must appear nowhere: not on stdout, not on stderr, in no file but the one that is for it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_run import Done, Runner
from cli_server import KEY, Vendor

COMMANDS = [
    ("chat", "acme/zeta-small", "Hello"),
    ("chat", "acme/zeta-small", "Hello", "--json", "--no-stream"),
    ("chat", "acme/zeta-small", "fail 500"),
    ("chat", "acme/zeta-small", "fail 401"),
    ("chat", "acme/zeta-small", "break"),
    ("chat", "acme/zeta-small", "Hello", "--param", "temperature=9"),
    ("embed", "acme/vec-1", "Hello"),
    ("validate", "acme"),
    ("validate", "acme/zeta-small"),
    ("models", "acme", "--live"),
    ("schema", "acme", "--json"),
    ("tokens", "acme/zeta-small", "Hello"),
    ("doctor",),
    ("credentials", "list"),
]


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def assert_clean(done: Done, key: str) -> None:
    text = done.out + done.err
    for form in (key, base64.b64encode(key.encode()).decode(), json.dumps(key)[1:-1], repr(key)[1:-1]):
        assert form not in text


@pytest.mark.parametrize("debug", [(), ("--debug",)], ids=["plain", "debug"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_key_of_the_environment(mrt: Runner, tmp_path: Path, words: tuple[str, ...], debug: tuple[str, ...]) -> None:
    assert_clean(mrt(*words, *debug), KEY)
    assert not [path for path in files(tmp_path) if KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize("debug", [(), ("--debug",), ("--debug", "--json")], ids=str)
def test_a_wrong_key_that_the_vendor_repeats(
    bare: Runner, vendor: Vendor, tmp_path: Path, debug: tuple[str, ...]
) -> None:
    wrong = 'sk-wrong-"canary"\\0123'
    bare.env |= {"MRT_ACME_SERVER_URL": vendor.url, "MRT_ACME_API_KEY": wrong}
    for words in (("chat", "acme/zeta-small", "x"), ("validate", "acme"), ("embed", "acme/vec-1", "x")):
        done = bare(*words, *debug)
        assert done.code == 3
        assert_clean(done, wrong)
        assert "canary" not in done.err


def test_a_key_among_the_arguments(bare: Runner, vendor: Vendor) -> None:
    key = "sk-test-canary-in-argv"
    for pair in (f"api_key={key}", f"no_such_field={key}", f"={key}", key):
        done = bare("chat", "acme/zeta-small", "x", "-c", pair, "-c", f"server_url={vendor.url}", "--debug")
        assert done.code in (2, 3)
        assert_clean(done, key)


def test_a_bug_of_a_plugin_that_shows_its_credentials(bare: Runner) -> None:
    bare.env |= {"MRT_BOLT_UID": "broken", "MRT_BOLT_LOGIN": "token", "MRT_BOLT_TOKEN": "sk-test-canary"}
    for options in ((), ("--debug",), ("--debug", "--json")):
        done = bare("chat", "bolt/m", "x", "--no-stream", *options)
        assert done.code == 1
        assert "TypeError" in done.err
        assert "canary" not in done.err


def test_the_stored_file_is_the_only_one_with_the_key(bare: Runner, vendor: Vendor, tmp_path: Path) -> None:
    bare.env |= {"MRT_ACME_SERVER_URL": vendor.url}
    done = bare("credentials", "set", "acme", "-c", f"api_key={KEY}", "--debug")
    assert done.code == 0
    assert_clean(done, KEY)
    for words in COMMANDS:
        assert_clean(bare(*words, "--debug"), KEY)
    holding = [path for path in files(tmp_path) if KEY.encode() in path.read_bytes()]
    assert holding == [tmp_path / "config" / "credentials.json"]


def test_what_is_no_secret_stays_readable(bare: Runner) -> None:
    bare.env["MRT_ACME_API_KEY"] = "sk-test-canary"
    done = bare("chat", "acme/zeta-small", "x", "-c", "server_url=http://127.0.0.1:1", "--debug")
    assert "127.0.0.1" in done.err
    assert "********" not in done.err.split("error: ")[-1]
