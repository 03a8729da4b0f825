"""RSN: what a model thinks, apart from what it says."""

from __future__ import annotations

import random

from mrt_testing_kit.catalogue import STREAMS, check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import cut, was_sent
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import Answer, Text, Thinking

_THOUGHTS = (["First", " I", " look."], ["ha", "ha", "ha"], ["One.\n\n", "Zwei 世界 😀", "\n", "three"], ["x"])
_SAID = ["The", " answer", " is", " 4."]


def thinking(ctx: Context, thought: str | list[str], *said: str, calls: object = ()) -> Answer:
    """Return an answer with reasoning, which has the signature that some vendors add."""
    pieces = [thought] if isinstance(thought, str) else thought
    parts = [Thinking(pieces, ctx.oracle.signature("".join(pieces)))]
    return Answer(parts=[*parts, Text(list(said))] if said else parts)


def judge(ctx: Context, got: Outcome, thought: str, said: str) -> None:
    """Fail the check unless reasoning and text are these; line breaks at their ends are the vendor's affair."""
    got.ok()
    ctx.equal(got.text.strip(), said.strip(), "the text of the answer")
    ctx.equal(got.reasoning.strip(), thought.strip(), "the reasoning")
    ctx.expect("<think" not in got.text and "</think" not in got.text, "the text has a tag in it", expected="no tag")
    if got.answer is not None:
        ctx.equal((got.answer.reasoning_content or "").strip(), thought.strip(), "reasoning_content of the answer")
        ctx.equal(got.answer.text.strip(), said.strip(), "the text of the answer as a whole")


def misread(got: Outcome) -> bool:
    """Tell whether the vendor's own parser took all of an answer for thinking, as that of Xinference does."""
    answer = got.request.answer
    took_all = answer is not None and not answer.reasoning and was_sent(got, '"reasoning_content"')
    return took_all and bool(got.reasoning) and not got.text


def words(text: str) -> str:
    """Return a text without its white space."""
    return "".join(text.split())


def need_tags(ctx: Context) -> None:
    """Go on only where models may write their reasoning into the text, and nobody reads it there for the client."""
    if not ctx.server.dialect.think_tags:
        ctx.not_applicable("the vendor never writes reasoning into the text", by_dialect=True)
    ctx.server.next_answer(Answer(_SAID))
    if misread(ctx.chat("What is 2 + 2?").ok()):
        ctx.not_applicable("the vendor takes reasoning out of the text by itself", by_dialect=True)


@check(
    "RSN-01",
    "separated from the text",
    needs=["reasoning"],
    fix="Put the vendor's reasoning into reasoning_content, whole, and never into the content.",
)
def rsn_01(ctx: Context) -> None:
    """Thinking that shows in the answer confuses people; an answer that goes with the thinking is lost."""
    for thought in _THOUGHTS:
        ctx.server.next_answer(thinking(ctx, thought, *_SAID))
        judge(ctx, ctx.chat("What is 2 + 2?"), "".join(thought), "The answer is 4.")
    ctx.server.next_answer(Answer(_SAID))
    got = ctx.chat("What is 2 + 2?").ok()
    if misread(got):
        return
    judge(ctx, got, "", "The answer is 4.")


@check(
    "RSN-02",
    "split tags",
    faults=["F39"],
    needs=["reasoning"],
    fix="Hold back what may be the beginning of a tag until the next piece comes; find tags across pieces.",
)
def rsn_02(ctx: Context) -> None:
    """A tag that is split between two pieces of a stream is not seen, and thinking shows in the answer."""
    need_tags(ctx)
    ctx.server.next_answer(Answer(_SAID))
    with ctx.fault("F39", what="split-tags"):
        judge(ctx, ctx.chat("What is 2 + 2?"), "The oracle ponders.", "The answer is 4.")
    whole = "<think>\nLet me < see > this.\n</think>\n\nThe answer is 4 < 5."
    for pieces in ([whole], list(whole), [whole[at : at + 3] for at in range(0, len(whole), 3)]):
        ctx.server.next_answer(Answer(parts=[Text(pieces)]))
        judge(ctx, ctx.chat("What is 2 + 2?"), "Let me < see > this.", "The answer is 4 < 5.")

    for end in ("<", "x <", "1 </", "a <th", "</thin"):
        # What may be the beginning of a tag waits, and must come at last.
        ctx.server.next_answer(Answer(parts=[Text(["<think>Hm.", "</think>", end])]))
        judge(ctx, ctx.chat("What is 2 + 2?"), "Hm.", end)

    def drawn(draw: random.Random) -> None:
        ctx.server.next_answer(Answer(parts=[Text(cut(draw, whole, 25))]))
        judge(ctx, ctx.chat("What is 2 + 2?"), "Let me < see > this.", "The answer is 4 < 5.")

    ctx.explore(drawn)


@check(
    "RSN-03",
    "several rounds",
    bugs=["langgenius/dify-official-plugins#2195", "langgenius/dify-official-plugins#2228"],
    faults=["F40"],
    needs=["reasoning"],
    fix="Join the reasoning of all rounds, and the text of all rounds; look for tags after the first pair, too.",
)
def rsn_03(ctx: Context) -> None:
    """A model thinks, speaks, and thinks again: only the first round is often told apart."""
    has_tags = ctx.server.dialect.think_tags
    if has_tags:
        ctx.server.next_answer(Answer(_SAID))
        has_tags = not misread(ctx.chat("What is 2 + 2?").ok())
    for what in ("rounds", "tag-rounds") if has_tags else ("rounds",):
        for rounds in (1, 2, 3):
            ctx.server.next_answer(Answer("Done."))
            with ctx.fault("F40", what=what, rounds=rounds):
                got = ctx.chat("Go on.").ok()
            thought = "".join(f"Thought {n}." for n in range(rounds))
            said = "".join(f"Said {n}. " for n in range(rounds)) + "Done."
            ctx.equal(words(got.reasoning), words(thought), f"the reasoning of {rounds} rounds")
            ctx.equal(words(got.text), words(said), f"the text of {rounds} rounds")


@check(
    "RSN-04",
    "unclosed tag",
    bugs=["langgenius/dify-official-plugins#2195"],
    faults=["F40"],
    needs=["reasoning"],
    fix="Give out what was held back at the end of the stream: as reasoning while a tag is open.",
)
def rsn_04(ctx: Context) -> None:
    """An answer that is cut off while the model thinks has no closing tag; what was held back must not be lost."""
    need_tags(ctx)
    ctx.server.next_answer(Answer("And then", finish="length"))
    with ctx.fault("F40", what="unclosed"):
        got = ctx.chat("Go on.").ok()
    ctx.expect("<think" not in got.text, "the text has a tag in it", expected="no tag")
    ctx.equal(words(got.reasoning + got.text), words("The oracle ponders.And then"), "reasoning and text together")
    ctx.expect("ponders" in got.reasoning, "the thinking is not told apart", expected="reasoning_content")
    ctx.server.next_answer(Answer("And then."))
    with ctx.fault("F40", what="nested"):
        got = ctx.chat("Go on.").ok()
    # Some read pairs within each other, others end at the first closing tag; both show all that was said, once.
    said = (got.reasoning + got.text).replace("<think>", "").replace("</think>", "")
    ctx.equal(words(said), words("abcAnd then."), "reasoning and text together, without the nested tags")
    ctx.expect(got.text.endswith("And then."), "the text after nested tags is not told apart", expected="And then.")
    ctx.expect(got.reasoning.strip().startswith("a"), "the thinking before nested tags is not told apart")


@check(
    "RSN-05",
    "mixed with text",
    bugs=["langgenius/dify-official-plugins#3282"],
    faults=["F40"],
    needs=["reasoning"],
    ways=STREAMS,
    fix="Read reasoning and text of a chunk both.",
)
def rsn_05(ctx: Context) -> None:
    """A chunk that ends the thinking and begins the answer holds both, and either half gets lost."""
    for thought in _THOUGHTS:
        ctx.server.next_answer(thinking(ctx, thought, *_SAID))
        with ctx.fault("F40", what="mixed"):
            judge(ctx, ctx.chat("What is 2 + 2?"), "".join(thought), "The answer is 4.")


@check(
    "RSN-06",
    "field aliases",
    bugs=["langgenius/dify-official-plugins#2676", "langgenius/dify-official-plugins#2117"],
    faults=["F39"],
    needs=["reasoning"],
    fix="Look for reasoning_content, reasoning, thinking and reasoning_details; the first that says something counts.",
)
def rsn_06(ctx: Context) -> None:
    """Servers of one dialect have several names for the field; under another one the thinking is lost."""
    for field in ("reasoning_content", "reasoning", "thinking", "reasoning_details"):
        ctx.server.next_answer(thinking(ctx, ["I", " think", " so."], *_SAID))
        with ctx.fault("F39", what="alias", field=field):
            judge(ctx, ctx.chat("What is 2 + 2?"), "I think so.", "The answer is 4.")


@check(
    "RSN-07",
    "blank reasoning",
    bugs=["langgenius/dify-official-plugins#1123"],
    faults=["F39"],
    needs=["reasoning"],
    fix="Read reasoning that is white space alone as none.",
)
def rsn_07(ctx: Context) -> None:
    """Models that did not think send an empty pair of tags or two line breaks; people see an empty box."""
    if not ctx.server.dialect.think_tags:
        ctx.not_applicable("the vendor sends no thinking of line breaks alone", by_dialect=True)
    ctx.server.next_answer(Answer(_SAID))
    with ctx.fault("F39", what="blank"):
        got = ctx.chat("What is 2 + 2?")
    judge(ctx, got, "", "The answer is 4.")
    ctx.equal(got.reasoning, "", "the reasoning of a model that did not think")
    for pieces in (["<think>", "\n\n", "</think>", "\n\n", "Fine."], ["<think></think>Fine."]):
        ctx.server.next_answer(Answer(parts=[Text(pieces)]))
        got = ctx.chat("How are you?").ok()
        if misread(got):
            return
        judge(ctx, got, "", "Fine.")
        ctx.equal(got.reasoning, "", "the reasoning of a model that did not think")


@check(
    "RSN-11",
    "literal tag in user text and code untouched",
    essential=True,
    fix="Take a tag for thinking only where an answer begins with it; never touch what the user wrote.",
)
def rsn_11(ctx: Context) -> None:
    """People ask about tags, and models answer with code: there they are words like any other."""
    for text in ("What does <think> mean?", "<think>this</think> is my text", "Close it: </think>"):
        ctx.server.next_answer(Answer("I see."))
        talk = ctx.chat(text).ok().request.talk
        ctx.equal(talk.user if talk is not None else None, text, "the user's text that the vendor read")
    for pieces in (
        ["Use ", "`<thi", "nk>`", " like ", "so."],
        ["Like this:\n```\n<think>", "a plan", "</think>\n```\nDone."],
        ["The tag ", "</think>", " closes."],
        ["1 < 2 and ", "x <"],
        ["It ends with <th"],
        ["<"],
        ["<thi"],
        ["<", "b>bold</b>"],
    ):
        ctx.server.next_answer(Answer(parts=[Text(pieces)]))
        got = ctx.chat("Tell me about tags.").ok()
        if misread(got):
            continue
        ctx.equal(got.text, "".join(pieces), "the text of an answer that speaks of tags")
        ctx.equal(got.reasoning, "", "the reasoning of an answer without any")
