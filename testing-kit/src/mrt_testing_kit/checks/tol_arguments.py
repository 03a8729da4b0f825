"""TOL: arguments that are missing, odd, broken, long, or in other scripts."""

from __future__ import annotations

import json
import random

from mrt import AssistantPromptMessage, ToolPromptMessage, UserPromptMessage
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import OFFERED, TOOLS, any_object, ask, cut, heard, judge_calls, value
from mrt_testing_kit.server import Answer, ToolCall


@check(
    "TOL-03",
    "no, empty or null arguments become an empty object",
    bugs=[
        "langchain-ai/langchain#34242",
        "simonw/llm#1164",
        "pydantic/pydantic-ai#3571",
        "deepset-ai/haystack-core-integrations#2121",
    ],
    faults=["F36"],
    needs=[TOOLS],
    fix="Read arguments that are '', blank or null as {}; never parse them unasked.",
)
def tol_03(ctx: Context) -> None:
    """A tool without arguments gets '' or null from many vendors, and parsing that as JSON crashes."""
    full = ToolCall("get_weather", '{"city": "Paris"}', "call_full")
    for what in ("empty", "null", "whitespace"):
        answer = Answer(calls=[ToolCall("tell_time", "{}", "call_bare")])
        judge_calls(ctx, ask(ctx, answer, "F36", what=what), [("tell_time", {})], ["call_bare"])
    for bare in ("", None, " \n", "{}"):
        empty = ToolCall("tell_time", bare, "call_bare")
        for calls in ([empty], [empty, full], [full, empty]):
            wanted = [(call.name or "", {"city": "Paris"} if call is full else {}) for call in calls]
            got = ask(ctx, Answer(calls=calls))
            judge_calls(ctx, got, wanted, [call.id or "" for call in calls])
            for call in got.calls:
                text = call.function.arguments
                ctx.expect(
                    text.strip() not in ("", "null"), "empty arguments stay empty", expected="{}", came=repr(text)
                )


@check(
    "TOL-04",
    "arguments that are an object",
    faults=["F36"],
    needs=[TOOLS],
    fix="Turn arguments that come as an object into JSON text; never into Python's text of a dict.",
)
def tol_04(ctx: Context) -> None:
    """Several servers send an object where the protocol has text; str() makes something of it that is no JSON."""
    for arguments in (
        {"city": "Paris"},
        {"on": True, "off": False, "none": None, "text": "it's", "list": [1, {"a": "b"}]},
    ):
        answer = Answer(calls=[ToolCall("get_weather", json.dumps(arguments), "call_o")])
        judge_calls(ctx, ask(ctx, answer, "F36", what="object"), [("get_weather", arguments)], ["call_o"])


@check(
    "TOL-14",
    "broken JSON surfaces raw",
    faults=["F36"],
    needs=[TOOLS],
    fix="Hand arguments on as the vendor wrote them; the program that calls the tool has to decide about broken ones.",
)
def tol_14(ctx: Context) -> None:
    """Arguments that are no JSON must neither crash the answer nor silently become other ones."""
    for text, what in (('{"city": "Paris"}', "broken"), ('{"city": "Par', None), ('{"a": 1} {"b": 2}', None)):
        answer = Answer(calls=[ToolCall("get_weather", text, "call_b")])
        got = ask(ctx, answer, "F36", what=what) if what else ask(ctx, answer)
        got.ok()
        said = got.request.answer.calls[0].arguments if got.request.answer is not None else None
        ctx.equal([call.function.name for call in got.calls], ["get_weather"], "the calls")
        ctx.equal(got.calls[0].function.arguments, said, "the arguments that are no JSON")
    answer = Answer(calls=[ToolCall("get_weather", "{}", "call_b")])
    judge_calls(ctx, ask(ctx, answer, "F36", what="list"), [("get_weather", [1])])


@check(
    "TOL-23",
    "1 MB of arguments",
    needs=[TOOLS],
    fix="Collect the pieces in a list and join them once at the end.",
)
def tol_23(ctx: Context) -> None:
    """Tools that write files get whole files as arguments, in thousands of pieces."""
    arguments = {"body": "0123456789abcde\n" * 65536}
    text = json.dumps(arguments)
    pieces = [text[at : at + 1024] for at in range(0, len(text), 1024)]
    ctx.server.next_answer(Answer(calls=[ToolCall("take_note", text, "call_big", pieces)]))
    got = ctx.chat("Write it down.", tools=OFFERED).ok()
    ctx.equal(len(got.calls), 1, "the number of calls")
    came = value(got.calls[0].function.arguments)
    ctx.expect(came == arguments, "1 MB of arguments did not arrive as it was sent", expected=f"{len(text)} characters")


@check(
    "TOL-24",
    "arguments in all scripts",
    needs=[TOOLS],
    fix="Decode once, as JSON; write JSON text with or without escapes, but never escape what is escaped already.",
)
def tol_24(ctx: Context) -> None:
    """Names of cities in any script arrive as the model wrote them, and go back so with the history."""

    def spoken(draw: random.Random) -> None:
        arguments = any_object(draw)
        text = json.dumps(arguments, ensure_ascii=draw.random() < 0.5)
        # Cut anywhere: within an escape, and between the halves of a pair of them.
        call = ToolCall("take_note", text, "call_u", cut(draw, text, 40))
        ctx.server.next_answer(Answer(calls=[call]))
        got = ctx.chat("Note it.", tools=OFFERED)
        judge_calls(ctx, got, [("take_note", arguments)])
        history = [
            UserPromptMessage("Note it."),
            AssistantPromptMessage("", got.calls),
            ToolPromptMessage("noted ✓ 世界", tool_call_id=got.calls[0].id),
        ]
        ctx.server.next_answer(Answer("Done."))
        back = ctx.chat(history, tools=OFFERED).ok()
        calls = [call for turn in heard(back).turns for call in turn.calls]
        ctx.equal([value(str(call.arguments)) for call in calls], [arguments], "the arguments that went back")
        ctx.equal([found.text for found in heard(back).results], ["noted ✓ 世界"], "the result that went back")

    for arguments in ({"city": "Zürich 世界 😀"}, {"städte": ["Łódź", "서울"], "emoji👩‍👩‍👧": "e\u0301\u2028"}):
        for escaped in (False, True):
            text = json.dumps(arguments, ensure_ascii=escaped)
            ctx.server.next_answer(Answer(calls=[ToolCall("get_weather", text, "call_u", list(text))]))
            judge_calls(ctx, ctx.chat("Weather?", tools=OFFERED), [("get_weather", arguments)])
    ctx.explore(spoken, times=3)
