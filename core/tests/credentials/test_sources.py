from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mrt.credentials import ProfileStore, collect
from mrt.errors import CredentialsValidateFailedError

FIELDS = ["a", "b", "c", "d", "e", "f"]
ORDER = ["option", "file", "environment", ".env", "profile", "keyring"]

STUB = Path(__file__).parent / "stub"


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "keyring.json"
    path.write_text("{}")
    monkeypatch.setenv("TEST_KEYRING", str(path))
    monkeypatch.syspath_prepend(str(STUB))
    yield path
    for name in [name for name in sys.modules if name.partition(".")[0] == "keyring"]:
        del sys.modules[name]


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path / "credentials.json")


def ask(tmp_path: Path, store: ProfileStore, **arguments: Any) -> dict[str, str]:
    arguments.setdefault("environ", {})
    found = collect("acme", FIELDS, folder=tmp_path, store=store, **arguments)
    assert found.sources.keys() == found.values.keys()
    return {name: f"{value} ({found.sources[name]})" for name, value in found.values.items()}


def test_the_first_source_that_has_a_field_wins(tmp_path: Path, store: ProfileStore, keyring: Path) -> None:
    # Field a is everywhere, b everywhere but in the first source, and so on.
    def values(source: str, first: int) -> dict[str, str]:
        return {name: f"{name} of {source}" for name in FIELDS[: first + 1]}

    file = tmp_path / "given.json"
    file.write_text(json.dumps(values("file", 1)))
    environ = {f"MRT_ACME_{name.upper()}": value for name, value in values("environment", 2).items()}
    lines = [f"MRT_ACME_{name.upper()}={value}\n" for name, value in values(".env", 3).items()]
    (tmp_path / ".env").write_text("".join(lines))
    store.set("acme", values("profile", 4))
    keyring.write_text(json.dumps({f"mrt/default/acme|{name}": f"{name} of keyring" for name in FIELDS}))
    found = ask(tmp_path, store, given=values("option", 0), file=file, environ=environ)
    assert found == {name: f"{name} of {source} ({source})" for name, source in zip(FIELDS, ORDER, strict=True)}


def test_without_any_source_there_is_nothing(tmp_path: Path, store: ProfileStore) -> None:
    assert ask(tmp_path, store) == {}


def test_the_profile_default_is_used_without_being_named(tmp_path: Path, store: ProfileStore) -> None:
    store.set("acme", {"a": "1"})
    store.set("acme", {"a": "2"}, "work")
    assert ask(tmp_path, store) == {"a": "1 (profile)"}
    assert ask(tmp_path, store, profile="work") == {"a": "2 (profile)"}


def test_a_named_profile_must_exist(tmp_path: Path, store: ProfileStore) -> None:
    store.set("acme", {"a": "1"})
    with pytest.raises(CredentialsValidateFailedError, match="mrt credentials set acme --profile work"):
        ask(tmp_path, store, profile="work")


def test_an_empty_option_hides_the_other_sources(tmp_path: Path, store: ProfileStore) -> None:
    assert ask(tmp_path, store, given={"a": ""}, environ={"MRT_ACME_A": "1"}) == {"a": " (option)"}


def test_a_keyring_without_backend_is_no_keyring(tmp_path: Path, store: ProfileStore, keyring: Path) -> None:
    keyring.with_name("keyring.json.absent").touch()
    assert ask(tmp_path, store, given={"a": "1"}) == {"a": "1 (option)"}


def test_a_locked_keyring_is_told(tmp_path: Path, store: ProfileStore, keyring: Path) -> None:
    keyring.with_name("keyring.json.locked").touch()
    with pytest.raises(CredentialsValidateFailedError, match="keyring cannot be read: KeyringLocked") as caught:
        ask(tmp_path, store)
    assert "canary" not in str(caught.value)


def test_values_do_not_show_in_repr(tmp_path: Path, store: ProfileStore) -> None:
    found = collect("acme", FIELDS, given={"a": "sk-test-canary"}, environ={}, folder=tmp_path, store=store)
    assert "canary" not in repr(found)
