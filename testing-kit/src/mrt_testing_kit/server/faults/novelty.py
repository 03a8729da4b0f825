"""What no client knows yet, such as fields, events and parts; text in parts; counts in other places than usual."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.answer import Usage
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.openai import shapes
from mrt_testing_kit.server.loose import is_object, objects
from mrt_testing_kit.server.trouble import DialectError, holders
from mrt_testing_kit.server.wire import Event

_NOTE: dict[str, Any] = {"kind": "new", "said": ["oracle", 7, None], "text": "Not for the reader."}
# Counts that are parts of others: who adds up all numbers gets too many.
_COUNTS: dict[str, Any] = {"oracle_tokens": 999983, "oracle_details": {"oracle_tokens": 999979}}

# A search that the vendor runs by itself: a call, and a result, but neither is the client's.
_SEARCH: tuple[dict[str, Any], ...] = (
    {"type": "server_tool_use", "id": "srvtoolu_oracle", "name": "web_search", "input": {"query": "oracle"}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_oracle",
        "content": [{"type": "web_search_result", "url": "https://example.com/", "title": "Oracle"}],
    },
    {"type": "oracle_block", "oracle_note": _NOTE, "text": "Not for the reader."},
)


def new_payload(payload: Any, call: Call) -> Any:
    """Return a whole answer with things in it that no client knows."""
    if not is_object(payload):
        raise DialectError("they are no JSON objects")
    if call.dialect.name == "anthropic" and isinstance(payload.get("content"), list):
        payload["content"] = [*(dict(block) for block in _SEARCH), *payload["content"]]
    for holder in _all_of(payload):
        holder["oracle_note"] = _NOTE
    _count(payload, call)
    return payload


def new_events(events: list[Event], call: Call) -> list[Event]:
    """Return a stream with things in it that no client knows."""
    for event in events:
        if is_object(event.data):
            for holder in _all_of(event.data):
                holder["oracle_note"] = _NOTE
            _count(event.data, call)
    if call.dialect.name == "anthropic":
        return _new_blocks(events)
    at = next((n + 1 for n, event in enumerate(events) if event.kind == "text"), min(1, len(events)))
    # An event that is called something says in its name that it is none of the usual ones.
    named = [event for event in events if event.data is not None and event.name is None]
    return (
        [*events[:at], Event({"oracle_note": _NOTE}, name="oracle_note", kind="odd"), *events[at:]] if named else events
    )


def _all_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = [document, *objects(document.get("choices")), *objects(document.get("content"))]
    for choice in objects(document.get("choices")):
        found += [inner for inner in (choice.get("message"), choice.get("delta")) if is_object(inner)]
    for name in ("delta", "message", "content_block"):
        inner = document.get(name)
        found += [inner] if is_object(inner) else []
    return found


def _count(document: dict[str, Any], call: Call) -> None:
    for holder in holders(document, call.dialect.usage_keys):
        for key in call.dialect.usage_keys:
            if is_object(holder.get(key)):
                holder[key] |= _COUNTS


def _new_blocks(events: list[Event]) -> list[Event]:
    """Put blocks before all others, a delta of a new kind into each, and an event of a new kind between."""
    mine: list[Event] = []
    for number, block in enumerate(_SEARCH):
        head: dict[str, Any] = dict(block)
        delta = {"type": "oracle_delta", "oracle": "Not for the reader."}
        if "input" in block:
            head["input"] = {}
            delta = {"type": "input_json_delta", "partial_json": '{"query": "oracle"}'}
        mine += [
            _event({"type": "content_block_start", "index": number, "content_block": head}),
            _event({"type": "content_block_delta", "index": number, "delta": delta}),
            _event({"type": "content_block_stop", "index": number}),
            _event({"type": "oracle_event", "oracle_note": _NOTE}),
        ]
    for event in events:
        if is_object(event.data) and isinstance(event.data.get("index"), int):
            event.data["index"] += len(_SEARCH)
    at = next((n for n, event in enumerate(events) if event.kind == "open"), None)
    if at is None:
        raise DialectError("this answer has no block")
    opened = events[at]
    inside = _event({**opened.data, "type": "content_block_delta", "delta": {"type": "oracle_delta", "oracle": "x"}})
    inside.data.pop("content_block", None)
    return [*events[:at], *mine, opened, inside, *events[at + 1 :]]


def _event(data: dict[str, Any]) -> Event:
    return Event(data, name=data["type"], kind="odd")


def parts_payload(payload: Any) -> Any:
    """Return a whole answer whose text comes as a list of parts, as that of some servers does."""
    found = [choice.get("message") for choice in objects(payload.get("choices"))] if is_object(payload) else []
    _in_parts([message for message in found if is_object(message)])
    return payload


def parts_events(events: list[Event]) -> list[Event]:
    """Return a stream in which every second piece of text comes as a list of parts, and the others as text."""
    deltas: list[dict[str, Any]] = []
    for event in events:
        for choice in objects(event.data.get("choices")) if is_object(event.data) and event.kind == "text" else []:
            deltas += [choice["delta"]] if is_object(choice.get("delta")) else []
    _in_parts(deltas[1::2] or deltas)
    return events


def _in_parts(found: list[dict[str, Any]]) -> None:
    spoken = [holder for holder in found if isinstance(holder.get("content"), str) and holder["content"]]
    if not spoken:
        raise DialectError("their text stands in no list of choices")
    for holder in spoken:
        text: str = holder["content"]
        half = (len(text) + 1) // 2
        holder["content"] = [{"type": "text", "text": piece} for piece in (text[:half], text[half:]) if piece]


def placed(events: list[Event], counts: Usage, what: str) -> list[Event]:
    """Put token counts where F29 wants them.

    Raises:
        DialectError: The dialect's streams have no such place.
    """
    if any(is_object(event.data) and event.data.get("type") == "message_delta" for event in events):
        for event in events:
            held: Any = event.data.get("message", event.data) if is_object(event.data) else {}
            if not is_object(held.get("usage")):
                continue
            if event.kind == "start" and what == "finish":
                held["usage"] = {"input_tokens": 0, "output_tokens": 0}
            elif event.kind == "finish" and what in ("split", "part"):
                kept = ("output_tokens",) if what == "split" else ("input_tokens", "output_tokens")
                held["usage"] = {name: held["usage"][name] for name in kept}
        return events
    ends = [
        event
        for event in events
        if event.kind == "finish" and is_object(event.data) and objects(event.data.get("choices"))
    ]
    if what != "finish" or not ends:
        raise DialectError("its streams tell all counts in one place")
    for event in ends:
        event.data = {**event.data, "usage": shapes.usage(counts)}
    return [event for event in events if event.kind != "usage"]
