"""The errors of that package."""

from __future__ import annotations


class KeyringError(Exception):
    pass


class NoKeyringError(KeyringError):
    pass


class KeyringLocked(KeyringError):
    pass


class PasswordDeleteError(KeyringError):
    pass
