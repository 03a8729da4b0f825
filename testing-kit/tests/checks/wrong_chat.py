"""Wrong language models: the reference with one mistake each, and the check that has to find it.

Each variant changes what goes out (``body``), what comes in (``event``, ``payload``) or what core is given (``chunks``,
``result``) of an otherwise right provider, or replaces one method of it.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mrt import (
    HTTPRequest,
    HTTPResponse,
    Invocation,
    InvokeConnectionError,
    LLMResult,
    LLMResultChunk,
    Provider,
    ServerSentEvent,
    Timeouts,
    ToolCall,
)
from mrt.http.context import CallContext
from mrt_testing_kit.references import openai_http
from mrt_testing_kit.references.openai_http.answer import AnswerStream
from mrt_testing_kit.references.openai_http.llm import ReferenceLLM

CREDENTIALS = {"base_url": "{server}", "api_key": "{canary}"}
Change = Callable[[Any, Invocation[Any]], Any]


def same(value: Any, _: Invocation[Any]) -> Any:
    return value


@dataclass(frozen=True)
class Wrong:
    """A wrong provider.

    Args:
        name: What is wrong with it.
        check: The check that has to find it.
        bug: The line of the contract's list of real bugs, where it is one.
        body: Changes the JSON of the request.
        event: Changes the JSON of an event of a stream; None drops it.
        payload: Changes the JSON of a whole answer.
        chunks: Changes the chunks of an event.
        result: Changes the result of a whole answer.
        attributes: Methods in place of the reference's.
    """

    name: str
    check: str
    bug: str = ""
    body: Change = same
    event: Change = same
    payload: Change = same
    chunks: Change = same
    result: Change = same
    attributes: Mapping[str, Any] | None = None

    def provider(self) -> Provider:
        """Return a plugin that is wrong in this way."""
        model = type("WrongLLM", (_WrongLLM,), {"wrong": self, **(self.attributes or {})})
        return Provider(openai_http.__name__, models=dict.fromkeys(_TYPES, "") | _OTHERS | {"llm": model})


_NAMES = {
    "text-embedding": "text_embedding:ReferenceEmbedding",
    "rerank": "rerank:ReferenceRerank",
    "speech2text": "speech2text:ReferenceSpeech2Text",
    "tts": "tts:ReferenceTTS",
    "moderation": "moderation:ReferenceModeration",
}
_TYPES = ("llm", *_NAMES)
_OTHERS = {kind: f"{openai_http.__name__}.{name}" for kind, name in _NAMES.items()}


class _WrongLLM(ReferenceLLM):
    wrong: Wrong

    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        request = super().build_request(invocation)
        assert isinstance(request.content, bytes)
        body = self.wrong.body(json.loads(request.content), invocation)
        return self.post(invocation, body)

    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> LLMResult:
        try:
            body = self.wrong.payload(json.loads(response.content), invocation)
        except ValueError:
            return super().parse_response(invocation, response)
        changed = HTTPResponse(response.status, response.headers, json.dumps(body).encode())
        return self.wrong.result(super().parse_response(invocation, changed), invocation)

    def stream_parser(self, invocation: Invocation[Any]) -> Any:
        return _WrongStream(self.wrong, invocation, super().stream_parser(invocation))


class _WrongStream:
    def __init__(self, wrong: Wrong, invocation: Invocation[Any], parser: AnswerStream) -> None:
        self.wrong, self.invocation, self.parser = wrong, invocation, parser

    @property
    def done(self) -> bool:
        return self.parser.done

    def feed(self, event: ServerSentEvent) -> Sequence[LLMResultChunk]:
        try:
            value = json.loads(event.data)
        except ValueError:
            return self.parser.feed(event)
        value = self.wrong.event(value, self.invocation)
        if value is None:
            return ()
        changed = ServerSentEvent(json.dumps(value).encode(), event.event)
        return self.wrong.chunks(list(self.parser.feed(changed)), self.invocation)

    def finish(self) -> Sequence[LLMResultChunk]:
        return self.wrong.chunks(list(self.parser.finish()), self.invocation)


# Helpers for the changes.


def deltas(value: Any) -> list[dict[str, Any]]:
    return [choice["delta"] for choice in value.get("choices") or () if choice.get("delta")]


def messages(value: Any) -> list[dict[str, Any]]:
    return [choice["message"] for choice in value.get("choices") or () if choice.get("message")]


def holders(value: Any) -> list[dict[str, Any]]:
    return [*deltas(value), *messages(value)] if isinstance(value, dict) else []


def edit(change: Callable[[dict[str, Any]], None]) -> Change:
    """Return a change of each delta or message."""

    def run(value: Any, _: Invocation[Any]) -> Any:
        for holder in holders(value):
            change(holder)
        return value

    return run


def edit_calls(change: Callable[[dict[str, Any]], None]) -> Change:
    """Return a change of each piece of a tool call that comes."""

    def one(holder: dict[str, Any]) -> None:
        for call in holder.get("tool_calls") or ():
            change(call)

    return edit(one)


def edit_body(change: Callable[[dict[str, Any]], Any]) -> Change:
    """Return a change of the request."""

    def run(body: Any, _: Invocation[Any]) -> Any:
        change(body)
        return body

    return run


def edit_sent(change: Callable[[dict[str, Any]], Any]) -> Change:
    """Return a change of each message that is sent."""

    def run(body: Any, _: Invocation[Any]) -> Any:
        for message in body["messages"]:
            change(message)
        return body

    return run


def edit_tools(change: Callable[[dict[str, Any]], Any]) -> Change:
    """Return a change of each tool that is offered."""

    def run(body: Any, _: Invocation[Any]) -> Any:
        for tool in body.get("tools") or ():
            change(tool["function"])
        return body

    return run


def finish_of(change: Callable[[str | None], str | None]) -> dict[str, Change]:
    """Return changes of the vendor's finish word, in both kinds of answers."""

    def run(value: Any, _: Invocation[Any]) -> Any:
        for choice in value.get("choices") or () if isinstance(value, dict) else ():
            if "message" in choice or choice.get("finish_reason"):
                choice["finish_reason"] = change(choice.get("finish_reason"))
        return value

    return {"event": run, "payload": run}


def both(change: Change) -> dict[str, Change]:
    return {"event": change, "payload": change}


def on_calls(change: Callable[[list[ToolCall]], list[ToolCall]]) -> dict[str, Change]:
    """Return changes of the calls that core is given."""

    def result(value: LLMResult, _: Invocation[Any]) -> LLMResult:
        value.message.tool_calls = change(value.message.tool_calls)
        return value

    def chunks(value: list[LLMResultChunk], _: Invocation[Any]) -> list[LLMResultChunk]:
        for chunk in value:
            chunk.delta.message.tool_calls = change(chunk.delta.message.tool_calls)
        return value

    return {"result": result, "chunks": chunks}


def on_text(change: Callable[[str], str]) -> dict[str, Change]:
    """Return changes of each piece of text that core is given."""

    def result(value: LLMResult, _: Invocation[Any]) -> LLMResult:
        value.message.content = change(value.text)
        return value

    def chunks(value: list[LLMResultChunk], _: Invocation[Any]) -> list[LLMResultChunk]:
        for chunk in value:
            if chunk.text:
                chunk.delta.message.content = change(chunk.text)
        return value

    return {"result": result, "chunks": chunks}


def refuse_broken(calls: list[ToolCall]) -> list[ToolCall]:
    for call in calls:
        json.loads(call.function.arguments)
    return calls


def empty_if_broken(calls: list[ToolCall]) -> list[ToolCall]:
    for call in calls:
        try:
            json.loads(call.function.arguments)
        except ValueError:
            call.function.arguments = "{}"
    return calls


def without(body: Any, *names: str) -> Any:
    return {name: value for name, value in body.items() if name not in names}


def cut_connection(invocation: Invocation[Any]) -> Invocation[Any]:
    """Return an invocation whose time limits are off."""
    context = invocation.context
    assert isinstance(context, CallContext)
    return replace(invocation, context=replace(context, timeouts=Timeouts(None, 15.0, 15.0, None)))


__all__ = [
    "CREDENTIALS",
    "Change",
    "InvokeConnectionError",
    "Wrong",
    "both",
    "copy",
    "cut_connection",
    "deltas",
    "edit",
    "edit_body",
    "edit_calls",
    "edit_sent",
    "edit_tools",
    "empty_if_broken",
    "finish_of",
    "holders",
    "messages",
    "on_calls",
    "on_text",
    "refuse_broken",
    "same",
    "time",
    "without",
]
