"""JSON bodies, both ways."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mrt.errors import InvokeBadRequestError, InvokeBadResponseError

if TYPE_CHECKING:
    from mrt.http.messages import HTTPResponse


def encode_json(body: Any) -> bytes:
    """Return a value as JSON bytes.

    Raises:
        InvokeBadRequestError: It holds what JSON cannot carry; names the place.
    """
    from pydantic_core import PydanticSerializationError, to_json

    try:
        encoded = to_json(body, inf_nan_mode="strings")
    except (PydanticSerializationError, UnicodeError, ValueError, RecursionError) as error:
        raise InvokeBadRequestError(_complaint(body) or f"the request cannot be written as JSON: {error}") from None
    # Strings stand in for numbers that JSON has not, so that this rare case need not be looked for in every request.
    if (b'"NaN"' in encoded or b'Infinity"' in encoded) and (complaint := _complaint(body)):
        raise InvokeBadRequestError(complaint)
    return encoded


def decode_json(response: HTTPResponse) -> Any:
    """Return the JSON value of a response's body.

    Raises:
        InvokeBadResponseError: The body is no JSON; says what it is instead.
    """
    from pydantic_core import from_json

    content = response.content
    try:
        return from_json(content[3:] if content.startswith(b"\xef\xbb\xbf") else content)
    except ValueError as error:
        if not content.strip():
            what = "an empty body"
        elif content.lstrip()[:1] == b"<" or "html" in response.media_type:
            what = "a web page"
        else:
            what = f"broken JSON ({error})"
        raise InvokeBadResponseError(
            f"the vendor answered {what} where JSON is due; check that the URL is that of its API",
            status=response.status,
            request_id=response.request_id,
        ) from None


def _complaint(body: Any) -> str | None:
    for path, value in _leaves(body, "body"):
        if isinstance(value, float) and not math.isfinite(value):
            return f"{path} is {value}: JSON has no such number"
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError as error:
                return f"{path} holds half a surrogate pair at character {error.start}: that is no text"
        elif value is not None and not isinstance(value, (bool, int, float)):
            return f"{path} is {type(value).__name__}: JSON cannot carry it"
    return None


def _leaves(value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    if depth > 200:
        yield path, object()
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield f"a key of {path}", key
            yield from _leaves(item, f"{path}.{key}", depth + 1)
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from _leaves(item, f"{path}[{place}]", depth + 1)
    else:
        yield path, value
