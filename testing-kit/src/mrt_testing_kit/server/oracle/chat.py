"""From a conversation to an answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from mrt_testing_kit.server.answer import Answer, Part, Redacted, Text, Thinking, ToolCall, Usage, tokens
from mrt_testing_kit.server.loose import is_object
from mrt_testing_kit.server.oracle.counts import usage
from mrt_testing_kit.server.oracle.directives import Directive, read
from mrt_testing_kit.server.oracle.schema import conform, places
from mrt_testing_kit.server.oracle.text import PHRASES, THOUGHTS, UNICODE, reply, signature

# So many tokens a call costs, by and large.
_CALL = 10


@dataclass(slots=True)
class Image:
    """An image, or another file, in a message: its media type, and its bytes or its address."""

    media_type: str
    data: bytes | None = None
    url: str | None = None


@dataclass(slots=True)
class ToolResult:
    """What a tool gave back, for the call of this id; its name where the vendor wants one, and images with the text."""

    id: str
    text: str
    error: bool = False
    name: str = ""
    images: list[Image] = field(default_factory=list[Image])


@dataclass(slots=True)
class Turn:
    """One message, in no vendor's words. ``role`` is ``system``, ``user``, ``assistant`` or ``tool``.

    ``thoughts`` is the reasoning that an assistant's message brings back.
    """

    role: str
    text: str = ""
    images: list[Image] = field(default_factory=list[Image])
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    results: list[ToolResult] = field(default_factory=list[ToolResult])
    thoughts: list[Thinking | Redacted] = field(default_factory=list["Thinking | Redacted"])


@dataclass(slots=True)
class ToolSpec:
    """A tool that the caller offers."""

    name: str
    description: str = ""
    schema: Any = None


@dataclass(slots=True)
class Conversation:
    """A chat request, in no vendor's words.

    Attributes:
        turns: the messages in order.
        tools: the tools offered.
        tool_choice: ``auto``, ``none``, ``required``, or a tool's name after ``name:``.
        params: every field of the request beside messages and tools.
        schema: the JSON schema of the answer, if one is asked for; True for any JSON object.
        limit: the most tokens to answer with.
        stops: strings that end the answer.
        thinks: the model reasons when it likes.
        parallel: several calls at once are allowed.
        cached: input tokens are read from a cache.
        cache_write: input tokens are written to a cache.
    """

    turns: list[Turn]
    tools: list[ToolSpec] = field(default_factory=list[ToolSpec])
    tool_choice: str = "auto"
    params: dict[str, Any] = field(default_factory=dict[str, Any])
    schema: Any = None
    limit: int | None = None
    stops: list[str] = field(default_factory=list[str])
    thinks: bool = False
    parallel: bool = True
    cached: bool = True
    cache_write: bool = False

    @property
    def user(self) -> str:
        """The text of the last user message."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user" and not turn.results), "")

    @property
    def images(self) -> list[Image]:
        """The images of the last user message."""
        none: list[Image] = []
        return next((turn.images for turn in reversed(self.turns) if turn.role == "user" and not turn.results), none)

    @property
    def results(self) -> list[ToolResult]:
        """The results at the end of the conversation; empty when a user spoke last."""
        found: list[ToolResult] = []
        for turn in reversed(self.turns):
            if not turn.results:
                break
            found = [*turn.results, *found]
        return found

    @property
    def rounds(self) -> int:
        """How many rounds of tool results have come since the user spoke."""
        count = 0
        for turn in reversed(self.turns):
            if turn.role == "user" and not turn.results:
                break
            count += bool(turn.calls)
        return count

    def call(self, id: str) -> ToolCall | None:
        """Return the call with this id from the history."""
        return next((call for turn in self.turns for call in turn.calls if call.id == id), None)


@dataclass(slots=True)
class _Plan:
    text: str | None = None
    pieces: list[str] | None = None
    thought: str | None = None
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    then: str | None = None
    rounds: int = 0
    chunk: int = 0
    redacted: str = ""
    citations: list[str] = field(default_factory=list[str])
    finish: str | None = ""
    counts: tuple[int, int] | None = None
    delay: float = 0.0
    pace: float = 0.0


def converse(talk: Conversation) -> Answer:
    """Answer a conversation.

    Directives in the last user message decide (see ``directives``). Without any: after tool results, a sentence that
    quotes them; with tools, a call when one is demanded, when the message names a tool or speaks of the weather while
    a tool's name or description does, too; otherwise ``reply``.
    """
    message, found = read(talk.user)
    plan = _follow(talk, message, found)
    results = talk.results
    again = talk.rounds < plan.rounds
    calls = plan.calls if not results or again else []
    if again and not calls and talk.tools:
        calls = [_call(talk.tools[0], message, str(talk.rounds))]
    if not found and not calls:
        calls = [] if results else _spontaneous(talk, message)
    if not talk.parallel:
        calls = calls[:1]
    text: str | None
    if results and not again:
        text = plan.then or plan.text or _quote(talk, results)
    elif plan.text is not None:
        text = plan.text
    elif talk.schema is not None and not calls:
        text = _structured(talk)
    elif calls:
        text = reply(message) if message.startswith("Tell me, then ") else ""
    else:
        text = reply(message, [image.media_type for image in talk.images])
    thought = plan.thought
    if thought is None and not results:
        # The recorded model thinks about some phrases, asked or not, and never about others.
        default = f"The user said {len(message)} characters." if talk.thinks and message not in PHRASES else None
        thought = THOUGHTS.get(message, default)
    return _build(talk, plan, text, thought, calls, message)


def _build(
    talk: Conversation, plan: _Plan, text: str, thought: str | None, calls: list[ToolCall], message: str
) -> Answer:
    stop = next(iter(sorted((at, s) for s in talk.stops if s and (at := text.find(s)) >= 0)), None)
    pieces = plan.pieces if plan.pieces is not None and "".join(plan.pieces) == text else None
    if stop is not None:
        text, pieces, calls = text[: stop[0]], None, []
    if pieces is None:
        pieces = _chunks(text, plan.chunk) if plan.chunk else tokens(text)
    parts: list[Part] = []
    if thought:
        parts.append(Thinking(tokens(thought), signature(thought)))
    if plan.redacted:
        parts.append(Redacted(plan.redacted))
    if pieces:
        parts.append(Text(pieces, plan.citations))
    finish: str | None = "tool_calls" if calls else "stop"
    if talk.limit is not None:
        # The tags around reasoning cost two tokens.
        room = talk.limit - 2 * bool(thought)
        if _cut(parts, room):
            finish, calls = "length", []
        elif calls and room < _CALL * len(calls):
            calls = _cut_calls(calls, room)
            finish = "length"
    if plan.finish != "":
        finish = plan.finish
    counts = usage(message, cached=talk.cached, cache_write=talk.cache_write, reasoning=bool(thought))
    if plan.counts is not None:
        counts = Usage(*plan.counts)
    return Answer(
        parts=[*parts, *calls],
        finish=finish,
        usage=counts,
        stop_sequence=None if stop is None else stop[1],
        delay=plan.delay,
        pace=plan.pace,
    )


def _cut_calls(calls: list[ToolCall], limit: int) -> list[ToolCall]:
    kept = calls[: max(0, limit) // _CALL + 1]
    last = kept[-1]
    if isinstance(last.arguments, str):
        last.arguments = last.arguments[: len(last.arguments) // 2]
    return kept


def _cut(parts: list[Part], limit: int) -> bool:
    cut = False
    for part in parts:
        if isinstance(part, Text | Thinking):
            cut = cut or len(part.pieces) > limit
            part.pieces = part.pieces[: max(0, limit)]
            limit -= len(part.pieces)
    parts[:] = [part for part in parts if not isinstance(part, Text | Thinking) or part.pieces]
    return cut


def _chunks(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def _follow(talk: Conversation, message: str, found: list[Directive]) -> _Plan:
    plan = _Plan()
    for number, directive in enumerate(found):
        verb, argument = directive.verb, directive.argument
        if verb == "say":
            plan.text = argument
        elif verb == "think":
            plan.thought = argument
        elif verb == "redact":
            plan.redacted = argument
        elif verb == "cite":
            plan.citations.append(argument)
        elif verb == "tool":
            name, _, arguments = argument.partition(" ")
            plan.calls.append(ToolCall(name, arguments.strip()))
        elif verb == "tools":
            plan.calls += [
                _call(talk.tools[n % len(talk.tools)], "", str(n)) for n in range(int(argument)) if talk.tools
            ]
        elif verb == "rounds":
            plan.rounds = int(argument)
        elif verb == "then":
            plan.then = argument
        elif verb == "echo":
            plan.text = argument or message
        elif verb == "echo-params":
            plan.text = json.dumps(talk.params, sort_keys=True, ensure_ascii=False)
        elif verb == "echo-system":
            plan.text = "\n".join(turn.text for turn in talk.turns if turn.role == "system")
        elif verb == "echo-messages":
            plan.text = json.dumps([{"role": t.role, "text": t.text} for t in talk.turns], ensure_ascii=False)
        elif verb == "long":
            plan.pieces = [f"word{n} " for n in range(int(argument))]
            plan.text = "".join(plan.pieces)
        elif verb == "repeat":
            times, _, text = argument.partition(" ")
            plan.pieces = [text] * int(times)
            plan.text = "".join(plan.pieces)
        elif verb == "unicode":
            plan.text = UNICODE
        elif verb == "json":
            plan.text = _structured(talk)
        elif verb == "chunk":
            plan.chunk = int(argument)
        elif verb == "finish":
            plan.finish = None if argument == "null" else argument
        elif verb == "refuse":
            plan.text, plan.finish = argument, "content_filter"
        elif verb == "usage":
            first, second = argument.split()
            plan.counts = (int(first), int(second))
        elif verb == "delay":
            plan.delay = float(argument)
        elif verb == "pace":
            plan.pace = float(argument)
        elif verb != "fault":
            plan.text = f"The oracle does not know the directive {verb!r} (number {number + 1})."
    return plan


def _structured(talk: Conversation) -> str:
    schema = talk.schema if is_object(talk.schema) else {"properties": {"answer": {"type": "string"}}}
    return json.dumps(conform(schema), ensure_ascii=False)


def _call(tool: ToolSpec, message: str, seed: str = "", hint: str = "") -> ToolCall:
    schema = tool.schema if is_object(tool.schema) else {}
    return ToolCall(tool.name, json.dumps(conform(schema, seed, hint), ensure_ascii=False))


def _spontaneous(talk: Conversation, message: str) -> list[ToolCall]:
    if not talk.tools or talk.tool_choice == "none":
        return []
    if message == "Call a broken tool.":
        return [ToolCall(talk.tools[0].name, '{"city": "Par')]
    low = message.lower()
    wanted = [tool for tool in talk.tools if tool.name.lower() in low]
    if not wanted and "weather" in low:
        wanted = [tool for tool in talk.tools if "weather" in f"{tool.name} {tool.description}".lower()]
    if talk.tool_choice.startswith("name:"):
        name = talk.tool_choice[5:]
        wanted = [tool for tool in talk.tools if tool.name == name]
    elif talk.tool_choice == "required" and not wanted:
        wanted = talk.tools[:1]
    if not wanted:
        return []
    found = places(message)
    if not found or len(wanted) > 1:
        return [_call(tool, message, hint=found[0] if found else "") for tool in wanted]
    return [_call(wanted[0], message, str(n) if n else "", place) for n, place in enumerate(found)]


def _quote(talk: Conversation, results: list[ToolResult]) -> str:
    said: list[str] = []
    for result in results:
        call = talk.call(result.id)
        name = call.name if call is not None else "the tool"
        verb = "failed with" if result.error else "returned"
        said.append(f"{name} {verb} {result.text}")
    return "; ".join(said) + "."
