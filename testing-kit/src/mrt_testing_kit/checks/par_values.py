"""PAR: which values reach the vendor."""

from __future__ import annotations

from typing import Any

from mrt import ParameterRule, ParameterType
from mrt.entities.plain import is_list, is_mapping
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context


@check(
    "PAR-01",
    "falsy values kept",
    bugs=["BerriAI/litellm#822", "langchain-ai/langchain-aws#832", "mozilla-ai/any-llm#1299"],
    fix="Ask whether a parameter was given ('name in parameters'), never whether its value is true.",
)
def par_01(ctx: Context) -> None:
    """temperature=0 asks for the same answer every time; left out, the vendor's default gives another each time."""
    tried = {name: value for name, rule in ctx.rules.items() if (value := _falsy(rule)) is not None}
    if not tried:
        ctx.not_applicable("no parameter of the model may be 0")
    without = set(_leaves(ctx.chat().ok().body))
    for name, value in tried.items():
        # Whether the vendor accepts the value is PAR-06's question.
        got = ctx.chat(parameters={name: value})
        added = [leaf for leaf in _leaves(got.body) if leaf not in without]
        ctx.expect(
            any(type(found) in (type(value), float, int) and found == value for _, found in added),
            f"{name}={value!r} does not reach the vendor",
            expected=f"{value!r} in a field of the request",
            came=f"fields that a call without {name} does not have: {added or 'none'}",
        )


# Not false: that may well be said by leaving a field out.
def _falsy(rule: ParameterRule) -> Any:
    if rule.type not in (ParameterType.FLOAT, ParameterType.INT) or rule.options:
        return None
    in_range = (rule.min is None or rule.min <= 0) and (rule.max is None or rule.max >= 0)
    # A required parameter is sent in every call, so that its own default would hide the difference.
    return 0 if in_range and not (rule.required and rule.default == 0) else None


def _leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if is_list(value):
        return [leaf for place, item in enumerate(value) for leaf in _leaves(item, f"{path}[{place}]")]
    if is_mapping(value):
        return [leaf for key, item in value.items() for leaf in _leaves(item, f"{path}.{key}")]
    return [(path, value)]
