"""Reads chat requests in OpenAI's shape, for every dialect that shares it."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from mrt_testing_kit.server.answer import Thinking, ToolCall
from mrt_testing_kit.server.loose import is_array, is_object, objects
from mrt_testing_kit.server.oracle import Conversation, Image, ToolResult, ToolSpec, Turn

_CONVERSATION = {"messages", "tools", "functions", "stream", "stream_options"}


def conversation(body: dict[str, Any], *, thinks: bool = False) -> Conversation:
    """Read a chat request; what cannot be read is passed over, as lenient servers do."""
    raw = body.get("messages")
    turns = [turn(message) for message in objects(raw)]
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    return Conversation(
        turns=turns,
        tools=tools(body.get("tools")),
        tool_choice=choice(body.get("tool_choice")),
        params={name: value for name, value in body.items() if name not in _CONVERSATION},
        schema=schema(body.get("response_format")),
        limit=limit if isinstance(limit, int) and not isinstance(limit, bool) else None,
        stops=stops(body.get("stop")),
        thinks=thinks,
        parallel=body.get("parallel_tool_calls") is not False,
    )


def turn(message: dict[str, Any]) -> Turn:
    """Read one message."""
    role = str(message.get("role", "user"))
    text, images = content(message.get("content"))
    if role == "tool":
        name = str(message.get("name") or "")
        result = ToolResult(str(message.get("tool_call_id", "")), text, name=name, images=images)
        return Turn("tool", results=[result])
    calls = [
        ToolCall(str(call["function"].get("name", "")), call["function"].get("arguments"), str(call.get("id", "")))
        for call in objects(message.get("tool_calls"))
        if is_object(call.get("function"))
    ]
    out = Turn("system" if role == "developer" else role, text, images, calls)
    for field in ("reasoning_content", "reasoning", "thinking", "reasoning_details"):
        value = message.get(field)
        if is_array(value):
            # Each with the signature that some vendors add.
            out.thoughts += [Thinking([str(part.get("text", ""))], part.get("signature")) for part in objects(value)]
        elif value:
            out.thoughts.append(Thinking([str(value)]))
    return out


def content(value: Any) -> tuple[str, list[Image]]:
    """Read the content of a message: text, or a list of parts."""
    if isinstance(value, str):
        return value, []
    texts: list[str] = []
    images: list[Image] = []
    for part in value if is_array(value) else []:
        if not is_object(part):
            continue
        kind = part.get("type")
        if kind == "text":
            texts.append(str(part.get("text", "")))
        elif kind == "image_url":
            link = part.get("image_url")
            images.append(image(str(link.get("url", "")) if is_object(link) else str(link)))
        elif kind == "input_audio" and is_object(part.get("input_audio")):
            sound = part["input_audio"]
            images.append(Image(f"audio/{sound.get('format', 'wav')}", decode(str(sound.get("data", "")))))
        elif kind == "file" and is_object(part.get("file")):
            images.append(image(str(part["file"].get("file_data", ""))))
        elif kind == "video_url":
            link = part.get("video_url")
            images.append(image(str(link.get("url", "")) if is_object(link) else str(link)))
    return "\n".join(texts), images


def image(url: str) -> Image:
    """Read the address of an image; the bytes of a ``data:`` address, no other is fetched."""
    if not url.startswith("data:"):
        return Image("url", None, url)
    head, _, data = url[5:].partition(",")
    media_type, _, coding = head.partition(";")
    return Image(media_type, decode(data) if coding == "base64" else data.encode())


def decode(text: str) -> bytes | None:
    """Read base64; None when it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def tools(value: Any) -> list[ToolSpec]:
    """Read the tools offered."""
    found: list[ToolSpec] = []
    for tool in value if is_array(value) else []:
        function = tool.get("function") if is_object(tool) else None
        if is_object(function) and function.get("name"):
            name, about = str(function["name"]), str(function.get("description") or "")
            found.append(ToolSpec(name, about, function.get("parameters")))
    return found


def choice(value: Any) -> str:
    """Read the choice of tools."""
    if is_object(value):
        function = value.get("function")
        return f"name:{function.get('name')}" if is_object(function) else "auto"
    return value if isinstance(value, str) else "auto"


def schema(value: Any) -> Any:
    """Read the schema asked for; True for any object."""
    if not is_object(value):
        return None
    if value.get("type") == "json_object":
        return True
    if value.get("type") == "json_schema" and is_object(value.get("json_schema")):
        return value["json_schema"].get("schema") or True
    return None


def stops(value: Any) -> list[str]:
    """Read the stop strings."""
    if isinstance(value, str):
        return [value]
    return [stop for stop in value if isinstance(stop, str)] if is_array(value) else []


def texts(value: Any) -> list[str | list[int]]:
    """Read the input of an embedding request: texts or lists of token ids."""
    if isinstance(value, str):
        return [value]
    if is_array(value):
        if value and all(isinstance(item, int) and not isinstance(item, bool) for item in value):
            return [list(value)]
        return [item if is_array(item) else str(item) for item in value]
    return []


def documents(value: Any) -> list[str]:
    """Read the documents of a rerank request: texts, or objects with a text."""
    return [str(item.get("text", "")) if is_object(item) else str(item) for item in (value if is_array(value) else [])]
