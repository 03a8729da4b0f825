"""What credentials declare about a model, since servers of this dialect cannot be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mrt.entities.common import FetchFrom, ModelType, default_label
from mrt.entities.model import AIModelEntity, ModelFeature, ModelPropertyKey, ParameterRule

_YES = frozenset({"true", "yes", "1", "on"})
_NO = frozenset({"false", "no", "0", "off"})


def declared(credentials: Mapping[str, Any], name: str) -> bool | None:
    """Return what the credentials declare, or None when they say nothing."""
    word = str(credentials.get(name, "")).strip().lower()
    return True if word in _YES else False if word in _NO else None


def declared_text(credentials: Mapping[str, Any], name: str) -> str:
    """Return a text that the credentials declare; empty when they say nothing."""
    value = credentials.get(name)
    return str(value).strip() if value is not None else ""


def declared_number(credentials: Mapping[str, Any], name: str) -> int | None:
    """Return a number above zero that the credentials declare."""
    text = declared_text(credentials, name)
    return int(text) or None if text.isdecimal() else None


def entity(
    model: str,
    model_type: ModelType,
    properties: Mapping[ModelPropertyKey, Any],
    *,
    features: list[ModelFeature] | None = None,
    rules: Sequence[ParameterRule] = (),
) -> AIModelEntity:
    """Return the schema of a model; properties that are None are left out."""
    return AIModelEntity(
        model=model,
        label=default_label(model),
        model_type=model_type,
        features=features,
        fetch_from=FetchFrom.CUSTOMIZABLE_MODEL,
        model_properties={key: value for key, value in properties.items() if value is not None},
        parameter_rules=list(rules),
    )
