"""Printing an answer as it comes: text to stdout, thinking to stderr."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mrt.cli.output import write
from mrt.cli.report import Reporter

if TYPE_CHECKING:
    from mrt.entities.message import AssistantPromptMessage, ToolCall

DIM, PLAIN = "\x1b[2m", "\x1b[0m"


class AnswerPrinter:
    """Prints the messages of chunks; leaving it ends the line."""

    def __init__(self, reporter: Reporter) -> None:
        self.text = ""
        self._reporter = reporter
        self._thinking = False
        self._thought = ""
        self._dim = sys.stderr.isatty() and "NO_COLOR" not in os.environ

    def add(self, message: AssistantPromptMessage) -> None:
        """Print what a message adds."""
        if message.reasoning_content:
            self._think(self._reporter.clean(message.reasoning_content))
        text = message.get_text_content()
        if self._thought and not self.text:
            # Between thinking and answer models put empty lines of their own.
            text = text.lstrip("\n")
        if text:
            self._end_thinking()
            self.text += text
            write(text, end="")

    def _think(self, text: str) -> None:
        if not self._thought:
            text = text.lstrip("\n")
        if text and not self._thinking:
            self._thinking = True
            self._stderr(DIM if self._dim else "thinking: ")
        self._thought += text
        self._stderr(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_thinking()
        if self.text and not self.text.endswith("\n") and not isinstance(error, BrokenPipeError):
            write("")

    def _end_thinking(self) -> None:
        if self._thinking:
            self._thinking = False
            end = "" if self._thought.endswith("\n") else "\n"
            self._stderr(f"{PLAIN if self._dim else ''}{end}")

    def _stderr(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def call_line(call: ToolCall) -> str:
    """Return a call of a tool in one line."""
    return f"tool call: {call.function.name} {call.function.arguments or '{}'}"
