"""Credentials in a JSON or YAML file that the caller names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from mrt.errors import CredentialsValidateFailedError


def read_credentials_file(path: Path, provider: str) -> dict[str, Any]:
    """Read one vendor's credentials from a file.

    The file is a mapping of fields, or a mapping from provider to such mappings.

    Args:
        path: JSON when its name ends in ``.json``, else YAML.
        provider: Provider id.

    Raises:
        CredentialsValidateFailedError: The file cannot be read, or holds something else. The message quotes nothing
            from the file.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CredentialsValidateFailedError(f"credentials file {path} cannot be read: {reason}") from None
    document = _parse_json(path, text) if path.suffix == ".json" else _parse_yaml(path, text)
    if not isinstance(document, dict):
        raise CredentialsValidateFailedError(f"credentials file {path} must hold a mapping of fields to values")
    values = cast(dict[str, Any], document)
    if isinstance(values.get(provider), dict):
        values = values[provider]
    elif values and all(isinstance(value, dict) for value in values.values()):
        known = ", ".join(sorted(map(str, values)))
        raise CredentialsValidateFailedError(f"credentials file {path} has nothing for {provider}, only for: {known}")
    return {str(name): value for name, value in values.items() if value is not None}


# The parsers' own messages and errors carry pieces of the text, and with them keys: only the place is passed on.


def _parse_json(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
    raise CredentialsValidateFailedError(f"credentials file {path} is no valid JSON at {place}")


def _parse_yaml(path: Path, text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    raise CredentialsValidateFailedError(f"credentials file {path} is no valid YAML{place}")
