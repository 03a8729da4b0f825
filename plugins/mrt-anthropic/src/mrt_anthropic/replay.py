"""Thinking that goes back to the vendor: signed blocks, kept in `AssistantPromptMessage.opaque_body`.

The vendor checks that the thinking of earlier turns comes back unchanged and in its place, and refuses a tool loop
without it. So an answer with thinking keeps all its blocks, and they go back as they were while the message still says
the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mrt.entities.message import AssistantPromptMessage
from mrt.entities.plain import is_list, is_mapping

Block = dict[str, Any]

_THINKING = ("thinking", "redacted_thinking")


def opaque_blocks(blocks: Sequence[Block]) -> list[Block] | None:
    """Return what `opaque_body` keeps of an answer: all of its blocks when it has thinking, else None."""
    return list(blocks) if any(block["type"] in _THINKING for block in blocks) else None


def replayed(message: AssistantPromptMessage, texts: list[Block], calls: list[Block]) -> list[Block]:
    """Return the blocks of an earlier answer.

    Args:
        message: The answer.
        texts: Its text as blocks.
        calls: Its calls as blocks.
    """
    kept = _kept(message.opaque_body)
    if _says(kept, "text") == "".join(block["text"] for block in texts) and _calls(kept) == calls:
        return kept
    # Someone changed the answer, or another vendor's ids had to be replaced: thinking comes first in a turn.
    return [*(block for block in kept if block["type"] in _THINKING), *texts, *calls]


def _kept(opaque: Any) -> list[Block]:
    # The conversation may have begun with another vendor, whose `opaque_body` means nothing here.
    blocks = [dict(block) for block in opaque if is_mapping(block)] if is_list(opaque) else []
    return [block for block in blocks if _is_whole(block)]


def _is_whole(block: Block) -> bool:
    kind = block.get("type")
    if kind == "thinking":
        # Thinking that was cut off has no signature, and the vendor refuses it.
        return bool(block.get("signature")) and isinstance(block.get("thinking"), str)
    if kind == "text":
        return isinstance(block.get("text"), str) and bool(block["text"].strip())
    return kind == "tool_use" or (kind == "redacted_thinking" and bool(block.get("data")))


def _says(blocks: Sequence[Block], kind: str) -> str:
    return "".join(block[kind] for block in blocks if block["type"] == kind)


def _calls(blocks: Sequence[Block]) -> list[Block]:
    return [block for block in blocks if block["type"] == "tool_use"]
