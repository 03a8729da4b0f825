"""What a vendor's answer says of itself: the codes of an error, and the id of the request."""

from __future__ import annotations

import json
from typing import Any

from mrt.entities.plain import is_mapping
from mrt_testing_kit.server import RecordedRequest

_IDS = (b"x-request-id", b"request-id")


def codes_of(document: Any) -> list[str]:
    """Return the words by which an error tells what it is; empty for an error that has none."""
    inner: Any = document.get("error") if is_mapping(document) else None
    found = [inner.get(name) for name in ("code", "type")] if is_mapping(inner) else []
    return [code for code in found if isinstance(code, str) and not code.isdecimal()]


def codes(request: RecordedRequest) -> list[str]:
    """Return those of the answer to a request."""
    try:
        return codes_of(json.loads(bytes(request.response).partition(b"\r\n\r\n")[2]))
    except ValueError:
        return []


def request_id(request: RecordedRequest) -> str | None:
    """Return the vendor's id of a request, where its answer has one."""
    for line in bytes(request.response).partition(b"\r\n\r\n")[0].split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() in _IDS:
            return value.strip().decode("latin-1")
    return None
