"""Tests of JSON values whose types are not known, in a form that type checkers follow."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Say whether a JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Say whether a JSON value is an array."""
    return isinstance(value, list)


def array(value: object) -> list[Any]:
    """Return a JSON array; an empty one for anything else."""
    return value if is_array(value) else []


def objects(value: object) -> list[dict[str, Any]]:
    """Return the objects in a JSON array; none for anything else."""
    return [item for item in array(value) if is_object(item)]
