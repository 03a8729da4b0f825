"""A conversation in the vendor's words: turns that alternate, made of blocks, and the system's words beside them."""

from __future__ import annotations

import base64
import json
import re
from binascii import crc32
from collections.abc import Sequence
from typing import Any

from mrt import (
    AssistantPromptMessage,
    DeveloperPromptMessage,
    ImagePromptMessageContent,
    InvokeBadRequestError,
    PromptMessage,
    PromptMessageContent,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolCall,
    ToolPromptMessage,
)
from mrt.entities.plain import is_list, is_mapping
from mrt_testing_kit.references.openai_http.tools import wire_name

Block = dict[str, Any]

_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}


def conversation(messages: Sequence[PromptMessage]) -> tuple[str, list[Block]]:
    """Return the system's words and the turns.

    System messages after the first turn keep their place, as text in a ``<system>`` tag: moved to the front they would
    say that they held from the start.

    Raises:
        InvokeBadRequestError: Nothing is left to say, or a part is one that the vendor does not take.
    """
    system: list[str] = []
    turns: list[Block] = []
    for message in messages:
        if isinstance(message, AssistantPromptMessage):
            _say(turns, "assistant", _answer(message))
        elif isinstance(message, ToolPromptMessage):
            _say(turns, "user", [_result(message)])
        elif not isinstance(message, (SystemPromptMessage, DeveloperPromptMessage)):
            _say(turns, "user", _blocks(message))
        elif turns:
            text = _text(message)
            _say(turns, "user", [{"type": "text", "text": f"<system>\n{text}\n</system>"}] if text else [])
        else:
            system += [text] if (text := _text(message)) else []
    if not turns:
        raise InvokeBadRequestError("the prompt has no message of the user")
    if turns[0]["role"] == "assistant":
        turns.insert(0, {"role": "user", "content": [{"type": "text", "text": "(The conversation continues.)"}]})
    for turn in turns:
        # Results have to come before whatever else the turn says.
        turn["content"].sort(key=_place)
    if turns[-1]["role"] == "assistant" and turns[-1]["content"][-1]["type"] == "text":
        turns[-1]["content"][-1]["text"] = turns[-1]["content"][-1]["text"].rstrip()
    return "\n\n".join(system), turns


def _place(block: Block) -> bool:
    return str(block["type"]) != "tool_result"


def _say(turns: list[Block], role: str, blocks: list[Block]) -> None:
    if blocks and turns and turns[-1]["role"] == role:
        turns[-1]["content"] += blocks
    elif blocks:
        turns.append({"role": role, "content": blocks})


def _answer(message: AssistantPromptMessage) -> list[Block]:
    # Thinking has to come back as it was, with its signature; the text and the calls may have been changed.
    kept = message.opaque_body if is_list(message.opaque_body) else []
    text, said = _text(message, ""), 0
    blocks: list[Block] = []
    for block in kept:
        thought: Block = dict(block) if is_mapping(block) else {}
        after = max(said, int(thought.pop("after", 0)))
        blocks += [*_say_text(text[said:after]), thought]
        said = after
    return [*blocks, *_say_text(text[said:]), *(_call(call) for call in message.tool_calls)]


def _say_text(text: str) -> list[Block]:
    return [{"type": "text", "text": text}] if text.strip() else []


def _call(call: ToolCall) -> Block:
    try:
        given = json.loads(call.function.arguments or "{}")
    except ValueError:
        given = None
    # The vendor wants an object; what is none goes back so that the model sees what it wrote.
    given = given if is_mapping(given) else {"invalid_json": call.function.arguments}
    return {"type": "tool_use", "id": wire_id(call.id), "name": wire_name(call.function.name), "input": given}


def wire_id(identity: str) -> str:
    """Return the id of a call in the letters that the vendor takes; a digest keeps those apart that are changed."""
    letters = re.sub(r"[^a-zA-Z0-9_-]", "_", identity)
    return letters if letters == identity else f"{letters}_{crc32(identity.encode('utf-8', 'surrogatepass')):08x}"


def _result(message: ToolPromptMessage) -> Block:
    result: Block = {"type": "tool_result", "tool_use_id": wire_id(message.tool_call_id)}
    if blocks := _blocks(message):
        result["content"] = blocks
    return {**result, "is_error": True} if message.is_error else result


def _text(message: PromptMessage, between: str = "\n") -> str:
    blocks = _blocks(message)
    if any(block["type"] != "text" for block in blocks):
        raise InvokeBadRequestError(f"a {message.role} message takes text only")
    return between.join(block["text"] for block in blocks)


def _blocks(message: PromptMessage) -> list[Block]:
    content = message.content
    parts = [TextPromptMessageContent(content)] if isinstance(content, str) else content or ()
    # The vendor refuses blank texts.
    return [_block(part) for part in parts if not isinstance(part, TextPromptMessageContent) or part.data.strip()]


def _block(part: PromptMessageContent) -> Block:
    if isinstance(part, TextPromptMessageContent):
        return {"type": "text", "text": part.data}
    if not isinstance(part, ImagePromptMessageContent):
        raise InvokeBadRequestError(f"this provider sends no parts of type {part.type}")
    if part.url:
        return {"type": "image", "source": {"type": "url", "url": part.url}}
    data = "".join(part.base64_data.split())
    try:
        head = base64.b64decode(data[:16])
    except ValueError as error:
        raise InvokeBadRequestError(f"the base64_data of an image is no base64: {error}") from error
    kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), part.mime_type or "image/png")
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}
