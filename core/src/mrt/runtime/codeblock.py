"""Answers in one code block: what `response_format` JSON or XML asks for where a model has no mode of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from mrt.entities.message import PromptMessage, SystemPromptMessage, TextPromptMessageContent, UserPromptMessage
from mrt.entities.model import AIModelEntity

FENCE = "```"
_TEXT = (
    "Answer with {kind} only: no greeting, no explanation, no text before or after it. "
    "The answer is the content of a {kind} code block that has been opened already; "
    "close it with three backticks when the {kind} is complete."
)


def block_format(schema: AIModelEntity | None, parameters: dict[str, object]) -> str | None:
    """Return ``JSON`` or ``XML`` when the parameters ask for a code block that core has to arrange, and take it out.

    Only the template rule means that: a rule of the vendor's own with other options goes to the vendor.
    """
    wanted = parameters.get("response_format")
    if wanted not in ("JSON", "XML") or schema is None:
        return None
    if any(
        rule.name == "response_format" and rule.use_template == "response_format" for rule in schema.parameter_rules
    ):
        del parameters["response_format"]
        return str(wanted)
    return None


def with_block_prompt(messages: Sequence[PromptMessage], kind: str) -> list[PromptMessage]:
    """Return new messages that ask for a code block; the given ones stay as they are."""
    asked = list(messages)
    instruction = _TEXT.format(kind=kind)
    first = asked[0] if asked else None
    if isinstance(first, SystemPromptMessage):
        asked[0] = dataclasses.replace(first, content=f"{first.get_text_content()}\n\n{instruction}")
    else:
        asked.insert(0, SystemPromptMessage(instruction))
    last = asked[-1]
    if isinstance(last, UserPromptMessage):
        opening = f"\n{FENCE}{kind}\n"
        if last.content is None or isinstance(last.content, str):
            asked[-1] = dataclasses.replace(last, content=(last.content or "") + opening)
        else:
            asked[-1] = dataclasses.replace(last, content=[*last.content, TextPromptMessageContent(opening)])
    return asked


class FenceFilter:
    """Takes a code fence off the start and the end of a text that comes in pieces."""

    __slots__ = ("_done", "_held", "_started")

    def __init__(self) -> None:
        self._held = ""
        self._started = False
        self._done = False

    def feed(self, piece: str) -> str:
        """Return the new text inside the fence."""
        if self._done:
            return ""
        self._held += piece
        if not self._started and not self._open():
            return ""
        place = self._held.find(FENCE)
        if place >= 0:
            self._done = True
            shown, self._held = self._held[:place].rstrip(), ""
            return shown
        # White space and backticks at the end may belong to the closing fence.
        shown = self._held.rstrip("` \t\r\n")
        self._held = self._held[len(shown) :]
        return shown

    def _open(self) -> bool:
        text = self._held.lstrip()
        if FENCE.startswith(text[:3]) and len(text) < 3:
            return False
        if text.startswith(FENCE):
            line, found, rest = text.partition("\n")
            if not found:
                return False
            del line
            text = rest
        self._started = True
        self._held = text
        return True

    def end(self) -> str:
        """Return what was held back, at the end of the text."""
        if self._done:
            return ""
        held, self._held = self._held, ""
        return held.strip("` \t\r\n") if not self._started else held.rstrip("` \t\r\n")
