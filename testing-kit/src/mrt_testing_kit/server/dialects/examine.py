"""Looks for mistakes in a dialect before a server speaks it, so that they do not show as odd failures of a provider."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from mrt_testing_kit.server.dialects.base import KNOWN_ERRORS, MODEL_TYPES, Dialect, Route
from mrt_testing_kit.server.faults.base import EVERY
from mrt_testing_kit.server.loose import is_array
from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.trouble import EVENT_KINDS, is_of_the_kit
from mrt_testing_kit.server.wire import Event, Reply

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
COMMON_SETTINGS = ("predefined", "reasoning_history", "required")
"""Settings that every dialect takes: the kit reads them itself."""

_TEXTS = ("name", "key_header", "key_prefix", "stop_field", "text_key", "model_key", "stream_key")
_LISTS = ("usage_keys", "voices")


def examine(dialect: Dialect) -> None:
    """See that a dialect is whole; those that ship with the kit are.

    Raises:
        ValueError: It is not; the message says what is wrong, one line for each mistake.
    """
    if is_of_the_kit(dialect):
        return
    cls = type(dialect)
    found = [*_attributes(cls), *_routes(cls), *_tables(cls)]
    if not found:
        found = list(_errors(dialect))
    if found:
        raise ValueError(f"the dialect {cls.name or cls.__name__!r} is not right: " + "\n  ".join(["", *found]).strip())


def check_settings(cls: type[Dialect], names: Iterable[str]) -> None:
    """See that a dialect knows what it is told.

    Raises:
        ValueError: It does not; the message names what it knows.
    """
    if cls.setting_names is None:
        return
    known = sorted({*cls.setting_names, *COMMON_SETTINGS})
    for name in names:
        if name not in known:
            said = f"the dialect {cls.name} has no setting {name!r}{_like(name, known)}"
            raise ValueError(f"{said}; it has: {', '.join(known)}")


def _attributes(cls: type[Dialect]) -> Iterator[str]:
    for name in _TEXTS:
        if not isinstance(getattr(cls, name), str):
            yield f"{name} is no text"
    if not cls.name:
        yield "it has no name: set its class attribute `name`"
    for name in _LISTS:
        value: Any = getattr(cls, name)
        if isinstance(value, str) or not all(isinstance(item, str) for item in value):
            yield f"{name} is no list of texts: {value!r}"
    plain = [name for name, value in vars(Dialect).items() if not name.startswith("_") and not callable(value)]
    for name, value in vars(cls).items():
        if not (name.startswith("_") or callable(value) or isinstance(value, property | classmethod | staticmethod)):
            near = difflib.get_close_matches(name, plain, 1, 0.8)
            if near and name not in plain:
                yield f"it has no attribute {name}: did you mean {near[0]}?"


def _routes(cls: type[Dialect]) -> Iterator[str]:
    # Others do not check types.
    routes: Any = cls.routes
    if not routes:
        yield "it has no routes"
    for route in routes:
        if not isinstance(route, Route):
            yield f"{route!r} is no Route"
            continue
        where = f"Route({route.method!r}, {route.path!r}, {route.kind!r}, ...)"
        if route.method not in METHODS:
            yield f"{where}: there is no method {route.method!r}; choose from {', '.join(METHODS)}"
        if not route.path.startswith("/"):
            yield f"{where}: a path begins with a slash"
        if route.kind not in EVERY:
            yield f"{where}: there is no kind {route.kind!r}{_like(route.kind, EVERY)}; {_among(EVERY)}"
        handler = getattr(cls, route.handler, None) if isinstance(route.handler, str) else route.handler
        if handler is None or not callable(handler):
            yield f"{where}: the class has no method {route.handler!r}"
        else:
            given = (None, None) if isinstance(route.handler, str) else (None,)
            yield from _takes(handler, given, f"{where}: its handler has to take one argument, the call")


def _takes(handler: Callable[..., Any], given: tuple[None, ...], sentence: str) -> Iterator[str]:
    try:
        inspect.signature(handler).bind(*given)
    except TypeError:
        yield sentence


def _tables(cls: type[Dialect]) -> Iterator[str]:
    for kind, names in cls.samples.items():
        if kind not in MODEL_TYPES:
            yield f"samples: there is no model type {kind!r}{_like(kind, MODEL_TYPES)}; {_among(MODEL_TYPES)}"
        elif isinstance(names, str) or not names or not all(isinstance(name, str) for name in names):
            yield f"samples: the models of {kind} have to be a list of names, not {names!r}"
        elif cls.serves is Dialect.serves and not any(route.kind in MODEL_TYPES[kind] for route in cls.routes):
            yield f"samples names models of {kind}, and no route is of the kind {' or '.join(MODEL_TYPES[kind])}"
    fields: Any = cls.fields
    for kind, known in fields.items():
        if kind not in EVERY:
            yield f"fields: there is no kind {kind!r}{_like(kind, EVERY)}; {_among(EVERY)}"
        if isinstance(known, str):
            yield f"fields: those of {kind} have to be a set of names, not one text"
    told: Any = cls.tested_with
    if not isinstance(told, Mapping):
        yield f"tested_with is no table of settings: {told!r}"


def _errors(dialect: Dialect) -> Iterator[str]:
    """Build every kind of error once."""
    request = RecordedRequest(0, 0, "GET", "/", [], b"")
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("error", lambda: dialect.error(400, "A test.", param="p", code="c")),
        *(("known_error", partial(dialect.known_error, reason)) for reason in KNOWN_ERRORS),
        ("error_value", lambda: dialect.error_value(500, "A test.")),
        ("error_events", lambda: dialect.error_events(500, "A test.")),
        ("headers", lambda: dialect.headers(request, Reply())),
        ("serves", lambda: dialect.serves("llm")),
    ]
    for name, step in steps:
        try:
            value: Any = step()
        except Exception as error:
            # Whatever the code of somebody else raises.
            yield f"{name}() raises {type(error).__name__}: {error}"
            return
        if name in ("error", "known_error"):
            status = getattr(value, "status", 0)
            if not (isinstance(value, Reply) and status >= 400):
                yield f"{name}() has to return a Reply with the status of the error, not {value!r}"
                return
            if name == "error" and status != 400:
                yield f"error(400, ...) answers with the status {status}"
        if name == "error_events" and not _are_events(value):
            yield f"error_events() has to return events of the kind 'error', not {value!r}"


def _are_events(value: Any) -> bool:
    return is_array(value) and all(isinstance(event, Event) and event.kind in EVENT_KINDS for event in value)


def _like(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), 1)
    return f", did you mean {near[0]!r}" if near else ""


def _among(known: Iterable[str]) -> str:
    return f"there are: {', '.join(sorted(known))}"
