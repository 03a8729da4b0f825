"""What whole answers and streams have in common: their blocks and their token counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mrt.entities.message import ToolCall, ToolCallFunction
from mrt.entities.plain import is_mapping
from mrt.entities.usage import LLMUsage
from mrt_anthropic.tools import call_arguments, call_input


@dataclass(slots=True)
class AnswerBlock:
    """One block of an answer, as it grows.

    Args:
        kind: The vendor's type.
        head: The block as it came first.
        pieces: Text, thinking, or JSON of a call's input.
        signature: The vendor's seal on a thinking block.
        place: Place among the calls of the answer.
        identity: Id of the call.
    """

    kind: str
    head: Mapping[str, Any]
    pieces: list[str] = field(default_factory=list[str])
    signature: str = ""
    place: int | None = None
    identity: str = ""

    @classmethod
    def of(cls, head: Mapping[str, Any]) -> AnswerBlock:
        """Return a block made of what the vendor sent for it so far, the whole of it or its start."""
        kind = str(head.get("type"))
        block = cls(kind, head)
        text = head.get("text") if kind == "text" else head.get("thinking") if kind == "thinking" else None
        if isinstance(text, str) and text:
            block.pieces.append(text)
        signature, identity = head.get("signature"), head.get("id")
        block.signature = signature if isinstance(signature, str) else ""
        block.identity = identity if isinstance(identity, str) else ""
        return block

    @property
    def text(self) -> str:
        """Everything that its pieces say."""
        return "".join(self.pieces)

    def call(self, arguments: str, names: Mapping[str, str]) -> ToolCall:
        """Return a piece of the call that it stands for, under the caller's name of the tool."""
        name = self.head.get("name")
        name = name if isinstance(name, str) else ""
        return ToolCall(self.identity, "function", ToolCallFunction(names.get(name, name), arguments), self.place)

    def arguments(self) -> str:
        """Return the call's arguments as JSON text."""
        return self.text or call_arguments(self.head.get("input"))

    def replay(self) -> dict[str, Any]:
        """Return the block as the vendor wants to see it again."""
        if self.kind == "text":
            return {"type": "text", "text": self.text}
        if self.kind == "thinking":
            return {"type": "thinking", "thinking": self.text, "signature": self.signature}
        if self.kind == "tool_use":
            call = {"type": "tool_use", "id": self.head.get("id"), "name": self.head.get("name")}
            return {**call, "input": call_input(self.arguments())}
        return dict(self.head)


_COUNTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")


class Counts:
    """Token counts that come in several events; each count only ever grows."""

    __slots__ = ("_known",)

    def __init__(self, usage: Any = None) -> None:
        self._known: dict[str, int] = {}
        self.add(usage)

    def add(self, usage: Any) -> None:
        """Take a `usage` object; what it leaves out, or has as null, stays as it was."""
        if not is_mapping(usage):
            return
        details = usage.get("output_tokens_details")
        # Output has its own breakdown: how much of it was thinking.
        counts = {**usage, "thinking_tokens": details.get("thinking_tokens") if is_mapping(details) else None}
        for name in (*_COUNTS, "thinking_tokens"):
            value = counts.get(name)
            if isinstance(value, int) and value >= 0:
                self._known[name] = max(value, self._known.get(name, 0))

    def usage(self) -> LLMUsage:
        """Return the usage; the vendor counts cached tokens beside the others, core counts them among them."""
        known = self._known
        if "input_tokens" not in known or "output_tokens" not in known:
            return LLMUsage.empty_usage()
        read, written = known.get("cache_read_input_tokens"), known.get("cache_creation_input_tokens")
        return LLMUsage(
            prompt_tokens=known["input_tokens"] + (read or 0) + (written or 0),
            completion_tokens=known["output_tokens"],
            cache_read_tokens=read,
            cache_write_tokens=written,
            reasoning_tokens=known.get("thinking_tokens"),
        )


# A turn without a word takes two or three tokens; the vendor ends one so when it has nothing to add to tool results.
_TOKENS_OF_SILENCE = 3


def is_hollow(reason: str | None, usage: LLMUsage) -> bool:
    """Tell whether an answer without any block is a broken one."""
    if reason == "end_turn":
        return usage.completion_tokens > _TOKENS_OF_SILENCE
    return reason in (None, "tool_use")
