from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from mrt import _cachedir
from mrt._cachedir import cache_dir, read_json, settled, write_json


def test_values_come_back(cache: Path) -> None:
    assert write_json("a.json", {"a": [1, None, "ü\ud800"]})
    assert read_json("a.json") == {"a": [1, None, "ü\ud800"]}
    assert [path.name for path in cache.iterdir()] == ["a.json"]
    if os.name == "posix":
        assert cache.stat().st_mode & 0o777 == 0o700


def test_nothing_there_is_none(cache: Path) -> None:
    assert read_json("a.json") is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"\0" * 10])
def test_a_broken_file_is_none_and_is_replaced(content: bytes, cache: Path) -> None:
    cache.mkdir()
    (cache / "a.json").write_bytes(content)
    assert read_json("a.json") is None
    assert write_json("a.json", 1)
    assert read_json("a.json") == 1


def test_a_folder_that_cannot_be_written_is_no_error(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    assert not write_json("a.json", 1)
    assert read_json("a.json") is None


def test_a_failed_write_leaves_no_draft(cache: Path) -> None:
    (cache / "a.json").mkdir(parents=True)
    assert not write_json("a.json", 1)
    assert [path.name for path in cache.iterdir()] == ["a.json"]


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_it_can_be_switched_off(value: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert write_json("a.json", 1)
    monkeypatch.setenv("MRT_NO_CACHE", value)
    assert cache_dir() is None
    assert read_json("a.json") is None
    assert not write_json("b.json", 1)
    monkeypatch.setenv("MRT_NO_CACHE", "0")
    assert read_json("a.json") == 1


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MRT_NO_CACHE", raising=False)
    monkeypatch.delenv("MRT_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == str(tmp_path / "mrt")
    monkeypatch.setenv("MRT_CACHE_DIR", str(tmp_path / "own"))
    assert cache_dir() == str(tmp_path / "own")


def test_the_usual_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MRT_NO_CACHE", "MRT_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    usual = {"win32": "AppData/Local", "darwin": "Library/Caches"}.get(sys.platform, ".cache")
    assert cache_dir() == str(tmp_path / usual / "mrt")


def test_fresh_times_are_not_settled() -> None:
    now = time.time_ns()
    assert not settled(now)
    assert settled(now - 1_000_000_001)
    whole_seconds = now // 1_000_000_000 * 1_000_000_000
    assert not settled(whole_seconds)
    assert settled(whole_seconds - 3_000_000_000)


def test_what_was_read_has_the_wanted_type() -> None:
    assert _cachedir.as_dict({"a": 1}) == {"a": 1}
    assert _cachedir.as_list([1]) == [1]
    assert [_cachedir.as_dict(value) for value in (None, [], "a", 1)] == [{}, {}, {}, {}]
    assert [_cachedir.as_list(value) for value in (None, {}, "a", 1)] == [[], [], [], []]
