"""Rules about credential forms: conditions, options, defaults, and what is secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.plain import is_blank, is_list, is_mapping, is_number
from mrt.entities.provider import FormType
from mrt.schema.findings import KeyPath
from mrt.schema.structure import hint
from mrt.schema.yamldoc import Document

_SECRET = re.compile(
    r"(^|_)(api_?key|secret(_?key)?|access_?key|private_?key|password|passwd|credentials?|"
    r"((api|access|auth|bearer|refresh|session|secret)_?)?token)$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(^|_)(url|uri|endpoint|host|hostname|base|port|region|proxy)$", re.IGNORECASE)
_CHOICES = (FormType.SELECT.value, FormType.RADIO.value)
_IMPLICIT = ("__model_type", "__model_name")


def check_form(doc: Document, schema: Any, path: KeyPath) -> None:
    """Check the fields of a provider's or a model's form."""
    listed = schema.get("credential_form_schemas") if is_mapping(schema) else None
    path = (*path, "credential_form_schemas")
    fields = [(index, field) for index, field in enumerate(listed if is_list(listed) else ()) if is_mapping(field)]
    options = {name: _values(field) for _, field in fields if isinstance(name := field.get("variable"), str)}
    earlier: list[Mapping[str, Any]] = []
    for index, field in fields:
        place = (*path, index)
        for other in earlier:
            if other.get("variable") == field.get("variable") and not _exclude_each_other(other, field):
                message = f"is the second field '{field.get('variable')}', and both may be shown at once"
                doc.note("warning", "duplicate-variable", (*place, "variable"), message)
                break
        earlier.append(field)
        _check_conditions(doc, field.get("show_on"), options, (*place, "show_on"))
        _check_secrecy(doc, field, place)
        _check_options(doc, field, options, place)
        _check_default(doc, field, place)


def _values(field: Mapping[str, Any]) -> set[Any] | None:
    """Return what a field's value can be, or None when it can be anything."""
    if field.get("type") == FormType.SWITCH.value:
        return {"true", "false"}
    listed = field.get("options")
    if field.get("type") not in _CHOICES or not is_list(listed):
        return None
    return {option.get("value") for option in listed if is_mapping(option) and isinstance(option.get("value"), str)}


def _conditions(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    listed = entry.get("show_on")
    pairs = (
        [(item.get("variable"), item.get("value")) for item in listed if is_mapping(item)] if is_list(listed) else []
    )
    return [(name, value) for name, value in pairs if isinstance(name, str) and isinstance(value, str)]


def _exclude_each_other(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    first = dict(_conditions(one))
    return any(name in first and first[name] != value for name, value in _conditions(other))


def _check_conditions(doc: Document, listed: Any, options: Mapping[str, set[Any] | None], path: KeyPath) -> None:
    for index, condition in enumerate(listed if is_list(listed) else ()):
        if not is_mapping(condition):
            continue
        name, value = condition.get("variable"), condition.get("value")
        if not isinstance(name, str) or not isinstance(value, str):
            continue
        if name == "__model_type":
            if not _is_model_type(value):
                known = [kind.value for kind in ModelType]
                message = f"'{value}' is no model type, so this is never shown{hint(value, known)}"
                doc.note("warning", "condition", (*path, index, "value"), message)
        elif name not in options and name not in _IMPLICIT:
            message = f"'{name}' is no field of this form, so this is never shown{hint(name, [*options, *_IMPLICIT])}"
            doc.note("warning", "condition", (*path, index, "variable"), message)
        elif (values := options.get(name)) is not None and value not in values:
            message = f"'{name}' is never '{value}', so this is never shown{hint(value, sorted(values))}"
            doc.note("warning", "condition", (*path, index, "value"), message)


def _is_model_type(word: str) -> bool:
    try:
        ModelType(word)
    except ValueError:
        return False
    return True


def _check_secrecy(doc: Document, field: Mapping[str, Any], path: KeyPath) -> None:
    name, kind = field.get("variable"), field.get("type")
    if not isinstance(name, str):
        return
    if kind == FormType.TEXT_INPUT.value and _SECRET.search(name):
        message = f"is text-input, so that '{name}' would be shown: use secret-input"
        doc.note("warning", "secret-as-text", (*path, "type"), message)
    elif kind == FormType.SECRET_INPUT.value:
        if _ADDRESS.search(name):
            message = f"is secret-input, so that nobody sees what '{name}' is set to: use text-input"
            doc.note("warning", "address-as-secret", (*path, "type"), message)
        if not is_blank(field.get("default")):
            doc.note(
                "warning", "secret-default", (*path, "default"), "is a secret that everybody can read in this file"
            )


def _check_options(
    doc: Document, field: Mapping[str, Any], options: Mapping[str, set[Any] | None], path: KeyPath
) -> None:
    listed, path = field.get("options"), (*path, "options")
    if field.get("type") in _CHOICES:
        if not listed:
            doc.note("warning", "no-options", path[:-1], "has no options, so that there is nothing to choose")
    elif listed:
        message = f"have no effect on a field of type {field.get('type')}"
        doc.note("warning", "unused-options", path, message, key=True)
    seen: list[Mapping[str, Any]] = []
    for index, option in enumerate(listed if is_list(listed) else ()):
        if not is_mapping(option):
            continue
        for other in seen:
            if other.get("value") == option.get("value") and not _exclude_each_other(other, option):
                message = f"'{option.get('value')}' is listed twice"
                doc.note("warning", "duplicate-option", (*path, index, "value"), message)
                break
        seen.append(option)
        _check_conditions(doc, option.get("show_on"), options, (*path, index, "show_on"))


def _check_default(doc: Document, field: Mapping[str, Any], path: KeyPath) -> None:
    default, place = field.get("default"), (*path, "default")
    if isinstance(default, str) and default:
        values = _values(field)
        known = {str(value).lower() for value in values or ()} if field.get("type") == "switch" else values
        if known is not None and (default.lower() if field.get("type") == "switch" else default) not in known:
            message = f"is '{default}', which is not among the options: {', '.join(sorted(map(str, known)))}"
            doc.note("warning", "default-not-in-options", place, message)
        limit = field.get("max_length")
        if is_number(limit) and 0 < limit < len(default):
            doc.note("warning", "default-too-long", place, f"has {len(default)} characters, and max_length is {limit}")
    limit = field.get("max_length")
    if is_number(limit) and limit < 0:
        doc.note("warning", "limit", (*path, "max_length"), "is below zero and has no effect")
