"""TOL: calls that a model makes, and how an answer with calls looks."""

from __future__ import annotations

import json
import random
from typing import Any

from mrt_testing_kit.catalogue import STREAMS, WHOLE, check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import OFFERED, TOOLS, any_object, ask, cut, heard, judge_calls
from mrt_testing_kit.server import Answer, Text, ToolCall

_ARGUMENTS: tuple[dict[str, Any], ...] = (
    {"city": "Paris"},
    {"city": "", "days": 0, "metric": False, "note": None, "tags": [], "more": {}},
    {"deep": {"list": [1, 2.5, -3, True, {"x": [[]]}]}, "text": 'a "quoted" \\ line\nand {"json": 1}'},
    # Numbers that lose digits on a way through floats, and such that are written in several ways.
    {"id": 2**53 + 1, "big": 10**20 + 1, "low": -(2**63), "sum": 0.1 + 0.2, "small": 1e-9, "huge": 1.5e300},
)


@check(
    "TOL-01",
    "one call",
    needs=[TOOLS],
    ways=WHOLE,
    essential=True,
    fix="Return each call as a ToolCall with the vendor's id, the name, and the arguments as JSON text.",
)
def tol_01(ctx: Context) -> None:
    """A call that arrives changed makes the program do something else than the model wanted."""
    for number, arguments in enumerate(_ARGUMENTS):
        ctx.server.next_answer(Answer(calls=[ToolCall("get_weather", json.dumps(arguments), f"call_o{number}")]))
        got = ctx.chat("Weather?", tools=OFFERED)
        judge_calls(ctx, got, [("get_weather", arguments)], [f"call_o{number}"])
        ctx.equal(got.text, "", "the text of an answer that is a call alone")
        ctx.equal(got.finish, "tool_calls", "the finish reason")
        ctx.equal(len(got.requests), 1, "the number of requests")
        offered = [tool.name for tool in heard(got).tools]
        ctx.equal(offered, [tool.name for tool in OFFERED], "the tools that the vendor was offered")
    got = ctx.chat("Say hello.", tools=OFFERED).ok()
    ctx.equal(got.text, ctx.oracle.reply("Say hello."), "the text of an answer without calls")
    ctx.equal(got.calls, [], "the calls of an answer without calls")


@check(
    "TOL-02",
    "streamed call",
    bugs=["xorbitsai/inference#2416"],
    needs=[TOOLS],
    ways=STREAMS,
    essential=True,
    fix="Yield the pieces of each call as a flat list of ToolCall, with index and id of their call; the name once.",
)
def tol_02(ctx: Context) -> None:
    """Pieces of one call that are lost, doubled or nested leave arguments that nobody can read."""
    for number, arguments in enumerate(_ARGUMENTS):
        text = json.dumps(arguments)
        for pieces in ([text], list(text), [text[:1], text[1:]], ["", text, ""], [*text[:-1], text[-1]]):
            call = ToolCall("get_weather", text, f"call_o{number}", pieces)
            ctx.server.next_answer(Answer(calls=[call]))
            got = ctx.chat("Weather?", tools=OFFERED)
            judge_calls(ctx, got, [("get_weather", arguments)], [f"call_o{number}"])
            ctx.equal(got.text, "", "the text of an answer that is a call alone")
            ctx.equal(got.finish, "tool_calls", "the finish reason")
            ctx.equal(len(got.requests), 1, "the number of requests")

    def fragmented(draw: random.Random) -> None:
        arguments = any_object(draw)
        text = json.dumps(arguments, ensure_ascii=draw.random() < 0.5)
        ctx.server.next_answer(Answer(calls=[ToolCall("take_note", text, "call_r", cut(draw, text, 30))]))
        judge_calls(ctx, ctx.chat("Note it.", tools=OFFERED), [("take_note", arguments)], ["call_r"])

    ctx.explore(fragmented)


@check(
    "TOL-05",
    "N parallel calls, in order",
    bugs=[
        "BerriAI/litellm#33678",
        "mozilla-ai/any-llm#1160",
        "BerriAI/litellm#16194",
        "deepset-ai/haystack-core-integrations#1711",
        "mozilla-ai/any-llm#1013",
        "run-llama/llama_index#17713",
    ],
    faults=["F38"],
    needs=[TOOLS],
    fix="Keep every call in the vendor's order; a new id, or a whole call after a whole call, starts a new one.",
)
def tol_05(ctx: Context) -> None:
    """Of several calls the first alone is acted on, or all of them run together into one that is no JSON."""
    names = [tool.name for tool in OFFERED]
    for count in (2, 3, 7):
        for same in (False, True):
            # Of seven calls of one tool, two are alike in everything but their ids.
            numbers = [n % 6 for n in range(count)]
            wanted = [("take_note" if same else names[n % 3], {"city": f"C{n}", "n": n}) for n in numbers]
            ids = [f"call_{count}{n}" for n in range(count)]
            calls = [ToolCall(name, json.dumps(found), id) for (name, found), id in zip(wanted, ids, strict=True)]
            ctx.server.next_answer(Answer(calls=calls))
            got = ctx.chat("Do all of it.", tools=OFFERED)
            judge_calls(ctx, got, wanted, ids)
            ctx.equal(got.finish, "tool_calls", "the finish reason")
            if ctx.way in ("stream", "astream"):
                for index in ("count", "zero"):
                    got = ask(ctx, Answer(calls=calls), "F38", calls=count, index=index)
                    judge_calls(ctx, got, wanted, ids)


@check(
    "TOL-13",
    "finish reason of an answer with calls",
    bugs=["deepset-ai/haystack-core-integrations#3102"],
    faults=["F31"],
    needs=[TOOLS],
    fix="Say tool_calls when there are calls and the vendor says stop or nothing; keep length and content_filter.",
)
def tol_13(ctx: Context) -> None:
    """Agents look at the finish reason: 'stop' beside calls ends their loop before the tools have run."""
    call = ToolCall("get_weather", '{"city": "Paris"}', "call_f")
    table = {
        "tool_calls": "tool_calls",
        "stop": "tool_calls",
        None: "tool_calls",
        "length": "length",
        "content_filter": "content_filter",
    }
    for word, right in table.items():
        ctx.server.next_answer(Answer(calls=[call], finish=word))
        got = ctx.chat("Weather?", tools=OFFERED).ok()
        ctx.equal(got.finish, right, f"the finish reason of an answer with a call, which the vendor ends with {word!r}")
    for word in ("stop", "length"):
        ctx.server.next_answer(Answer("No tool is needed.", finish=word))
        got = ctx.chat("Weather?", tools=OFFERED).ok()
        ctx.equal(got.finish, word, "the finish reason of an answer without calls, to a question with tools")


@check(
    "TOL-16",
    "text beside calls",
    bugs=["langgenius/dify-official-plugins#3270"],
    needs=[TOOLS],
    fix="Read text and calls of a message or chunk both; neither rules out the other.",
)
def tol_16(ctx: Context) -> None:
    """A model says what it is about to do and does it: either half alone misleads."""
    for pieces in (["Let", " me", " look."], ["x"], ["First line.\n\n", "ha", "ha", "ha"]):
        for count in (1, 2):
            calls = [ToolCall("get_weather", json.dumps({"city": f"C{n}"}), f"call_t{n}") for n in range(count)]
            ctx.server.next_answer(Answer(pieces, calls=calls))
            got = ctx.chat("Weather?", tools=OFFERED)
            judge_calls(ctx, got, [("get_weather", {"city": f"C{n}"}) for n in range(count)])
            # Engines that read calls out of the text leave the line breaks around them.
            ctx.equal(got.text.rstrip("\n"), "".join(pieces), "the text beside the calls")
    after = Answer(parts=[ToolCall("tell_time", "{}", "call_a"), Text(["And", " then."])], finish="tool_calls")
    got = ask(ctx, after)
    judge_calls(ctx, got, [("tell_time", {})])
    ctx.equal(got.text, "And then.", "the text after a call")
