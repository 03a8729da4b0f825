"""JSON bodies: encoded and decoded in one pass, with errors that say where and why."""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import PydanticSerializationError, from_json, to_json

from mrt.entities.plain import is_list, is_mapping
from mrt.entities.secret import Secret
from mrt.errors import InvokeBadRequestError, InvokeBadResponseError
from mrt.http.texts import clean, is_web_page, web_page

if TYPE_CHECKING:
    from mrt.http.messages import HTTPResponse


def encode_json(body: Any) -> bytes:
    """Return a value as JSON.

    Args:
        body: Dicts, lists, strings, numbers and what else pydantic can write as JSON.

    Raises:
        InvokeBadRequestError: It holds what JSON cannot carry; the error says where.
    """
    try:
        encoded = to_json(body, fallback=_plain)
    except (PydanticSerializationError, ValueError, TypeError, RecursionError) as error:
        raise _unwritable(body, error) from None
    # Neither is JSON, but both are written. A text may hold the words.
    if (b"NaN" in encoded or b"Infinity" in encoded) and (found := next(_faults(body, "the body"), None)):
        raise InvokeBadRequestError(found)
    return encoded


def decode_json(response: HTTPResponse) -> Any:
    """Return the JSON value of a response.

    ``NaN`` and ``Infinity`` are read as numbers, since servers write them: whoever needs finite ones has to look.

    Raises:
        InvokeBadResponseError: The body is no JSON: broken, cut off, empty, or a web page.
    """
    try:
        # Keys repeat within a body, values do not.
        return from_json(_utf8(response), cache_strings="keys")
    except ValueError as error:
        raise InvokeBadResponseError(
            f"the answer is {_description(response, error)}",
            status=response.status,
            request_id=response.request_id,
        ) from None


def _utf8(response: HTTPResponse) -> bytes:
    content = response.content
    _, found, charset = response.headers.get("content-type", "").lower().partition("charset=")
    if found:
        name = charset.partition(";")[0].strip("\"' ")
        if name not in ("utf-8", "utf8", "us-ascii", "ascii"):
            try:
                content = content.decode(name).encode()
            except (LookupError, UnicodeError):
                # A wrong label is more common than a wrong encoding.
                return content.removeprefix(codecs.BOM_UTF8)
    return content.removeprefix(codecs.BOM_UTF8)


def _description(response: HTTPResponse, error: ValueError) -> str:
    content = response.content
    if not content.strip():
        return "empty, where JSON was expected"
    if is_web_page(content, response.media_type):
        return f"{web_page(content)} and not JSON; check the URL"
    return f"no valid JSON ({error}): it begins with {clean(response.text, 80)!r}"


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        raise TypeError("it is secret and was not revealed")
    if is_mapping(value):
        return dict(value)
    if issubclass(type(value), Sequence):
        return list(value)
    raise TypeError(f"it is of the type {type(value).__name__}")


def _unwritable(body: Any, error: Exception) -> InvokeBadRequestError:
    try:
        found = next(_faults(body, "the body"), None)
    except RecursionError:
        found = "the body holds itself, or is nested too deeply"
    return InvokeBadRequestError(found or f"the body cannot be written as JSON: {clean(str(error), 200)}")


def _faults(value: Any, where: str) -> Iterator[str]:
    """Yield a sentence for each thing that JSON cannot carry."""
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            yield f"{where} holds half a surrogate pair, which is no character: was the text cut inside an emoji?"
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield f"{where} is {value}, which JSON does not have"
    elif is_mapping(value):
        for key, item in value.items():
            yield from _faults(key, f"a key of {where}")
            yield from _faults(item, str(key) if where == "the body" else f"{where}.{key}")
    elif is_list(value) or isinstance(value, tuple):
        for index, item in enumerate(cast("Sequence[Any]", value)):
            yield from _faults(item, f"{where}[{index}]")
    elif value is not None and not isinstance(value, (bool, int)):
        try:
            to_json(value, fallback=_plain)
        except (PydanticSerializationError, ValueError, TypeError) as error:
            yield f"{where} cannot be written as JSON: {clean(str(error), 200)}"
