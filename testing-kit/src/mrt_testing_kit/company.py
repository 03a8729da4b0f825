"""What else may be in a call: what arrives alone can be lost beside tools, images, a history or other parameters."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mrt import (
    AssistantPromptMessage,
    ImagePromptMessageContent,
    InvokeBadRequestError,
    PromptMessage,
    PromptMessageTool,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolCall,
    ToolCallFunction,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt_testing_kit.asking import ASIDE, NUMBERS, numbers
from mrt_testing_kit.heard import OFFERED, TOOLS, is_chat
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import Answer

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context

QUESTION = "What do you see?"
SYSTEM = "Be brief and kind."
STOP = "oracle-end"
USER = "user-of-the-oracle"
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))


@dataclass(frozen=True)
class Company:
    """What else is in a call.

    Args:
        name: What it is, as the end of a sentence: "beside tools".
        before: Messages before the question.
        image: Whether the question has an image with it.
        parameters: Parameters.
        tools: Tools.
        stop: Stop texts.
        user: The end user's id.
    """

    name: str
    before: Sequence[PromptMessage] = ()
    image: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tools: Sequence[PromptMessageTool] = ()
    stop: Sequence[str] = ()
    user: str | None = None

    def with_(self, other: Company) -> Company:
        """Return all that is in either."""
        return Company(
            f"{self.name}, {other.name}",
            [*self.before, *other.before],
            self.image or other.image,
            {**self.parameters, **other.parameters},
            self.tools or other.tools,
            [*self.stop, *other.stop],
            self.user or other.user,
        )


def coded(data: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(data).decode()


def image(data: bytes = PNG, media_type: str = "image/png", **fields: Any) -> ImagePromptMessageContent:
    """Return an image as a part of a message."""
    return ImagePromptMessageContent(base64_data=coded(data), mime_type=media_type, **fields)


def called(*calls: tuple[str, str, str]) -> AssistantPromptMessage:
    """Return the message of a model that calls tools; each call is id, name and arguments."""
    return AssistantPromptMessage(
        "", [ToolCall(id, function=ToolCallFunction(name, arguments)) for id, name, arguments in calls]
    )


def companies(ctx: Context, *, without: Sequence[str] = ()) -> list[Company]:
    """Return what else a call to the check's model may have in it, one by one and at last all together.

    Args:
        ctx: The check.
        without: What is left out: names of parameters, ``tools``, ``image``, ``stop``, ``user`` and ``history``.
    """
    found: list[tuple[str, Company]] = []
    if is_chat(ctx):
        talk: list[PromptMessage] = [UserPromptMessage("Hello."), AssistantPromptMessage("Good day.")]
        found.append(("history", Company("in a longer conversation", talk)))
    if ctx.declares(TOOLS):
        found.append(("tools", Company("beside tools", tools=OFFERED)))
        loop: list[PromptMessage] = [
            UserPromptMessage("Weather?"),
            called(("call_c1", "get_weather", '{"city": "Paris"}')),
            ToolPromptMessage("sunny", tool_call_id="call_c1"),
            AssistantPromptMessage("It is sunny."),
        ]
        if "history" not in without:
            found.append(("tools", Company("beside tools and their results", loop, tools=OFFERED)))
    if ctx.declares("vision"):
        found.append(("image", Company("beside an image", image=True)))
    found += [("stop", Company("beside a stop text", stop=[STOP])), ("user", Company("beside a user", user=USER))]
    given = {
        name: values[0]
        for name, rule in ctx.rules.items()
        if rule.type in NUMBERS and name not in ASIDE and (values := numbers(rule))
    }
    found += [(name, Company(f"beside {name}", parameters={name: value})) for name, value in given.items()]
    if "json_schema" in ctx.rules:
        formats = ctx.rules["response_format"].options if "response_format" in ctx.rules else []
        wanted: dict[str, Any] = {"json_schema": SCHEMA}
        wanted |= {"response_format": "json_schema"} if "json_schema" in formats else {}
        found.append(("json_schema", Company("beside a response format", parameters=wanted)))
    if ctx.declares(TOOLS):
        for name, value in (("tool_choice", "required"), ("parallel_tool_calls", False)):
            if name in ctx.rules:
                found.append((name, Company(f"beside {name}", parameters={name: value}, tools=OFFERED)))
    return [company for name, company in found if name not in without]


def beside(
    ctx: Context,
    *,
    without: Sequence[str] = (),
    parameters: Mapping[str, Any] | None = None,
    stop: Sequence[str] = (),
    user: str | None = None,
    **options: Any,
) -> Iterator[tuple[str, Outcome]]:
    """Make a call in every company in which it may be made.

    A vendor need not take all things together: what the provider refuses before it asks is left out.

    Args:
        ctx: The check.
        without: As for `companies`.
        parameters: Parameters of the call itself.
        stop: Its stop texts.
        user: Its user.
        **options: As for `Context.chat`.

    Yields:
        The company's name, and the call.
    """
    own = [*without, *(parameters or ()), *(["stop"] if stop else []), *(["user"] if user else [])]
    found = companies(ctx, without=own)
    taken: list[Company] = []
    for company in found:
        got = ask(ctx, company, parameters=parameters, stop=stop, user=user, **options)
        if got is not None:
            taken.append(company)
            yield company.name, got
    for whole in _together(ctx, taken, parameters=parameters, stop=stop, user=user, **options):
        yield "beside everything else", whole


def _together(ctx: Context, companies: Sequence[Company], **given: Any) -> Iterator[Outcome]:
    """Make one call with all of it; where that is refused, with as much as is taken together."""
    if len(companies) < 2:
        return
    whole = companies[0]
    for company in companies[1:]:
        whole = whole.with_(company)
    got = ask(ctx, whole, **given)
    if got is None:
        whole = companies[0]
        for company in companies[1:]:
            more = ask(ctx, whole.with_(company), **given)
            whole, got = (whole.with_(company), more) if more is not None else (whole, got)
    if got is not None:
        yield got


def ask(
    ctx: Context,
    company: Company,
    *,
    parameters: Mapping[str, Any] | None = None,
    stop: Sequence[str] = (),
    user: str | None = None,
    tools: Sequence[PromptMessageTool] = (),
    **options: Any,
) -> Outcome | None:
    """Make a call in one company; None when the provider refuses to, before it asks."""
    prompt: Any = QUESTION
    if is_chat(ctx):
        question = TextPromptMessageContent(QUESTION)
        asked = UserPromptMessage([question, image()] if company.image else [question])
        prompt = [SystemPromptMessage(SYSTEM), *company.before, asked]
    ctx.server.next_answer(Answer('{"name": "Ada"}'))
    got = ctx.chat(
        prompt,
        parameters={**company.parameters, **(parameters or {})},
        tools=list(tools or company.tools) or None,
        stop=[*company.stop, *stop] or None,
        user=user if company.user is None else company.user,
        **options,
    )
    if isinstance(got.error, InvokeBadRequestError) and not got.requests:
        ctx.server.take_answer()
        return None
    with ctx.case(company.name):
        return got.ok()
