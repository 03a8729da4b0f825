"""CNT: which messages reach the model, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import mrt
from mrt import (
    AssistantPromptMessage,
    DeveloperPromptMessage,
    InvokeError,
    PromptMessage,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolCall,
    ToolCallFunction,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt.entities.message import Content
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import TOOLS, WEATHER, heard, is_chat
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.seen import leaves

_MESSAGES_ONLY_ON_TOP = frozenset({"anthropic"})


def _chat_only(ctx: Context) -> None:
    if not is_chat(ctx):
        ctx.not_applicable("the model goes on with a text and knows no messages")


def _said(got: Outcome) -> list[tuple[str, str]]:
    """Return role and text of everything that the vendor read, results of tools included."""
    found: list[tuple[str, str]] = []
    for turn in heard(got).turns:
        found += [("tool", result.text) for result in turn.results]
        if turn.text:
            found.append((turn.role, turn.text))
    return found


def _in_order(
    ctx: Context, got: Outcome, texts: Sequence[str], *, also_on_top: Sequence[str] = (), apart: bool = True
) -> None:
    """Fail the check unless the vendor read these texts once each, in this order.

    Args:
        ctx: The check.
        got: The call.
        texts: What was said.
        also_on_top: Texts of those that vendors may have in a place of their own before all messages.
        apart: Whether something has to stand between two of them: those of two messages must not run together.
    """
    whole = "\n".join(text for _, text in _said(got))
    for text in texts:
        count = whole.count(text)
        ctx.expect(
            count == 1, f"{text!r} reached the model {count} times", expected="once", came=_said(got), outcome=got
        )
    in_place = [text for text in texts if text not in also_on_top]
    places = [whole.index(text) for text in in_place]
    ctx.expect(
        places == sorted(places),
        "the messages reached the model in another order",
        expected=texts,
        came=_said(got),
        outcome=got,
    )
    for first, second in pairwise(texts) if apart else ():
        glued = [text for _, text in _said(got) if f"{first}{second}" in text]
        ctx.expect(
            not glued,
            "the texts of two messages run together",
            expected=f"something between {first!r} and {second!r}",
            came=glued,
            outcome=got,
        )


@check(
    "CNT-01",
    "empty content",
    bugs=["langgenius/dify-official-plugins#2305", "langgenius/dify-official-plugins#2351"],
    fix="Leave out messages that say nothing: vendors refuse them, and they mean nothing.",
)
def cnt_01(ctx: Context) -> None:
    """Front ends send empty system prompts and keep empty answers in the history; the chat must go on all the same."""
    _chat_only(ctx)
    question = UserPromptMessage("What is 7 times 6?")
    empties: list[list[PromptMessage]] = [
        [SystemPromptMessage("")],
        [UserPromptMessage("Hello."), AssistantPromptMessage("")],
        [UserPromptMessage("Hello."), AssistantPromptMessage(None)],
        [UserPromptMessage("")],
        [UserPromptMessage([])],
        [UserPromptMessage([TextPromptMessageContent("")])],
        [SystemPromptMessage([]), UserPromptMessage("Hello."), AssistantPromptMessage([])],
    ]
    ctx.strict("S1", "S3")
    for messages in empties:
        got = ctx.chat([*messages, question]).ok()
        wanted = [message.content for message in messages if isinstance(message.content, str) and message.content]
        _in_order(ctx, got, [*wanted, str(question.content)])
    ctx.server.strict = frozenset()
    for nothing in ([UserPromptMessage("")], [UserPromptMessage([])], ""):
        got = ctx.chat(nothing)
        if got.error is not None:
            got.fails(InvokeError)


@check(
    "CNT-02",
    "None beside calls",
    bugs=["pydantic/pydantic-ai#2641"],
    needs=[TOOLS],
    fix="Send the content key with null beside tool calls; some vendors refuse its absence, others an empty text.",
)
def cnt_02(ctx: Context) -> None:
    """An answer that only calls a tool has no text, and must go back as it came."""
    _chat_only(ctx)
    ctx.strict("S1", "S3")
    contents: tuple[Content, ...] = (None, "", [], "Let me look.")
    for content in contents:
        call = ToolCall("call_1", function=ToolCallFunction("get_weather", '{"city": "Paris"}'))
        messages = [
            UserPromptMessage("How is the weather?"),
            AssistantPromptMessage(content, [call]),
            ToolPromptMessage("15 degrees", tool_call_id="call_1", name="get_weather"),
        ]
        got = ctx.chat(messages, tools=[WEATHER]).ok()
        calls = [call for turn in heard(got).turns for call in turn.calls]
        ctx.equal([call.name for call in calls], ["get_weather"], "the calls in the history", outcome=got)
        ctx.expect("15 degrees" in got.text, "the tool's result is lost", expected="15 degrees", outcome=got)
        said = [text for role, text in _said(got) if role == "assistant"]
        ctx.equal(said, [content] if content else list[Content](), "the text beside the call", outcome=got)


@check(
    "CNT-03",
    "whitespace",
    fix="Send texts as they are: leading and trailing white space is part of code, of tables and of prompts.",
)
def cnt_03(ctx: Context) -> None:
    """Indentation is meaning in code; a prompt that is tidied up on the way is another prompt."""
    texts = (
        "  two before",
        "one after ",
        "\tif x:\n\t\treturn  1\n",
        "\n\nlines\n\n\nbetween\n",
        "a\u00a0b\u3000c",
        "x \r\n y",
    )
    for text in texts:
        got = ctx.chat(text).ok()
        ctx.equal(heard(got).user, text, "the user's text as the vendor read it", outcome=got)
        ctx.equal(got.text, ctx.oracle.reply(text), "the answer", outcome=got)
        if is_chat(ctx):
            got = ctx.chat([SystemPromptMessage(text), UserPromptMessage("Hello.")]).ok()
            whole = "\n".join(turn.text for turn in heard(got).turns)
            ctx.expect(text in whole, "the system text was changed", expected=repr(text), came=repr(whole), outcome=got)


@check(
    "CNT-04",
    "several system messages",
    bugs=["langgenius/dify-official-plugins#1321", "langgenius/dify-official-plugins#1065"],
    fix="Send every system message; where the vendor has one place for them, join them in their order.",
)
def cnt_04(ctx: Context) -> None:
    """The second system message often holds the rules that matter: those of the application."""
    _chat_only(ctx)
    for texts in (["Be brief."], ["Be brief.", "Answer in French."], ["First rule.", "Second rule.", "Third rule."]):
        messages: list[PromptMessage] = [SystemPromptMessage(text) for text in texts]
        got = ctx.chat([*messages, UserPromptMessage("Say hello.")]).ok()
        _in_order(ctx, got, [*texts, "Say hello."])
        user = [text for role, text in _said(got) if role == "user"]
        ctx.expect(
            user[-1:] == ["Say hello."], "the question is not the last user message", came=_said(got), outcome=got
        )
    got = ctx.chat([DeveloperPromptMessage("Speak politely."), UserPromptMessage("Say hello.")])
    if got.error is None:
        _in_order(ctx, got, ["Speak politely.", "Say hello."])
    else:
        got.fails(mrt.InvokeBadRequestError)


@check(
    "CNT-05",
    "system message in the middle",
    bugs=["pydantic/pydantic-ai#5509", "langgenius/dify-official-plugins#1321"],
    fix="Keep system messages where they stand, as far as the vendor lets them stand there; never drop one.",
)
def cnt_05(ctx: Context) -> None:
    """A rule that is given in the middle of a conversation is about what follows, and must not be lost."""
    _chat_only(ctx)
    on_top = ["From now on, answer in verse."] if ctx.server.dialect.name in _MESSAGES_ONLY_ON_TOP else []
    first: list[list[PromptMessage]] = [[], [SystemPromptMessage("Be brief.")]]
    for before in first:
        messages = [
            *before,
            UserPromptMessage("Question one?"),
            AssistantPromptMessage("Answer one."),
            SystemPromptMessage("From now on, answer in verse."),
            UserPromptMessage("Question two?"),
        ]
        got = ctx.chat(messages).ok()
        _in_order(ctx, got, [str(message.content) for message in messages], also_on_top=on_top)


@check(
    "CNT-06",
    "double roles",
    bugs=["langgenius/dify-official-plugins#2305", "langgenius/dify-official-plugins#2351"],
    fix="Join messages of one role that follow each other where the vendor refuses them; lose none.",
)
def cnt_06(ctx: Context) -> None:
    """Edited histories have two questions or two answers in a row; strict vendors refuse them with 400."""
    _chat_only(ctx)
    ctx.strict("S1", "S3")
    histories: list[list[PromptMessage]] = [
        [UserPromptMessage("One."), UserPromptMessage("Two.")],
        [UserPromptMessage("One."), UserPromptMessage("Two."), UserPromptMessage("Three.")],
        [
            UserPromptMessage("One."),
            AssistantPromptMessage("Two."),
            AssistantPromptMessage("Three."),
            UserPromptMessage("Four."),
        ],
        [
            UserPromptMessage("One."),
            AssistantPromptMessage("Two."),
            AssistantPromptMessage(""),
            AssistantPromptMessage("Three."),
            UserPromptMessage("Four."),
        ],
        [
            SystemPromptMessage("One."),
            UserPromptMessage("Two."),
            AssistantPromptMessage("Three."),
            UserPromptMessage("Four."),
        ],
    ]
    for messages in histories:
        got = ctx.chat(messages).ok()
        _in_order(ctx, got, [str(message.content) for message in messages if message.content])
    if ctx.server.dialect.speakers:
        _judge_speakers(ctx)


def _judge_speakers(ctx: Context) -> None:
    """See that the model is told who speaks, where the vendor has a place for it."""
    talk: list[list[PromptMessage]] = [
        [UserPromptMessage("One.", name="ada_1")],
        [UserPromptMessage("One.", name="ada_1"), UserPromptMessage("Two.", name="ben-2")],
        [
            SystemPromptMessage("One.", name="host"),
            UserPromptMessage("Two.", name="ada_1"),
            AssistantPromptMessage("Three.", name="clio"),
            UserPromptMessage("Four."),
        ],
    ]
    for messages in talk:
        got = ctx.chat(messages).ok()
        _in_order(ctx, got, [str(message.content) for message in messages])
        sent = [value for _, value in leaves(got.body) if isinstance(value, str)]
        lost = [message.name for message in messages if message.name and not any(message.name in text for text in sent)]
        ctx.expect(not lost, "the names of speakers are lost", expected=", ".join(map(str, lost)), outcome=got)


@check(
    "CNT-07",
    "order at the edges",
    fix="Keep the caller's order; refuse with InvokeBadRequestError what the vendor cannot begin or end with.",
)
def cnt_07(ctx: Context) -> None:
    """Conversations begin or end with an answer, or hold nothing but rules; none of that may be lost silently."""
    _chat_only(ctx)
    edges: list[list[PromptMessage]] = [
        [AssistantPromptMessage("Welcome."), UserPromptMessage("Hello.")],
        [UserPromptMessage("Finish this."), AssistantPromptMessage("It begins")],
        [SystemPromptMessage("Only rules.")],
        [AssistantPromptMessage("Alone.")],
        [SystemPromptMessage("Rules."), AssistantPromptMessage("Welcome."), UserPromptMessage("Hello.")],
        [UserPromptMessage("Ask."), SystemPromptMessage("A rule at the end.")],
    ]
    for messages in edges:
        got = ctx.chat(messages)
        if got.error is not None:
            got.fails(InvokeError)
            continue
        rules = [str(message.content) for message in messages if isinstance(message, SystemPromptMessage)]
        _in_order(ctx, got, [str(message.content) for message in messages], also_on_top=rules)
    many: list[Any] = [
        (UserPromptMessage if number % 2 == 0 else AssistantPromptMessage)(f"Message {number:02}.")
        for number in range(31)
    ]
    _in_order(ctx, ctx.chat(many).ok(), [str(message.content) for message in many])


@check(
    "CNT-15",
    "list content",
    essential=True,
    bugs=["langgenius/dify-official-plugins#2893", "langgenius/dify-official-plugins#2809"],
    fix="Read the text of a message with get_text_content(), or part by part; content is not always a str.",
)
def cnt_15(ctx: Context) -> None:
    """Every message may hold a list of parts; code that expects a text crashes in the one place where it does not."""
    _chat_only(ctx)

    def parts(*texts: str) -> list[Any]:
        return [TextPromptMessageContent(text) for text in texts]

    ctx.strict("S1", "S3")
    got = ctx.chat(
        [SystemPromptMessage(parts("Rule one.", "Rule two.")), UserPromptMessage(parts("Say", "hello."))]
    ).ok()
    _in_order(ctx, got, ["Rule one.", "Rule two.", "Say", "hello."], apart=False)
    rest = "".join(text for _, text in _said(got))
    for text in ("Rule one.", "Rule two.", "Say", "hello."):
        rest = rest.replace(text, "")
    wordless = not any(sign.isalnum() for sign in rest)
    ctx.expect(
        wordless,
        "a list of parts was printed in place of its texts",
        expected="the texts",
        came=_said(got),
        outcome=got,
    )
    history = [
        UserPromptMessage(parts("Question.")),
        AssistantPromptMessage(parts("Answer one.", "Answer two.")),
        UserPromptMessage(parts("Go on.")),
    ]
    _in_order(ctx, ctx.chat(history).ok(), ["Question.", "Answer one.", "Answer two.", "Go on."], apart=False)
    got = ctx.chat([DeveloperPromptMessage(parts("Polite.")), UserPromptMessage("Hello.")])
    if got.error is None:
        _in_order(ctx, got, ["Polite.", "Hello."])
    if ctx.declares(TOOLS):
        call = ToolCall("call_1", function=ToolCallFunction("get_weather", '{"city": "Paris"}'))
        loop = [
            UserPromptMessage("Weather?"),
            AssistantPromptMessage(parts("Looking."), [call]),
            ToolPromptMessage(parts("15 degrees", "and rain"), tool_call_id="call_1"),
        ]
        texts = ["Weather?", "Looking.", "15 degrees", "and rain"]
        _in_order(ctx, ctx.chat(loop, tools=[WEATHER]).ok(), texts, apart=False)
