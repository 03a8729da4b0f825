"""LLM: what an answer holds, in every way of calling."""

from __future__ import annotations

import random
from typing import Any

from mrt import InvokeError, UserPromptMessage
from mrt_testing_kit.catalogue import STREAMS, Way, check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import OFFERED, TOOLS, any_text, cut, heard, plain_fields, value
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import Answer, Text, ToolCall


@check(
    "LLM-01",
    "minimal call",
    essential=True,
    fix="Return the vendor's text unchanged, with the finish reason and the model that answered.",
)
def llm_01(ctx: Context) -> None:
    """The answer to a question is the vendor's answer to that question, whole, and nothing else."""
    for question in ("Say hello.", "What is 7 times 6?"):
        for prompt in (question, [UserPromptMessage(question)]):
            got = ctx.chat(prompt).ok()
            ctx.equal(got.text, ctx.oracle.reply(question), "the text of the answer")
            ctx.equal(got.finish, "stop", "the finish reason")
            ctx.expect(
                got.usage is not None, "the answer has no usage", expected="usage on the answer or its last chunk"
            )
            ctx.equal(got.calls, [], "the tool calls of an answer without any")
            ctx.equal(len(got.requests), 1, "the number of requests for one answer")
            sent = [turn.text for turn in heard(got).turns if turn.text]
            ctx.equal(sent, [question], "the messages that the vendor read")


def _answers(ctx: Context) -> list[tuple[Answer, Any]]:
    """Return answers of all kinds that the model can give, and the tools to offer."""
    found: list[tuple[Answer, Any]] = [
        (Answer(["One", " two", " three"]), None),
        (Answer(["ha", "ha", "ha", "\n\n", "  end "]), None),
        (Answer("Grüße, 世界 😀"), None),
        (Answer(["Cut", " off"], finish="length"), None),
        (Answer("I must not.", finish="content_filter"), None),
        (Answer("A nap.", finish="oracle_nap"), None),
        (Answer(parts=[Text(["One", " piece"]), Text([" and", " another."])]), None),
    ]
    if ctx.declares(TOOLS):
        calls = [ToolCall("get_weather", '{"city": "Paris"}'), ToolCall("tell_time", "{}")]
        found += [(Answer("Let me see.", calls=calls), OFFERED), (Answer(calls=calls[:1]), OFFERED)]
    return found


def _judge_same(ctx: Context, answer: Answer, one: Outcome, other: Outcome, whose: str) -> None:
    right = {"text": answer.text, "finish reason": answer.finish}

    def told(got: Outcome) -> dict[str, Any]:
        usage, answer = got.usage, got.answer
        return {
            "text": got.text,
            "reasoning": got.reasoning,
            "finish reason": got.finish,
            "calls": [(call.function.name, value(call.function.arguments)) for call in got.calls],
            "usage": (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, usage.source)
            if usage
            else None,
            "model": answer.model if answer else None,
            "request": plain_fields(ctx, got.body),
        }

    first, second = told(one), told(other)
    for name, came in first.items():
        if came != second[name] and right.get(name, second[name]) == came:
            # The other one is wrong.
            ctx.equal(second[name], came, f"{name} of {whose}, against that of {one.way}", outcome=other)
        ctx.equal(came, second[name], f"{name} of {one.way}, against that of {whose}", outcome=one)


@check(
    "LLM-02",
    "stream equals non-stream",
    bugs=["pydantic/pydantic-ai#6814", "deepset-ai/haystack-core-integrations#3823"],
    faults=["F31"],
    ways=STREAMS,
    fix="Read streams and whole answers with the same rules: text, calls, finish reason, usage, model.",
)
def llm_02(ctx: Context) -> None:
    """Who switches to streaming must get the same answer; mappings that live in one of two paths differ."""
    whole: Way = "sync" if ctx.way == "stream" else "async"
    for answer, tools in _answers(ctx):
        got: list[Outcome] = []
        for way in (ctx.way, whole):
            ctx.server.next_answer(answer.copy())
            got.append(ctx.chat("Well?", tools=tools, way=way).ok())
        _judge_same(ctx, answer, got[0], got[1], whole)
        ctx.equal(
            got[0].text, got[0].answer.text if got[0].answer else None, "the result of the stream, against its chunks"
        )


@check(
    "LLM-03",
    "async parity",
    essential=True,
    faults=["F41"],
    ways=[],
    fix="Let one implementation serve both; core's HTTPModel does.",
)
def llm_03(ctx: Context) -> None:
    """Two copies of one client drift apart: the async one lacks headers, parameters or error mapping."""
    pairs: tuple[tuple[Way, Way], ...] = (("async", "sync"), ("astream", "stream"))
    for one, other in pairs:
        for answer, tools in _answers(ctx):
            got: list[Outcome] = []
            for way in (one, other):
                ctx.server.next_answer(answer.copy())
                got.append(ctx.chat("Well?", tools=tools, user="u-1", stop=["END"], way=way).ok())
            _judge_same(ctx, answer, got[0], got[1], other)
            heads = [sorted(name.lower() for name, _ in item.request.headers) for item in got]
            ctx.equal(heads[0], heads[1], f"the names of the headers of {one}, against those of {other}")
            targets = [(item.request.method, item.request.target) for item in got]
            ctx.equal(targets[0], targets[1], f"method and path of {one}, against those of {other}")
        for status in (401, 429, 500):
            errors: list[InvokeError] = []
            for way in (one, other):
                with ctx.fault("F41", status=status):
                    errors.append(ctx.chat("Well?", way=way).fails(InvokeError))
            ctx.equal(type(errors[0]), type(errors[1]), f"the error of {one}, against that of {other}")
            ctx.equal(errors[0].status, errors[1].status, f"the status on the error of {one}, against that of {other}")


@check(
    "LLM-08",
    "whitespace kept",
    fix="Never strip or collapse what the model or the user wrote.",
)
def llm_08(ctx: Context) -> None:
    """Code, tables and verse are made of white space; a stripped piece of a stream glues two words together."""
    for pieces in (
        ["def f():\n", "    ", "return", "\t", "1", "\n\n\n"],
        ["a", " ", "b", "  ", "c", "\n"],
        ["  \n", " lead", "ing"],
        ["| x |\r\n", "|---|\r\n"],
        ["end", " ", " "],
    ):
        ctx.server.next_answer(Answer(pieces))
        got = ctx.chat("Write.").ok()
        ctx.equal(got.text, "".join(pieces), "the text of the answer")
        ctx.equal(got.answer.text if got.answer else None, "".join(pieces), "the text of the whole answer")
    for prompt in ("  indented\n\tcode\n\n\nmore   words", "trailing  \n", "\n\nleading", "a\r\nb"):
        ctx.server.next_answer(Answer("Fine."))
        got = ctx.chat(prompt).ok()
        ctx.equal(heard(got).user, prompt, "the user's text that the vendor read")


@check(
    "LLM-07",
    "unicode round trip",
    essential=True,
    bugs=["xorbitsai/inference#1732", "xorbitsai/inference#1865"],
    fix="Keep text as text: decode bytes once, as UTF-8, and write JSON with a JSON encoder.",
)
def llm_07(ctx: Context) -> None:
    """Escapes or replacement signs in an answer make every language but English unreadable."""
    fixed = (
        ctx.oracle.UNICODE,
        "你好，世界！🌍🚀",
        "literal \\u4f60 and \\n and %20 and &amp; stay",
        "e\u0301 é \u200d\ufe0f 👩‍👩‍👧‍👦 \u2028 \u2029 \u0085 x",
    )
    for text in fixed:
        for pieces in ([text], list(text)):
            ctx.server.next_answer(Answer(pieces))
            ctx.equal(ctx.chat("Greet me.").ok().text, text, "the text of the answer")
        got = ctx.chat(f"Say: {text}!").ok()
        ctx.equal(heard(got).user, f"Say: {text}!", "the user's text that the vendor read")
        ctx.equal(got.text, ctx.oracle.reply(f"Say: {text}!"), "the text of the answer")

    def drawn(draw: random.Random) -> None:
        text = any_text(draw, 120)
        ctx.server.next_answer(Answer(cut(draw, text)))
        got = ctx.chat(f"Say: {text}").ok()
        ctx.equal(got.text, text, "the text of the answer")
        ctx.equal(heard(got).user, f"Say: {text}", "the user's text that the vendor read")

    ctx.explore(drawn)
