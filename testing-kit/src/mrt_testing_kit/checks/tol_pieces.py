"""TOL: which piece of a stream belongs to which call."""

from __future__ import annotations

import json
import random
from typing import Any

from mrt import AssistantPromptMessage, PromptMessage, ToolPromptMessage, UserPromptMessage
from mrt_testing_kit.catalogue import STREAMS, check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import OFFERED, TOOLS, ask, cut, heard, judge_calls, was_sent
from mrt_testing_kit.server import Answer, ToolCall

_NAMES = ("get_weather", "take_note", "get_weather")


def _three() -> tuple[list[ToolCall], list[tuple[str, Any]]]:
    wanted: list[tuple[str, Any]] = [(name, {"city": f"City {n}", "n": n}) for n, name in enumerate(_NAMES)]
    calls = [ToolCall(name, json.dumps(found), f"call_p{n}") for n, (name, found) in enumerate(wanted)]
    return calls, wanted


def _ids(calls: list[ToolCall]) -> list[str]:
    return [call.id or "" for call in calls]


@check(
    "TOL-06",
    "interleaved calls",
    faults=["F32"],
    needs=[TOOLS],
    ways=STREAMS,
    fix="Keep one buffer per index (or block), not one for the call that came last.",
)
def tol_06(ctx: Context) -> None:
    """Pieces of several calls may alternate; what goes to the call before last ends in the wrong arguments."""

    def mixed(draw: random.Random) -> None:
        count = draw.randint(2, 4)
        wanted: list[tuple[str, Any]] = [(draw.choice(_NAMES), {"city": "x" * n, "n": n}) for n in range(count)]
        calls: list[ToolCall] = []
        for n, (name, found) in enumerate(wanted):
            text = json.dumps(found)
            calls.append(ToolCall(name, text, f"call_m{n}", cut(draw, text)))
        judge_calls(ctx, ask(ctx, Answer(calls=calls), "F32", calls=count), wanted, _ids(calls))

    calls, wanted = _three()
    judge_calls(ctx, ask(ctx, Answer(calls=calls), "F32", calls=3), wanted, _ids(calls))
    ctx.explore(mixed)


@check(
    "TOL-07",
    "same index, other id",
    bugs=["langchain-ai/langchain#35281", "huggingface/smolagents#1958"],
    faults=["F33"],
    needs=[TOOLS],
    ways=STREAMS,
    fix="Start a new call when an id comes that is not the id of the call in that place.",
)
def tol_07(ctx: Context) -> None:
    """Servers that give every call index 0 tell them apart by id alone; merged, names and ids run together."""
    calls, wanted = _three()
    for count in (2, 3):
        got = ask(ctx, Answer(calls=calls[:count]), "F33", calls=count)
        judge_calls(ctx, got, wanted[:count], _ids(calls))


@check(
    "TOL-08",
    "no index",
    faults=["F34"],
    needs=[TOOLS],
    ways=STREAMS,
    fix="Without an index, a piece with an id or a name starts a call and all others go on with the last one.",
)
def tol_08(ctx: Context) -> None:
    """The index is missing or null in the streams of several servers."""
    calls, wanted = _three()
    for what in ("none", "null"):
        for count in (1, 3):
            got = ask(ctx, Answer(calls=calls[:count]), "F34", what=what, calls=count)
            judge_calls(ctx, got, wanted[:count], _ids(calls))


@check(
    "TOL-09",
    "gaps in the indices",
    faults=["F34"],
    needs=[TOOLS],
    ways=STREAMS,
    fix="Use the index as a key, not as a place in a list, and number the calls yourself.",
)
def tol_09(ctx: Context) -> None:
    """Indices that begin at 1 or jump leave holes in a list that is indexed with them."""
    calls, wanted = _three()
    for count in (1, 3):
        got = ask(ctx, Answer(calls=calls[:count]), "F34", what="gaps", calls=count)
        judge_calls(ctx, got, wanted[:count], _ids(calls))


@check(
    "TOL-10",
    "ids made unique",
    bugs=["xorbitsai/inference#4242", "deepset-ai/haystack-core-integrations#3321"],
    faults=["F35"],
    needs=[TOOLS],
    fix="Give a call without an id, or with one that another call of the answer has, an id of its own.",
)
def tol_10(ctx: Context) -> None:
    """Two calls with one id, or none, cannot be answered apart: results go to the wrong call."""
    calls, wanted = _three()
    for what in ("duplicate", "empty", "id-null"):
        got = ask(ctx, Answer(calls=calls), "F35", what=what, calls=3)
        judge_calls(ctx, got, wanted)
        results = [ToolPromptMessage(f"result {n}", tool_call_id=call.id) for n, call in enumerate(got.calls)]
        history: list[PromptMessage] = [UserPromptMessage("Do it."), AssistantPromptMessage("", got.calls), *results]
        ctx.server.next_answer(Answer("Done."))
        talk = heard(ctx.chat(history, tools=OFFERED).ok())
        paired = [(call.name, found.text) for found in talk.results if (call := talk.call(found.id)) is not None]
        ctx.equal(
            paired, [(name, f"result {n}") for n, (name, _) in enumerate(wanted)], "which result went to which tool"
        )
        ids = [call.id for turn in talk.turns for call in turn.calls]
        ctx.equal(len(set(ids)), 3, "the number of ids that went back")


@check(
    "TOL-11",
    "late id or name",
    bugs=["langgenius/dify-plugin-sdks#82", "langgenius/dify-plugin-sdks#104"],
    faults=["F35"],
    needs=[TOOLS],
    ways=STREAMS,
    fix="Take id and name from whichever piece has them, and never let a later null overwrite them.",
)
def tol_11(ctx: Context) -> None:
    """Later pieces of a call carry null where the first had the name, or the id comes with the last piece."""
    calls, wanted = _three()
    for what in ("later-null", "id-late", "name-late"):
        for count in (1, 2):
            got = ask(ctx, Answer(calls=calls[:count]), "F35", what=what, calls=count)
            if all(was_sent(got, f'"{name}"') for name, _ in wanted[:count]):
                judge_calls(ctx, got, wanted[:count], _ids(calls))


@check(
    "TOL-12",
    "call in a chunk without content",
    bugs=["langgenius/dify-official-plugins#2228", "langgenius/dify-official-plugins#2912"],
    faults=["F37"],
    needs=[TOOLS],
    ways=STREAMS,
    fix="Look for calls in every chunk, also in one whose content is empty, null or not there.",
)
def tol_12(ctx: Context) -> None:
    """A chunk that is skipped since its text is empty takes the call in it along."""
    calls, wanted = _three()
    for what in ("null", "empty", "missing"):
        for text in ("", "Let me see."):
            got = ask(ctx, Answer(text, calls=calls[:2]), "F37", what=what, calls=2)
            judge_calls(ctx, got, wanted[:2], _ids(calls))
            ctx.equal(got.text, text, "the text beside the calls")
