"""PAR: which values reach the vendor, and which must not."""

from __future__ import annotations

from typing import Any

from mrt import InvokeBadRequestError, ParameterType
from mrt_testing_kit.asking import ASIDE, NUMBERS, accepted, added, in_range, key_of, numbers, rich, where
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import OFFERED, TOOLS, heard
from mrt_testing_kit.seen import leaves


@check(
    "PAR-01",
    "falsy values kept",
    essential=True,
    bugs=["BerriAI/litellm#822", "langchain-ai/langchain-aws#832", "mozilla-ai/any-llm#1299"],
    fix="Ask whether a parameter was given ('name in parameters'), never whether its value is true.",
)
def par_01(ctx: Context) -> None:
    """temperature=0 asks for the same answer every time; left out, the vendor's default gives another each time."""
    # A required parameter is sent in every call, so that its own default would hide the difference.
    tried = [
        rule.name
        for rule in ctx.rules.values()
        if rule.type in NUMBERS
        and not rule.options
        and in_range(rule, 0)
        and not (rule.required and rule.default == 0)
        and rule.name not in ASIDE
    ]
    switches = [
        rule.name
        for rule in ctx.rules.values()
        if rule.type is ParameterType.BOOLEAN and rule.default is True and rule.name not in ASIDE
    ]
    for name in tried:
        for zero in (0, 0.0) if ctx.rules[name].type is ParameterType.FLOAT else (0,):
            # Whether the vendor accepts the value is PAR-06's question.
            got, without = accepted(ctx, {name: zero})
            new = added(got, without)
            # Some vendors write "off" as -1.
            off = name == "top_k" and any(key_of(path) == "top_k" for path, _ in new)
            ctx.expect(
                where(new, zero) or off,
                f"{name}={zero!r} does not reach the vendor",
                expected=f"{zero!r} in a field of the request",
                came=f"fields that a call without {name} does not have: {new or 'none'}",
                outcome=got,
            )
    for name in switches:
        got, without = accepted(ctx, {name: False})
        ctx.expect(
            got.body != without.body,
            f"{name}=False does not reach the vendor, whose default is True",
            expected="a field that turns it off",
            came="the same request as without it",
            outcome=got,
        )
    if "parallel_tool_calls" in ctx.rules and ctx.declares(TOOLS):
        got = ctx.chat(parameters={"parallel_tool_calls": False}, tools=OFFERED).ok()
        ctx.expect(
            not heard(got).parallel,
            "parallel_tool_calls=False does not reach the vendor",
            expected="a field that turns it off",
        )
    if not (tried or switches):
        ctx.not_applicable("no parameter of the model may be 0 or turns off what is on")


@check(
    "PAR-02",
    "None omitted",
    essential=True,
    bugs=["deepset-ai/haystack-core-integrations#2753", "xorbitsai/inference#2962"],
    fix="Leave out what was not given; a null is a value, and many vendors refuse it.",
)
def par_02(ctx: Context) -> None:
    """A parameter that is None was not given: sent as null it is refused, or overrides the vendor's default."""
    plain = rich(ctx, {}).ok()
    _judge_nulls(ctx, plain.body)
    every = rich(ctx, dict.fromkeys(ctx.rules)).ok()
    ctx.equal(every.body, plain.body, "the request with None for every parameter, against the one without parameters")
    some = {rule.name: values[0] for rule in ctx.rules.values() if (values := _numbers_of(ctx, rule.name))}
    for name, value in list(some.items())[:3]:
        got, _ = accepted(ctx, {**dict.fromkeys(ctx.rules), name: value})
        alone, _ = accepted(ctx, {name: value})
        ctx.equal(got.body, alone.body, f"the request with {name}, against the one with None for the others")
        _judge_nulls(ctx, got.body)
    ctx.strict("S1")
    rich(ctx, {}).ok()


def _judge_nulls(ctx: Context, body: dict[str, Any]) -> None:
    # The content of messages may be null beside calls, and schemas of tools are the caller's.
    ours = {name: value for name, value in body.items() if name not in ("messages", "tools")}
    nulls = [path for path, value in leaves(ours) if value is None]
    ctx.expect(not nulls, "the request has fields that are null", expected="no such field", came=", ".join(nulls))


def _numbers_of(ctx: Context, name: str) -> list[Any]:
    rule = ctx.rules[name]
    return numbers(rule) if rule.type in NUMBERS and name not in ASIDE else []


@check(
    "PAR-03",
    "undeclared never sent",
    essential=True,
    fix="Send the caller's parameters and nothing beside; give a parameter a rule before you send it.",
)
def par_03(ctx: Context) -> None:
    """What nobody asked for changes answers, and what no rule names may cost money or be refused."""
    ctx.strict("S1")
    plain = rich(ctx, {}).ok()
    before = dict(leaves(plain.body))
    for name, rule in ctx.rules.items():
        values = _numbers_of(ctx, name)
        if not values or rule.required:
            continue
        got, without = accepted(ctx, {name: values[0]})
        for path in where(added(got, without), values[0]):
            ctx.expect(
                before.get(path) in (None, rule.default),
                f"a call that gives no {name} sends one",
                expected=f"no {path[1:]}" + ("" if rule.default is None else f", or the declared {rule.default}"),
                came=f"{path[1:]} = {before.get(path)!r}",
                outcome=plain,
            )
    if ctx.rules:
        for unknown in ({"oracle_made_up": 1}, {"temprature": 0.5, "oracle_extra": {"a": 1}}):
            got = ctx.chat(parameters=unknown)
            error = got.fails(InvokeBadRequestError)
            ctx.equal(len(got.requests), 0, "the number of requests of a call with unknown parameters")
            missing = [name for name in unknown if name not in str(error)]
            ctx.expect(not missing, "the error does not name the unknown parameter", expected=", ".join(missing))
