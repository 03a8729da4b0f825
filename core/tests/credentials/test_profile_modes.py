"""What the file of profiles promises on systems whose files have modes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mrt.credentials import ProfileStore
from mrt.errors import CredentialsValidateFailedError

CANARY = "sk-test-canary-0123456789"


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path / "config" / "mrt" / "credentials.json")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_can_read(store: ProfileStore) -> None:
    before = os.umask(0)
    try:
        store.set("acme", {"api_key": CANARY})
    finally:
        os.umask(before)
    assert mode(store.path) == 0o600
    assert mode(store.path.parent) == 0o700


@pytest.mark.parametrize("wide", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_a_file_that_others_can_touch_is_refused(store: ProfileStore, wide: int) -> None:
    store.set("acme", {"api_key": CANARY})
    store.path.chmod(wide)
    for use in (lambda: store.get("acme"), lambda: store.set("acme", {}), store.entries):
        with pytest.raises(CredentialsValidateFailedError, match="run: chmod 600") as caught:
            use()
        assert CANARY not in str(caught.value)
    assert CANARY in store.path.read_text()


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(store: ProfileStore) -> None:
    store.set("acme", {"api_key": "old"})
    # What JSON cannot carry fails in the middle of the writing.
    with pytest.raises(TypeError):
        store.set("other", {"api_key": object()})
    assert store.get("acme") == {"api_key": "old"}
    assert [path.name for path in store.path.parent.iterdir()] == ["credentials.json"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = ProfileStore(tmp_path / "file" / "credentials.json")
    with pytest.raises(CredentialsValidateFailedError, match="cannot"):
        store.set("acme", {"api_key": CANARY})


def test_a_link_is_followed(store: ProfileStore, tmp_path: Path) -> None:
    store.set("acme", {"api_key": "old"})
    link = tmp_path / "link.json"
    link.symlink_to(store.path)
    ProfileStore(link).set("acme", {"api_key": "new"})
    assert link.is_symlink()
    assert store.get("acme") == {"api_key": "new"}
