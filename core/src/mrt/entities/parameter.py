"""Parameters of a model: types, rules, and how a rule takes values from its template."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from mrt.entities.common import I18nObject, SchemaModel, default_label, filled_in
from mrt.entities.plain import is_blank, is_list, is_mapping, is_number, yaml_text
from mrt.entities.templates import PARAMETER_TEMPLATES


class ParameterType(StrEnum):
    """Type of a parameter's value."""

    FLOAT = "float"
    INT = "int"
    STRING = "string"
    BOOLEAN = "boolean"
    TEXT = "text"

    @classmethod
    def _missing_(cls, value: object) -> ParameterType | None:
        return cls.BOOLEAN if value == "bool" else cls.INT if value == "integer" else None


class ParameterRule(SchemaModel):
    """One parameter that a model takes.

    Values of the template stand where the rule gives none of its own; what the rule gives wins, also a null or a zero.

    Args:
        name: The name under which callers give it and the vendor receives it.
        use_template: Name of a template in `PARAMETER_TEMPLATES`.
        label: Display name; the name itself when absent.
        type: Type of the value; may be left to the template.
        help: Explanation for a form.
        required: Whether a call without it is refused (a default is filled in first).
        default: Sent only when `required`; otherwise a hint for forms.
        min: Smallest value.
        max: Largest value.
        precision: Decimal places; a value is rounded to them, never refused.
        options: The only values of a string.
    """

    name: str = Field(min_length=1)
    use_template: str | None = None
    label: I18nObject = Field(default_factory=filled_in)
    type: ParameterType = Field(default_factory=filled_in)
    help: I18nObject | None = None
    required: bool = False
    default: Any = None
    min: int | float | None = None
    max: int | float | None = None
    precision: int | None = None
    options: list[str] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _merge_template(cls, value: Any) -> Any:
        if not is_mapping(value):
            return value
        template = _template_of(value)
        merged = {**template, **value}
        if merged.get("type") is None:
            if "type" not in template:
                raise ValueError("a parameter needs a type, or a use_template that has one")
            merged["type"] = template["type"]
        if is_blank(merged.get("label")):
            merged["label"] = template.get("label") or default_label(str(merged.get("name")))
        if is_blank(merged.get("help")):
            merged["help"] = None
        for key in ("options", "required"):
            if merged.get(key, 0) is None:
                del merged[key]
        if "options" in value and is_list(merged.get("options")):
            merged["options"] = [yaml_text(option) for option in merged["options"] if option is not None]
        if "default" in value and value["default"] is not None:
            merged["default"] = coerce_default(merged["type"], value["default"])
        if "min" in value or "max" in value:
            _settle_bounds(value, merged)
        return merged


# Labels and helps as entities: they are frozen, so that all rules of a template can share them.
_TEMPLATE_VALUES: dict[str, dict[str, Any]] = {
    name: {
        **template,
        "type": ParameterType(template["type"]),
        "label": I18nObject(**template["label"]),
        "help": I18nObject(**template["help"]),
    }
    for name, template in PARAMETER_TEMPLATES.items()
}
_NO_TEMPLATE: dict[str, Any] = {}
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _template_of(rule: Mapping[str, Any]) -> dict[str, Any]:
    name = rule.get("use_template")
    return _TEMPLATE_VALUES.get(name, _NO_TEMPLATE) if isinstance(name, str) else _NO_TEMPLATE


def coerce_default(kind: Any, default: Any) -> Any:
    """Return a rule's default in the rule's type: a number written as text is that number.

    Raises:
        ValueError: It cannot be one.
    """
    match kind:
        case "float" | "int" | "integer":
            number = _number(default)
            if isinstance(number, float) and number.is_integer() and (kind != "float" or isinstance(default, str)):
                number = int(number)
            if number is None or (isinstance(number, float) and (kind != "float" or not math.isfinite(number))):
                raise ValueError(f"the default {default!r} is no {kind}")
            return number
        case "boolean" | "bool":
            known = _BOOLEANS.get(default.strip().lower()) if isinstance(default, str) else default
            if not isinstance(known, bool):
                raise ValueError(f"the default {default!r} is neither true nor false")
            return known
        case "string" | "text":
            is_data = is_mapping(default) or is_list(default)
            return json.dumps(default, ensure_ascii=False) if is_data else yaml_text(default)
        case _:
            return default


def _settle_bounds(given: Mapping[str, Any], merged: dict[str, Any]) -> None:
    low, high = _number(merged.get("min")), _number(merged.get("max"))
    for name, bound in (("min", low), ("max", high)):
        if merged.get(name) is not None and (bound is None or math.isnan(bound)):
            raise ValueError(f"{name} {merged[name]!r} is no number")
    if low is None or high is None or low <= high:
        return
    if given.get("min") is not None and given.get("max") is not None:
        raise ValueError(f"min {low} is above max {high}")
    # The rule's own bound wins over the template's other one, which would leave no value at all.
    merged["max" if "min" in given else "min"] = None


def _number(value: Any) -> float | int | None:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value if is_number(value) else None
