"""What the vendor heard: requests as it read them, and tools to offer it."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mrt import ConfigurateMethod, PromptMessageTool, ToolCall
from mrt.entities.plain import is_mapping
from mrt_testing_kit.failure import CheckFailure
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import Answer, Conversation, Turn

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context

TOOLS = "tool-call|multi-tool-call|stream-tool-call"
"""What a check of tools needs."""

WEATHER = PromptMessageTool(
    "get_weather",
    "Tells the weather of a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CLOCK = PromptMessageTool("tell_time", "Tells the time.", {"type": "object", "properties": {}})
NOTE = PromptMessageTool(
    "take_note",
    "Writes a note.",
    {"type": "object", "properties": {"title": {"type": "string"}, "body": {"type": "string"}}},
)
CUSTOM = ("acme/model-7b:free", "claude-Modell 1.0_β", "a.b-c@2026")
"""Names of models that no provider describes."""

OFFERED = (WEATHER, CLOCK, NOTE)


def heard(got: Outcome) -> Conversation:
    """Return the last request of a call as the vendor read it.

    Raises:
        CheckFailure: It reached no endpoint that answers conversations.
    """
    talk = got.request.talk
    if talk is None:
        raise CheckFailure(
            "the request did not reach the model",
            expected="a request that the vendor can read",
            came=f"{got.request.method} {got.request.target}; {got.told()}",
            sent=got.asked,
        )
    return talk


def turns(got: Outcome, role: str) -> list[Turn]:
    """Return the messages of a role that the vendor read."""
    return [turn for turn in heard(got).turns if turn.role == role]


def plain_fields(ctx: Context, body: dict[str, Any]) -> dict[str, Any]:
    """Return a body without the fields that ask for a stream."""
    key = ctx.server.dialect.stream_key
    return {name: value for name, value in body.items() if not name.startswith("stream") and name != key}


def is_chat(ctx: Context) -> bool:
    """Tell whether the check's model takes messages, and not just text to go on with."""
    return {str(key): value for key, value in ctx.schema.model_properties.items()}.get("mode") != "completion"


def custom_model(ctx: Context) -> str | None:
    """Return the name of a model that the provider does not describe; None where people cannot add such."""
    knows = getattr(ctx.server.dialect, "knows", None)
    if knows is None or ctx.target.entity.configurate_methods == [ConfigurateMethod.PREDEFINED_MODEL]:
        return None
    for name in CUSTOM:
        if knows(name) and name not in map(str, ctx.credentials(model=name).values()):
            return name
    return None


def was_sent(got: Outcome, text: str) -> bool:
    """Tell whether a text stands in the answer's bytes; of long answers only the first 64 KiB are known."""
    return text.encode() in bytes(got.request.response)


def written_out(got: Outcome) -> bool:
    """Tell whether the vendor wrote calls into the text, as models do when nobody reads them for the client."""
    return any(b"<tool_call>" in bytes(request.response) for request in got.requests)


def ask(ctx: Context, answer: Answer, fault: str | None = None, **options: Any) -> Outcome:
    """Offer tools and let the model answer in fields of their own, if need be with another model that has tools.

    Args:
        ctx: The check.
        answer: What the model says.
        fault: What the server does with it.
        **options: Options of the fault.

    Raises:
        NotApplicable: Every model of this dialect writes its calls into the text.
    """
    names = [
        ctx.model,
        *(model.name for model in ctx.models["llm"] if model.name != ctx.model and model.declares(TOOLS)),
    ]
    for name in names:
        ctx.server.next_answer(answer.copy())
        if fault is None:
            got = ctx.chat("Use the tools.", tools=OFFERED, model=name)
        else:
            with ctx.fault(fault, **options):
                got = ctx.chat("Use the tools.", tools=OFFERED, model=name)
        if not written_out(got):
            return got
    ctx.not_applicable("the models of this dialect write their calls into the text", by_dialect=True)


def value(text: str) -> Any:
    """Return what a call's arguments say; text that is no JSON is returned as it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def judge_calls(ctx: Context, got: Outcome, wanted: Sequence[tuple[str, Any]], ids: Sequence[str] = ()) -> None:
    """Fail the check unless a call's answer has exactly these tool calls.

    Args:
        ctx: The check.
        got: The call.
        wanted: Name and arguments of each, in order.
        ids: The vendor's ids; each counts where it was on the wire.
    """
    got.ok()
    calls = got.calls
    ctx.equal(
        [(call.function.name, value(call.function.arguments)) for call in calls], list(wanted), "the list of calls"
    )
    _judge_ids(ctx, got, calls)
    for call, id in zip(calls, ids, strict=False):
        if was_sent(got, f'"{id}"'):
            ctx.equal(call.id, id, "the id of a call")
    if got.way in ("stream", "astream"):
        _judge_pieces(ctx, got)


def _judge_ids(ctx: Context, got: Outcome, calls: Sequence[ToolCall]) -> None:
    ids = [call.id for call in calls]
    ctx.expect(all(ids), "a call has no id, so that its result cannot be sent back", expected="an id", came=repr(ids))
    ctx.expect(
        len(set(ids)) == len(ids),
        "two calls have one id, so that results mix",
        expected="ids that differ",
        came=repr(ids),
    )
    ctx.equal([call.index for call in calls], list(range(len(calls))), "the index of each call")
    ctx.expect(
        all(type(call.function.arguments) is str for call in calls), "arguments are no text", expected="JSON text"
    )


def _judge_pieces(ctx: Context, got: Outcome) -> None:
    names: dict[int | None, str] = {}
    texts: dict[int | None, str] = {}
    ids: dict[int | None, set[str]] = {}
    for chunk in got.chunks:
        for piece in chunk.delta.message.tool_calls:
            names[piece.index] = names.get(piece.index, "") + piece.function.name
            texts[piece.index] = texts.get(piece.index, "") + piece.function.arguments
            ids.setdefault(piece.index, set()).add(piece.id)
    for call in got.calls:
        ctx.equal(names.get(call.index), call.function.name, f"the name in the chunks of call {call.index}")
        joined = texts.get(call.index, "").strip()
        if joined not in ("", "null"):
            ctx.equal(value(joined), value(call.function.arguments), f"the joined arguments of call {call.index}")


def cut(draw: random.Random, text: str, most: int = 12) -> list[str]:
    """Return a text in random pieces, at most so many, none of them empty."""
    places = (
        sorted(draw.sample(range(1, len(text)), min(len(text) - 1, draw.randint(0, most - 1)))) if len(text) > 1 else []
    )
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


_LETTERS = (
    "abc XYZ 09 .,!? äöüßéñ łžő ЖЯж αβΩ 你好世界 かな 한국 שלום नमस्ते "
    "\u0301\u200d\u200b😀👩🚀𝔘\u2028\u2029\u0085\"\\/'{}[]<>&%\t\n"
)


def any_text(draw: random.Random, most: int = 40) -> str:
    """Return text of many scripts, marks and signs, without control characters; it begins and ends with a letter."""
    return "q" + "".join(draw.choices(_LETTERS, k=draw.randint(0, most))) + "z"


def any_object(draw: random.Random, depth: int = 3) -> dict[str, Any]:
    """Return a random JSON object."""
    made = _any_value(draw, depth, whole=True)
    return dict(made) if is_mapping(made) else {}


def _any_value(draw: random.Random, depth: int, *, whole: bool = False) -> Any:
    kind = 0 if whole else draw.randrange(0 if depth > 0 else 2, 9)
    if kind == 0:
        return {any_text(draw, 6): _any_value(draw, depth - 1) for _ in range(draw.randint(1, 4))}
    if kind == 1:
        return [_any_value(draw, depth - 1) for _ in range(draw.randint(0, 3))]
    plain: list[Any] = [0, -1, True, False, None, "", 1.5, 2**53 - 1, 2**63 + 1, -(10**19) - 1, 0.1 + 0.2, 1e-9]
    return any_text(draw, 12) if kind > 6 else draw.choice(plain)
