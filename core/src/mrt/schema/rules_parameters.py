"""Rules about parameters: types, defaults, bounds, options, precision, names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mrt.entities.parameter import ParameterType, coerce_default
from mrt.entities.plain import is_list, is_mapping, is_number, yaml_text
from mrt.entities.templates import PARAMETER_TEMPLATES
from mrt.schema.findings import KeyPath
from mrt.schema.yamldoc import Document

_LENGTHS = (
    "max_tokens",
    "max_output_tokens",
    "max_completion_tokens",
    "max_new_tokens",
    "maxTokens",
    "maxOutputTokens",
)


def check_parameters(doc: Document, rules: Any, context_size: int | None) -> None:
    """Check the rules of a model file."""
    entries = [(index, rule) for index, rule in enumerate(rules if is_list(rules) else ()) if is_mapping(rule)]
    seen: set[str] = set()
    for index, rule in entries:
        path: KeyPath = ("parameter_rules", index)
        if (name := rule.get("name")) and isinstance(name, str):
            if name in seen:
                doc.note("error", "duplicate-parameter", (*path, "name"), f"is the second rule named '{name}'")
            seen.add(name)
        _check_rule(doc, rule, path, context_size)
    templates = Counter(rule.get("use_template") for _, rule in entries if isinstance(rule.get("use_template"), str))
    for index, rule in entries:
        template = rule.get("use_template")
        if isinstance(template, str) and templates[template] > 1 and template not in seen:
            message = f"is used by several rules, so calls cannot give them as '{template}'"
            doc.note("info", "shared-template", ("parameter_rules", index, "use_template"), message)


def _check_rule(doc: Document, rule: Mapping[str, Any], path: KeyPath, context_size: int | None) -> None:
    name = rule.get("use_template")
    template = PARAMETER_TEMPLATES.get(name, {}) if isinstance(name, str) else {}
    word = rule.get("type") if rule.get("type") is not None else template.get("type")
    if word is None:
        doc.note("error", "missing-type", path, "needs a type, or a use_template that has one")
        return
    try:
        kind = ParameterType(word)
    except ValueError:
        return  # the structure says so already
    if word != kind.value:
        doc.note("warning", "type-spelling", (*path, "type"), f"is read as '{kind.value}': write that")
    merged = {**template, **rule}
    numeric = kind in (ParameterType.INT, ParameterType.FLOAT)
    default = _check_default_type(doc, merged.get("default"), kind, path)
    if numeric:
        merged |= _check_bounds(doc, rule, template, path)
        _check_range(doc, rule, merged, default, path)
        _check_length(doc, rule, merged, context_size, path)
    else:
        for key in ("min", "max", "precision"):
            if rule.get(key) is not None:
                message = f"has no effect on a parameter of type {kind.value}"
                doc.note("info", "unused-bound", (*path, key), message, key=True)
    _check_precision(doc, rule, merged, kind, default, path)
    _check_options(doc, rule, merged, kind, default, path)
    if merged.get("required") is True and default is not None:
        message = "is required and has a default, so that it is always sent and no call is refused"
        doc.note("info", "required-default", (*path, "required"), message)


def _check_default_type(doc: Document, default: Any, kind: ParameterType, path: KeyPath) -> Any:
    if default is None:
        return None
    path = (*path, "default")
    try:
        value = coerce_default(kind, default)
    except ValueError:
        message = f"is {default!r}, which is no {kind.value}"
        doc.note("error", "default-type", path, message)
        return None
    if kind in (ParameterType.STRING, ParameterType.TEXT):
        if not isinstance(default, str):
            doc.note("warning", "default-as-text", path, f"is read as the text {value!r}: put it in quotes")
    elif isinstance(default, str) and (kind is not ParameterType.BOOLEAN or not doc.is_plain(path)):
        advice = "with a decimal point, as 1.0e+6" if doc.is_plain(path) else "without quotes"
        doc.note("warning", "default-as-text", path, f"is the text '{default}': write it {advice}")
    return value


def _check_bounds(
    doc: Document, rule: Mapping[str, Any], template: Mapping[str, Any], path: KeyPath
) -> dict[str, None]:
    """Check bounds, and return the template's bounds that do not count beside the rule's own."""
    low, high = _number(rule.get("min")), _number(rule.get("max"))
    if low is not None and high is not None:
        if low > high:
            doc.note("error", "min-above-max", (*path, "min"), f"is {low}, above max {high}")
        return {}
    for key, own, other, above in (("min", low, "max", True), ("max", high, "min", False)):
        bound = _number(template.get(other)) if other not in rule else None
        if own is not None and bound is not None and (own > bound if above else own < bound):
            message = (
                f"leaves no value beside the template's {other} {bound}, which is therefore dropped: give {other}, too"
            )
            doc.note("warning", "template-bound", (*path, key), message)
            return {other: None}
    return {}


def _check_range(
    doc: Document, rule: Mapping[str, Any], merged: Mapping[str, Any], default: Any, path: KeyPath
) -> None:
    if default is None:
        return
    whose = "is" if "default" in rule else "comes from the template as"
    for key, outside in (("min", "below"), ("max", "above")):
        bound = _number(merged.get(key))
        if bound is None or (key not in rule and "default" not in rule):
            continue
        if default < bound if key == "min" else default > bound:
            theirs = "" if key in rule else " of the template"
            message = f"{whose} {default}, {outside} {key} {bound}{theirs}"
            doc.note("warning", "default-out-of-range", (*path, "default"), message)


def _check_length(
    doc: Document, rule: Mapping[str, Any], merged: Mapping[str, Any], context_size: int | None, path: KeyPath
) -> None:
    if context_size is None or (merged.get("use_template") != "max_tokens" and merged.get("name") not in _LENGTHS):
        return
    for key in ("min", "max", "default"):
        bound = _number(rule.get(key))
        if bound is not None and bound > context_size:
            message = f"is {bound}, above the context size {context_size}"
            doc.note("warning", "above-context", (*path, key), message)


def _check_precision(
    doc: Document, rule: Mapping[str, Any], merged: Mapping[str, Any], kind: ParameterType, default: Any, path: KeyPath
) -> None:
    precision = _number(merged.get("precision"))
    if precision is None:
        return
    place = (*path, "precision")
    if precision < 0:
        doc.note("warning", "precision", place, "is below zero and has no effect")
    elif kind is ParameterType.INT and precision > 0:
        doc.note("warning", "precision", place, f"is {precision}, and whole numbers have no decimal places")
    elif kind is ParameterType.FLOAT:
        low, high = _number(merged.get("min")), _number(merged.get("max"))
        if precision == 0 and low is not None and high is not None and high - low <= 1:
            message = f"is 0, which leaves only whole numbers between {low} and {high}"
            doc.note("warning", "precision", place, message)
        if "default" in rule and default is not None and not _is_at(default, int(precision)):
            message = f"is {default}, which has more than {int(precision)} decimal places"
            doc.note("info", "default-precision", (*path, "default"), message)


def _check_options(
    doc: Document, rule: Mapping[str, Any], merged: Mapping[str, Any], kind: ParameterType, default: Any, path: KeyPath
) -> None:
    options = [yaml_text(option) for option in merged["options"] or ()] if is_list(merged.get("options")) else []
    if not options:
        return
    place = (*path, "options")
    for index, option in enumerate(options):
        if option in options[:index]:
            doc.note("warning", "duplicate-option", (*place, index), f"'{option}' is listed twice")
    if kind is not ParameterType.STRING and "options" in rule:
        doc.note(
            "info",
            "unused-options",
            place,
            f"are for parameters of type string, and this one is {kind.value}",
            key=True,
        )
    elif default is not None and default not in options:
        message = f"is '{default}', which is not among the options {', '.join(map(str, options))}"
        doc.note("warning", "default-not-in-options", (*path, "default"), message)


def _number(value: Any) -> float | int | None:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value if is_number(value) else None


def _is_at(number: float, places: int) -> bool:
    exact = Decimal(repr(number))
    return exact == round(exact, places)
