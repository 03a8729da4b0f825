"""Checks the parameters of a call against a model's rules, before any I/O."""

from __future__ import annotations

import json
import math
import operator
import warnings
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Literal, TypeVar

from mrt._similar import most_like
from mrt.entities.model import ParameterRule, ParameterType
from mrt.entities.plain import is_list, is_mapping
from mrt.errors import InvokeBadRequestError

Policy = Literal["error", "warn", "drop"]
NumberT = TypeVar("NumberT", int, float)
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


class ParameterValidator:
    """The rules of one model, made ready once and used by all calls and threads.

    Args:
        rules: The model's rules.
    """

    def __init__(self, rules: Sequence[ParameterRule]) -> None:
        self._rules = {rule.name: rule for rule in rules}
        templates = Counter(rule.use_template for rule in rules if rule.use_template)
        # Callers may use the general name of a parameter that the vendor calls otherwise.
        self._aliases = {
            rule.use_template: rule.name
            for rule in rules
            if rule.use_template and templates[rule.use_template] == 1 and rule.use_template not in self._rules
        }
        self._choices = {rule.name: choices for rule in rules if (choices := _choices(rule))}
        self._filled = {rule.name: rule.default for rule in rules if rule.required and rule.default is not None}
        self._required = [rule.name for rule in rules if rule.required and rule.default is None]
        self._warned: set[str] = set()

    def validate(
        self, params: Mapping[str, Any] | None, *, policy: Policy = "error", allow: Collection[str] = ()
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Check parameters, and make them what the vendor gets.

        None is not given; zero, False and empty text are values. A whole float is an ``int``. A number is rounded to
        the rule's precision (half to even) but never refused for it; bounds are part of the range and are compared with
        the number as given. Required parameters that are missing get their default; others keep to the vendor's own.

        Args:
            params: Name to value. Not changed.
            policy: What happens to parameters without a rule: ``error``; ``drop`` leaves them out; ``warn`` leaves them
                out with a warning, once per name.
            allow: Names without a rule that pass as they are.

        Returns:
            The parameters by the rules' names, and the names that were left out.

        Raises:
            InvokeBadRequestError: With all problems at once.
        """
        checked: dict[str, Any] = {}
        given: set[str] = set()
        problems: list[str] = []
        unknown: list[str] = []
        for name, value in (params or {}).items():
            if value is None:
                continue
            own = name if name in self._rules else self._aliases.get(name)
            if own is None:
                if name in allow:
                    checked[name] = value
                else:
                    unknown.append(name)
            elif own != name and params and params.get(own) is not None:
                problems.append(f"'{name}' and '{own}' are the same parameter: give one of them")
            else:
                given.add(own)
                try:
                    checked[own] = self._read(self._rules[own], value)
                except ValueError as error:
                    problems.append(f"'{name}' {error}")
        problems += [f"'{name}' is required" for name in self._required if name not in given]
        checked.update({name: default for name, default in self._filled.items() if name not in given})
        if unknown and policy == "error":
            problems += [f"'{name}' is no parameter of this model{self._hint(name)}" for name in unknown]
        if problems:
            raise InvokeBadRequestError("; ".join(problems))
        if unknown and policy == "warn":
            self._warn(unknown)
        return checked, tuple(unknown)

    def _warn(self, unknown: list[str]) -> None:
        for name in unknown:
            if name not in self._warned:
                self._warned.add(name)
                message = f"'{name}' is no parameter of this model and is left out{self._hint(name)}"
                warnings.warn(message, UserWarning, stacklevel=4)

    def _hint(self, name: Any) -> str:
        known = [*self._rules, *self._aliases]
        near = most_like(str(name), known)
        if near:
            return f"; did you mean '{near[0]}'?"
        return f"; it takes {', '.join(self._rules)}" if self._rules else "; it takes none"

    def _read(self, rule: ParameterRule, value: Any) -> Any:
        match rule.type:
            case ParameterType.INT:
                value = _in_range(rule, _whole(value))
            case ParameterType.FLOAT:
                value = _rounded(rule, _in_range(rule, _number(value)))
            case ParameterType.BOOLEAN:
                if not isinstance(value, bool):
                    raise ValueError(f"should be true or false, not {_shown(value)}")
            case ParameterType.STRING | ParameterType.TEXT:
                value = _text(rule, value)
        choices = self._choices.get(rule.name)
        if choices is not None and value not in choices:
            raise ValueError(f"should be one of {', '.join(map(repr, choices))}, not {_shown(value)}")
        return value


def _choices(rule: ParameterRule) -> list[Any]:
    """Return a rule's options in the rule's type; those of a number that are no numbers do not count."""
    if rule.type in (ParameterType.STRING, ParameterType.TEXT):
        return list(rule.options)
    choices: list[Any] = []
    for option in rule.options if rule.type is not ParameterType.BOOLEAN else ():
        try:
            choices.append(int(option) if rule.type is ParameterType.INT else float(option))
        except ValueError:
            return []
    return choices


def _whole(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (bool, float)) or not hasattr(value, "__index__"):
        raise ValueError(f"should be a whole number, not {_shown(value)}")
    return operator.index(value)


def _number(value: Any) -> int | float:
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise ValueError(f"should be a number, not {_shown(value)}")
    if isinstance(value, int):
        return value
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"should be a finite number, not {number}")
    return number


def _in_range(rule: ParameterRule, value: NumberT) -> NumberT:
    if rule.min is not None and value < rule.min:
        raise ValueError(f"is {value}, below the smallest value {rule.min}")
    if rule.max is not None and value > rule.max:
        raise ValueError(f"is {value}, above the largest value {rule.max}")
    return value


def _rounded(rule: ParameterRule, value: int | float) -> int | float:
    if rule.precision is None or rule.precision < 0 or isinstance(value, int) or abs(value) >= 1e15:
        return value
    # From the shortest text of the number, which is what the caller means: 0.1 + 0.2 is 0.30000000000000004.
    rounded = float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-rule.precision), context=_EXACT))
    outside = (rule.min is not None and rounded < rule.min) or (rule.max is not None and rounded > rule.max)
    return value if outside else rounded + 0.0  # minus zero becomes zero


def _text(rule: ParameterRule, value: Any) -> str:
    if isinstance(value, str):
        return value
    is_schema = rule.use_template == "json_schema" or rule.name == "json_schema"
    if is_schema and (is_mapping(value) or is_list(value)):
        try:
            return json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError):
            raise ValueError("is no JSON Schema: it holds values that JSON does not have") from None
    raise ValueError(f"should be text, not {_shown(value)}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"
