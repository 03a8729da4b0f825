"""Messages in the vendor's words."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from mrt import (
    AssistantPromptMessage,
    ImagePromptMessageContent,
    InvokeBadRequestError,
    PromptMessage,
    PromptMessageContent,
    TextPromptMessageContent,
    ToolCall,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt_testing_kit.references.openai_http.think import without_thinking
from mrt_testing_kit.references.openai_http.tools import wire_name

_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}


def wire_messages(messages: Sequence[PromptMessage]) -> list[dict[str, Any]]:
    """Return the messages of a request; what says nothing is left out, and two answers in a row become one.

    Raises:
        InvokeBadRequestError: A message holds what the vendor does not take.
    """
    users = [place for place, message in enumerate(messages) if isinstance(message, UserPromptMessage)]
    last_user = users[-1] if users else -1
    wired: list[dict[str, Any]] = []
    for place, message in enumerate(messages):
        if isinstance(message, AssistantPromptMessage):
            answer = _answer(message, in_tool_loop=place > last_user)
            if wired and wired[-1]["role"] == "assistant" and "tool_calls" not in wired[-1]:
                first = wired.pop()
                texts = [text for text in (first["content"], answer["content"]) if text]
                answer = {**first, **answer, "content": "\n".join(texts) or None}
            if answer["content"] or "tool_calls" in answer:
                wired.append(answer)
        elif isinstance(message, ToolPromptMessage):
            wired.append({"role": "tool", "tool_call_id": message.tool_call_id, "content": _text(message)})
        elif not message.is_empty():
            content = _content(message) if isinstance(message, UserPromptMessage) else _text(message)
            if content:
                wired.append(_named({"role": str(message.role), "content": content}, message))
    return wired


def _named(wired: dict[str, Any], message: PromptMessage) -> dict[str, Any]:
    return {**wired, "name": message.name} if message.name else wired


def _answer(message: AssistantPromptMessage, *, in_tool_loop: bool) -> dict[str, Any]:
    text = without_thinking(_text(message, ""))
    # The key has to be there beside calls, too: servers refuse a message without.
    wired: dict[str, Any] = {"role": "assistant", "content": text or None}
    if message.tool_calls:
        wired["tool_calls"] = [_call(call) for call in message.tool_calls]
        if in_tool_loop and message.reasoning_content:
            # Models that think want to see why they called; thinking of earlier turns is refused.
            wired["reasoning_content"] = message.reasoning_content
    return _named(wired, message)


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": wire_name(call.function.name), "arguments": call.function.arguments or "{}"}
    return {"id": call.id, "type": "function", "function": function}


def _text(message: PromptMessage, between: str = "\n") -> str:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    texts: list[str] = []
    for part in message.content:
        if not isinstance(part, TextPromptMessageContent):
            raise InvokeBadRequestError(f"a {message.role} message takes text only, no part of type {part.type}")
        texts.append(part.data)
    return between.join(texts)


def _content(message: PromptMessage) -> str | list[dict[str, Any]]:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    return [_part(part) for part in message.content if not isinstance(part, TextPromptMessageContent) or part.data]


def _part(part: PromptMessageContent) -> dict[str, Any]:
    if isinstance(part, TextPromptMessageContent):
        return {"type": "text", "text": part.data}
    if not isinstance(part, ImagePromptMessageContent):
        raise InvokeBadRequestError(f"this provider sends no parts of type {part.type}")
    return {"type": "image_url", "image_url": {"url": part.url or _data_url(part), "detail": part.detail}}


def _data_url(part: ImagePromptMessageContent) -> str:
    data = "".join(part.base64_data.split())
    try:
        head = base64.b64decode(data[:16])
    except binascii.Error as error:
        raise InvokeBadRequestError(f"the base64_data of an image is no base64: {error}") from error
    # Servers look at the bytes, so what the caller calls them comes second.
    kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), part.mime_type or "image/png")
    return f"data:{kind};base64,{data}"
