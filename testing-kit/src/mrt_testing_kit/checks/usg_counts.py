"""USG: token counts, every one of them a prime of its own, so that a mix-up shows."""

from __future__ import annotations

from typing import Any

from mrt import InvokeError, LLMUsage
from mrt_testing_kit.catalogue import STREAMS, check
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import NotApplicable
from mrt_testing_kit.heard import TOOLS, WEATHER, was_sent
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import Answer, Usage
from mrt_testing_kit.server.answer import ToolCall

_QUESTIONS = ("Say hello.", "What is 7 times 6?", "Which way is north?")
# Primes that no id, no date and no text has by chance.
_BIG = Usage(prompt=7000003, completion=5000011, cached=3000017, cache_write=1000003, reasoning=2000003)


def _usage(ctx: Context, got: Outcome) -> LLMUsage:
    usage = got.usage
    if usage is None:
        ctx.fail("the answer has no usage", expected="usage on the answer or on its last chunk", outcome=got)
    numbers = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    for number in numbers:
        fine = type(number) is int and number >= 0
        ctx.expect(fine, "a token count is no number of tokens", expected="an int from 0 on", came=numbers, outcome=got)
    ctx.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens, "the total of the tokens", outcome=got)
    return usage


def _was_told(got: Outcome, counts: Usage) -> bool:
    """Tell whether the vendor gave its counts; some do so only in some of their answers."""
    return was_sent(got, str(counts.completion))


def _judge(ctx: Context, got: Outcome) -> None:
    """Fail the check unless a call has the vendor's counts where it gave some, and else owns up to an estimate."""
    answer = got.ok().request.answer
    counts = answer.usage if answer is not None else None
    usage = _usage(ctx, got)
    is_estimate = usage.source != "reported" and not ctx.server.dialect.right_counts
    if counts is None or is_estimate or not _was_told(got, counts):
        _judge_unknown(ctx, got, usage)
        return
    ctx.equal(usage.source, "reported", "the source of the counts", outcome=got)
    ctx.equal(usage.prompt_tokens, counts.prompt, "the number of prompt tokens", outcome=got)
    ctx.equal(usage.completion_tokens, counts.completion, "the number of completion tokens", outcome=got)


def _judge_unknown(ctx: Context, got: Outcome, usage: LLMUsage) -> None:
    ctx.expect(
        usage.source != "reported",
        "the vendor gave no counts, and some are reported",
        expected="LLMUsage.empty_usage(), for which the runtime estimates",
        came=repr(usage),
        outcome=got,
    )
    fine = usage.prompt_tokens > 0 and (usage.completion_tokens > 0 or not got.text)
    ctx.expect(fine, "unknown counts became 0", expected="an estimate", came=repr(usage), outcome=got)


@check(
    "USG-01",
    "sums",
    bugs=["langchain-ai/langchain-litellm#56", "mozilla-ai/any-llm#1249"],
    essential=True,
    fix="Read the usage of every answer, also from a last chunk that has nothing else in it.",
)
def usg_01(ctx: Context) -> None:
    """Budgets, bills and limits go by these numbers; nobody looks at them until they are wrong."""
    for question in _QUESTIONS:
        _judge(ctx, ctx.chat(question))
    for word in ("length", "content_filter"):
        with ctx.case(f"an answer that ends with {word!r}"):
            ctx.server.next_answer(Answer(["One", " two"], finish=word, usage=Usage(1000003, 2000003)))
            _judge(ctx, ctx.chat(_QUESTIONS[0]))
    usage = _usage(ctx, ctx.chat(_QUESTIONS[0]).ok())
    ctx.expect(usage.source != "unknown", "the counts are unknown", expected="the vendor's counts, or an estimate")


@check(
    "USG-02",
    "stream parity",
    bugs=["langchain-ai/langchain-litellm#56", "mozilla-ai/any-llm#1249", "mozilla-ai/any-llm#1180"],
    faults=["F25", "F29"],
    ways=STREAMS,
    fix="Ask for usage in streams, and read it wherever it comes: with the finish, after it, without choices.",
)
def usg_02(ctx: Context) -> None:
    """A stream costs what a whole answer costs, and has to say so."""
    for question in _QUESTIONS:
        whole = _usage(ctx, ctx.chat(question, way="sync").ok())
        got = ctx.chat(question).ok()
        streamed = _usage(ctx, got)
        if whole.source != "reported" or not _was_told(got, ctx.oracle.usage(question)):
            could = whole.source == "reported" and ctx.server.dialect.usage_flag
            ctx.expect(not could, "the stream did not get the counts that the whole answer has", outcome=got)
            _judge(ctx, got)
            continue
        for name in ("prompt_tokens", "completion_tokens", "source"):
            ctx.equal(getattr(streamed, name), getattr(whole, name), f"{name} of the stream", outcome=got)
    given = [chunk for chunk in ctx.outcomes[-1].chunks if chunk.delta.usage is not None]
    ctx.equal(len(given), 1, "the number of chunks with usage")
    for question in _QUESTIONS:
        try:
            with ctx.fault("F29", what="finish"), ctx.case("the counts come with the finish reason, and nowhere else"):
                _judge(ctx, ctx.chat(question))
        except NotApplicable:
            # The dialect has its own ways of telling counts.
            return


@check(
    "USG-03",
    "no swaps",
    essential=True,
    bugs=["langgenius/dify-official-plugins#999"],
    fix="Copy each count from its own field.",
)
def usg_03(ctx: Context) -> None:
    """Prompt and completion have different prices: exchanged, a bill is wrong by a factor of five."""
    for prompt, completion in ((1000003, 17), (13, 2000003), (4000037, 4000067), (1000003, 1000003)):
        ctx.server.next_answer(Answer("Some text.", usage=Usage(prompt, completion)))
        _judge(ctx, ctx.chat("Go on."))


@check(
    "USG-04",
    "cumulative counts",
    bugs=["langchain-ai/langchain-google#576", "langchain-ai/langchain#30429"],
    faults=["F29"],
    ways=STREAMS,
    fix="Keep the last usage of a stream; never add them up.",
)
def usg_04(ctx: Context) -> None:
    """Some vendors count along in every chunk; the sum of all those is many times the truth."""
    for question in ("Count to twenty.", "Say hello."):
        with ctx.fault("F29"):
            got = ctx.chat(question)
        _judge(ctx, got)


@check(
    "USG-05",
    "counts in several events",
    bugs=["langchain-ai/langchain#35510", "mozilla-ai/any-llm#515"],
    faults=["F25", "F28", "F29"],
    ways=STREAMS,
    fix="Put the counts of all events together; a later event that lacks one does not set it to 0.",
)
def usg_05(ctx: Context) -> None:
    """Input tokens come with the first event of some vendors, and the rest with the last one."""
    for fault in ("F25", "F28"):
        for question in _QUESTIONS[:2]:
            try:
                with ctx.fault(fault):
                    got = ctx.chat(question)
            except NotApplicable:
                # The dialect has its own ways of telling counts, which are looked at as they are.
                got = ctx.chat(question)
            _judge(ctx, got)
    for what in ("split", "part"):
        counts = Usage(_BIG.prompt, _BIG.completion, _BIG.cached, _BIG.cache_write)
        ctx.server.next_answer(Answer(["Some", " text."], usage=counts))
        try:
            with ctx.fault("F29", what=what), ctx.case(_SPLITS[what]):
                got = ctx.chat("Go on.").ok()
                _judge(ctx, got)
                usage = _usage(ctx, got)
                ctx.equal(usage.cache_read_tokens, counts.cached, "cache_read_tokens", outcome=got)
                ctx.equal(usage.cache_write_tokens, counts.cache_write, "cache_write_tokens", outcome=got)
        except NotApplicable:
            return


# What the last event of a stream may tell, where the first one had the counts of the input.
_SPLITS = {
    "split": "the last event tells the output's tokens alone",
    "part": "the last event tells some of the input's counts once more",
}


@check(
    "USG-06",
    "unknown is unknown, not 0",
    essential=True,
    bugs=["xorbitsai/inference#4054"],
    faults=["F30"],
    fix="Return LLMUsage.empty_usage() when the vendor gives no counts; 0 tokens is a count, and a wrong one.",
)
def usg_06(ctx: Context) -> None:
    """A usage of 0 makes calls look free; what is not known has to be estimated, and marked so."""
    for what in ("usage", "missing", "counts"):
        try:
            with ctx.fault("F30", what=what):
                got = ctx.chat("Tell me something long, please.").ok()
        except NotApplicable:
            # The vendor tells none anyway.
            got = ctx.chat("Tell me something long, please.").ok()
        usage = _usage(ctx, got)
        answer = got.request.answer
        told = answer is not None and answer.usage is not None and was_sent(got, str(answer.usage.completion))
        if not told:
            _judge_unknown(ctx, got, usage)


@check(
    "USG-07",
    "null details",
    essential=True,
    faults=["F30"],
    fix="Details may be null, absent, or hold nulls: take what is there and leave the rest None.",
)
def usg_07(ctx: Context) -> None:
    """One null among the details must not cost the counts that were given."""
    with ctx.fault("F30", what="details"):
        got = ctx.chat("Say hello.").ok()
    usage = _usage(ctx, got)
    for name in ("cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "audio_tokens"):
        value = getattr(usage, name)
        ctx.expect(value in (None, 0), f"{name} was made up", expected="None", came=value, outcome=got)
    _judge(ctx, got)


@check(
    "USG-08",
    "cached, reasoning and audio once",
    bugs=[
        "pydantic/pydantic-ai#6141",
        "pydantic/pydantic-ai#2920",
        "mozilla-ai/any-llm#816",
        "deepset-ai/haystack-core-integrations#3717",
        "mozilla-ai/any-llm#1291",
    ],
    fix="prompt_tokens is all input, cached tokens included; completion_tokens all output, reasoning included.",
)
def usg_08(ctx: Context) -> None:
    """Cached tokens are cheap and reasoning is not: counted twice or not at all, both make the bill wrong."""
    for round in range(2):
        # The second time with other numbers: what is kept from call to call is added up.
        counts = Usage(
            prompt=_BIG.prompt + 30 * round,
            completion=_BIG.completion + 30 * round,
            cached=3000017 + 30 * round,
            cache_write=1000003 + 30 * round,
            reasoning=2000003 + 30 * round,
            audio=1000033 + 30 * round,
            heard=1000037 + 30 * round,
        )
        ctx.server.next_answer(Answer("Some text.", reasoning="A thought.", usage=counts))
        got = ctx.chat("Think about it.").ok()
        _judge(ctx, got)
        usage = _usage(ctx, got)
        for name, parts in (
            ("cache_read_tokens", [counts.cached]),
            ("cache_write_tokens", [counts.cache_write]),
            ("reasoning_tokens", [counts.reasoning]),
            ("audio_tokens", [counts.audio, counts.heard]),
        ):
            told = [count for count in parts if count is not None and was_sent(got, str(count))]
            if told:
                ctx.equal(getattr(usage, name), sum(told), f"{name}", outcome=got)
            else:
                fine = getattr(usage, name) in (None, 0)
                ctx.expect(fine, f"{name} was made up", expected="None", came=getattr(usage, name), outcome=got)


@check(
    "USG-09",
    "tool turns",
    bugs=["xorbitsai/inference#1420"],
    needs=[TOOLS],
    fix="Read the usage of answers with tool calls as that of any other; -1 and null mean that it is unknown.",
)
def usg_09(ctx: Context) -> None:
    """Agents call tools in every turn; counts of -1 or none at all add up to nonsense."""
    for counts in (Usage(1000003, 2000003), Usage(3000017, 4000037)):
        call = ToolCall("get_weather", '{"city": "Paris"}', "call_1")
        ctx.server.next_answer(Answer(calls=[call], usage=counts))
        got = ctx.chat("How is the weather?", tools=[WEATHER]).ok()
        usage = _usage(ctx, got)
        if was_sent(got, str(counts.completion)):
            _judge(ctx, got)
        else:
            ctx.expect(
                usage.source != "reported", "no counts came, and some are reported", came=repr(usage), outcome=got
            )


@check(
    "USG-10",
    "after a cut",
    faults=["F15", "F16"],
    ways=STREAMS,
    fix="Leave the usage of a broken stream to the runtime, which knows how much came; do not report 0.",
)
def usg_10(ctx: Context) -> None:
    """Half an answer was paid for, too."""
    faults: tuple[tuple[str, dict[str, Any]], ...] = (("F15", {"after": 4}), ("F16", {}))
    for fault, options in faults:
        with ctx.fault(fault, **options):
            got = ctx.chat("Count to twenty.")
        error = got.fails(InvokeError)
        partial = got.partial
        if partial is None:
            ctx.fail("the error has no partial answer", expected="error.partial", came=repr(error), outcome=got)
        usage = partial.usage
        numbers = (usage.prompt_tokens, usage.completion_tokens)
        fine = all(type(number) is int and number >= 0 for number in numbers)
        ctx.expect(fine, "a token count is no number of tokens", came=repr(usage), outcome=got)
        ctx.expect(
            usage.source != "reported" or was_sent(got, str(usage.completion_tokens)),
            "counts of a broken stream are reported that the vendor never gave",
            expected="an estimate", came=repr(usage), outcome=got,
        )  # fmt: skip
        ctx.expect(
            usage.prompt_tokens > 0, "the prompt of a broken stream has no tokens", came=repr(usage), outcome=got
        )
