"""LLM: what goes to the vendor, and what stays with the caller."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from mrt import (
    AssistantPromptMessage,
    DeveloperPromptMessage,
    InvokeError,
    LLMResult,
    PromptMessage,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolCall,
    ToolCallFunction,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt_testing_kit.asking import numbers
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import NOTE, OFFERED, TOOLS, heard, is_chat, turns, was_sent
from mrt_testing_kit.server import Answer


@check(
    "LLM-04",
    "model override echoed",
    fix="Ask for the model that the call names, and put the name that answered on the result and on every chunk.",
)
def llm_04(ctx: Context) -> None:
    """A program that asks two models must be able to tell which of them answered, and pay for the right one."""
    models = [model.name for model in ctx.models["llm"]][:3]
    asked: dict[str, str] = {}
    for name in [*models, *reversed(models)]:
        got = ctx.chat(model=name).ok()
        wire = got.request.model
        ctx.equal(asked.setdefault(name, wire), wire, f"the model that the vendor is asked for, in a call to {name}")
        names = {got.answer.model} if got.answer else set[str]()
        names |= {chunk.model for chunk in got.chunks}
        ctx.expect(
            len(names) == 1 and names <= {name, wire},
            "the answer names another model than the one that answered",
            expected=f"{name}" + ("" if wire == name else f" or {wire}"),
            came=", ".join(sorted(map(repr, names))),
        )
    ctx.equal(len(set(asked.values())), len(asked), f"the number of models that were asked ({asked})")
    # An alias is answered by a model with another name.
    ctx.server.next_answer(Answer(["Good", " day."], model="oracle-of-today"))
    got = ctx.chat().ok()
    if ctx.server.dialect.names_answerer and was_sent(got, '"oracle-of-today"'):
        last = got.answer.model if got.answer else got.chunks[-1].model
        ctx.equal(last, "oracle-of-today", "the model that answered")


@check(
    "LLM-05",
    "messages not mutated",
    essential=True,
    fix="Build the vendor's messages from the caller's; never change these, not even for the time of a call.",
)
def llm_05(ctx: Context) -> None:
    """The caller keeps the conversation and goes on with it: what a call changes in it comes back in the next one."""
    prompts: list[list[PromptMessage]] = [
        [UserPromptMessage("Say hello.")],
        [UserPromptMessage([TextPromptMessageContent("Say "), TextPromptMessageContent("hello.")])],
        [
            SystemPromptMessage("Be brief."),
            UserPromptMessage("  Hi \n"),
            AssistantPromptMessage("Hello.", reasoning_content="They greet."),
            UserPromptMessage("Say hello."),
        ],
    ]
    tools = None
    if ctx.declares(TOOLS):
        call = ToolCall("call_m", function=ToolCallFunction("get_weather", '{"city": "Paris"}'))
        history: list[PromptMessage] = [
            UserPromptMessage("Weather?"),
            AssistantPromptMessage("", [call]),
            ToolPromptMessage("sun", tool_call_id="call_m"),
        ]
        prompts.append(history)
        tools = list(OFFERED)
    if not is_chat(ctx):
        prompts = prompts[:1]
    for prompt in prompts:
        given = (prompt, tools)
        before = copy.deepcopy(given)
        bodies: list[Any] = []
        for _ in range(2):
            got = ctx.chat(prompt, tools=tools).ok()
            bodies.append(got.body)
            ctx.expect(
                given == before, "the caller's messages or tools were changed", expected=repr(before), came=repr(given)
            )
        ctx.equal(bodies[1], bodies[0], "the second request, against the first one of the same call")


@check(
    "LLM-06",
    "system reaches the wire",
    fix="Send system messages in the vendor's place for them, whole and unchanged.",
)
def llm_06(ctx: Context) -> None:
    """Without its instructions a model is another one, and nobody sees why."""
    for text in ("You are a pirate.", 'Line one.\n\n- a\n- b\n世界 "quoted" <b>', "x" * 3000):
        for message in (
            SystemPromptMessage(text),
            SystemPromptMessage([TextPromptMessageContent(text)]),
            DeveloperPromptMessage(text),
        ):
            ctx.server.next_answer(Answer("Arr."))
            got = ctx.chat([message, UserPromptMessage("Say hello.")]).ok()
            if not is_chat(ctx):
                ctx.expect(text in heard(got).user, "the instructions are not in the prompt", expected=text)
                continue
            ctx.equal([turn.text for turn in turns(got, "system")], [text], "the system text that the vendor read")
            ctx.equal(
                [turn.text for turn in turns(got, "user")], ["Say hello."], "the user's text that the vendor read"
            )
            ctx.equal([turn.role for turn in heard(got).turns], ["system", "user"], "the roles that the vendor read")


@check(
    "LLM-09",
    "token count is an int, monotone",
    essential=True,
    bugs=["langgenius/dify-official-plugins#681", "langgenius/dify-official-plugins#385"],
    ways=[],
    fix="Return one int for the whole prompt: the vendor's count, or an estimate that grows with the text.",
)
def llm_09(ctx: Context) -> None:
    """Programs cut conversations to the context size by this number: a list, or a constant, breaks them."""
    text = "The quick brown fox jumps over the lazy dog, 世界. "
    counts: list[int] = []
    for prompt in ("Hi", text, text * 10, text * 100):
        count, asked = _count(ctx, prompt)
        if asked:
            ctx.equal(int(count), ctx.oracle.usage(prompt).prompt, "the number of tokens that the vendor counted")
        else:
            counts.append(count)
    ctx.expect(
        counts == sorted(set(counts)), "the count does not grow with the text", expected="rising", came=repr(counts)
    )
    if len(counts) == 4:
        ctx.expect(
            counts[3] >= 5 * counts[2], "ten times the text has not about ten times the tokens", came=repr(counts)
        )
    messages = [
        SystemPromptMessage("Be brief."),
        UserPromptMessage(text),
        AssistantPromptMessage("Yes."),
        UserPromptMessage("And?"),
    ]
    whole, asked = _count(ctx, messages)
    part, _ = _count(ctx, messages[:2])
    ctx.expect(
        asked or whole > part, "more messages have no more tokens", expected=f"more than {part}", came=repr(whole)
    )
    if ctx.declares(TOOLS):
        bare, _ = _count(ctx, text)
        offered, asked = _count(ctx, text, [NOTE, *OFFERED])
        ctx.expect(asked or offered > bare, "tools count nothing", expected=f"more than {bare}", came=repr(offered))


def _count(ctx: Context, prompt: str | Sequence[PromptMessage], tools: Any = None) -> tuple[int, bool]:
    """Return the count, and whether the vendor was asked for it."""
    before = len(ctx.server.requests)
    counts = [ctx.handle().get_num_tokens(prompt, tools), ctx.run(ctx.handle().aget_num_tokens(prompt, tools))]
    for count in counts:
        whole = isinstance(count, int) and not isinstance(count, bool)
        ctx.expect(whole and count > 0, "the count is no whole number above 0", expected="an int", came=repr(count))
    ctx.equal(counts[1], counts[0], "the count of aget_num_tokens, against that of get_num_tokens")
    return counts[0], any(request.kind == "count_tokens" for request in ctx.server.requests[before:])


@check(
    "LLM-10",
    "stateless",
    essential=True,
    faults=["F41"],
    fix="Keep nothing of a call on the plugin or the model object; all of its state is in the invocation.",
)
def llm_10(ctx: Context) -> None:
    """What one call leaves behind, the next one sends: other people's messages, tools and parameters."""
    chat = is_chat(ctx)
    found = {rule.name: values[0] for rule in ctx.rules.values() if (values := _numbers(rule))}
    given = dict(list(found.items())[:1])
    plain = ctx.chat("Say hello.").ok()
    first = plain.body
    loud: list[PromptMessage] = [SystemPromptMessage("Secret system."), UserPromptMessage("Secret question.")]
    tools = OFFERED if ctx.declares(TOOLS) else None

    def disturb() -> None:
        ctx.chat(
            loud if chat else "Secret question.",
            parameters=given,
            tools=tools,
            stop=["ZZ"],
            user="secret-user",
        )

    def fail() -> None:
        with ctx.fault("F41", status=500):
            ctx.chat("Secret question.").fails(InvokeError)

    def leave() -> None:
        ctx.server.next_answer(Answer(["Secret", " answer", " that", " goes", " on"]))
        ctx.chat("Secret question.", until=1)

    for meanwhile in (disturb, fail, leave):
        meanwhile()
        got = ctx.chat("Say hello.").ok()
        ctx.equal(got.body, first, "the request of the same call after another one")
        ctx.equal(got.text, ctx.oracle.reply("Say hello."), "the text of the answer")
        ctx.equal(
            got.usage and got.usage.prompt_tokens, plain.usage and plain.usage.prompt_tokens, "the usage of the answer"
        )
        ctx.expect(b"ecret" not in got.request.body + got.request.head, "the request holds parts of another call")
        answer = got.answer if got.answer is not None else LLMResult("", AssistantPromptMessage(""))
        ctx.expect(
            not answer.message.tool_calls and "ecret" not in answer.text, "the answer holds parts of another one"
        )


def _numbers(rule: Any) -> list[Any]:
    from mrt import ParameterType

    return numbers(rule) if rule.type in (ParameterType.FLOAT, ParameterType.INT) else []
