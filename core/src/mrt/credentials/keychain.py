"""Credentials in the system's keyring, through the optional package ``keyring``."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from mrt.errors import CredentialsValidateFailedError


def keyring_installed() -> bool:
    """Tell whether the optional package is there, without importing it."""
    return importlib.util.find_spec("keyring") is not None


def service_name(provider: str, profile: str) -> str:
    """Return the keyring's name of the place that holds a provider's fields."""
    return f"mrt/{profile}/{provider}"


def read(provider: str, profile: str, field: str) -> str | None:
    """Return a field's value, or None when the keyring has none.

    Raises:
        CredentialsValidateFailedError: The keyring is locked or broken.
    """
    keyring = _keyring()
    try:
        value = keyring.get_password(service_name(provider, profile), field)
    except keyring.errors.NoKeyringError:
        return None
    except keyring.errors.KeyringError as error:
        raise CredentialsValidateFailedError(f"the keyring cannot be read: {type(error).__name__}") from None
    return str(value) if value else None


def write(provider: str, profile: str, field: str, value: str) -> None:
    """Store a field's value.

    Raises:
        CredentialsValidateFailedError: There is no keyring, or it does not take the value.
    """
    keyring = _keyring()
    try:
        keyring.set_password(service_name(provider, profile), field, value)
    except keyring.errors.NoKeyringError:
        raise CredentialsValidateFailedError("there is no keyring on this machine: store without it") from None
    except keyring.errors.KeyringError as error:
        raise CredentialsValidateFailedError(f"the keyring does not store {field}: {type(error).__name__}") from None


def delete(provider: str, profile: str, field: str) -> bool:
    """Forget a field; False when the keyring had none."""
    keyring = _keyring()
    try:
        keyring.delete_password(service_name(provider, profile), field)
    except keyring.errors.KeyringError:
        return False
    return True


def _keyring() -> Any:
    if not keyring_installed():
        raise CredentialsValidateFailedError("the package keyring is not installed: pip install 'mrt-core[keyring]'")
    importlib.import_module("keyring.errors")
    return importlib.import_module("keyring")
