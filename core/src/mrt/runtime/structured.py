"""Output that follows a JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def wants_structured(parameters: Mapping[str, Any]) -> bool:
    """Tell whether the parameters ask for output by a JSON Schema."""
    wanted = parameters.get("response_format")
    return bool(parameters.get("json_schema")) or wanted in ("json_schema", "json_object")


def parse_structured(text: str) -> Any:
    """Return the JSON value of an answer, also one in a code fence; None when it is no JSON.

    An answer that was cut at the length limit leaves half a value behind: that is None, and the finish reason says why.
    """
    from pydantic_core import from_json

    stripped = text.strip()
    if stripped.startswith("```"):
        stripped = stripped.partition("\n")[2].rpartition("```")[0].strip()
    try:
        return from_json(stripped)
    except ValueError:
        return None
