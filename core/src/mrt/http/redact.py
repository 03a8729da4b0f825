"""Taking secrets out of texts and errors."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, cast
from urllib.parse import quote

from mrt.entities.secret import MASK

_SHORTEST = 4
"""Characters below which a value is no secret: removing it would tear holes into every text."""

_SHORTEST_HALF = 8
_DEEPEST = 20
_CONTAINERS: frozenset[Any] = frozenset((dict, list, tuple))
_CARRIERS = ("request", "response", "_request")
"""Attributes under which HTTP libraries hang the request, with its headers, on their exceptions."""


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return a text without the secrets, also where they stand quoted, escaped, in base64, or by halves."""
    for form in _forms(tuple(sorted(set(secrets)))):
        if form in text:
            text = text.replace(form, MASK)
    return text


@lru_cache(maxsize=64)
def _forms(secrets: tuple[str, ...]) -> tuple[str, ...]:
    forms: set[str] = set()
    for secret in secrets:
        if len(secret.strip()) < _SHORTEST:
            continue
        whole = {secret, secret.strip(), json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
        whole |= {repr(secret)[1:-1], ascii(secret)[1:-1], secret[::-1]}
        whole |= {quote(secret, safe="", errors="replace"), quote(secret, errors="replace"), html.escape(secret)}
        data = secret.encode("utf-8", "surrogatepass")
        # A key rarely goes alone: "Bearer" or a user's name stands before it, which shifts its base64.
        for prefix in (b"", b"Bearer ", b":"):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                whole.add(encode(prefix + data).decode().rstrip("="))
        whole.add(data.hex())
        half = len(secret) // 2
        if half >= _SHORTEST_HALF:
            whole |= {secret[:half], secret[half:]}
        forms |= whole
    # The longest first: a half must not break up the whole.
    return tuple(sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True))


def redact_error(error: BaseException, secrets: Iterable[str]) -> None:
    """Take secrets out of an error, in place: message, arguments, attributes, notes, and the errors behind it."""
    forms = tuple(secrets)
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        _clean(current, forms)
        waiting += [current.__cause__, current.__context__]
        waiting += [item for item in vars(current).values() if isinstance(item, BaseException)]
        if isinstance(current, BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", current).exceptions


def _clean(error: BaseException, secrets: tuple[str, ...]) -> None:
    if secrets:
        _set(error, "args", tuple(_value(item, secrets) for item in error.args))
        if isinstance(error, (UnicodeEncodeError, UnicodeDecodeError)):
            # What could not be encoded is the key, as often as not.
            error.object = _value(error.object, secrets)
    attributes = getattr(error, "__dict__", {})
    for name, item in list(attributes.items()):
        if name in _CARRIERS and not isinstance(item, (str, int)):
            _set(error, name, None)
        elif secrets and (cleaned := _value(item, secrets)) is not item:
            _set(error, name, cleaned)


def _set(error: BaseException, name: str, value: Any) -> None:
    try:
        # Some classes forbid changes in a __setattr__ of their own.
        object.__setattr__(error, name, value)
    except AttributeError:
        error.__dict__[name] = value


def _value(value: Any, secrets: tuple[str, ...], depth: int = 0) -> Any:
    """Return a value without secrets: the same object when it holds none."""
    if isinstance(value, str):
        cleaned: Any = redact(value, secrets)
        return value if cleaned == value else cleaned
    if isinstance(value, bytes):
        text = value.decode("utf-8", "surrogateescape")
        cleaned = redact(text, secrets)
        return value if cleaned == text else cleaned.encode("utf-8", "surrogateescape")
    kind = cast("Callable[[Any], Any]", type(value))
    if kind not in _CONTAINERS or depth > _DEEPEST:
        return value
    olds: list[Any] = list(value.values() if kind is dict else value)
    news = [_value(item, secrets, depth + 1) for item in olds]
    if all(new is old for new, old in zip(news, olds, strict=True)):
        return value
    return dict(zip(value, news, strict=True)) if kind is dict else kind(news)
