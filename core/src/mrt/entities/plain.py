"""Questions about plain data: mappings, lists and scalars as YAML and JSON give them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeGuard


def is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether a value is a mapping."""
    return type(value) is dict or isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Tell whether a value is a list."""
    return isinstance(value, list)


def is_number(value: object) -> TypeGuard[int | float]:
    """Tell whether a value is a number; a boolean is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_blank(text: object) -> bool:
    """Tell whether a text says nothing in any language: None, an empty text, or a mapping of such."""
    if is_mapping(text):
        for item in text.values():  # noqa: SIM110  # asked for every label: a generator costs three times as much
            if item is not None and item != "":
                return False
        return True
    return text is None or text == ""


def given(values: Mapping[str, Any], texts: Collection[str] = ()) -> dict[str, Any]:
    """Return the entries that say something; in YAML a key with nothing after it is null.

    Args:
        values: The mapping.
        texts: Keys that hold texts, where an empty one, or one that is empty in every language, says nothing either.
    """
    return {key: item for key, item in values.items() if item is not None and not (key in texts and is_blank(item))}


def yaml_text(value: Any) -> Any:
    """Return the text of a scalar that should have been quoted: ``true``, ``60``; anything else as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value
