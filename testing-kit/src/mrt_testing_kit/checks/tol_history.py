"""TOL: calls and their results on the way back to the model."""

from __future__ import annotations

import json
from typing import Any

from mrt import (
    AssistantPromptMessage,
    InvokeBadRequestError,
    PromptMessage,
    TextPromptMessageContent,
    ToolCall,
    ToolCallFunction,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import OFFERED, TOOLS, heard, turns, value
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import Answer


def _call(id: str, name: str, arguments: dict[str, Any]) -> ToolCall:
    return ToolCall(id, function=ToolCallFunction(name, json.dumps(arguments, ensure_ascii=False)))


def _paired(got: Outcome) -> list[tuple[str, str]]:
    """Return tool and result of each result that went back."""
    talk = heard(got)
    results = [result for turn in talk.turns for result in turn.results]
    return [(call.name or "" if (call := talk.call(found.id)) is not None else "?", found.text) for found in results]


@check(
    "TOL-15",
    "history round trip",
    bugs=[
        "mozilla-ai/any-llm#1278",
        "mozilla-ai/any-llm#1318",
        "xorbitsai/inference#4242",
        "deepset-ai/haystack-core-integrations#3321",
    ],
    needs=[TOOLS],
    fix="Send calls and results back in the vendor's own fields, tied by id; look the tool's name up by that id.",
)
def tol_15(ctx: Context) -> None:
    """A history that is flattened to text, or whose results are tied to other calls, makes the model guess."""
    ctx.strict("S3", "S6")
    first = [
        _call("call_x1", "get_weather", {"city": "Paris"}),
        _call("call_x2", "take_note", {"title": "München ✓", "n": 0, "id": 2**63 + 1, "body": _LONG}),
    ]
    second = [_call("call_y1", "get_weather", {"city": "Rome"})]
    history: list[PromptMessage] = [
        UserPromptMessage("Weather in Paris, and take a note."),
        AssistantPromptMessage("Let me look.", first),
        # Not in the order of the calls: only the ids say which is whose.
        ToolPromptMessage("noted", tool_call_id="call_x2"),
        ToolPromptMessage("sunny", tool_call_id="call_x1"),
        AssistantPromptMessage("Sunny, and noted."),
        UserPromptMessage("And in Rome?"),
        AssistantPromptMessage("", second),
        ToolPromptMessage("rain", tool_call_id="call_y1", name="get_weather"),
    ]
    ctx.server.next_answer(Answer("It rains."))
    got = ctx.chat(history, tools=OFFERED).ok()
    talk = heard(got)
    calls = [(call.name, value(str(call.arguments))) for turn in talk.turns for call in turn.calls]
    wanted = [(call.function.name, value(call.function.arguments)) for call in [*first, *second]]
    ctx.equal(calls, wanted, "the calls that went back")
    ctx.equal(
        sorted(_paired(got)),
        [("get_weather", "rain"), ("get_weather", "sunny"), ("take_note", "noted")],
        "which result went to which tool",
    )
    named = [
        (found.name, call.name)
        for turn in talk.turns
        for found in turn.results
        if (call := talk.call(found.id)) and found.name
    ]
    ctx.expect(
        all(name == right for name, right in named),
        "a result carries another tool's name",
        expected="the name of the tool that was called",
        came=repr(named),
    )
    ids = [call.id for turn in talk.turns for call in turn.calls]
    ctx.expect(len(set(ids)) == 3 and all(ids), "the ids of the calls that went back are not three", came=repr(ids))
    said = [turn.text for turn in turns(got, "assistant")]
    ctx.equal(
        [text for text in said if text], ["Let me look.", "Sunny, and noted."], "the assistant's texts that went back"
    )
    asked = [turn.text for turn in turns(got, "user") if turn.text]
    ctx.equal(asked, ["Weather in Paris, and take a note.", "And in Rome?"], "the user's texts that went back")
    ctx.server.next_answer(Answer("It rains."))
    got = ctx.chat([*history, UserPromptMessage("And in Oslo?")], tools=OFFERED).ok()
    asked = [turn.text for turn in turns(got, "user") if turn.text]
    ctx.equal(asked[-1:], ["And in Oslo?"], "the user's words after a result")
    _loop(ctx)
    _many(ctx)
    ctx.server.strict = frozenset()
    for odd in _IDS:
        with ctx.case(f"the ids {odd[0]} and {odd[1]}" if len(odd[0]) < 20 else f"ids of {len(odd[0])} characters"):
            _odd_ids(ctx, odd)


# As other vendors have them: two of them differ in what is easily cut off or replaced.
_IDS = (
    ("call_" + "x" * 59 + "1", "call_" + "x" * 59 + "2"),
    ("c" * 200 + "1", "c" * 200 + "2"),
    ("functions.get_weather:0", "functions.get_weather:1"),
    ("call.1", "call:1"),
    ("0", "00"),
    ("a b/ü", "a b/ö"),
)


def _odd_ids(ctx: Context, ids: tuple[str, str]) -> None:
    """Let calls go back that another vendor's model made, whose ids are of another form."""
    calls = [_call(ids[0], "get_weather", {"city": "Paris"}), _call(ids[1], "take_note", {"title": "n"})]
    history: list[PromptMessage] = [
        UserPromptMessage("Do it."),
        AssistantPromptMessage("", calls),
        ToolPromptMessage("noted", tool_call_id=ids[1]),
        ToolPromptMessage("sunny", tool_call_id=ids[0]),
    ]
    ctx.server.next_answer(Answer("Done."))
    got = ctx.chat(history, tools=OFFERED)
    if isinstance(got.error, InvokeBadRequestError) and not got.requests:
        ctx.server.take_answer()
        return
    got.ok()
    wanted = [("get_weather", "sunny"), ("take_note", "noted")]
    ctx.equal(sorted(_paired(got)), wanted, "which result went to which tool")
    found = [call.id for turn in heard(got).turns for call in turn.calls]
    ctx.equal(len(set(found)), 2, "the number of ids that went back")


def _many(ctx: Context) -> None:
    """Let many calls of one answer go back, and several rounds of them."""
    history: list[PromptMessage] = [UserPromptMessage("Do all of it.")]
    wanted: list[tuple[str, Any]] = []
    for round in range(2):
        calls = [_call(f"call_{round}_{n}", OFFERED[n % 3].name, {"n": n, "id": 2**53 + 1 + n}) for n in range(12)]
        history.append(AssistantPromptMessage(f"Round {round}.", calls))
        history += [ToolPromptMessage(f"result {round} {n}", tool_call_id=call.id) for n, call in enumerate(calls)]
        wanted += [(call.function.name, value(call.function.arguments)) for call in calls]
    ctx.server.next_answer(Answer("Done."))
    got = ctx.chat(history, tools=OFFERED).ok()
    found = [(call.name, value(str(call.arguments))) for turn in heard(got).turns for call in turn.calls]
    ctx.equal(found, wanted, "the calls of two rounds of 12 that went back")
    results = [result.text for turn in heard(got).turns for result in turn.results]
    ctx.equal(results, [f"result {round} {n}" for round in range(2) for n in range(12)], "the results that went back")


def _loop(ctx: Context) -> None:
    """Let the model call two tools, give it the results, and compare its answer, which quotes them."""
    question = UserPromptMessage("[[oracle: tools 2]]")
    got = ctx.chat([question], tools=OFFERED).ok()
    ctx.equal([call.function.name for call in got.calls], ["get_weather", "tell_time"], "the calls")
    message = got.answer.message if got.answer is not None else AssistantPromptMessage("")
    results = [
        ToolPromptMessage(f"result-{n}", tool_call_id=call.id, name=call.function.name)
        for n, call in enumerate(got.calls)
    ]
    back = ctx.chat([question, message, *results], tools=OFFERED).ok()
    ctx.equal(back.text, "get_weather returned result-0; tell_time returned result-1.", "the answer to the results")
    ctx.equal(back.calls, [], "the calls of the answer to the results")


@check(
    "TOL-22",
    "result kinds, error status",
    bugs=["mozilla-ai/any-llm#947"],
    needs=[TOOLS],
    fix="Send every result as text, wrapped in an object only where the vendor wants one; mark failures where it can.",
)
def tol_22(ctx: Context) -> None:
    """Tools return lists, numbers, nothing at all, or fail; a vendor that wants an object refuses the bare ones."""
    ctx.strict("S3", "S6")
    kinds = (
        '{"degrees": 21}',
        '["a", "b"]',
        '"quoted"',
        "21",
        "0",
        "null",
        "false",
        "plain text",
        "两行\nText ✓",
        " ",
        "  if x:\n\tpass \n",
        _LONG,
    )
    for text in kinds:
        got = _answered(ctx, ToolPromptMessage(text, tool_call_id="call_k"))
        result = heard(got).results[0]
        # Wrapped in an object of the vendor's, or a blank in place of nothing, is fine; changed or lost is not.
        ctx.expect(
            text in result.text or value(result.text) == value(text) or not text.strip(),
            "the result of a tool did not arrive",
            expected=text,
            came=repr(result.text),
        )
        ctx.expect(not result.error, "a result is marked as a failure", expected="no mark", came=repr(text))
    parts = [TextPromptMessageContent("first"), TextPromptMessageContent("second")]
    result = heard(_answered(ctx, ToolPromptMessage(parts, tool_call_id="call_k"))).results[0]
    ctx.expect(
        "first" in result.text and "second" in result.text, "a part of a tool's result is lost", came=repr(result.text)
    )
    _answered(ctx, ToolPromptMessage("", tool_call_id="call_k"))
    sentence = "No such city: Atlantis"
    for content in (sentence, [TextPromptMessageContent(sentence)]):
        result = heard(_answered(ctx, ToolPromptMessage(content, tool_call_id="call_k", is_error=True))).results[0]
        ctx.expect(sentence in result.text, "the error of a tool did not arrive", came=repr(result.text))
        if ctx.server.dialect.tool_errors:
            ctx.expect(
                result.error, "the vendor is not told that a tool failed", expected="the vendor's mark of a failure"
            )


# As long as a page of the web, or a file.
_LONG = "".join(f"row {n}, ✓\n" for n in range(3000)) + "the end"


def _answered(ctx: Context, result: ToolPromptMessage) -> Outcome:
    call = _call("call_k", "get_weather", {"city": "Paris"})
    ctx.server.next_answer(Answer("I see."))
    got = ctx.chat([UserPromptMessage("Weather?"), AssistantPromptMessage("", [call]), result], tools=OFFERED).ok()
    ctx.equal(got.text, "I see.", "the text of the answer")
    found = heard(got).results
    ctx.equal(
        [item.id for item in found],
        [made.id for turn in heard(got).turns for made in turn.calls],
        "the ids of the results",
    )
    ctx.equal(len(found), 1, "the number of results that went back")
    return got
