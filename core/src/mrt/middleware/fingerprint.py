"""A key for the content of a request."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from operator import itemgetter
from typing import Any


class _NoContent(Exception):
    """A value says nothing about what it holds."""


def fingerprint(*values: Any) -> str | None:
    """Return a digest that is equal for equal content, and only then.

    Args:
        values: Plain values, dataclasses, mappings and sequences of such.

    Returns:
        A digest; None when something in there is an object whose content cannot be told.
    """
    digest = hashlib.blake2b(digest_size=16)
    try:
        for piece in _pieces(values):
            # With their lengths, so that no two lists of pieces make the same bytes.
            digest.update(len(piece).to_bytes(8, "big"))
            digest.update(piece)
    except (_NoContent, RecursionError):
        return None
    return digest.hexdigest()


def _pieces(value: Any) -> Iterator[bytes]:
    kind, content = type(value).__name__.encode(), value
    if isinstance(value, (bytes, bytearray)):
        yield b"bytes"
        yield bytes(value)
    elif isinstance(value, Enum):
        yield from _pieces(value.value)
    elif isinstance(value, str):
        yield b"str"
        yield value.encode("utf-8", "surrogatepass")
    elif value is None or isinstance(value, (bool, int, float, Decimal)):
        yield kind
        yield repr(value).encode()
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield kind
        for field in dataclasses.fields(value):
            yield from _pieces(getattr(value, field.name))
        yield b"end"
    elif isinstance(value, Mapping):
        yield b"map"
        # JSON objects have no order.
        for key, item in sorted(_text_items(content), key=itemgetter(0)):
            yield from _pieces(key)
            yield from _pieces(item)
        yield b"end"
    elif isinstance(value, (list, tuple)):
        yield b"list"
        for item in content:
            yield from _pieces(item)
        yield b"end"
    else:
        raise _NoContent


def _text_items(value: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if not isinstance(key, str):
            raise _NoContent
        yield key, item
