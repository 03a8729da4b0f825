"""TOL: names of tools that vendors refuse, and which tool the model has to call."""

from __future__ import annotations

from mrt import (
    AssistantPromptMessage,
    InvokeBadRequestError,
    PromptMessage,
    PromptMessageTool,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.company import beside
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import OFFERED, TOOLS, WEATHER, heard
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import Answer


@check(
    "TOL-18",
    "names",
    bugs=["pydantic/pydantic-ai#4713"],
    needs=[TOOLS],
    fix="Give a name that the vendor refuses a stand-in, the same in tools, choice and history; turn it back in calls.",
)
def tol_18(ctx: Context) -> None:
    """Tools are called weather.get or by words of any script; many vendors take letters, digits, _ and - alone."""
    ctx.strict("S3", "S6")
    legal = ["get_weather-2", "A", "x" * 64, "Get_Weather", "0"]
    got = ctx.chat(f"[[oracle: tools {len(legal)}]]", tools=_named(legal)).ok()
    ctx.equal(
        [tool.name for tool in heard(got).tools], legal, "the names on the wire, which the vendor takes as they are"
    )
    ctx.equal([call.function.name for call in got.calls], legal, "the names in the calls")
    for names in (
        ["weather.get"],
        ["weather.get", "weather_get", "weather-get"],
        ["wetter für heute", "天気"],
        ["y" * 140 + "1", "y" * 140 + "2"],
    ):
        with ctx.case(
            f"tools called {', '.join(name if len(name) < 30 else f'{name[:9]}…{name[-3:]}' for name in names)}"
        ):
            _judge_names(ctx, names)


def _named(names: list[str]) -> list[PromptMessageTool]:
    return [PromptMessageTool(name, "Helps.", {"type": "object", "properties": {}}) for name in names]


def _is_refused(ctx: Context, got: Outcome) -> bool:
    """Tell whether the provider said at once that it cannot be done, which is fair, too."""
    if isinstance(got.error, InvokeBadRequestError) and not got.requests:
        ctx.server.take_answer()
        return True
    return False


def _calls_back(got: Outcome) -> list[str]:
    return [call.name or "" for turn in heard(got).turns for call in turn.calls]


def _judge_names(ctx: Context, names: list[str]) -> None:
    tools = _named(names)
    got = ctx.chat(f"[[oracle: tools {len(names)}]]", tools=tools)
    if _is_refused(ctx, got):
        return
    ctx.equal([call.function.name for call in got.ok().calls], names, "the names in the calls")
    wire = [tool.name for tool in heard(got).tools]
    ctx.equal(len(set(wire)), len(names), "the number of names on the wire")
    results = [ToolPromptMessage("ok", tool_call_id=call.id, name=call.function.name) for call in got.calls]
    history: list[PromptMessage] = [UserPromptMessage("Go."), AssistantPromptMessage("", got.calls), *results]
    ctx.server.next_answer(Answer("Done."))
    back = _calls_back(ctx.chat(history, tools=tools).ok())
    ctx.equal(back, wire, "the names in the history, against those of the tools")
    # A conversation goes on when its tools are offered no more; strict vendors look at the names in it all the same.
    for left in ([WEATHER], tools[1:], []):
        ctx.server.next_answer(Answer("Done."))
        got = ctx.chat(history, tools=left or None)
        if not _is_refused(ctx, got):
            back = _calls_back(got.ok())
            ctx.equal(len(set(back)), len(names), "the number of names in a history whose tools are offered no more")
    _judge_choice(ctx, tools, wire)


def _judge_choice(ctx: Context, tools: list[PromptMessageTool], wire: list[str]) -> None:
    rule = ctx.rules.get("tool_choice")
    if rule is None or rule.options:
        return
    for tool, stand_in in zip(tools, wire, strict=True):
        ctx.server.next_answer(Answer("Done."))
        got = ctx.chat("Go.", parameters={"tool_choice": tool.name}, tools=tools)
        if not _is_refused(ctx, got):
            offered = [spec.name for spec in heard(got.ok()).tools]
            ctx.equal(offered, wire, "the names of the tools beside a choice")
            ctx.equal(heard(got).tool_choice, f"name:{stand_in}", "the choice of tools")


@check(
    "TOL-19",
    "choice matrix",
    bugs=["pydantic/pydantic-ai#4935", "mozilla-ai/any-llm#1292"],
    needs=[TOOLS],
    fix="Translate auto, none, required and a tool's name into the vendor's form, with its type.",
)
def tol_19(ctx: Context) -> None:
    """A choice in the wrong form is refused, or passed over, and the model does as it likes."""
    ctx.strict("S3", "S6")
    got = ctx.chat("Say hello.", tools=OFFERED).ok()
    ctx.equal(heard(got).tool_choice, "auto", "the choice of tools in a call that asks for none")
    rule = ctx.rules.get("tool_choice")
    if rule is not None:
        words = rule.options or ["auto", "none", "required", WEATHER.name]
        for word in words:
            got = ctx.chat("Say hello.", parameters={"tool_choice": word}, tools=OFFERED).ok()
            talk = heard(got)
            right = {"auto": "auto", "none": "none", "required": "required", "any": "required"}.get(
                word, f"name:{word}"
            )
            came = "none" if not talk.tools else talk.tool_choice
            ctx.equal(came, right, f"the choice of tools for tool_choice={word!r}")
            names = [call.function.name for call in got.calls]
            if right.startswith("name:"):
                ctx.equal(names, [word], "the calls of an answer that had to call a tool")
            elif right == "required":
                ctx.expect(names, "the call that had to come did not", expected="a call")
            else:
                ctx.equal(names, [], "the calls of an answer to a greeting")
    _judge_choice_in_company(ctx)
    if "parallel_tool_calls" in ctx.rules:
        for wish in (False, True):
            got = ctx.chat("[[oracle: tools 2]]", parameters={"parallel_tool_calls": wish}, tools=OFFERED).ok()
            ctx.equal(heard(got).parallel, wish, f"whether calls may be parallel with parallel_tool_calls={wish}")
            ctx.equal(len(got.calls), 2 if wish else 1, "the number of calls")


def _judge_choice_in_company(ctx: Context) -> None:
    """See that choice and flag of tools arrive together, and beside whatever else is in a call."""
    rule = ctx.rules.get("tool_choice")
    words = (rule.options or ["required", WEATHER.name]) if rule is not None else []
    flags = (False, True) if "parallel_tool_calls" in ctx.rules else ()
    for word in [word for word in words if word in ("required", "any", WEATHER.name)]:
        right = "required" if word in ("required", "any") else f"name:{word}"
        for wish in flags:
            ctx.server.next_answer(Answer("Fine."))
            wanted = {"tool_choice": word, "parallel_tool_calls": wish}
            got = ctx.chat("Say hello.", parameters=wanted, tools=OFFERED)
            if _is_refused(ctx, got):
                continue
            with ctx.case(f"{word!r} beside parallel_tool_calls={wish}"):
                ctx.equal(heard(got.ok()).tool_choice, right, "the choice of tools")
                ctx.equal(heard(got).parallel, wish, "whether calls may be parallel")
        for name, got in beside(ctx, parameters={"tool_choice": word}, tools=OFFERED):
            with ctx.case(name):
                ctx.equal(heard(got).tool_choice, right, "the choice of tools", outcome=got)
    for name, got in beside(ctx, parameters={"parallel_tool_calls": False}, tools=OFFERED) if flags else ():
        with ctx.case(name):
            ctx.equal(heard(got).parallel, False, "whether calls may be parallel", outcome=got)
