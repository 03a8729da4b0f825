"""Reads requests in the shape of the Messages API."""

from __future__ import annotations

import json
from typing import Any

from mrt_testing_kit.server.answer import Redacted, Thinking, ToolCall
from mrt_testing_kit.server.dialects.openai.read import decode
from mrt_testing_kit.server.loose import array, is_array, is_object, objects
from mrt_testing_kit.server.oracle import Conversation, Image, ToolResult, ToolSpec, Turn

_CONVERSATION = {"messages", "system", "tools", "stream"}


def conversation(body: dict[str, Any]) -> Conversation:
    """Read a request; what cannot be read is passed over."""
    turns = [Turn("system", text(body["system"]))] if body.get("system") else []
    raw = body.get("messages")
    turns += [turn(message) for message in raw if is_object(message)] if is_array(raw) else []
    choice = body.get("tool_choice")
    cached = '"cache_control"' in json.dumps(body)
    limit = body.get("max_tokens")
    return Conversation(
        turns=turns,
        tools=tools(body.get("tools")),
        tool_choice=tool_choice(choice),
        params={name: value for name, value in body.items() if name not in _CONVERSATION},
        schema=schema(body),
        limit=limit if isinstance(limit, int) and not isinstance(limit, bool) else None,
        stops=[stop for stop in array(body.get("stop_sequences")) if isinstance(stop, str)],
        thinks=thinks(body),
        parallel=not (is_object(choice) and choice.get("disable_parallel_tool_use") is True),
        cached=cached,
        cache_write=cached,
    )


def thinks(body: dict[str, Any]) -> bool:
    """Say whether thinking is switched on."""
    value = body.get("thinking")
    return is_object(value) and value.get("type") in ("enabled", "adaptive")


def text(value: Any) -> str:
    """Read text: a string, or text blocks, joined with newlines."""
    if isinstance(value, str):
        return value
    blocks = value if is_array(value) else []
    return "\n".join(str(b.get("text", "")) for b in blocks if is_object(b) and b.get("type") == "text")


def turn(message: dict[str, Any]) -> Turn:
    """Read one message."""
    content = message.get("content")
    out = Turn(str(message.get("role", "user")), text(content))
    for block in content if is_array(content) else []:
        if not is_object(block):
            continue
        kind = block.get("type")
        if kind in ("image", "document"):
            out.images.append(source(block.get("source")))
        elif kind == "thinking":
            out.thoughts.append(Thinking([str(block.get("thinking", ""))], str(block.get("signature", ""))))
        elif kind == "redacted_thinking":
            out.thoughts.append(Redacted(str(block.get("data", ""))))
        elif kind == "tool_use":
            arguments = json.dumps(block.get("input"), ensure_ascii=False)
            out.calls.append(ToolCall(str(block.get("name", "")), arguments, str(block.get("id", ""))))
        elif kind == "tool_result":
            inner = block.get("content")
            images = [
                source(part.get("source")) for part in objects(inner) if part.get("type") in ("image", "document")
            ]
            result = ToolResult(
                str(block.get("tool_use_id", "")), text(inner), block.get("is_error") is True, "", images
            )
            out.results.append(result)
    return out


def source(value: Any) -> Image:
    """Read the source of an image or document."""
    if not is_object(value):
        return Image("")
    if value.get("type") == "base64":
        return Image(str(value.get("media_type", "")), decode(str(value.get("data", ""))))
    if value.get("type") == "url":
        return Image("url", None, str(value.get("url", "")))
    if value.get("type") == "text":
        return Image(str(value.get("media_type", "text/plain")), str(value.get("data", "")).encode())
    return Image(str(value.get("type", "")))


def tools(value: Any) -> list[ToolSpec]:
    """Read the tools offered; the server's own tools have no schema and are passed over."""
    return [
        ToolSpec(str(tool["name"]), str(tool.get("description") or ""), tool["input_schema"])
        for tool in (value if is_array(value) else [])
        if is_object(tool) and tool.get("name") and "input_schema" in tool
    ]


def tool_choice(value: Any) -> str:
    """Read the choice of tools."""
    if not is_object(value):
        return "auto"
    kind = value.get("type")
    if kind == "tool":
        return f"name:{value.get('name')}"
    return {"any": "required", "none": "none"}.get(str(kind), "auto")


def schema(body: dict[str, Any]) -> Any:
    """Read the schema asked for."""
    config = body.get("output_config")
    wanted = config.get("format") if is_object(config) else body.get("output_format")
    if is_object(wanted) and wanted.get("type") == "json_schema":
        return wanted.get("schema")
    return None
