"""F19 to F24: answers with status 200 that are none."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.faults.base import EVERY, TEXT, Fault, fault
from mrt_testing_kit.server.faults.ends import first
from mrt_testing_kit.server.loose import is_object
from mrt_testing_kit.server.trouble import DialectError, change_lists, text_holders
from mrt_testing_kit.server.wire import Event, Reply, json_reply

HTML = "<!DOCTYPE html>\n<html><head><title>Gateway</title></head><body><h1>The oracle is asleep</h1></body></html>\n"

# Under these keys stand the lists of the answers that OpenAI, Anthropic and their like give.
ITEMS = ("choices", "content", "data", "results", "outputs")

DOCUMENTS = EVERY - {"speech", "other"}


@fault(
    "F19",
    "error object or string under status 200",
    options={"shape": "vendor", "after": 1, "message": "Quota exceeded for the oracle.", "status": 429},
    choices={"shape": ("vendor", "object", "string")},
)
class ErrorInside(Fault):
    """An ``error`` in an event of a stream that began well, or in place of the document."""

    kinds = DOCUMENTS

    def error(self, call: Call) -> Any:
        """Return the error's document."""
        message, status = self.o["message"], self.o["status"]
        if self.o["shape"] == "string":
            return {"error": message}
        if self.o["shape"] == "object":
            return {"error": {"message": message, "type": "insufficient_quota", "code": status}}
        return call.dialect.error_value(status, message)

    def events(self, events: list[Event], call: Call) -> list[Event]:
        begun = first(events, int(self.o["after"]))
        if self.o["shape"] == "vendor":
            return [*begun, *call.dialect.error_events(self.o["status"], self.o["message"])]
        return [*begun, Event(self.error(call), kind="error")]

    def payload(self, payload: Any, call: Call) -> Any:
        return self.error(call)


@fault("F20", "event: error", options={"after": 1, "message": "The oracle is overloaded.", "status": 529})
class ErrorEvent(Fault):
    """A named event carries the error."""

    kinds = TEXT
    stream = True
    sse = True

    def events(self, events: list[Event], call: Call) -> list[Event]:
        data = call.dialect.error_value(self.o["status"], self.o["message"])
        return [*first(events, int(self.o["after"])), Event(data, name="error", kind="error")]


@fault(
    "F21",
    "bad JSON",
    options={"what": "cut", "after": 1},
    choices={"what": ("cut", "text", "trailing", "single-quotes", "null")},
)
class BadJson(Fault):
    """The document, or one event in the middle, does not parse, or is null; the stream then goes on."""

    kinds = DOCUMENTS

    def broken(self, text: str) -> str:
        """Break a document."""
        return {
            "cut": text[: max(1, len(text) // 2)],
            "text": "upstream timed out",
            "trailing": text + "}",
            "null": "null",
            "single-quotes": text.replace('"', "'"),
        }[self.o["what"]]

    def events(self, events: list[Event], call: Call) -> list[Event]:
        at = len(first(events, int(self.o["after"])))
        victim = events[min(at, len(events) - 1)]
        victim.raw = self.broken(victim.raw or '{"choices": [{"index": 0, "delta": {"content": "x"}}]}')
        return events

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        return blocks if call.stream else [self.broken(b"".join(blocks).decode("utf-8", "replace")).encode()]


@fault("F22", "HTML under status 200")
class Html(Fault):
    """A web page in place of the answer."""

    kinds = EVERY

    def replace(self, call: Call) -> Reply | None:
        return Reply(200, [("content-type", "text/html; charset=utf-8")], body=HTML.encode())


@fault("F23", "JSON error on a stream", options={"message": "The oracle is overloaded.", "status": 503})
class JsonOnStream(Fault):
    """A stream was asked for; a document with an error comes, with status 200."""

    kinds = TEXT
    stream = True

    def replace(self, call: Call) -> Reply | None:
        return json_reply(call.dialect.error_value(self.o["status"], self.o["message"]), 200)


@fault(
    "F24",
    "empty or hollow",
    options={"what": "empty"},
    choices={"what": ("empty", "whitespace", "hollow", "null", "no-items", "null-item")},
)
class Hollow(Fault):
    """Nothing, or a document with nothing in it."""

    kinds = DOCUMENTS

    def places(self, call: Call) -> frozenset[str]:
        if self.o["what"] in ("empty", "whitespace"):
            return frozenset()
        return frozenset({"events" if call.stream else "payload"})

    def events(self, events: list[Event], call: Call) -> list[Event]:
        ends = [event for event in events if event.kind == "end"]
        if self.o["what"] in ("empty", "whitespace"):
            return []
        if self.o["what"] == "no-items":
            return [event for event in events if event.kind in ("start", "ping", "finish", "end")]
        return [Event({}, kind="text"), *ends] if self.o["what"] == "hollow" else ends

    def payload(self, payload: Any, call: Call) -> Any:
        what = self.o["what"]
        if what == "hollow":
            return {}
        if what == "null":
            return None
        if what in ("no-items", "null-item"):
            count = None if call.rows is None else len(call.rows)
            left: list[None] = [] if what == "no-items" else [None]
            payload, found = change_lists(payload, ITEMS, count, lambda _: left)
            if is_object(payload) and "stop_reason" in payload:
                # A turn that ended well may have had nothing to say; one that did not end has not been there.
                payload["stop_reason"] = None
            if call.request.answer is not None and not found:
                for holder in text_holders(payload, call):
                    del holder[call.dialect.text_key]
            elif not found:
                raise DialectError("they have no list with an entry for each text, document or model")
        return payload

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        return {"empty": [], "whitespace": [b" \n\n"]}.get(self.o["what"], blocks)
