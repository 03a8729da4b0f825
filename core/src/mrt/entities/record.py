"""Base of what goes into a call and comes out of it: plain dataclasses with slots.

Schema entities are pydantic models because they are read from files. These are made once per chunk, where a
slots dataclass costs a fifth of a validated model.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from decimal import Decimal
from enum import Enum
from typing import Any, cast

from mrt.entities.plain import is_mapping


class Record:
    """Adds dictionaries and JSON to a dataclass."""

    __slots__ = ()

    def model_dump(self, *, exclude_none: bool = False) -> dict[str, Any]:
        """Return the fields as plain dicts, lists, strings and numbers; decimals as strings, bytes as base64."""
        dumped = _plain(self, exclude_none)
        return cast("dict[str, Any]", dumped)

    def model_dump_json(self, *, exclude_none: bool = False, indent: int | None = None) -> str:
        """Return the fields as JSON text."""
        return json.dumps(self.model_dump(exclude_none=exclude_none), ensure_ascii=False, indent=indent)


def _plain(value: Any, exclude_none: bool) -> Any:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    if dataclasses.is_dataclass(value):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value) if field.repr)
        return {name: _plain(item, exclude_none) for name, item in pairs if not (exclude_none and item is None)}
    if is_mapping(value):
        return {str(key): _plain(item, exclude_none) for key, item in value.items()}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_none=exclude_none)
    if hasattr(value, "__iter__"):
        return [_plain(item, exclude_none) for item in value]
    return str(value)
