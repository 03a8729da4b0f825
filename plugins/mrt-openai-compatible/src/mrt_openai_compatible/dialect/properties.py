"""Facts of a model's schema that requests depend on."""

from __future__ import annotations

from typing import Any

from mrt.entities.invocation import Invocation
from mrt.entities.model import ModelPropertyKey


def model_property(invocation: Invocation[Any], key: ModelPropertyKey) -> Any:
    """Return a property of the model's schema; None without a schema."""
    return invocation.schema.model_properties.get(key) if invocation.schema is not None else None


def number_property(invocation: Invocation[Any], key: ModelPropertyKey) -> int | None:
    """Return a property that is a number above zero; files write numbers as text, too."""
    value = model_property(invocation, key)
    return int(value) or None if isinstance(value, (int, str)) and str(value).isdigit() else None
