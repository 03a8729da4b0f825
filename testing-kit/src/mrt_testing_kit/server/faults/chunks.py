"""F25 to F31: chunks with odd fields, token counts and finish reasons."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from mrt_testing_kit.server.answer import Answer, Piece, Text
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.openai import shapes
from mrt_testing_kit.server.faults import novelty
from mrt_testing_kit.server.faults.base import CHAT, NOT_OPENAI, TEXT, Fault, fault
from mrt_testing_kit.server.loose import is_array, is_object, objects
from mrt_testing_kit.server.trouble import DialectError, holders, holds, text_holders
from mrt_testing_kit.server.wire import Event

_SHAPED = frozenset({"chat", "completion"})


def chunk(event: Event) -> dict[str, Any] | None:
    """Return an event's document when it is a chunk with choices."""
    return event.data if is_object(event.data) and is_array(event.data.get("choices")) else None


def like(events: list[Event], **fields: Any) -> Event:
    """Make a chunk with the ids of the others and these fields.

    Raises:
        DialectError: There are no others.
    """
    for event in events:
        data = chunk(event)
        if data is not None:
            return Event({**{k: v for k, v in data.items() if k != "usage"}, **fields}, kind="odd")
    raise DialectError("its chunks have no choices")


def insert(events: list[Event], extra: Event) -> list[Event]:
    """Put an event after the first piece of content."""
    at = next((n + 1 for n, e in enumerate(events) if e.kind in ("text", "thinking", "call")), min(1, len(events)))
    return [*events[:at], extra, *events[at:]]


@fault("F25", "usage after the end, without choices")
class TrailingUsage(Fault):
    """Token counts come in a chunk of their own with empty ``choices``, asked for or not."""

    kinds = _SHAPED
    stream = True
    without = NOT_OPENAI

    def events(self, events: list[Event], call: Call) -> list[Event]:
        counts = None if call.request.answer is None else shapes.usage(call.request.answer.usage)
        extra = like(events, choices=[], usage=counts)
        extra.kind = "usage"
        out = [event for event in events if event.kind != "usage"]
        for event in out:
            data = chunk(event)
            if data is not None and event.kind == "finish":
                event.data = {name: value for name, value in data.items() if name != "usage"}
        at = next((n for n, event in enumerate(out) if event.kind == "end"), len(out))
        return [*out[:at], extra, *out[at:]]


@fault("F26", "choices null", options={"what": "null"}, choices={"what": ("null", "missing")})
class NullChoices(Fault):
    """A chunk without choices in the middle."""

    kinds = _SHAPED
    stream = True
    without = NOT_OPENAI

    def events(self, events: list[Event], call: Call) -> list[Event]:
        extra = like(events, choices=None)
        if self.o["what"] == "missing":
            del extra.data["choices"]
        return insert(events, extra)


@fault("F27", "delta null", options={"what": "null"}, choices={"what": ("null", "missing")})
class NullDelta(Fault):
    """A chunk whose delta is null, in the middle."""

    kinds = CHAT
    stream = True
    without = NOT_OPENAI

    def events(self, events: list[Event], call: Call) -> list[Event]:
        choice: dict[str, Any] = {"index": 0, "delta": None, "finish_reason": None}
        if self.o["what"] == "missing":
            del choice["delta"]
        return insert(events, like(events, choices=[choice]))


@fault(
    "F28",
    "role alone, empty and null text",
    options={"what": "all"},
    choices={"what": ("role", "empty", "null", "all", "fields", "new", "parts")},
)
class EmptyText(Fault):
    """Pieces that say nothing, in the middle, or null text in a document; ``fields``: null beside the text.

    ``new`` adds what no client knows yet, and ``parts`` gives text as a list of parts.
    """

    kinds = TEXT

    def pieces(self, pieces: list[Piece], call: Call) -> list[Piece]:
        what = self.o["what"]
        at = next((n for n, piece in enumerate(pieces) if piece.kind == "text"), None)
        if at is None or what in ("fields", "new", "parts"):
            return pieces
        part = pieces[at].part
        extra: list[Piece] = []
        if what in ("role", "all") and call.dialect.name != "anthropic":
            extra.append(Piece("start"))
        if what in ("empty", "all"):
            extra.append(Piece("text", "", part))
        if what in ("null", "all"):
            extra.append(Piece("text", None, part))
        return [*pieces[:at], *extra, *pieces[at:]]

    def events(self, events: list[Event], call: Call) -> list[Event]:
        self.need_pieces(events, call)
        if self.o["what"] == "new":
            return novelty.new_events(events, call)
        if self.o["what"] == "parts":
            return novelty.parts_events(events)
        if self.o["what"] == "fields":
            for event in events:
                if is_object(event.data):
                    event.data = _with_nulls(copy.deepcopy(event.data))
        elif call.dialect.name == "anthropic" and self.o["what"] in ("role", "all"):
            return insert(events, Event({"type": "ping"}, name="ping", kind="ping"))
        return events

    def need_pieces(self, events: list[Event], call: Call) -> None:
        """Go on only where the pieces that say nothing have become events.

        Raises:
            DialectError: They have not.
        """
        what, answer = self.o["what"], call.request.answer
        spoken = 0 if answer is None else sum(len(part.pieces) for part in answer.parts if isinstance(part, Text))
        if what == "role" and not any(event.kind == "start" for event in events):
            raise DialectError("its streams have no event that opens an answer")
        if what in ("empty", "null", "all") and 0 < spoken >= sum(event.kind == "text" for event in events):
            mend = "Write an event of the kind 'text' for every piece of text, also where it is empty or null."
            raise DialectError("its stream leaves out pieces that say nothing", mend)

    def payload(self, payload: Any, call: Call) -> Any:
        what = self.o["what"]
        if what == "fields" and is_object(payload):
            return _with_nulls(payload)
        if what == "new":
            return novelty.new_payload(payload, call)
        if what == "parts":
            return novelty.parts_payload(payload)
        if what not in ("empty", "null", "all"):
            return payload
        said = "" if what == "empty" else None
        known = payload if is_object(payload) else {}
        choices, blocks = objects(known.get("choices")), objects(known.get("content"))
        for choice in choices:
            holder = choice.get("message", choice)
            holder["text" if "text" in holder else "content"] = said
        for block in blocks:
            if "text" in block:
                block["text"] = said
        if not choices and not blocks:
            for holder in text_holders(payload, call):
                holder[call.dialect.text_key] = said
        return payload


_BESIDE = ("tool_calls", "function_call", "refusal", "reasoning_content", "reasoning", "audio", "annotations", "name")


def _with_nulls(data: dict[str, Any]) -> dict[str, Any]:
    """Write null for everything that an answer may leave out."""
    for choice in objects(data.get("choices")):
        for name in ("logprobs", "stop_reason", "matched_stop"):
            choice.setdefault(name, None)
        for holder in (choice.get("message"), choice.get("delta")):
            if is_object(holder):
                for name in _BESIDE:
                    holder[name] = holder.get(name) or None
                # What no client knows yet.
                holder["oracle_note"] = {"kind": "new"}
    for block in objects(data.get("content")):
        if block.get("type") == "text":
            block.setdefault("citations", None)
    for name in ("system_fingerprint", "service_tier", "prompt_filter_results", "container", "error"):
        data.setdefault(name, None)
    return data


@fault(
    "F29",
    "cumulative usage",
    options={"what": "cumulative"},
    choices={"what": ("cumulative", "finish", "split", "part")},
)
class CumulativeUsage(Fault):
    """Every chunk carries the counts so far; only the last is the whole.

    ``finish``: they come with the finish reason, and nowhere else. Where several events tell counts, ``split`` puts
    those of the input into the first and those of the output into the last, and with ``part`` the last one repeats only
    some of the first one's.
    """

    kinds = _SHAPED
    stream = True

    def events(self, events: list[Event], call: Call) -> list[Event]:
        counts = None if call.request.answer is None else call.request.answer.usage
        if counts is None:
            return events
        if self.o["what"] != "cumulative":
            return novelty.placed(events, counts, self.o["what"])
        spoken = [event for event in events if event.kind in ("text", "thinking", "call", "arguments")]
        out: list[Event] = []
        for event in events:
            out.append(event)
            if not any(event is other for other in spoken):
                continue
            part = 1 + (counts.completion - 1) * (1 + next(n for n, e in enumerate(spoken) if e is event)) // (
                len(spoken) + 1
            )
            if chunk(event) is not None:
                running = {"prompt_tokens": counts.prompt, "completion_tokens": part}
                event.data = {**event.data, "usage": {**running, "total_tokens": counts.prompt + part}}
            elif call.dialect.name == "anthropic":
                delta = {"stop_reason": None, "stop_sequence": None}
                data = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": part}}
                out.append(Event(data, name="message_delta", kind="odd"))
        if len(out) == len(events) and not any(chunk(event) is not None for event in spoken):
            raise DialectError("its chunks have no choices")
        for event in out:
            if event.kind == "finish" and chunk(event) is not None:
                event.data = {**event.data, "usage": shapes.usage(counts)}
        return out


@fault(
    "F30",
    "usage or its details null",
    options={"what": "usage"},
    choices={"what": ("usage", "details", "counts", "missing")},
)
class NullUsage(Fault):
    """Token counts are null, missing, or have null in them."""

    kinds = frozenset({"chat", "completion", "embedding", "rerank"})

    def events(self, events: list[Event], call: Call) -> list[Event]:
        changed = self.changed([event.data for event in events], call)
        for event, data in zip(events, changed, strict=True):
            event.data = data
        return events

    def payload(self, payload: Any, call: Call) -> Any:
        return self.changed(payload, call)

    def changed(self, document: Any, call: Call) -> Any:
        """Return a document with other counts in it.

        Raises:
            DialectError: There are none.
        """
        self.need_counts(document, call)
        changed = self.change(document, call.dialect.usage_keys)
        if self.o["what"] == "details" and changed == document:
            raise DialectError("their token counts have no details")
        return changed

    def need_counts(self, document: Any, call: Call) -> None:
        """Go on only where an answer tells its token counts.

        Raises:
            DialectError: It tells none, or under other keys than the dialect says.
        """
        keys = call.dialect.usage_keys
        if holders(document, keys):
            return
        known = call.request.answer if call.rows is None else call.rows
        counts = None if known is None else known.usage
        if counts is not None and any(holds(document, count) for count in (counts.prompt, counts.completion)):
            named = ", ".join(map(repr, keys)) or "nothing"
            mend = "Name in usage_keys the keys under which the token counts of an answer stand."
            raise DialectError(f"usage_keys names {named}, and the counts stand under other keys", mend)
        raise DialectError("they tell no token counts")

    def change(self, value: Any, keys: Sequence[str]) -> Any:
        """Change the counts within a document, at any depth."""
        if is_array(value):
            return [self.change(item, keys) for item in value]
        if not is_object(value):
            return value
        out: dict[str, Any] = {}
        for name, item in value.items():
            if name not in keys:
                out[name] = self.change(item, keys)
            elif self.o["what"] == "usage":
                out[name] = None
            elif self.o["what"] != "missing":
                out[name] = self.nulls(item)
        return out

    def nulls(self, usage: Any) -> Any:
        """Put nulls into token counts."""
        if not is_object(usage):
            # A count that stands by itself.
            return usage if self.o["what"] == "details" else None
        details = self.o["what"] == "details"
        return {k: None if ("details" in k or k.startswith("cache")) == details else v for k, v in usage.items()}


@fault("F31", "finish reasons", options={"finish": "length", "together": False, "refusal": False})
class Finish(Fault):
    """The answer ends with the finish asked for: a neutral word, a word of no vendor, null, or none at all.

    With `together`, the finish reason of a stream is in the chunk with the last text, where the dialect has such; with
    `refusal`, the text is in the field for refusals, and without it in none but the usual one.
    """

    kinds = TEXT

    def answer(self, answer: Answer, call: Call) -> Answer:
        words = {
            "tool": "tool_calls",
            "filter": "content_filter",
            "null": None,
            "missing": None,
            "unknown": "oracle_nap",
        }
        answer.finish = words.get(self.o["finish"], self.o["finish"])
        return answer

    def pieces(self, pieces: list[Piece], call: Call) -> list[Piece]:
        if self.o["finish"] != "missing":
            return pieces
        return [piece for piece in pieces if piece.kind != "finish"]

    def events(self, events: list[Event], call: Call) -> list[Event]:
        for event in events:
            for choice in objects((chunk(event) or {}).get("choices")):
                self.place(choice.get("delta"))
        places = {event.kind: place for place, event in enumerate(events) if chunk(event) is not None}
        if not self.o["together"] or not {"text", "finish"} <= set(places):
            return events
        last, end = events[places["text"]], events[places["finish"]]
        # The list of choices has the shape that `chunk` looked for.
        last.data["choices"][0]["finish_reason"] = end.data["choices"][0]["finish_reason"]
        return [event for event in events if event is not end]

    def payload(self, payload: Any, call: Call) -> Any:
        for choice in objects(payload.get("choices")) if is_object(payload) else []:
            message = choice.get("message")
            self.place(message)
            if is_object(message):
                message.setdefault("content", None)
        return payload

    def place(self, holder: Any) -> None:
        """Put the text into the field for refusals, or out of it."""
        old, new = ("content", "refusal") if self.o["refusal"] else ("refusal", "content")
        if is_object(holder) and isinstance(holder.get(old), str) and holder[old]:
            holder[new] = holder.pop(old)
