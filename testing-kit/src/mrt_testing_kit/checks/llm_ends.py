"""LLM: how answers end, and answers with little in them."""

from __future__ import annotations

import re
from typing import Any

from mrt import InvokeError
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import NotApplicable
from mrt_testing_kit.heard import OFFERED, TOOLS, written_out
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import Answer, ToolCall

_WORD = re.compile(rb'"(?:finish|stop)_reason": ?"')
_TABLE = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
    "oracle_nap": "other",
    None: None,
}
# Words of some vendors for answers that are not whole; who does not know them says "other".
_UNDONE = {"pause_turn": ("other", "length"), "model_context_window_exceeded": ("length", "other")}


@check(
    "LLM-11",
    "finish table",
    bugs=[
        "mozilla-ai/any-llm#1301",
        "pydantic/pydantic-ai#6814",
        "deepset-ai/haystack-core-integrations#3823",
        "pydantic/pydantic-ai#3045",
    ],
    faults=["F31"],
    fix="Hand the vendor's own finish word on; core knows the words, and a word that is unknown is never 'stop'.",
)
def llm_11(ctx: Context) -> None:
    """An answer that was cut off at the limit and says 'stop' is taken for a whole one."""
    for text in (["One", " two"], ["x"]):
        for word, right in _TABLE.items():
            ctx.server.next_answer(Answer(text, finish=word))
            got = ctx.chat("Count.").ok()
            ctx.equal(got.text, "".join(text), f"the text of an answer that the vendor ends with {word!r}")
            rights = [right] if right is not None else [None, "other"]
            if right is None and _WORD.search(bytes(got.request.response)):
                # Xinference says stop in the chunk with the usage, whatever came before.
                continue
            ctx.expect(
                got.finish in rights,
                f"the finish reason is wrong where the vendor ends with {word!r}",
                expected=" or ".join(map(repr, rights)),
                came=repr(got.finish),
            )
            if got.answer is not None:
                ctx.equal(got.answer.finish_reason, got.finish, "the finish reason of the whole answer")
    for word, fine in _UNDONE.items():
        ctx.server.next_answer(Answer(["One", " two"], finish=word))
        got = ctx.chat("Count.").ok()
        ctx.expect(
            got.finish in fine, f"the finish reason is wrong where the vendor ends with {word!r}",
            expected=" or ".join(map(repr, fine)), came=repr(got.finish),
        )  # fmt: skip
    for word in ("content_filter", "length"):
        ctx.server.next_answer(Answer("", finish=word))
        with ctx.case(f"the vendor ends with {word!r} before a word was said"):
            got = ctx.chat("Count.").ok()
            ctx.equal((got.text, got.finish), ("", word), "text and finish reason")
    ctx.server.next_answer(Answer(["I can", "not."]))
    with ctx.fault("F31", finish="filter", refusal=True):
        got = ctx.chat("Count.").ok()
    ctx.equal(got.text, "I cannot.", "the text of a refusal")
    ctx.server.next_answer(Answer("One two"))
    with ctx.fault("F31", finish="missing"):
        got = ctx.chat("Count.")
    if got.error is not None:
        # Without an end mark of another kind a stream without a finish is one that was cut off.
        got.fails(InvokeError)
    elif not _WORD.search(bytes(got.request.response)):
        ctx.expect(got.finish in (None, "other"), "a finish reason was made up", expected="None", came=repr(got.finish))
        ctx.equal(got.text, "One two", "the text of an answer without a finish reason")


@check(
    "LLM-12",
    "hollow reply is an error",
    essential=True,
    bugs=["mozilla-ai/any-llm#803"],
    faults=["F24"],
    fix="Raise InvokeBadResponseError when a reply of status 200 holds no answer.",
)
def llm_12(ctx: Context) -> None:
    """A reply with nothing in it is a failure of the vendor, which may be tried again; an empty answer hides it."""
    streams = ctx.way in ("stream", "astream")
    whats = ["empty", "whitespace", "hollow", "null"] + ([] if streams else ["no-items", "null-item"])
    for what in whats:
        ctx.server.next_answer(Answer("Never seen."))
        with ctx.fault("F24", what=what):
            got = ctx.chat("Say hello.")
        got.fails(InvokeError)
        ctx.equal(got.chunks, [], "the chunks of a reply that holds nothing")


@check(
    "LLM-13",
    "null fields",
    essential=True,
    bugs=["pydantic/pydantic-ai#5124"],
    faults=["F28", "F30"],
    fix="Read null as absent, in every field of an answer, and pass over what is new.",
)
def llm_13(ctx: Context) -> None:
    """What an answer may leave out comes as null from some servers; it must neither crash nor print 'None'."""
    cases: list[tuple[str, dict[str, Any]]] = [("F28", {"what": "fields"})]
    cases += [("F30", {"what": what}) for what in ("usage", "details", "counts", "missing")]
    for fault, options in cases:
        ctx.server.next_answer(Answer(["One", " two"]))
        try:
            with ctx.fault(fault, **options):
                got = ctx.chat("Count.").ok()
        except NotApplicable:
            # The vendor tells no token counts, or none in this way.
            continue
        ctx.equal(got.text, "One two", f"the text of an answer with nulls ({options['what']})")
        ctx.equal(got.finish, "stop", f"the finish reason of an answer with nulls ({options['what']})")
        ctx.equal(got.calls, [], "the tool calls of an answer without any")
        ctx.equal(got.reasoning, "", "the reasoning of an answer without any")
    _judge_new(ctx)
    if ctx.way in ("sync", "async"):
        for what in ("null", "empty"):
            ctx.server.next_answer(Answer("One two"))
            with ctx.fault("F28", what=what):
                _judge_nothing(ctx, ctx.chat("Count."))


def _judge_nothing(ctx: Context, got: Outcome) -> None:
    if got.error is not None:
        got.fails(InvokeError)
        return
    ctx.equal(got.text, "", "the text of an answer whose text is null")
    ctx.equal(got.answer.message.content or "" if got.answer else None, "", "the content of the message")


def _judge_new(ctx: Context) -> None:
    """Fail the check unless what no client knows yet is passed over; vendors add to their answers at any time."""
    answers: list[tuple[Answer, Any]] = [(Answer(["One", " two"]), None)]
    if ctx.declares(TOOLS):
        call = ToolCall("get_weather", '{"city": "Paris"}', "call_new")
        answers.append((Answer(["One", " two"], calls=[call]), OFFERED))
    for answer, tools in answers:
        ctx.server.next_answer(answer.copy())
        with ctx.fault("F28", what="new"), ctx.case("there are fields, events and parts that no client knows yet"):
            got = ctx.chat("Count.", tools=tools).ok()
        ctx.equal(got.text, "One two", "the text of the answer")
        if not written_out(got):
            ctx.equal([call.function.name for call in got.calls], [call.name for call in answer.calls], "the calls")
            ctx.equal(got.finish, answer.finish, "the finish reason")
        ctx.equal(got.reasoning, "", "the reasoning of an answer without any")
    ctx.server.next_answer(Answer(["One", " two", " three"]))
    try:
        with ctx.fault("F28", what="parts"), ctx.case("the text comes as a list of parts"):
            got = ctx.chat("Count.")
    except NotApplicable:
        # Text has one form there.
        return
    if got.error is not None:
        got.fails(InvokeError)
    else:
        ctx.equal(got.text, "One two three", "the text of an answer that comes as a list of parts")
