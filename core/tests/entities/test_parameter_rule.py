from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from mrt.entities.common import I18nObject
from mrt.entities.model import PARAMETER_TEMPLATES, ParameterRule, ParameterType


def rule(**keys: Any) -> ParameterRule:
    return ParameterRule.model_validate({"name": "n", **keys})


# The runtime's own values; a change of one is a change for every vendor that uses the template.
TEMPLATES = {
    "temperature": ("float", 0.0, 0.0, 1.0, 2, []),
    "top_p": ("float", 1.0, 0.0, 1.0, 2, []),
    "top_k": ("int", 50, 1, 100, 0, []),
    "presence_penalty": ("float", 0.0, 0.0, 1.0, 2, []),
    "frequency_penalty": ("float", 0.0, 0.0, 1.0, 2, []),
    "max_tokens": ("int", 64, 1, 2048, 0, []),
    "response_format": ("string", None, None, None, None, ["JSON", "XML"]),
    "json_schema": ("text", None, None, None, None, []),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates(name: str) -> None:
    made = ParameterRule(name="x", use_template=name)
    values = (made.type, made.default, made.min, made.max, made.precision, made.options)
    assert values == TEMPLATES[name]
    assert not made.required
    assert made.label.en_US
    assert made.help is not None
    assert made.help.zh_Hans != made.help.en_US


def test_there_are_eight_templates() -> None:
    assert set(PARAMETER_TEMPLATES) == set(TEMPLATES)


@pytest.mark.parametrize("value", [0, None])
@pytest.mark.parametrize("key", ["min", "max", "default", "precision"])
def test_a_rules_own_values_win(key: str, value: Any) -> None:
    made = rule(use_template="top_k", **{key: value})
    assert getattr(made, key) == value
    others = {"min": 1, "max": 100, "default": 50, "precision": 0}
    if (key, value) == ("max", 0):
        others["min"] = None  # type: ignore[assignment]  # a bound of the template that would leave no value
    assert all(getattr(made, other) == theirs for other, theirs in others.items() if other != key)


def test_zeros_of_a_custom_schema_stay() -> None:
    made = rule(use_template="max_tokens", min=0, max=0, default=0)
    assert (made.min, made.max, made.default) == (0, 0, 0)


def test_type_and_label_cannot_be_taken_away() -> None:
    made = rule(use_template="top_k", type=None, label=None, help=None, required=None, options=None)
    assert (made.type, made.label.en_US, made.help, made.required, made.options) == ("int", "Top K", None, False, [])


def test_labels() -> None:
    assert rule(type="int").label == I18nObject(en_US="n")
    assert rule(type="int", label="Own").label.zh_Hans == "Own"
    assert rule(use_template="top_k", label={"en_US": "Own"}).label.zh_Hans == "Own"
    assert rule(use_template="top_k", label={"en_US": None}).label.en_US == "Top K"


def test_labels_of_templates_are_shared_but_rules_are_not() -> None:
    one, two = rule(use_template="top_k"), rule(use_template="top_k")
    assert one.label is two.label
    one.max, one.options = 5, ["x"]
    assert (two.max, two.options) == (100, [])


@pytest.mark.parametrize("keys", [{}, {"type": None}, {"use_template": "none"}, {"use_template": ["top_k"]}])
def test_a_rule_needs_a_type(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="needs a type"):
        rule(**keys)


@pytest.mark.parametrize(
    ("kind", "default", "value"),
    [
        ("int", "5", 5),
        ("int", 5.0, 5),
        ("int", "5.0", 5),
        ("integer", "5", 5),
        ("float", "0.5", 0.5),
        ("float", "1e-6", 1e-6),
        ("float", 5, 5),
        ("float", 1.0, 1.0),
        ("boolean", "true", True),
        ("boolean", "Off", False),
        ("bool", False, False),
        ("string", 5, "5"),
        ("string", True, "true"),
        ("string", 1.5, "1.5"),
        ("text", {"a": "ä"}, '{"a": "ä"}'),
        ("text", [1], "[1]"),
        ("string", "", ""),
    ],
)
def test_defaults_are_of_the_rules_type(kind: str, default: Any, value: Any) -> None:
    made = rule(type=kind, default=default)
    assert made.default == value
    assert type(made.default) is type(value)


@pytest.mark.parametrize(
    ("kind", "default"),
    [("int", 0.5), ("int", "x"), ("int", True), ("int", float("nan")), ("float", "hot"), ("float", float("inf")),
     ("float", []), ("boolean", 1), ("boolean", "maybe"), ("boolean", [])],
)  # fmt: skip
def test_defaults_of_another_type_are_refused(kind: str, default: Any) -> None:
    with pytest.raises(ValidationError, match="the default"):
        rule(type=kind, default=default)


def test_bounds() -> None:
    with pytest.raises(ValidationError, match="min 2 is above max 1"):
        rule(type="int", min=2, max=1)
    for wrong in (True, "x", float("nan"), []):
        with pytest.raises(ValidationError):
            rule(type="int", min=wrong)
    made = rule(type="float", min="1", max="2.5", precision="3")
    assert (made.min, made.max, made.precision) == (1, 2.5, 3)
    assert rule(use_template="temperature", min=3).max is None
    assert rule(use_template="temperature", max=-1).min is None


def test_options_are_texts() -> None:
    assert rule(type="string", options=[1, True, None, "x"]).options == ["1", "true", "x"]


def test_other_names_of_types() -> None:
    assert ParameterType("bool") is ParameterType.BOOLEAN
    assert ParameterType("integer") is ParameterType.INT
    with pytest.raises(ValueError, match="number"):
        ParameterType("number")
