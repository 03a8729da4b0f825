"""The chain of places in which credentials are looked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mrt.credentials import keychain
from mrt.credentials.environment import from_environment, read_dotenv
from mrt.credentials.files import read_credentials_file
from mrt.credentials.profiles import DEFAULT_PROFILE, ProfileStore
from mrt.errors import CredentialsValidateFailedError


@dataclass(slots=True)
class Collected:
    """Credentials and where each of them was found.

    Args:
        values: Field to value.
        sources: Field to one of ``option``, ``file``, ``environment``, ``.env``, ``profile``, ``keyring``.
    """

    values: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    sources: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, source: str, values: Mapping[str, Any]) -> None:
        """Take the fields that no earlier source had."""
        for name, value in values.items():
            if name not in self.values:
                self.values[name] = value
                self.sources[name] = source


def collect(
    provider: str,
    fields: Iterable[str],
    *,
    given: Mapping[str, Any] | None = None,
    file: Path | None = None,
    profile: str | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    store: ProfileStore | None = None,
) -> Collected:
    """Look for a vendor's credentials: in options, a file, the environment, ``.env``, a stored profile, the keyring.

    Args:
        provider: Provider id.
        fields: Names of the fields that the vendor's forms have; environment and keyring are asked for these.
        given: What the caller gave outright; it wins.
        file: A JSON or YAML file with credentials.
        profile: Name of a stored profile; without one the profile ``default`` is used if it is there.
        environ: The environment, ``os.environ`` by default.
        folder: The folder whose ``.env`` is read, by default the working one.
        store: Where profiles are stored, by default in the configuration folder.

    Raises:
        CredentialsValidateFailedError: A source is there but cannot be used, or the named profile does not exist.
    """
    names = list(dict.fromkeys(fields))
    found = Collected()
    found.add("option", given or {})
    if file is not None:
        found.add("file", read_credentials_file(file, provider))
    found.add("environment", from_environment(provider, names, os.environ if environ is None else environ))
    found.add(".env", from_environment(provider, names, read_dotenv(Path.cwd() if folder is None else folder)))
    name = profile or DEFAULT_PROFILE
    stored = (store or ProfileStore()).get(provider, name)
    if stored is None and profile is not None:
        raise CredentialsValidateFailedError(
            f"nothing is stored for {provider} in profile {profile!r}; "
            f"run: mrt credentials set {provider} --profile {profile}"
        )
    found.add("profile", stored or {})
    found.add("keyring", _from_keyring(provider, name, [field for field in names if field not in found.values]))
    return found


def _from_keyring(provider: str, profile: str, names: list[str]) -> dict[str, str]:
    if not names or not keychain.keyring_installed():
        return {}
    values = {name: keychain.read(provider, profile, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}
