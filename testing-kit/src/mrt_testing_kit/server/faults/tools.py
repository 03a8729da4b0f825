"""F32 to F38: tool calls in the ways in which vendors stream them."""

from __future__ import annotations

import json
from typing import Any

from mrt_testing_kit.server.answer import ABSENT, Answer, Piece, ToolCall
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.faults.base import CHAT, NOT_OPENAI, Fault, fault
from mrt_testing_kit.server.loose import is_object, objects
from mrt_testing_kit.server.oracle import conform
from mrt_testing_kit.server.trouble import DialectError
from mrt_testing_kit.server.wire import Event


def at_least(answer: Answer, call: Call, count: int) -> Answer:
    """Give an answer so many calls, of the tools offered."""
    while len(answer.calls) < count and call.talk.tools:
        number = len(answer.calls)
        tool = call.talk.tools[number % len(call.talk.tools)]
        arguments = json.dumps(conform(tool.schema, f"{number}" if number else ""), ensure_ascii=False)
        answer.parts.append(ToolCall(tool.name, arguments))
        answer.finish = "tool_calls"
    return answer


class _Calls(Fault):
    kinds = CHAT

    def answer(self, answer: Answer, call: Call) -> Answer:
        return at_least(answer, call, int(self.o["calls"]))


def per_call(pieces: list[Piece]) -> list[list[Piece]]:
    """Return the pieces of each call."""
    groups: dict[int, list[Piece]] = {}
    for piece in pieces:
        if piece.kind in ("call", "arguments"):
            groups.setdefault(piece.part, []).append(piece)
    return list(groups.values())


def with_calls(pieces: list[Piece], calls: list[Piece]) -> list[Piece]:
    """Put other call pieces in place of those of a stream."""
    at = next((n for n, piece in enumerate(pieces) if piece.kind in ("call", "arguments")), len(pieces))
    rest = [piece for piece in pieces[at:] if piece.kind not in ("call", "arguments")]
    return [*pieces[:at], *calls, *rest]


@fault("F32", "interleaved calls", options={"calls": 2})
class Interleaved(_Calls):
    """The fragments of several calls alternate."""

    stream = True

    def pieces(self, pieces: list[Piece], call: Call) -> list[Piece]:
        groups = per_call(pieces)
        longest = max((len(group) for group in groups), default=0)
        mixed = [group[n] for n in range(longest) for group in groups if n < len(group)]
        return with_calls(pieces, mixed)


@fault("F33", "same index, other id", options={"calls": 2})
class SameIndex(_Calls):
    """Every call has index 0; only the ids tell them apart."""

    stream = True
    without = NOT_OPENAI

    def pieces(self, pieces: list[Piece], call: Call) -> list[Piece]:
        for piece in pieces:
            if piece.kind in ("call", "arguments"):
                piece.index = 0
        return pieces


@fault("F34", "no index, or gaps", options={"what": "none", "calls": 2}, choices={"what": ("none", "null", "gaps")})
class Gaps(_Calls):
    """The index is left out, null, or counts 1, 4, 7."""

    stream = True

    def pieces(self, pieces: list[Piece], call: Call) -> list[Piece]:
        if call.dialect.name == "anthropic":
            return pieces
        for piece in pieces:
            if piece.kind in ("call", "arguments") and isinstance(piece.index, int):
                what = self.o["what"]
                piece.index = 1 + 3 * piece.index if what == "gaps" else None if what == "null" else ABSENT
        return pieces

    def events(self, events: list[Event], call: Call) -> list[Event]:
        # Blocks cannot do without an index, but their numbers can have gaps.
        for event in events:
            if call.dialect.name == "anthropic" and is_object(event.data) and "index" in event.data:
                event.data = {**event.data, "index": 1 + 3 * event.data["index"]}
        return events


@fault(
    "F35",
    "id or name late, null or twice",
    options={"what": "later-null", "calls": 2},
    choices={"what": ("later-null", "id-late", "name-late", "id-null", "duplicate", "empty")},
)
class LateNames(_Calls):
    """The id or name comes with the last fragment, later fragments have null in them, or ids are null or all alike."""

    def answer(self, answer: Answer, call: Call) -> Answer:
        answer = super().answer(answer, call)
        if self.o["what"] in ("duplicate", "empty"):
            for part in answer.calls:
                part.id = "call_oracle" if self.o["what"] == "duplicate" else ""
        return answer

    def pieces(self, pieces: list[Piece], call: Call) -> list[Piece]:
        what = self.o["what"]
        for group in per_call(pieces):
            head, last = group[0], group[-1]
            if what == "later-null":
                for piece in group[1:]:
                    piece.id = piece.name = None
            elif what == "id-late" and last is not head:
                head.id, last.id = ABSENT, head.id
            elif what == "name-late" and last is not head:
                head.name, last.name = ABSENT, head.name
            elif what == "id-null":
                head.id = None
        return pieces

    def payload(self, payload: Any, call: Call) -> Any:
        if self.o["what"] != "id-null":
            return payload
        known = payload if is_object(payload) else {}
        found = [
            item for choice in objects(known.get("choices")) for item in objects(choice["message"].get("tool_calls"))
        ]
        found += [block for block in objects(known.get("content")) if block.get("type") == "tool_use"]
        for item in found:
            item["id"] = None
        if not found and call.request.answer is not None and call.request.answer.calls:
            raise DialectError("they are in no shape whose ids the kit knows")
        return payload


@fault(
    "F36",
    "odd arguments",
    options={"what": "empty", "calls": 1},
    choices={"what": ("empty", "null", "object", "broken", "whitespace", "list")},
)
class OddArguments(_Calls):
    """Arguments that are empty, null, an object instead of text, or no JSON."""

    def answer(self, answer: Answer, call: Call) -> Answer:
        for part in super().answer(answer, call).calls:
            text = part.arguments if isinstance(part.arguments, str) else "{}"
            what = self.o["what"]
            if what == "object":
                part.arguments = json.loads(text or "{}")
            else:
                broken = text[:-1] if len(text) > 2 else '{"city": "Par'
                odd = {"empty": "", "null": None, "broken": broken, "whitespace": " ", "list": "[1]"}
                part.arguments = odd[what]
            part.fragments = None
        return answer


@fault(
    "F37",
    "call in a chunk without content",
    options={"what": "null", "calls": 1},
    choices={"what": ("null", "empty", "missing")},
)
class NoContent(_Calls):
    """The chunk of a call has null, empty or no content beside it."""

    stream = True
    without = NOT_OPENAI

    def events(self, events: list[Event], call: Call) -> list[Event]:
        if not any(is_object(event.data) and "choices" in event.data for event in events):
            raise DialectError("its chunks have no choices")
        for event in events:
            for choice in objects(event.data.get("choices")) if is_object(event.data) else []:
                delta = choice.get("delta")
                if is_object(delta) and delta.get("tool_calls"):
                    delta.pop("content", None)
                    if self.o["what"] != "missing":
                        delta["content"] = None if self.o["what"] == "null" else ""
        return events


@fault("F38", "whole call in one chunk", options={"index": "count", "calls": 2}, choices={"index": ("count", "zero")})
class WholeCall(_Calls):
    """Each call comes at once, name and all its arguments; the index may begin anew with each."""

    stream = True

    def pieces(self, pieces: list[Piece], call: Call) -> list[Piece]:
        whole: list[Piece] = []
        for group in per_call(pieces):
            head = group[0]
            text = "".join(piece.arguments for piece in group[1:] if isinstance(piece.arguments, str))
            if self.o["index"] == "zero":
                for piece in group:
                    piece.index = 0
            if call.dialect.name == "anthropic":
                whole += [head, Piece("arguments", part=head.part, index=head.index, arguments=text, last=True)]
                continue
            if isinstance(head.arguments, str):
                head.arguments += text
            head.last = True
            whole.append(head)
        return with_calls(pieces, whole)
