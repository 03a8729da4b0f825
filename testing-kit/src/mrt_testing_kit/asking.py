"""Values for a model's parameters, and calls that have them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mrt import InvokeBadRequestError, ParameterRule, ParameterType
from mrt_testing_kit.heard import OFFERED, TOOLS
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.seen import leaves

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context

ASIDE = frozenset({"json_schema", "response_format", "tool_choice", "parallel_tool_calls", "stop", "user"})
"""Parameters with a meaning of their own, which have checks of their own."""

NUMBERS = (ParameterType.FLOAT, ParameterType.INT)
TEXTS = (ParameterType.STRING, ParameterType.TEXT)

TOKEN_FIELDS = ("max_tokens", "max_completion_tokens", "max_new_tokens", "max_output_tokens", "num_predict")
"""Names under which vendors know ``max_tokens``."""

_MANY_TOKENS = 32000


def in_range(rule: ParameterRule, value: float) -> bool:
    """Tell whether a rule takes a number."""
    return (rule.min is None or rule.min <= value) and (rule.max is None or value <= rule.max)


def numbers(rule: ParameterRule) -> list[Any]:
    """Return two or three numbers that a rule takes, and that stand nowhere else in a request."""
    if rule.options:
        return []
    if rule.type is ParameterType.INT:
        found: list[Any] = [value for value in (1237, 4099, 101, 37, 23, 3, -7) if in_range(rule, value)]
    else:
        digits = rule.precision if rule.precision is not None and rule.precision >= 0 else 6
        exact = [round(value, digits) for value in (0.371, 1.293, 0.957, 0.3, 0.7, 3.5, -0.43)]
        found = [value for value in dict.fromkeys(exact) if in_range(rule, value)]
    low, high = rule.min, rule.max
    if len(found) < 2 and low is not None and high is not None:
        found += [value for value in (low, high) if value not in found]
    return [value for value in found if value != rule.default][:3]


def rich(ctx: Context, parameters: Mapping[str, Any], **options: Any) -> Outcome:
    """Ask with a system message, and with tools where the model has them, so that every parameter has a meaning."""
    from mrt import SystemPromptMessage, UserPromptMessage

    prompt = [SystemPromptMessage("Be brief."), UserPromptMessage("Say hello.")]
    name = options.get("model", ctx.model)
    knows_tools = any(model.name == name and model.declares(TOOLS) for model in ctx.models["llm"])
    tools = OFFERED if knows_tools or (name == ctx.model and ctx.declares(TOOLS)) else None
    return ctx.chat(prompt, parameters=parameters, tools=tools, **options)


def accepted(ctx: Context, parameters: Mapping[str, Any]) -> tuple[Outcome, Outcome]:
    """Make a call with parameters, and the same without them.

    Some parameters have a meaning beside another one alone. A call that is refused, or whose parameters leave no trace,
    is tried again with what they may need; see `needed`.

    Returns:
        The call with the parameters, and the one without.
    """
    got, without, _ = needed(ctx, parameters)
    return got, without


def needed(ctx: Context, parameters: Mapping[str, Any]) -> tuple[Outcome, Outcome, dict[str, Any]]:
    """Make the calls of `accepted`, and say beside which other parameters these ones have a meaning.

    Tried are the switch whose name the parameter's begins with (``thinking`` for ``thinking_budget``), the limit of
    tokens at its highest, both of them, and, if nothing was sent at all, every other switch.
    """
    got, without = rich(ctx, parameters), rich(ctx, {})
    if not _is_lost(got, without, parameters):
        return got, without, {}
    for beside in _company(ctx, parameters, was_refused=isinstance(got.error, InvokeBadRequestError)):
        again, alone = rich(ctx, {**beside, **parameters}), rich(ctx, beside)
        if not _is_lost(again, alone, parameters):
            return again, alone, beside
    return got, without, {}


def _company(ctx: Context, parameters: Mapping[str, Any], *, was_refused: bool) -> list[dict[str, Any]]:
    switches = [
        rule.name
        for rule in ctx.rules.values()
        if rule.type is ParameterType.BOOLEAN and rule.name not in ASIDE and rule.name not in parameters
    ]
    limit = next((rule for rule in ctx.rules.values() if "max_tokens" in (rule.name, rule.use_template)), None)
    most = {} if limit is None or limit.name in parameters else {limit.name: int(limit.max or _MANY_TOKENS)}
    own: list[dict[str, Any]] = [
        {name: True} for name in switches if any(given.startswith(name) for given in parameters)
    ]
    found = [*own, *([most] if most else []), *({**switch, **most} for switch in own if most)]
    return [*found, *({name: True} for name in switches if was_refused and {name: True} not in own)]


def _is_lost(got: Outcome, without: Outcome, parameters: Mapping[str, Any]) -> bool:
    if got.error is not None or without.error is not None:
        return isinstance(got.error, InvokeBadRequestError)
    new = added(got, without)
    values = [value for value in parameters.values() if not isinstance(value, bool) and value is not None]
    return not new or not all(where(new, value) for value in values)


def added(got: Outcome, without: Outcome) -> list[tuple[str, Any]]:
    """Return path and value of each field that the first call's request has and the second one's has not."""
    left = Counter(map(repr, leaves(without.body)))
    found: list[tuple[str, Any]] = []
    for leaf in leaves(got.body):
        if left[repr(leaf)] > 0:
            left[repr(leaf)] -= 1
        else:
            found.append(leaf)
    return found


def is_number(found: Any, value: float) -> bool:
    """Tell whether a field of a request is this number, and a number of JSON."""
    return type(found) in (int, float) and found == value


def where(fields: Iterable[tuple[str, Any]], value: Any) -> list[str]:
    """Return the paths of the fields that hold a value."""
    if isinstance(value, str):
        return [path for path, found in fields if found == value]
    return [path for path, found in fields if is_number(found, value)]


def key_of(path: str) -> str:
    """Return the name of a field from its path."""
    return path.rpartition(".")[2].partition("[")[0]


def doubled(body: bytes) -> list[str]:
    """Return the names that stand twice in one object of a JSON document."""
    twice: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in items]
        twice.extend(sorted({name for name in names if names.count(name) > 1}))
        return dict(items)

    json.loads(body, object_pairs_hook=pairs)
    return twice
