"""A keyring like the package of that name, kept in a file so that nothing outside of a test is touched."""

from __future__ import annotations

import json
import os

from keyring import errors

PATH = os.environ["TEST_KEYRING"]


def _read() -> dict[str, str]:
    with open(PATH) as file:
        values: dict[str, str] = json.load(file)
    return values


def _write(values: dict[str, str]) -> None:
    with open(PATH, "w") as file:
        json.dump(values, file)


def get_password(service: str, name: str) -> str | None:
    if os.path.exists(f"{PATH}.locked"):
        raise errors.KeyringLocked("sk-test-canary")
    if os.path.exists(f"{PATH}.absent"):
        raise errors.NoKeyringError("no backend")
    return _read().get(f"{service}|{name}")


def set_password(service: str, name: str, value: str) -> None:
    if os.path.exists(f"{PATH}.absent"):
        raise errors.NoKeyringError(f"no backend for {value}")
    _write({**_read(), f"{service}|{name}": value})


def delete_password(service: str, name: str) -> None:
    values = _read()
    if values.pop(f"{service}|{name}", None) is None:
        raise errors.PasswordDeleteError("none")
    _write(values)
