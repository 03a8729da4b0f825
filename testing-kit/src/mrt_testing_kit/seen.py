"""What stands in requests, in no vendor's words: checks look for values, wherever the vendor wants them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mrt.entities.plain import is_list, is_mapping
from mrt_testing_kit.server import RecordedRequest

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Return path and value of everything in a JSON document that is neither list nor object."""
    if is_list(value):
        for place, item in enumerate(value):
            yield from leaves(item, f"{path}[{place}]")
    elif is_mapping(value):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}")
    else:
        yield path, value


def fields(request: RecordedRequest) -> list[tuple[str, Any]]:
    """Return path and value of each field of a request: of its JSON body, or of its form without the files."""
    if request.form:
        return [(f".{part.name}", part.text) for part in request.form if part.filename is None]
    try:
        return list(leaves(request.json))
    except ValueError:
        return []


def nulls(*requests: RecordedRequest) -> list[str]:
    """Return the paths of all fields that hold null, which picky vendors refuse."""
    return [path for request in requests for path, value in fields(request) if value is None]


def strings(*requests: RecordedRequest) -> list[str]:
    """Return every text in the bodies of requests, in order."""
    return [value for request in requests for _, value in fields(request) if isinstance(value, str)]


def affix(requests: Iterable[RecordedRequest], texts: Sequence[str]) -> tuple[str, str]:
    """Return the words that a provider puts before and after every text, as models with instructions want it.

    Args:
        requests: The requests of one call.
        texts: What the caller gave.

    Returns:
        Both are empty unless each text is sent between the same words.
    """
    sent = set(strings(*requests))
    if not texts or all(text in sent for text in texts):
        return "", ""
    for candidate in sorted((text for text in sent if texts[0] in text), key=len):
        before, _, after = candidate.partition(texts[0])
        is_wordy = any(sign.isalnum() for sign in before + after)
        if is_wordy and all(f"{before}{text}{after}" in sent for text in texts):
            return before, after
    return "", ""


def with_fields(ctx: Context, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return working credentials with some fields put in or replaced."""
    return {**ctx.credentials(), **changes}


def with_form_field(ctx: Context, name: str, value: Any) -> dict[str, Any] | None:
    """Return working credentials with one more field, or None when the credentials' form has no field of that name.

    Args:
        ctx: The check.
        name: The field's variable.
        value: What to put into it.
    """
    form = ctx.target.entity.credential_form(ctx.model or None)
    return with_fields(ctx, {name: value}) if any(field.variable == name for field in form) else None


def number(ctx: Context, key: str, credentials: dict[str, Any] | None = None) -> int | None:
    """Return a property of the model that is a number above zero, or None.

    Args:
        ctx: The check.
        key: A key of the schema's ``model_properties``.
        credentials: Credentials for which the model is described; the check's own when left out.
    """
    schema = ctx.schema if credentials is None else ctx.handle(credentials=credentials).schema
    value = {str(name): found for name, found in schema.model_properties.items()}.get(key)
    return int(value) or None if isinstance(value, (int, str)) and str(value).isdigit() else None
