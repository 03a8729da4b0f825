"""Credentials in environment variables and in ``.env``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from mrt.errors import CredentialsValidateFailedError

_LINE = re.compile(
    r"""^\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*
    (?: "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>[^']*)' | (?P<bare>[^\n]*?) )
    \s*(?:(?<=\s)\#.*)?$""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def environment_name(provider: str, field: str) -> str:
    """Return the variable that sets a field: ``MRT_ACME_SERVER_URL`` for `server_url` of `acme`."""
    return re.sub(r"[^A-Z0-9]+", "_", f"MRT_{provider}_{field}".upper())


def from_environment(provider: str, fields: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that the environment sets; an empty variable sets nothing."""
    found = {field: environ.get(environment_name(provider, field), "") for field in fields}
    return {field: value for field, value in found.items() if value}


def parse_dotenv(text: str) -> dict[str, str]:
    """Read the lines ``NAME=value`` of a ``.env`` file.

    Values may be quoted; double quotes know backslash escapes. ``export`` and comments are allowed. Lines of any
    other form are skipped, since such files serve many programs.
    """
    values: dict[str, str] = {}
    for line in text.splitlines():
        found = _LINE.match(line)
        if line.lstrip().startswith("#") or not found:
            continue
        if (quoted := found["double"]) is not None:
            values[found["name"]] = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), quoted)
        else:
            values[found["name"]] = found["single"] if found["single"] is not None else found["bare"]
    return values


def read_dotenv(folder: Path) -> dict[str, str]:
    """Read the ``.env`` of a folder; without one nothing is set.

    Raises:
        CredentialsValidateFailedError: The file is there and cannot be read.
    """
    path = folder / ".env"
    if not path.is_file():
        return {}
    try:
        return parse_dotenv(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        # Without its cause: a decoding error holds the file's bytes.
        raise CredentialsValidateFailedError(f"{path} cannot be read: {reason}") from None
