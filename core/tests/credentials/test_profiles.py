from __future__ import annotations

import threading
import traceback
from pathlib import Path

import pytest

from mrt.credentials import ProfileStore, StoredProfile, config_dir
from mrt.credentials.profiles import IN_KEYRING
from mrt.errors import CredentialsValidateFailedError

CANARY = "sk-test-canary-0123456789"


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path / "config" / "mrt" / "credentials.json")


def test_what_is_stored_comes_back(store: ProfileStore) -> None:
    store.set("acme", {"api_key": CANARY, "size": 3})
    store.set("acme", {"api_key": "work"}, "work")
    store.set("other", {"api_key": "日本"})
    again = ProfileStore(store.path)
    assert again.get("acme") == {"api_key": CANARY, "size": 3}
    assert again.get("acme", "work") == {"api_key": "work"}
    assert again.get("other") == {"api_key": "日本"}
    assert again.get("other", "work") is None


def test_storing_again_replaces(store: ProfileStore) -> None:
    store.set("acme", {"api_key": "a", "old": "b"})
    store.set("acme", {"api_key": "c"})
    assert store.get("acme") == {"api_key": "c"}


def test_nothing_is_stored_at_first(store: ProfileStore) -> None:
    assert store.get("acme") is None
    assert store.entries() == []
    assert store.remove("acme") is False
    assert not store.path.exists()


def test_entries_have_no_values(store: ProfileStore) -> None:
    store.set("acme", {"url": "u", "api_key": dict(IN_KEYRING)}, "work")
    assert store.entries() == [StoredProfile("work", "acme", ("url",), ("api_key",))]
    assert store.get("acme", "work") == {"url": "u"}


def test_remove_leaves_the_others(store: ProfileStore) -> None:
    store.set("acme", {"a": "1"})
    store.set("other", {"a": "2"})
    assert store.remove("acme") is True
    assert store.get("acme") is None
    assert store.get("other") == {"a": "2"}


@pytest.mark.parametrize(
    "damage", [f'{{"profiles": "{CANARY}', "[]", '{"profiles": [1]}', '{"profiles": {"default": {"acme": 1}}}', ""]
)
def test_a_damaged_file_is_refused_and_not_quoted(store: ProfileStore, damage: str) -> None:
    store.set("acme", {"api_key": CANARY})
    store.path.write_text(damage)
    with pytest.raises(CredentialsValidateFailedError, match="is damaged") as caught:
        store.get("acme")
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_readers_see_whole_files_while_others_write(store: ProfileStore) -> None:
    store.set("acme", {"api_key": "x" * 10_000})
    done = threading.Event()

    def write() -> None:
        for number in range(50):
            store.set("acme", {"api_key": str(number % 10) * 10_000})
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        value = store.get("acme")
        assert value is not None
        assert len(set(value["api_key"])) == 1
        assert len(value["api_key"]) == 10_000
        seen.add(value["api_key"][0])
    writer.join()
    assert seen


def test_the_folder_is_named_by_the_environment(tmp_path: Path) -> None:
    both = {"MRT_CONFIG_DIR": str(tmp_path / "own"), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert config_dir(both) == tmp_path / "own"
    assert config_dir({"XDG_CONFIG_HOME": str(tmp_path / "xdg")}) == tmp_path / "xdg" / "mrt"
    assert config_dir({"APPDATA": str(tmp_path)}).name == "mrt"
