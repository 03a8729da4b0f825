"""RSN: thinking over several turns, and turned on and off."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

from mrt import AssistantPromptMessage, ParameterType, PromptMessage, ToolPromptMessage, UserPromptMessage
from mrt.entities.plain import is_list, is_mapping
from mrt_testing_kit.asking import accepted
from mrt_testing_kit.catalogue import STREAMS, Way, check
from mrt_testing_kit.checks.rsn_answers import misread, thinking, words
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import NotApplicable
from mrt_testing_kit.heard import OFFERED, TOOLS, heard, value, was_sent, written_out
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import Answer, Redacted, Text, Thinking, ToolCall


def _message(got: Outcome) -> AssistantPromptMessage:
    answer = got.ok().answer
    return answer.message if answer is not None else AssistantPromptMessage("")


def _asked(ctx: Context, *answers: Answer) -> tuple[Outcome, list[PromptMessage]]:
    """Let the model call tools, once or more in a row; return the last call, and the conversation with all results."""
    history: list[PromptMessage] = [UserPromptMessage("Weather in Paris?")]
    got: Outcome | None = None
    for answer in answers:
        ctx.server.next_answer(answer.copy())
        got = ctx.chat(history, tools=OFFERED).ok()
        results = [ToolPromptMessage("sunny", tool_call_id=call.id) for call in got.calls]
        history = [*history, _message(got), *results]
    if got is None:
        raise ValueError("a conversation has an answer")
    return got, history


def _thinks_and_calls(ctx: Context, number: int, *parts: str) -> Answer:
    """Return an answer with thoughts and texts in turn, and a call at its end."""
    made = [
        Text([part[:3], part[3:]]) if at % 2 else Thinking([part[:3], part[3:]], ctx.oracle.signature(part))
        for at, part in enumerate(parts)
    ]
    call = ToolCall("get_weather", json.dumps({"city": f"City {number}"}), f"call_r{number}")
    return Answer(parts=[*made, call], finish="tool_calls")


# Each is a tool loop: the thoughts of every answer, and the texts between them.
_LOOPS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("I need the weather.",),),
    (("Zwei\n\nZeilen 世界 😀",),),
    (("ha ha ha",),),
    (("First a thought.", "Let me see."),),
    (("First a thought.", "Let me see.", "Then another."),),
    (("The first round.",), ("The second round.", "Once more."), ("The third round.",)),
)


@check(
    "RSN-08",
    "returned with signature in a tool loop",
    bugs=[
        "langgenius/dify-official-plugins#3694",
        "langgenius/dify-official-plugins#2298",
        "mozilla-ai/any-llm#1153",
        "pydantic/pydantic-ai#7601",
    ],
    faults=["F39"],
    needs=["reasoning", TOOLS],
    fix="Keep reasoning and signature on the message (opaque_body) and send both back with its calls, unchanged, "
    "in every answer since the user spoke.",
)
def rsn_08(ctx: Context) -> None:
    """Vendors refuse a tool loop whose thinking does not come back, or comes back without its signature."""
    ctx.server.settings["reasoning_history"] = "required"
    for rounds in _LOOPS:
        answers = [_thinks_and_calls(ctx, number, *parts) for number, parts in enumerate(rounds)]
        with ctx.case(f"an answer for each of {rounds}: a thought, a text and a thought in turn, and a call"):
            got, history = _asked(ctx, *answers)
            if written_out(got) and not got.calls:
                ctx.not_applicable("the models of this dialect write their calls into the text", by_dialect=True)
            ctx.equal([call.function.name for call in got.calls], ["get_weather"], "the calls beside the reasoning")
            _judge_loop(ctx, _back(ctx, history), rounds, [{"city": f"City {n}"} for n in range(len(rounds))])
    with ctx.case("the arguments of the call were changed by the caller"):
        _, history = _asked(ctx, _thinks_and_calls(ctx, 0, "A thought."))
        edited = [copy.deepcopy(message) for message in history]
        for message in edited:
            for call in message.tool_calls if isinstance(message, AssistantPromptMessage) else ():
                call.function.arguments = '{"city": "Rome"}'
        _judge_loop(ctx, _back(ctx, edited), (("A thought.",),), [{"city": "Rome"}])
    _judge_details(ctx)


def _back(ctx: Context, history: list[PromptMessage]) -> Outcome:
    ctx.strict("S3")
    # Some vendors look at what goes back only while thinking is on.
    rules = ctx.rules.items()
    on = {name: True for name, rule in rules if "think" in name.lower() and rule.type is ParameterType.BOOLEAN}
    ctx.server.next_answer(Answer("Sunny."))
    back = ctx.chat(history, tools=OFFERED, parameters=on).ok()
    ctx.server.strict = frozenset()
    return back


def _judge_loop(
    ctx: Context, back: Outcome, rounds: Sequence[Sequence[str]], arguments: Sequence[dict[str, Any]]
) -> None:
    """Fail the check unless each answer went back with its thoughts, its text and its call."""
    turns = [turn for turn in heard(back).turns if turn.calls]
    ctx.equal(len(turns), len(rounds), "the number of answers with calls that went back", outcome=back)
    for turn, parts, given in zip(turns, rounds, arguments, strict=True):
        thoughts = [part for part in turn.thoughts if isinstance(part, Thinking)]
        ctx.expect(bool(thoughts), "the reasoning is not with its call", expected=repr(parts[::2]), outcome=back)
        came = "".join("".join(part.pieces) for part in thoughts)
        if len(parts) == 1:
            ctx.equal(came.strip(), parts[0], "the reasoning that went back", outcome=back)
        ctx.equal(words(came), words("".join(parts[::2])), "the reasoning that went back", outcome=back)
        if ctx.server.dialect.name == "anthropic":
            signed = [(part.pieces, part.signature) for part in thoughts]
            right = [([part], ctx.oracle.signature(part)) for part in parts[::2]]
            ctx.equal(signed, right, "the reasoning that went back, with its signatures", outcome=back)
            kinds = [*(("thinking", "text")[at % 2] for at in range(len(parts))), "tool_use"]
            ctx.expect(
                kinds in _kinds(back), "thoughts, texts and calls went back in another order", expected=repr(kinds),
                came=repr(_kinds(back)), outcome=back,
            )  # fmt: skip
        ctx.equal(words(turn.text), words("".join(parts[1::2])), "the text beside the reasoning", outcome=back)
        wanted = [call.arguments if is_mapping(call.arguments) else value(str(call.arguments)) for call in turn.calls]
        ctx.equal(wanted, [given], "the arguments of the call beside the reasoning", outcome=back)


def _kinds(back: Outcome) -> list[list[str]]:
    """Return the kinds of the blocks of each answer that went back, in the words of the Messages API."""
    messages: list[dict[str, Any]] = back.body["messages"]
    answers = [message for message in messages if message["role"] == "assistant" and is_list(message["content"])]
    return [[str(block["type"]) for block in message["content"]] for message in answers]


def _judge_details(ctx: Context) -> None:
    """Fail the check when reasoning that came with a signature goes back in its own form, and without."""
    answer = _thinks_and_calls(ctx, 0, "A signed thought.")
    try:
        with ctx.fault("F39", what="alias", field="reasoning_details"):
            got, history = _asked(ctx, answer)
    except NotApplicable:
        return
    signed = ctx.oracle.signature("A signed thought.")
    back = _back(ctx, history)
    if was_sent(got, signed) and b'"reasoning_details"' in back.request.body:
        signatures = [getattr(part, "signature", None) for turn in heard(back).turns for part in turn.thoughts]
        ctx.expect(
            signed in signatures, "the signature of the reasoning was lost", expected=repr(signed),
            came=repr(signatures), outcome=back,
        )  # fmt: skip


@check(
    "RSN-09",
    "stripped fully when forbidden",
    bugs=["langgenius/dify-official-plugins#3109"],
    needs=["reasoning"],
    fix="Take the reasoning of earlier turns out of every message, and out of the tags in its text.",
)
def rsn_09(ctx: Context) -> None:
    """Old thinking that goes back costs tokens in every turn, and some vendors refuse it."""
    if not ctx.server.dialect.think_tags:
        ctx.not_applicable("the vendor takes thinking of earlier turns", by_dialect=True)
    ctx.server.settings["reasoning_history"] = "forbidden"
    ctx.strict("S3")
    history: list[PromptMessage] = []
    for turn in range(3):
        history.append(UserPromptMessage(f"Question {turn}."))
        history.append(AssistantPromptMessage(f"Answer {turn}.", reasoning_content=f"secret thought {turn}"))
    tagged: list[PromptMessage] = [
        UserPromptMessage("Question."),
        AssistantPromptMessage(
            "<think>\nsecret thought one\n</think>\n\nAnswer A.\n<think>secret thought two</think>\nAnswer B."
        ),
        UserPromptMessage("More."),
        AssistantPromptMessage("<think>secret thought three</think>Answer C."),
    ]
    for messages, answers in ((history, "Answer0.Answer1.Answer2."), (tagged, "AnswerA.AnswerB.AnswerC.")):
        ctx.server.next_answer(Answer("Fine."))
        got = ctx.chat([*messages, UserPromptMessage("And now?")]).ok()
        ctx.expect(
            b"secret thought" not in got.request.body,
            "thinking of earlier turns goes back",
            expected="answers without it",
            came=repr([turn.text for turn in heard(got).turns]),
        )
        said = "".join(turn.text for turn in heard(got).turns if turn.role == "assistant")
        ctx.equal(words(said), answers, "the answers of earlier turns that went back")


@check(
    "RSN-10",
    "redacted",
    bugs=["mozilla-ai/any-llm#1303"],
    faults=["F39"],
    needs=["reasoning"],
    fix="Keep blocks that cannot be read, show nothing of them, and send them back as they were.",
)
def rsn_10(ctx: Context) -> None:
    """Some thinking comes encrypted: it crashes clients that expect text, and must come back in a tool loop."""
    ctx.server.next_answer(Answer("Fine."))
    with ctx.fault("F39", what="redacted"):
        got = ctx.chat("How are you?").ok()
    if not misread(got):
        ctx.equal(got.text.strip(), "Fine.", "the text beside redacted reasoning")
    ctx.expect("b3JhY2xl" not in got.reasoning + got.text, "encrypted thinking is shown", expected="nothing of it")
    if not ctx.declares(TOOLS):
        return
    call = ToolCall("get_weather", '{"city": "Paris"}', "call_r")
    mixed = thinking(ctx, "Hm.")
    answers = (
        Answer(parts=[Redacted("ZW5jcnlwdGVk"), call], finish="tool_calls"),
        Answer(parts=[Redacted("ZW5jcnlwdGVk"), *mixed.parts, Redacted("bW9yZQ=="), call], finish="tool_calls"),
    )
    for answer in answers:
        got, history = _asked(ctx, answer)
        if written_out(got) and not got.calls:
            return
        ctx.equal([call.function.name for call in got.calls], ["get_weather"], "the calls beside redacted reasoning")
        sent = [
            part.data
            for part in answer.parts
            if isinstance(part, Redacted) and part.data.encode() in bytes(got.request.response)
        ]
        ctx.server.next_answer(Answer("Sunny."))
        back = ctx.chat(history, tools=OFFERED).ok()
        came = [part.data for turn in heard(back).turns for part in turn.thoughts if isinstance(part, Redacted)]
        ctx.equal(came, sent, "the redacted blocks that went back")


@check(
    "RSN-12",
    "stream parity",
    needs=["reasoning"],
    ways=STREAMS,
    fix="Read streams and whole answers with the same rules.",
)
def rsn_12(ctx: Context) -> None:
    """Thinking that is told apart in one way of calling and not in the other surprises whoever switches."""
    whole: Way = "sync" if ctx.way == "stream" else "async"
    answers = [thinking(ctx, ["I", " think."], "So", " it", " is."), thinking(ctx, "Only this.")]
    answers[1].finish = "length"
    for answer in answers:
        got: list[Outcome] = []
        for way in (ctx.way, whole):
            ctx.server.next_answer(answer.copy())
            got.append(ctx.chat("Well?", way=way).ok())
        stream, alone = got
        ctx.equal(stream.text.strip(), alone.text.strip(), "the text of the stream, against the whole answer's")
        ctx.equal(
            stream.reasoning.strip(), alone.reasoning.strip(), "the reasoning of the stream, against the whole answer's"
        )
        ctx.equal(stream.reasoning.strip(), answer.reasoning.strip(), "the reasoning")
        ctx.equal(stream.finish, alone.finish, "the finish reason of the stream, against the whole answer's")
        counts = [(one.usage.prompt_tokens, one.usage.completion_tokens) if one.usage else None for one in got]
        ctx.equal(counts[0], counts[1], "the usage of the stream, against the whole answer's")


@check(
    "RSN-13",
    "off means off",
    needs=["reasoning"],
    fix="Send the vendor's word for off when the caller says False, and nothing when the caller says nothing.",
)
def rsn_13(ctx: Context) -> None:
    """Thinking costs tokens and time: what was turned off must not go on, and what nobody asked for not begin."""
    plain = ctx.chat("Think it over.").ok()
    names = [name for name in plain.body if "think" in name.lower() or "reasoning" in name.lower()]
    told: list[Any] = [plain.body[name] for name in names]
    ctx.expect(
        not names, "a call that says nothing of thinking turns it on or off", came=repr(told), expected="no such field"
    )
    for name, rule in ctx.rules.items():
        low = name.lower()
        if not ("think" in low or "reason" in low):
            continue
        if rule.type is ParameterType.BOOLEAN:
            on, (off, silent) = accepted(ctx, {name: True})[0].ok(), accepted(ctx, {name: False})
            ctx.expect(off.ok().body != on.body, f"{name} makes no difference to the request", expected="two requests")
            ctx.expect(
                off.body != silent.body or not ctx.server.dialect.thinks_unasked,
                f"{name}=False is not sent",
                expected="the vendor's word for off",
                outcome=off,
            )
            if heard(on).thinks:
                ctx.expect(not heard(off).thinks, f"{name}=False does not turn thinking off", expected="thinking off")
                ctx.expect(not off.reasoning, "there is thinking in spite of it", expected="none", outcome=off)
        elif "none" in rule.options:
            off = accepted(ctx, {name: "none"})[0].ok()
            ctx.expect(
                off.body != plain.body, f"{name}='none' does not reach the vendor", expected="a field that says so"
            )
