"""PAR: what wins, what stays untouched, which model is asked, how long a call may take."""

from __future__ import annotations

import copy
import random
from types import MappingProxyType
from typing import Any

from mrt import ConfigurateMethod, InvokeBadRequestError, InvokeTimeoutError, Runtime, Timeouts
from mrt_testing_kit import company
from mrt_testing_kit.asking import ASIDE, NUMBERS, accepted, numbers, rich, where
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import CUSTOM, OFFERED, TOOLS, any_object, plain_fields
from mrt_testing_kit.seen import leaves
from mrt_testing_kit.server import Answer


@check(
    "PAR-10",
    "precedence",
    essential=True,
    fix="Let what the call gives win over defaults of the schema and of the plugin, in this call alone.",
)
def par_10(ctx: Context) -> None:
    """A default that wins over the caller, or a value that stays for the next call, is found by nobody."""
    plain = rich(ctx, {}).ok().body
    for name, rule in ctx.rules.items():
        values = numbers(rule) if rule.type in NUMBERS and name not in ASIDE else []
        for value in values[:2]:
            got, _ = accepted(ctx, {name: value})
            ctx.expect(
                where(leaves(got.ok().body), value), f"{name}={value} does not win", expected=f"{value} in the request"
            )
            others = [other for other in values if other != value and where(leaves(got.body), other)]
            ctx.expect(
                not others, f"{name} of the call before is still sent", expected=f"{value} alone", came=repr(others)
            )
        ctx.equal(rich(ctx, {}).ok().body, plain, f"the request without {name} after calls with it")
        template = rule.use_template
        shared = [other for other in ctx.rules.values() if other.use_template == template]
        if values and template and template != name and template not in ctx.rules and len(shared) == 1:
            alias, own = accepted(ctx, {template: values[0]})[0].ok(), accepted(ctx, {name: values[0]})[0].ok()
            ctx.equal(alias.body, own.body, f"the request with {template}, against the one with {name}")
            both = ctx.chat(parameters={template: values[0], name: values[0]})
            both.fails(InvokeBadRequestError)
            ctx.equal(len(both.requests), 0, "the number of requests of a contradiction")


@check(
    "PAR-11",
    "caller's dict untouched",
    essential=True,
    bugs=["pydantic/pydantic-ai#6743", "pydantic/pydantic-ai#3628"],
    fix="Copy before you pop, update or setdefault; what the caller gave is the caller's.",
)
def par_11(ctx: Context) -> None:
    """A program makes its settings once; when the first call takes something out of them, the second one differs."""

    def asked(parameters: dict[str, Any], tools: list[Any] | None, stop: list[str]) -> None:
        given = (parameters, tools, stop)
        before = copy.deepcopy(given)
        credentials = ctx.credentials()
        kept = copy.deepcopy(credentials)
        bodies: list[Any] = []
        for _ in range(2):
            got = ctx.chat("Say hello.", parameters=parameters, tools=tools, stop=stop, credentials=credentials)
            if got.error is None:
                bodies.append(got.body)
            ctx.expect(given == before, "what the caller gave was changed", expected=repr(before), came=repr(given))
            ctx.expect(credentials == kept, "the caller's credentials were changed")
        if len(bodies) == 2:
            ctx.equal(bodies[1], bodies[0], "the second request, against the first one of the same call")

    tools = list(OFFERED) if ctx.declares(TOOLS) else None
    values = {name: numbers(rule)[0] for name, rule in ctx.rules.items() if rule.type in NUMBERS and numbers(rule)}
    asked({}, tools, ["END"])
    for name, value in values.items():
        asked({name: value}, copy.deepcopy(tools), ["END", "STOP"])
    if "json_schema" in ctx.rules:
        schema = {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "required": ["a"],
            "additionalProperties": False,
        }
        asked({"json_schema": schema}, None, [])
    if values:
        name, value = next(iter(values.items()))
        ctx.chat("Say hello.", parameters=MappingProxyType({name: value})).ok()

    def drawn(draw: random.Random) -> None:
        chosen = {name: value for name, value in values.items() if draw.random() < 0.5}
        drawn_tools = copy.deepcopy(tools)
        for tool in drawn_tools or ():
            tool.parameters = {"type": "object", "properties": {}, "x-extra": any_object(draw, 2)}
        asked(chosen, drawn_tools, [f"S{draw.random()}" for _ in range(draw.randint(0, 5))])

    ctx.explore(drawn, times=3)


@check(
    "PAR-13",
    "alias",
    bugs=["langgenius/dify-official-plugins#3253"],
    fix="Send the name under which the vendor serves the model: the model's own, or the one in the credentials.",
)
def par_13(ctx: Context) -> None:
    """A label or a name of the provider's own in place of the endpoint's is a model that the vendor does not have."""
    served = sorted(
        {name for model in ctx.models["llm"] for name in (model.name, ctx.chat(model=model.name).ok().request.model)}
    )
    for model in ctx.models["llm"][:4]:
        got = ctx.chat(model=model.name).ok()
        labels = [text for text in model.schema.label.model_dump().values() if text and text != model.name]
        shown = [label for label in labels if label == got.request.model]
        ctx.expect(
            not shown, "the model's label is sent in place of its name", expected=model.name, came=got.request.model
        )
        ctx.server.models = {got.request.model: None}
        ctx.chat(model=model.name).ok()
        others = [other.name for other in ctx.models["llm"] if other.name != model.name]
        ctx.expect(
            got.request.model not in others, "another model is asked", expected=model.name, came=got.request.model
        )
        ctx.server.models = None
    ctx.expect(served, "no model can be called")
    _custom(ctx)


def _custom(ctx: Context) -> None:
    knows = getattr(ctx.server.dialect, "knows", None)
    methods = ctx.target.entity.configurate_methods
    if knows is None or methods == [ConfigurateMethod.PREDEFINED_MODEL]:
        return
    for name in CUSTOM:
        if not knows(name) or name in map(str, ctx.credentials(model=name).values()):
            continue
        got = ctx.chat(model=name).ok()
        fixed = got.request.model in map(str, ctx.credentials().values())
        ctx.expect(
            fixed or got.request.model == name, "the model's name is changed", expected=name, came=got.request.model
        )


@check(
    "PAR-14",
    "timeout semantics, finite default",
    essential=True,
    bugs=["langchain-ai/langchain#35597"],
    faults=["F17", "F18"],
    fix="Use the runtime's time limits for every request; with an SDK pass them on, and never its None.",
)
def par_14(ctx: Context) -> None:
    """A vendor that never answers must not hold the caller for ever; a slow one must not be given up at once."""
    ctx.server.next_answer(Answer("Slow but fine.", delay=ctx.seconds(0.15)))
    ctx.equal(
        ctx.chat(timeouts=ctx.short).ok().text, "Slow but fine.", "the text of an answer that is slow, within limits"
    )
    with ctx.fault("F17", after=0):
        got = ctx.chat(timeouts=_limits(ctx))
    got.fails(InvokeTimeoutError)
    ctx.expect(
        got.elapsed < ctx.seconds(8), "the limit of the call was not kept", expected="a quarter of a second, roughly"
    )
    each = ctx.seconds(9)
    whole = Timeouts(connect=each, first_byte=each, between_bytes=each, total=ctx.seconds(0.4))
    with ctx.fault("F18", pause=ctx.seconds(0.25), slices=40):
        got = ctx.chat(timeouts=whole)
    got.fails(InvokeTimeoutError)
    ctx.expect(got.elapsed < ctx.seconds(8), "the total limit was not kept", expected="0.4 seconds, roughly")
    _default(ctx)


def _limits(ctx: Context) -> Timeouts:
    limit = ctx.seconds(0.25)
    return Timeouts(connect=limit, first_byte=limit, between_bytes=limit, total=None)


def _default(ctx: Context) -> None:
    """Set limits for the runtime alone, as an application does, and none for the call."""
    runtime = ctx.target.runtime(timeouts=_limits(ctx))
    try:
        handle = runtime.llm(f"{ctx.target.name}/{ctx.model}", ctx.credentials())
        _ = handle.schema
        with ctx.fault("F17", after=0):
            error = _raised(ctx, handle)
        ctx.expect(
            isinstance(error, InvokeTimeoutError),
            "the runtime's limits do not count when the call has none of its own",
            expected="InvokeTimeoutError",
            came=repr(error),
        )
    finally:
        _end(ctx, runtime)


def _raised(ctx: Context, handle: Any) -> Exception | None:
    async def alone() -> None:
        if ctx.way == "async":
            await handle.ainvoke("Say hello.")
            return
        async with handle.astream("Say hello.") as stream:
            async for _ in stream:
                pass

    try:
        if ctx.way == "sync":
            handle.invoke("Say hello.")
        elif ctx.way == "stream":
            with handle.stream("Say hello.") as stream:
                list(stream)
        else:
            ctx.run(alone())
    except Exception as error:
        # Whatever is raised is judged by the check.
        return error
    return None


def _end(ctx: Context, runtime: Runtime) -> None:
    if ctx.way in ("async", "astream"):
        ctx.run(runtime.aclose())
    else:
        runtime.close()


@check(
    "PAR-15",
    "types of seed and user",
    fix="Send the seed as a whole number and the user's id as text, both as they were given.",
)
def par_15(ctx: Context) -> None:
    """A seed that is rounded gives other answers; a user's id that becomes a number is another user."""
    if "seed" in ctx.rules:
        rule = ctx.rules["seed"]
        for seed in (0, 1, 42, -1, 2**31 - 1, 2**53 + 1):
            if (rule.min is None or rule.min <= seed) and (rule.max is None or seed <= rule.max):
                got = ctx.chat(parameters={"seed": seed}).ok()
                found = [value for path, value in leaves(got.body) if path.endswith("seed")]
                ctx.expect(
                    len(found) == 1 and type(found[0]) is int and found[0] == seed,
                    "the seed does not arrive as it was given",
                    expected=f"the whole number {seed}",
                    came=repr(found),
                )
    plain = plain_fields(ctx, ctx.chat().ok().body)
    known = ctx.server.dialect.fields.get(ctx.outcomes[-1].request.kind, frozenset())
    # OpenAI takes 64 characters at most.
    for user in ("user-1", "007", "42", "ада ✓", "true", "0123456789abcdef" * 4):
        got = ctx.chat(user=user).ok()
        paths = where(leaves(got.body), user)
        ctx.expect(
            paths or not known & {"user", "metadata", "safety_identifier"},
            "the user's id does not reach the vendor",
            expected=f"{user!r} in a field of the request",
            came="no such text in the request",
        )
        ctx.expect(len(paths) <= 1, "the user's id stands twice in the request", came=", ".join(paths))
        within = [path for path in paths if "messages" in path or "prompt" in path]
        ctx.expect(not within, "the user's id goes to the model, as a part of the prompt", came=", ".join(within))
    if known & {"user", "metadata", "safety_identifier"}:
        for name, got in company.beside(ctx, user="user-1"):
            with ctx.case(name):
                paths = where(leaves(got.body), "user-1")
                ctx.equal(len(paths), 1, "the number of fields that hold the user's id", outcome=got)
    users = [path for path in dict(leaves(plain)) if path.endswith(("user", "user_id"))]
    ctx.expect(not users, "a call without a user has one", expected="no such field", came=", ".join(users))
