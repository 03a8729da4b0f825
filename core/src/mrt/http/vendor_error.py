"""What a vendor says about an error, out of the many shapes in which vendors say it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mrt.entities.plain import is_list, is_mapping
from mrt.http.texts import clean

_MESSAGES = ("message", "msg", "error_message", "error_msg", "errorMessage", "detail", "details", "reason", "title")
_CODES = ("code", "error_code", "errorCode", "type", "status")
_REQUEST_IDS = ("request_id", "requestId")
_NO_CODES = {"error", "object", "about:blank", ""}
_DEEPEST = 6

_STATUS_PREFIX = re.compile(r"(?:error code: |http )?([45]\d\d)\b", re.IGNORECASE)


@dataclass(slots=True)
class VendorError:
    """A vendor's error.

    Args:
        message: Its text, clean and short; empty when there is none.
        codes: Its codes and types, the most specific first.
        status: The HTTP status that the body itself names.
        request_id: The vendor's id of the request.
    """

    message: str = ""
    codes: tuple[str, ...] = ()
    status: int | None = None
    request_id: str | None = None

    @property
    def code(self) -> str | None:
        """The most specific code."""
        return self.codes[0] if self.codes else None


def read_error(value: Any) -> VendorError:
    """Return what a decoded body, or an event of a stream, says about an error.

    Understood are, among others: ``{"error": {"message", "type", "code", "param"}}``, ``{"error": "text"}``,
    ``{"type": "error", "error": {...}}``, ``{"object": "error", "message", "code"}``, ``{"detail": "text"}``,
    ``{"detail": [{"loc", "msg"}]}``, ``{"errors": [...]}``, ``[{"error": {...}}]`` and a text alone, also one that
    begins with a status (``429: ...``).
    """
    texts: list[str] = []
    found = VendorError()
    codes: list[str] = []
    _collect(value, texts, codes, found, 0)
    found.message = clean(next((text for text in texts if text.strip()), ""))
    found.codes = tuple(dict.fromkeys(codes))
    if found.status is None and (prefix := _STATUS_PREFIX.match(found.message)):
        found.status = int(prefix[1])
    return found


def _collect(value: Any, texts: list[str], codes: list[str], found: VendorError, depth: int) -> None:
    """Gather from the inside out: the innermost object knows most."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        texts.append(value)
    elif is_list(value):
        if value and all(is_mapping(item) and "loc" in item for item in value):
            texts.append("; ".join(_field_problem(item) for item in value[:5]))
        else:
            for item in value[:5]:
                _collect(item, texts, codes, found, depth + 1)
    elif is_mapping(value):
        inner = value.get("error") or value.get("errors")
        if isinstance(inner, str) and any(isinstance(value.get(name), str) for name in _MESSAGES):
            # Beside a message, the text of "error" is a name for it: {"error": "Unauthorized", "message": "..."}.
            codes.append(inner)
        elif inner is not None:
            _collect(inner, texts, codes, found, depth + 1)
        _collect_fields(value, texts, codes, found, depth)


def _collect_fields(
    value: Mapping[Any, Any], texts: list[str], codes: list[str], found: VendorError, depth: int
) -> None:
    for name in _CODES:
        code = value.get(name)
        if isinstance(code, bool) or not isinstance(code, (str, int)):
            continue
        number = int(code) if str(code).isdecimal() and len(str(code)) < 12 else None
        if number is not None and 400 <= number <= 599:
            found.status = found.status or number
        elif str(code).lower() not in _NO_CODES and (number is None or number >= 600):
            codes.append(clean(str(code), 80))
    for name in _MESSAGES:
        text = value.get(name)
        if isinstance(text, str) and text:
            param = value.get("param")
            texts.append(f"{text} (parameter {param})" if isinstance(param, str) and param not in text else text)
        elif isinstance(text, (list, Mapping)) and text:
            _collect(text, texts, codes, found, depth + 1)
    for name in _REQUEST_IDS:
        if isinstance(value.get(name), str):
            found.request_id = found.request_id or clean(value[name], 120)


def _field_problem(item: Mapping[str, Any]) -> str:
    place = item["loc"]
    where = ".".join(map(str, place)) if is_list(place) else str(place)
    return f"{where}: {item.get('msg') or item.get('message') or item.get('type') or 'wrong'}"
