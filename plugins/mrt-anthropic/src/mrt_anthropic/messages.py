"""From a conversation to the vendor's `system` and `messages`.

The vendor wants alternating turns, the results of all calls first in the turn after them, no empty and no blank
texts, and thinking exactly as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mrt.entities.message import (
    AssistantPromptMessage,
    Content,
    DeveloperPromptMessage,
    DocumentPromptMessageContent,
    ImagePromptMessageContent,
    PromptMessage,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolPromptMessage,
)
from mrt.errors import InvokeBadRequestError
from mrt_anthropic.media import document_block, image_block
from mrt_anthropic.replay import replayed
from mrt_anthropic.tools import call_block, safe_id

Block = dict[str, Any]

OPENING = "(The conversation continues.)"
"""What the user says before an assistant who speaks first: the vendor wants the user to begin."""


def conversation(messages: Sequence[PromptMessage]) -> tuple[list[Block], list[Block]]:
    """Return the blocks of `system`, and the turns of `messages`.

    System and developer messages at the start make `system`. Later ones keep their place, as text in a ``<system>``
    tag in the user's turn: moved to the start, they would change what the model answered already, drop its cache, and
    make earlier thinking invalid.

    Raises:
        InvokeBadRequestError: A message holds what the vendor does not take, or there is no turn at all.
    """
    system: list[Block] = []
    turns: list[Block] = []
    for message in messages:
        if isinstance(message, (SystemPromptMessage, DeveloperPromptMessage)):
            if turns:
                text = "\n".join(block["text"] for block in _texts(message.content, "system"))
                _say(turns, "user", [_text(f"<system>\n{text}\n</system>")] if text else [])
            else:
                system += _texts(message.content, "system")
        elif isinstance(message, AssistantPromptMessage):
            calls = [call_block(call) for call in message.tool_calls]
            _say(turns, "assistant", replayed(message, _texts(message.content, "assistant"), calls))
        elif isinstance(message, ToolPromptMessage):
            _say(turns, "user", [_result(message)])
        else:
            _say(turns, "user", _parts(message.content))
    if not turns:
        raise InvokeBadRequestError("the prompt has no turn: the vendor wants a user message that is not blank")
    if turns[0]["role"] == "assistant":
        turns.insert(0, {"role": "user", "content": [_text(OPENING)]})
    for turn in turns:
        turn["content"].sort(key=_place)
    _trim(turns[-1])
    return system, turns


def _say(turns: list[Block], role: str, blocks: list[Block]) -> None:
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += blocks
    else:
        turns.append({"role": role, "content": blocks})


def _place(block: Block) -> int:
    return 0 if block["type"] == "tool_result" else 1


def _trim(turn: Block) -> None:
    # An answer to be continued must not end in white space.
    last = turn["content"][-1]
    if turn["role"] == "assistant" and last["type"] == "text":
        last["text"] = last["text"].rstrip()


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _texts(content: Content, role: str) -> list[Block]:
    parts = [TextPromptMessageContent(content)] if isinstance(content, str) else content or ()
    for part in parts:
        if not isinstance(part, TextPromptMessageContent):
            raise InvokeBadRequestError(f"a message of the {role} takes text only: send the {part.type.value} as user")
    return [_text(part.data) for part in parts if isinstance(part, TextPromptMessageContent) and part.data.strip()]


def _parts(content: Content) -> list[Block]:
    blocks: list[Block] = []
    for part in [TextPromptMessageContent(content)] if isinstance(content, str) else content or ():
        if isinstance(part, TextPromptMessageContent):
            if part.data.strip():
                blocks.append(_text(part.data))
        elif isinstance(part, ImagePromptMessageContent):
            blocks.append(image_block(part))
        elif isinstance(part, DocumentPromptMessageContent):
            blocks.append(document_block(part))
        else:
            raise InvokeBadRequestError(f"the Messages API takes no {part.type.value}: send text, images or documents")
    return blocks


def _result(message: ToolPromptMessage) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": safe_id(message.tool_call_id)}
    if content := _parts(message.content):
        block["content"] = content
    if message.is_error:
        block["is_error"] = True
    return block
