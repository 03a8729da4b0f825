"""Thinking that models write into their text, between tags."""

from __future__ import annotations

OPEN, CLOSE = "<think>", "</think>"


class ThinkSplitter:
    """Tells thinking from the answer while the text comes in; a tag may be cut anywhere.

    A tag counts at the beginning of the answer and after earlier thinking, so that an answer about tags stays whole.
    """

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._answering = False

    def feed(self, text: str) -> tuple[str, str]:
        """Return the next piece of the answer, and of the thinking."""
        self._held += text
        answer = thinking = ""
        while self._held:
            if self._answering:
                answer, self._held = answer + self._held, ""
            elif self._inside:
                found, kept = _cut(self._held, CLOSE)
                thinking += found
                if kept is None:
                    self._held = self._held[len(found) :]
                    break
                self._held, self._inside = kept, False
            else:
                start = self._held.lstrip()
                if OPEN.startswith(start) and start != OPEN:
                    break
                if start.startswith(OPEN):
                    self._held, self._inside = start[len(OPEN) :], True
                else:
                    self._answering = True
        return answer, thinking

    def end(self) -> tuple[str, str]:
        """Return what was held back, at the end of the text."""
        held, self._held = self._held, ""
        return ("", held) if self._inside else (held, "")


def _cut(text: str, tag: str) -> tuple[str, str | None]:
    """Return what stands before a tag, and what follows it; None while the tag has not come."""
    before, found, after = text.partition(tag)
    if found:
        return before, after
    for size in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:size]):
            return text[:-size], None
    return text, None


def without_thinking(text: str) -> str:
    """Return a whole text without the thinking in it."""
    splitter = ThinkSplitter()
    return splitter.feed(text)[0] + splitter.end()[0]
