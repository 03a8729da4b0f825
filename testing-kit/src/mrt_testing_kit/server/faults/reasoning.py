"""F39 and F40: reasoning under other names, in tags, mixed with text, in several rounds."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.answer import Answer, Redacted, Text, Thinking, tokens
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.faults.base import CHAT, Fault, fault
from mrt_testing_kit.server.loose import is_object, objects
from mrt_testing_kit.server.oracle import signature
from mrt_testing_kit.server.wire import Event

FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
THOUGHT = "The oracle ponders."


def ensure(answer: Answer) -> Answer:
    """Give an answer reasoning, if it has none."""
    if not answer.reasoning:
        answer.parts.insert(0, Thinking(tokens(THOUGHT), signature(THOUGHT)))
    return answer


def as_tags(answer: Answer, *, close: bool = True) -> Answer:
    """Write the reasoning into the text, between tags that are split across pieces."""
    parts: list[Any] = []
    for part in answer.parts:
        if isinstance(part, Thinking):
            ending = ["</thi", "nk>", "\n\n"] if close else []
            part = Text(["<th", "ink>", *part.pieces, *ending])
        parts.append(part)
    answer.parts = parts
    return answer


@fault(
    "F39",
    "reasoning under other names",
    options={"what": "alias", "field": "reasoning"},
    choices={"what": ("alias", "split-tags", "blank", "redacted"), "field": FIELDS},
)
class Aliases(Fault):
    """Another field, ``<think>`` tags split across pieces, blank reasoning, or a redacted block."""

    kinds = CHAT

    def answer(self, answer: Answer, call: Call) -> Answer:
        what = self.o["what"]
        if what == "blank":
            answer.parts = [part for part in answer.parts if not isinstance(part, Thinking)]
            answer.parts.insert(0, Thinking(["\n", "\n"], signature("\n\n")))
        elif what == "redacted":
            answer.parts.insert(0, Redacted("b3JhY2xl" * 4))
        elif what == "split-tags":
            as_tags(ensure(answer))
        else:
            ensure(answer)
        return answer

    def events(self, events: list[Event], call: Call) -> list[Event]:
        said = [choice["delta"] for event in events if event.kind == "thinking" for choice in _choices(event)]
        for event in events:
            for choice in _choices(event):
                # The signature comes with the last piece.
                self.rename(choice.get("delta"), call if said and choice.get("delta") is said[-1] else None)
        return events

    def payload(self, payload: Any, call: Call) -> Any:
        for choice in objects(payload.get("choices")) if is_object(payload) else ():
            self.rename(choice.get("message"), call)
        return payload

    def rename(self, holder: Any, call: Call | None) -> None:
        """Put the reasoning under the other name; with its signature, given the call, where that name has such."""
        if self.o["what"] != "alias" or not is_object(holder):
            return
        for name in ("reasoning_content", "reasoning"):
            if name in holder:
                value = holder.pop(name)
                field = self.o["field"]
                if field == "reasoning_details":
                    signed = None if call is None or call.request.answer is None else call.request.answer.reasoning
                    part = {"type": "reasoning.text", "text": value, "format": "oracle", "index": 0}
                    part |= {} if signed is None else {"signature": signature(signed)}
                    value = [] if value is None else [part]
                holder[field] = value
                # The field that most know stays, with nothing in it.
                holder.setdefault("reasoning_content", None)


@fault(
    "F40",
    "mixed, several rounds, unclosed",
    options={"what": "rounds", "rounds": 2},
    choices={"what": ("mixed", "rounds", "tag-rounds", "unclosed", "nested")},
)
class Rounds(Fault):
    """Reasoning and text in one chunk, in turns, or in tags that repeat, nest or never close."""

    kinds = CHAT

    def answer(self, answer: Answer, call: Call) -> Answer:
        what = self.o["what"]
        answer = ensure(answer)
        if what in ("rounds", "tag-rounds"):
            spoken = [part for part in answer.parts if isinstance(part, Text)]
            calls = answer.calls
            parts: list[Any] = []
            for number in range(int(self.o["rounds"])):
                thought = f"Thought {number}."
                parts += [Thinking(tokens(thought), signature(thought)), Text(tokens(f"Said {number}. "))]
            answer.parts = [*parts, *spoken, *calls]
        if what == "nested":
            thinking = next(part for part in answer.parts if isinstance(part, Thinking))
            thinking.pieces = ["a ", "<think>", "b", "</think>", " c"]
        if what in ("tag-rounds", "unclosed", "nested"):
            as_tags(answer, close=what != "unclosed")
        return answer

    def events(self, events: list[Event], call: Call) -> list[Event]:
        if self.o["what"] != "mixed":
            return events
        out: list[Event] = []
        for event in events:
            last = out[-1] if out else None
            if event.kind == "text" and last is not None and last.kind == "thinking" and _merge(last, event):
                last.kind = "text"
                continue
            out.append(event)
        return out


def _choices(event: Event) -> list[dict[str, Any]]:
    return objects(event.data.get("choices")) if is_object(event.data) else []


def _merge(last: Event, event: Event) -> bool:
    if not is_object(last.data) or not is_object(event.data):
        return False
    one, two = last.data.get("choices"), event.data.get("choices")
    if not one or not two:
        return False
    text = two[0]["delta"].get("content")
    one[0]["delta"] = {**one[0]["delta"], "content": text}
    return True
