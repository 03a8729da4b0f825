"""Credentials that a person stored: one JSON file that only its owner can read."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrt.credentials.places import config_dir
from mrt.errors import CredentialsValidateFailedError

DEFAULT_PROFILE = "default"
FILE_NAME = "credentials.json"

IN_KEYRING: dict[str, Any] = {"keyring": True}
"""Stands in the file for a value that the keyring holds."""

_Profiles = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """What is stored for one vendor under one name: the names of the fields, never their values."""

    profile: str
    provider: str
    fields: tuple[str, ...]
    keyring_fields: tuple[str, ...] = ()


class ProfileStore:
    """Credentials by profile and provider, in a file of mode 0600.

    Args:
        path: The file; ``credentials.json`` in the configuration folder when None.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = config_dir() / FILE_NAME if path is None else path

    def get(self, provider: str, profile: str = DEFAULT_PROFILE) -> dict[str, Any] | None:
        """Return the values in the file, without those that the keyring holds; None when nothing was stored.

        Raises:
            CredentialsValidateFailedError: Others can read the file, or it is damaged.
        """
        values = self._read().get(profile, {}).get(provider)
        return None if values is None else {name: value for name, value in values.items() if value != IN_KEYRING}

    def entries(self) -> list[StoredProfile]:
        """Return what is stored, without values, sorted by profile and provider."""
        return [
            StoredProfile(
                profile,
                provider,
                tuple(name for name, value in values.items() if value != IN_KEYRING),
                tuple(name for name, value in values.items() if value == IN_KEYRING),
            )
            for profile, providers in sorted(self._read().items())
            for provider, values in sorted(providers.items())
        ]

    def set(self, provider: str, values: Mapping[str, Any], profile: str = DEFAULT_PROFILE) -> None:
        """Store credentials in place of those that were stored for the provider and profile."""
        profiles = self._read()
        profiles.setdefault(profile, {})[provider] = dict(values)
        self._write(profiles)

    def remove(self, provider: str, profile: str = DEFAULT_PROFILE) -> bool:
        """Forget credentials; False when there were none."""
        profiles = self._read()
        if profiles.get(profile, {}).pop(provider, None) is None:
            return False
        self._write({name: providers for name, providers in profiles.items() if providers})
        return True

    def _read(self) -> _Profiles:
        try:
            with open(self.path, "rb") as file:
                self._refuse_shared(os.fstat(file.fileno()))
                content = file.read()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CredentialsValidateFailedError(f"{self.path} cannot be read: {error.strerror}") from None
        profiles = _parse(content)
        if profiles is None:
            raise CredentialsValidateFailedError(
                f"{self.path} is damaged: mend it, or delete it and run `mrt credentials set` again"
            )
        return profiles

    def _refuse_shared(self, status: os.stat_result) -> None:
        mode = stat.S_IMODE(status.st_mode)
        if sys.platform != "win32" and mode & 0o077:
            raise CredentialsValidateFailedError(
                f"the credentials file {self.path} can be read by other users (mode {mode:04o}), so it is not used; "
                f"run: chmod 600 '{self.path}'"
            )

    def _write(self, profiles: _Profiles) -> None:
        # Through a link to the file it points to: a replaced link would leave the old keys behind.
        target = Path(os.path.realpath(self.path))
        temporary = ""
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{FILE_NAME}.")  # mode 0600
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"version": 1, "profiles": profiles}, file, ensure_ascii=False, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except OSError as error:
            raise CredentialsValidateFailedError(f"cannot write {target}: {error.strerror}") from None
        finally:
            if temporary:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)


def _parse(content: bytes) -> _Profiles | None:
    try:
        profiles = json.loads(content)["profiles"]
        return {
            str(profile): {str(provider): dict(values) for provider, values in providers.items()}
            for profile, providers in profiles.items()
        }
    except (ValueError, LookupError, TypeError, AttributeError):
        # Not chained to what is raised for it: a JSON error carries the document, and with it the keys.
        return None
