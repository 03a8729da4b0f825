"""How the Transformers engine answers: calls are parsed out of whole answers only, reasoning when a parser is on."""

from __future__ import annotations

import json
from typing import Any

from mrt_testing_kit.server.answer import Answer, Piece, Text, Thinking, ToolCall, Usage
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.openai.shapes import done
from mrt_testing_kit.server.loose import is_object
from mrt_testing_kit.server.wire import Event, Framing, Reply


def counts(usage: Usage | None) -> dict[str, Any] | None:
    """Write token counts."""
    if usage is None:
        return None
    return {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion, "total_tokens": usage.total}


def raw_call(call: ToolCall, *, cut: bool = False) -> str:
    """Write a call as the model does, before anybody parses it, or as far as the length limit let it."""
    arguments = call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments)
    if cut:
        return f'<tool_call>\n{{"name": {json.dumps(call.name)}, "arguments": {arguments}'
    return f'<tool_call>\n{{"name": {json.dumps(call.name)}, "arguments": {arguments}}}\n</tool_call>'


def raw(answer: Answer) -> tuple[str | None, str]:
    """Return the reasoning and the text of an answer as the model writes them, line breaks included."""
    thought: str | None = None
    text: list[str] = []
    for part in answer.parts:
        if isinstance(part, Thinking):
            thought = (thought or "") + "\n" + "".join(part.pieces)
        elif isinstance(part, Text):
            text.append("".join(part.pieces))
    if thought is not None and (text or answer.calls):
        thought += "\n"
    return thought, "".join(text)


def tagged(thought: str, text: str) -> str:
    """Write reasoning and text as the model does, between tags; no closing tag when the length limit came first."""
    return f"<think>{thought}</think>\n\n{text}" if thought.endswith("\n") else f"<think>{thought}"


def whole(call: Call, answer: Answer, parser: bool) -> Reply:
    """Answer in one document."""
    thought, text = raw(answer)
    calls = answer.calls
    tools = "tools" in call.body
    good = [part for part in calls if _parses(part)]
    finish = answer.finish
    if calls and (not tools or len(good) != len(calls)):
        text += "\n".join(raw_call(part, cut=finish == "length" and part is calls[-1]) for part in calls)
        good, finish = [], "stop" if finish == "tool_calls" else finish
    elif len(calls) > 1:
        text += "\n" * (len(calls) - 1)
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if tools:
        message["tool_calls"] = [
            {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.arguments}}
            for part in good
        ]
    if parser and thought is None:
        message["content"], message["reasoning_content"] = "", text
    elif parser:
        message["content"] = f"\n\n{text}" if text or good else ""
        message["reasoning_content"] = thought
    elif thought is not None:
        message["content"] = tagged(thought, text)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    head: dict[str, Any] = {"object": "chat.completion", "created": call.dialect.now(), "model": call.model}
    if tools:
        head = {"id": f"chatcmpl-{call.dialect.uuid()}", "model": call.model, **head}
    else:
        head = {"id": f"chat{call.dialect.uuid()}", **head}
    return call.json_reply({**head, "choices": [choice], "usage": counts(answer.usage)}, answer=answer)


def _parses(call: ToolCall) -> bool:
    try:
        return isinstance(call.arguments, dict | None) or is_object(json.loads(call.arguments))
    except ValueError:
        return False


def stream(call: Call, answer: Answer, parser: bool, wanted: bool) -> Reply:
    """Answer in a stream, with calls as the text that the model writes."""
    base = {
        "id": f"chat{call.dialect.uuid()}",
        "model": call.model,
        "created": call.dialect.now(),
        "object": "chat.completion.chunk",
    }
    plain = parser and not answer.reasoning
    writer = _Writer(base, parser, plain, wanted)
    events = [event for piece in call.pieces(answer) for event in writer.write(piece)]
    return call.stream_reply(events, Framing(newline="\r\n", compact=False), answer)


class _Writer:
    """Turns pieces into chunks; remembers whether the model is thinking, and when it last named its role."""

    def __init__(self, base: dict[str, Any], parser: bool, plain: bool, wanted: bool) -> None:
        self.base = base
        self.parser = parser
        self.plain = plain
        self.wanted = wanted
        self.thinking = False
        self.sent = 0
        self.opened_calls = 0
        self.usage: dict[str, Any] | None = None

    def write(self, piece: Piece) -> list[Event]:
        if piece.kind == "start":
            delta: dict[str, Any] = {"role": "assistant", "content": None if self.parser else ""}
            if self.parser:
                delta["reasoning_content"] = ""
            return [self.chunk(delta, "start", bare=True)]
        if piece.kind == "thinking":
            return self.think(piece)
        if piece.kind in ("text", "call", "arguments"):
            return self.say(piece)
        if piece.kind == "finish":
            self.usage = counts(piece.usage)
            delta = {"content": "", "reasoning_content": None} if self.parser else {"content": ""}
            finish = "stop" if piece.finish == "tool_calls" else piece.finish
            return [self.chunk(delta, "finish", finish=finish, usage=self.usage)]
        if piece.kind == "usage" and self.wanted:
            data: dict[str, Any] = {
                **self.base,
                "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
                "usage": self.usage,
            }
            return [Event(data, kind="usage")]
        return [done()] if piece.kind == "end" else []

    def think(self, piece: Piece) -> list[Event]:
        opening = not self.thinking
        self.thinking = True
        if self.parser:
            events = [self.half("reasoning_content", "\n", "thinking")] if opening else []
            return [*events, self.half("reasoning_content", piece.text, "thinking")]
        text = f"<think>\n{piece.text}" if opening else piece.text
        return [self.chunk({"content": text}, "text")]

    def say(self, piece: Piece) -> list[Event]:
        text = piece.text if piece.kind == "text" else self.raw(piece)
        if self.parser:
            if self.plain:
                return [self.half("reasoning_content", text, "thinking")]
            events: list[Event] = []
            if self.thinking:
                self.thinking = False
                events.append(self.half("reasoning_content", "\n", "thinking"))
                events.append(self.chunk({"reasoning_content": "", "content": "\n"}, "text"))
                text = f"\n{text}"
            return [*events, self.half("content", text, "text")]
        if self.thinking:
            self.thinking = False
            text = f"\n</think>\n\n{text}"
        return [self.chunk({"content": text}, "text")]

    def raw(self, piece: Piece) -> str:
        text = ""
        if piece.kind == "call":
            text = "\n" if self.opened_calls else ""
            name = piece.name if isinstance(piece.name, str) else ""
            text += f'<tool_call>\n{{"name": {json.dumps(name)}, "arguments": '
            self.opened_calls += 1
        if is_object(piece.arguments):
            text += json.dumps(piece.arguments)
        elif isinstance(piece.arguments, str):
            text += piece.arguments
        return f"{text}}}\n</tool_call>" if piece.last else text

    def half(self, field: str, text: str | None, kind: str) -> Event:
        other = "content" if field == "reasoning_content" else "reasoning_content"
        delta = {field: text, other: None} if field == "reasoning_content" else {other: None, field: text}
        return self.chunk(delta, kind)

    def chunk(
        self,
        delta: dict[str, Any],
        kind: str,
        finish: str | None = None,
        usage: dict[str, Any] | None = None,
        bare: bool = False,
    ) -> Event:
        if bare:
            return Event({**self.base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}, kind=kind)
        self.sent += 1
        # About every ten chunks the role comes again.
        if self.sent % 9 == 0 and kind != "finish":
            delta = {**delta, "role": "assistant"}
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return Event({**self.base, "choices": [choice], "usage": usage}, kind=kind)
