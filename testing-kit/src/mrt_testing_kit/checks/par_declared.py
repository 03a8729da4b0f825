"""PAR: that declared parameters arrive, once, and within their range."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import mrt
from mrt import InvokeBadRequestError, ParameterRule, ParameterType
from mrt_testing_kit import company
from mrt_testing_kit.asking import (
    ASIDE,
    NUMBERS,
    TEXTS,
    TOKEN_FIELDS,
    accepted,
    added,
    doubled,
    in_range,
    key_of,
    needed,
    numbers,
    rich,
    where,
)
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.seen import leaves

_OTHER_MODELS = 3
_NARROW = 2
_ODD_TEXT = 'ада "7" 世界 {"a": 1}\n true '


@check(
    "PAR-04",
    "each declared one arrives under the right name",
    essential=True,
    bugs=["pydantic/pydantic-ai#5695", "pydantic/pydantic-ai#5833"],
    fix="Map every parameter that the schema declares to the vendor's field, and take out rules that have none.",
)
def par_04(ctx: Context) -> None:
    """A declared parameter that goes nowhere promises what does not happen."""
    ctx.strict("S1")
    for name, rule in ctx.rules.items():
        if name in ASIDE:
            continue
        if rule.type is ParameterType.BOOLEAN:
            bodies = [accepted(ctx, {name: wish})[0].ok().body for wish in (True, False)]
            ctx.expect(bodies[0] != bodies[1], f"{name} makes no difference to the request", expected="two requests")
            continue
        values: list[Any] = numbers(rule) if rule.type in NUMBERS else list(rule.options) or [_ODD_TEXT]
        for value in values:
            got, without = accepted(ctx, {name: value})
            new = added(got.ok(), without)
            if rule.default is not None and value == rule.default:
                continue
            paths = where(new, value)
            ctx.expect(
                paths,
                f"{name}={value!r} does not reach the vendor",
                expected=f"{value!r} in a field of the request",
                came=f"fields that a call without {name} does not have: {new or 'none'}",
                outcome=got,
            )
            _judge_name(ctx, got, name, paths)
    # Under which name is PAR-08's question, where the models differ in it.
    ctx.server.strict = frozenset()
    _judge_other_models(ctx)


def _judge_other_models(ctx: Context) -> None:
    """See that the other models' parameters arrive as well: each has its own file, and often its own code."""
    for model in [known for known in ctx.models["llm"] if known.name != ctx.model][:_OTHER_MODELS]:
        wanted: dict[str, Any] = {}
        for rule in model.schema.parameter_rules:
            values: list[Any] = numbers(rule) if rule.type in NUMBERS else list(rule.options)
            free = [value for value in values if value != rule.default and value not in wanted.values()]
            if free and rule.name not in ASIDE:
                wanted[rule.name] = free[0]
        plain, whole = rich(ctx, {}, model=model.name).ok(), rich(ctx, wanted, model=model.name)
        for name, value in wanted.items():
            # Where all of them together are refused, one by one.
            got = whole if whole.error is None else rich(ctx, {name: value}, model=model.name)
            if got.error is not None or where(added(got, plain), value):
                continue
            if name in ctx.rules and not _arrives(ctx, name, value):
                # What says nothing alone was looked at with the first model.
                continue
            ctx.fail(
                f"{name}={value!r} of {model.name} does not reach the vendor",
                expected=f"{value!r} in a field of the request",
                came="no such field",
                outcome=got,
            )


def _arrives(ctx: Context, name: str, value: Any) -> bool:
    """Tell whether a parameter of the check's own model arrives without any other beside it."""
    return bool(where(added(rich(ctx, {name: value}), rich(ctx, {})), value))


def _judge_name(ctx: Context, got: Outcome, name: str, paths: list[str]) -> None:
    known = ctx.server.dialect.fields.get(got.request.kind, frozenset())
    right = set(TOKEN_FIELDS) if name == "max_tokens" else {name} if name in known else None
    keys = [key_of(path) for path in paths]
    ctx.expect(
        right is None or right & set(keys),
        f"{name} goes out under the name of another parameter",
        expected=" or ".join(sorted(right or ())),
        came=", ".join(keys),
        outcome=got,
    )


@check(
    "PAR-05",
    "sent once",
    essential=True,
    bugs=["mozilla-ai/any-llm#1136"],
    fix="Merge what the caller gave and what you add in one place, and send each parameter in one field.",
)
def par_05(ctx: Context) -> None:
    """Two fields for one thing: vendors refuse them, or take the wrong one."""
    chosen: dict[str, Any] = {}
    sent: list[str] = []
    for name, rule in ctx.rules.items():
        if rule.type in NUMBERS and name not in ASIDE and (values := numbers(rule)):
            free = [value for value in values if value not in chosen.values()]
            if not free:
                continue
            alone, _, beside = needed(ctx, {name: free[0]})
            if alone.error is None and not where(leaves(alone.body), free[0]):
                # Whether it arrives at all is PAR-04's question.
                continue
            more = {**chosen, **beside, name: free[0]}
            error = rich(ctx, more).error
            ctx.expect(
                not isinstance(error, mrt.PluginError), f"a call with {name} breaks the plugin", came=repr(error)
            )
            if error is None:
                chosen = more
                sent.append(name)
    got = rich(ctx, chosen, stop=["oracle-end"], user="user-31").ok()
    _judge_once(ctx, got, [*((name, chosen[name]) for name in sent), ("stop", "oracle-end")])
    ctx.expect(len(where(leaves(got.body), "user-31")) <= 1, "the user's id stands twice in the request")
    twice = doubled(got.request.body)
    ctx.expect(not twice, "a name stands twice in one object", expected="one field each", came=", ".join(twice))
    ctx.equal(got.request.query, [], "the query of the request")
    apart = [name for name, rule in ctx.rules.items() if rule.type in NUMBERS]
    for name, got in company.beside(ctx, without=apart, parameters=chosen) if sent else ():
        with ctx.case(name):
            _judge_once(ctx, got, [(own, chosen[own]) for own in sent])


def _judge_once(ctx: Context, got: Outcome, given: list[tuple[str, Any]]) -> None:
    for name, value in given:
        paths = where(leaves(got.body), value)
        # A stop text is also a part of a longer list, and core looks for it by itself.
        least = 0 if name == "stop" else 1
        ctx.expect(
            least <= len(paths) <= 1,
            f"{name} stands {len(paths)} times in the request",
            expected="one field",
            came=", ".join(paths) or "none",
            outcome=got,
        )


@check(
    "PAR-06",
    "edges accepted, outside refused before I/O",
    essential=True,
    bugs=["langgenius/dify-official-plugins#993"],
    fix="Give each rule the vendor's own range: the edges have to work, and what is outside must not be sent.",
)
def par_06(ctx: Context) -> None:
    """A range that is too wide fails at the vendor; one that is too narrow keeps callers from what they pay for."""
    for name, rule in ctx.rules.items():
        if name in ASIDE:
            continue
        if rule.type in NUMBERS and not rule.options:
            inside = [value for value in (rule.min, rule.max, rule.default) if value is not None]
            for value in [*dict.fromkeys(inside), *numbers(rule)[:1]]:
                _accept(ctx, name, _typed(rule, value))
            _refuse_numbers(ctx, rule)
        elif rule.options:
            for option in rule.options:
                accepted(ctx, {name: option})[0].ok()
            _refuse(ctx, name, "oracle-no-option")
        elif rule.type is ParameterType.BOOLEAN:
            for odd in ("true", 1, "no"):
                _refuse(ctx, name, odd)

    def drawn(draw: random.Random) -> None:
        rules = [
            rule for rule in ctx.rules.values() if rule.type in NUMBERS and not rule.options and rule.name not in ASIDE
        ]
        if not rules:
            return
        rule = draw.choice(rules)
        low, high = rule.min if rule.min is not None else -50, rule.max if rule.max is not None else 5000
        if rule.type is ParameterType.INT:
            _accept(ctx, rule.name, draw.randint(math.ceil(low), math.floor(high)))
        else:
            digits = rule.precision if rule.precision is not None and rule.precision >= 0 else 12
            value = round(draw.uniform(low, high), digits)
            _accept(ctx, rule.name, min(max(value, low), high))

    ctx.explore(drawn)


def _typed(rule: ParameterRule, value: float) -> float:
    return int(value) if rule.type is ParameterType.INT else value


def _accept(ctx: Context, name: str, value: float) -> None:
    got, _ = accepted(ctx, {name: value})
    got.ok()
    fields = list(leaves(got.body))
    off = name == "top_k" and any(key_of(path) == "top_k" for path, _ in fields)
    ctx.expect(
        where(fields, value) or off,
        f"{name}={value!r} arrives as something else",
        expected=repr(value),
        came=repr([leaf for leaf in fields if key_of(leaf[0]) == name]),
        outcome=got,
    )


def _refuse_numbers(ctx: Context, rule: ParameterRule) -> None:
    whole = rule.type is ParameterType.INT
    step = 1 if whole else 0.001
    outside: list[Any] = [math.nan, math.inf, -math.inf, "1", True, [1], {"value": 1}]
    if rule.min is not None:
        outside += [rule.min - step, rule.min - 1_000_000]
    if rule.max is not None:
        outside += [rule.max + step, rule.max + 1_000_000]
    if whole:
        outside.append((rule.min or 0) + 0.5)
    for value in outside:
        _refuse(ctx, rule.name, value)


def _refuse(ctx: Context, name: str, value: Any) -> None:
    got = ctx.chat(parameters={name: value})
    error = got.fails(InvokeBadRequestError)
    ctx.equal(len(got.requests), 0, f"the number of requests of a call with {name}={value!r}")
    ctx.expect(name in str(error), "the error does not name the parameter", expected=name, came=str(error))


@check(
    "PAR-12",
    "pass-through",
    fix="Hand values on with their type: no str(), no float(), no rounding, no escaping.",
)
def par_12(ctx: Context) -> None:
    """A value that is changed on its way, if only from 17 to 17.0 or to text, is not what the caller asked for."""
    for name, rule in ctx.rules.items():
        if name in ASIDE or rule.options:
            continue
        if rule.type in TEXTS:
            for text in (_ODD_TEXT, "0", " ", "null"):
                got, without = accepted(ctx, {name: text})
                ctx.expect(where(added(got.ok(), without), text), f"{name} is changed on its way", expected=repr(text))
        elif rule.type in NUMBERS:
            for value in numbers(rule):
                got, without = accepted(ctx, {name: value})
                new = added(got.ok(), without)
                written = [json.dumps(found) for _, found in new]
                ctx.expect(
                    json.dumps(value) in written,
                    f"{name} is written in another way than it was given",
                    expected=json.dumps(value),
                    came=", ".join(written) or "nothing new",
                    outcome=got,
                )
            _judge_precision(ctx, rule)


# What people set such parameters to.
_USUAL = (0.95, 0.05, 0.25, 1.75)


def _judge_precision(ctx: Context, rule: ParameterRule) -> None:
    """See that the rule's precision, to which core rounds, leaves the usual values of narrow ranges as they are."""
    if rule.type is not ParameterType.FLOAT or rule.precision is None or rule.min is None or rule.max is None:
        return
    for value in _USUAL if rule.max - rule.min <= _NARROW else ():
        if not in_range(rule, value):
            continue
        got, without = accepted(ctx, {rule.name: value})
        if got.error is not None:
            continue
        new = added(got, without)
        ctx.expect(
            value == rule.default or where(new, value),
            f"{rule.name} is rounded on its way: its rule's precision of {rule.precision} is too coarse",
            expected=f"{value} in a field of the request",
            came=", ".join(json.dumps(found) for _, found in new) or "nothing new",
            outcome=got,
        )
