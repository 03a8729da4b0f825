"""Wrong ways with tools."""

from __future__ import annotations

import json
from typing import Any

from wrong_chat import (
    Wrong,
    both,
    deltas,
    edit_body,
    edit_calls,
    edit_sent,
    edit_tools,
    empty_if_broken,
    finish_of,
    on_calls,
    refuse_broken,
    without,
)

from mrt import AssistantPromptMessage, Invocation, LLMResultChunk, LLMResultChunkDelta, ToolCall


def _drop(*names: str) -> Any:
    def run(call: dict[str, Any]) -> None:
        for name in names:
            call.pop(name, None)

    return run


def _zero(call: dict[str, Any]) -> None:
    call["index"] = 0
    call.pop("id", None)


def _by_index_alone(calls: list[ToolCall]) -> list[ToolCall]:
    """Merge calls as a client does that looks at the index alone."""
    for call in calls[1:]:
        calls[0].id += call.id
        calls[0].function.name += call.function.name
        calls[0].function.arguments += call.function.arguments
    return calls[:1]


def _flat(message: dict[str, Any]) -> None:
    if message.pop("tool_calls", None):
        message["content"] = f"{message.get('content') or ''} I called a tool."
    if message["role"] == "tool":
        message["role"], message["content"] = "user", f"The tool said: {message['content']}"
        message.pop("tool_call_id")


def _either_or(holder_value: Any, _: Invocation[Any]) -> Any:
    for choice in holder_value.get("choices") or ():
        message = choice.get("message") or {}
        if message.get("tool_calls"):
            message["content"] = None
    return holder_value


def _no_text_no_calls(value: Any, _: Invocation[Any]) -> Any:
    dropped = any(delta.get("tool_calls") and not delta.get("content") for delta in deltas(value))
    return None if dropped and any("content" in delta for delta in deltas(value)) else value


def _null_wins(value: Any, _: Invocation[Any]) -> Any:
    for delta in deltas(value):
        for call in delta.get("tool_calls") or ():
            if "name" in call.get("function", {}) and call["function"]["name"] is None:
                return None
    return value


class _First:
    """Keeps what came first."""


def _stream_unless(body: Any, invocation: Invocation[Any]) -> Any:
    return without(body, "tools", "tool_choice") if invocation.stream else body


def _doubled_names(chunks: list[LLMResultChunk], _: Invocation[Any]) -> list[LLMResultChunk]:
    more: list[LLMResultChunk] = []
    for chunk in chunks:
        if chunk.delta.message.tool_calls:
            calls = [
                ToolCall(f"{call.id}x", call.type, call.function, (call.index or 0) + 100)
                for call in chunk.delta.message.tool_calls
            ]
            more.append(LLMResultChunk(chunk.model, LLMResultChunkDelta(0, AssistantPromptMessage("", calls))))
    return [*more, *chunks]


def _strip_refs(function: dict[str, Any]) -> None:
    function["parameters"].pop("$defs", None)


def _latin(call: ToolCall) -> ToolCall:
    call.function.arguments = call.function.arguments.encode("ascii", "replace").decode()
    return call


def _python_text(call: dict[str, Any]) -> None:
    arguments = call.get("function", {}).get("arguments")
    if isinstance(arguments, dict):
        call["function"]["arguments"] = str(arguments)


def _one_id(body: Any, _: Invocation[Any]) -> Any:
    for message in body["messages"]:
        for call in message.get("tool_calls") or ():
            call["id"] = "call_0"
        if message["role"] == "tool":
            message["tool_call_id"] = "call_0"
    return body


def _swap_results(body: Any, _: Invocation[Any]) -> Any:
    results = [message for message in body["messages"] if message["role"] == "tool"]
    names = [message["tool_call_id"] for message in results]
    for message, name in zip(results, sorted(names), strict=True):
        message["tool_call_id"] = name
    return body


def _first_name(body: Any, _: Invocation[Any]) -> Any:
    calls = [call for message in body["messages"] for call in message.get("tool_calls") or ()]
    for message in body["messages"]:
        if message["role"] == "tool":
            message["name"] = calls[0]["function"]["name"]
    return body


def _orphan(body: dict[str, Any]) -> None:
    if "tools" not in body:
        body["parallel_tool_calls"] = True


def _bare_choice(body: dict[str, Any]) -> None:
    if isinstance(body.get("tool_choice"), dict):
        del body["tool_choice"]["type"]


def _object_only(message: dict[str, Any]) -> None:
    if message["role"] == "tool":
        value = json.loads(message["content"])
        message["content"] = json.dumps(value if isinstance(value, dict) else {})


def _limited(text: str) -> str:
    return text[:100_000]


def _cut(call: ToolCall) -> ToolCall:
    call.function.arguments = _limited(call.function.arguments)
    return call


def _each(change: Any) -> Any:
    return on_calls(lambda calls: [change(call) for call in calls])


def _null_arguments(call: dict[str, Any]) -> None:
    function = call.get("function") or {}
    if "arguments" in function:
        json.loads(function["arguments"] or "")


def _add_empty_list(message: dict[str, Any]) -> None:
    if message["role"] == "assistant":
        message.setdefault("tool_calls", [])


WRONG = (
    Wrong("drops the id", "TOL-01", payload=edit_calls(_drop("id"))),
    Wrong("repeats a streamed call", "TOL-02", "B052", chunks=_doubled_names),
    Wrong("parses empty arguments", "TOL-03", "B034", **both(edit_calls(_null_arguments))),
    Wrong("writes Python for an object", "TOL-04", **both(edit_calls(_python_text))),
    Wrong("keeps the first call alone", "TOL-05", "B049", **on_calls(lambda calls: calls[:1])),
    Wrong("gives every delta index 0", "TOL-05", "B030", event=edit_calls(_zero)),
    Wrong("forgets the index", "TOL-06", event=edit_calls(_drop("index"))),
    Wrong("merges by index alone", "TOL-07", "B032", chunks=on_calls(_by_index_alone)["chunks"]),
    Wrong("skips pieces without an index", "TOL-08", event=edit_calls(lambda call: call["index"] + 0)),
    Wrong("uses the index as a place", "TOL-09", chunks=on_calls(lambda calls: calls[:-1] or calls)["chunks"]),
    Wrong("sends all calls back with one id", "TOL-10", "B037", body=_one_id),
    Wrong("drops pieces whose name is null", "TOL-11", "B051", event=_null_wins),
    Wrong("skips chunks without content", "TOL-12", "B035", event=_no_text_no_calls),
    Wrong("says stop though calls are there", "TOL-13", "B040", **finish_of(lambda word: "length")),
    Wrong("refuses broken arguments", "TOL-14", **on_calls(refuse_broken)),
    Wrong("makes broken arguments empty", "TOL-14", **on_calls(empty_if_broken)),
    Wrong("flattens the history", "TOL-15", "B041", body=edit_sent(_flat)),
    Wrong("ties results to other calls", "TOL-15", "B037", body=_swap_results),
    Wrong("names the wrong tool", "TOL-15", "B042", body=_first_name),
    Wrong("drops text beside calls", "TOL-16", "B039", payload=_either_or),
    Wrong("strips definitions", "TOL-17", "B045", body=edit_tools(_strip_refs)),
    Wrong("wants a description", "TOL-17", "B046", body=edit_tools(lambda function: function["description"])),
    Wrong(
        "sends empty descriptions",
        "TOL-17",
        "B046",
        body=edit_tools(lambda function: function.setdefault("description", "")),
    ),
    Wrong(
        "sends dotted names",
        "TOL-18",
        "B047",
        body=lambda body, invocation: {
            **body,
            **(
                {
                    "tools": [
                        {"type": "function", "function": {"name": tool.name, "parameters": {"type": "object"}}}
                        for tool in invocation.request.tools
                    ]
                }
                if invocation.request.tools
                else {}
            ),
        },
    ),
    Wrong("leaves the type out of a choice", "TOL-19", "B044", body=edit_body(_bare_choice)),
    Wrong("ignores the choice", "TOL-19", body=edit_body(lambda body: body.pop("tool_choice", None))),
    Wrong("sends flags without tools", "TOL-20", "B044", body=edit_body(_orphan)),
    Wrong("sends an empty list of tools", "TOL-20", body=edit_body(lambda body: body.setdefault("tools", []))),
    Wrong("sends an empty list of calls", "TOL-20", body=edit_sent(_add_empty_list)),
    Wrong("offers no tools to streams", "TOL-21", "B036", body=_stream_unless),
    Wrong("wants objects for results", "TOL-22", "B050", body=edit_sent(_object_only)),
    Wrong("cuts long arguments", "TOL-23", **_each(_cut)),
    Wrong("writes arguments in ASCII", "TOL-24", **_each(_latin)),
)
