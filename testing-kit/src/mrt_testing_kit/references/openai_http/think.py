"""Thinking that models write into their text, between tags."""

from __future__ import annotations

import re

OPEN, CLOSE = "<think>", "</think>"
_TAG = re.compile(f"{OPEN}|{CLOSE}")


class ThinkSplitter:
    """Tells thinking from the answer while the text comes in.

    A tag may be cut anywhere, pairs may follow each other or nest, and between backticks a tag is code.
    """

    def __init__(self) -> None:
        self._held = ""
        self._depth = 0
        self._ticks = 0
        self._is_fresh = False

    def feed(self, text: str) -> tuple[str, str]:
        """Return the next piece of the answer, and of the thinking."""
        text = self._held + text
        # What may be the beginning of a tag waits for the next piece.
        keep = max(_overlap(text, OPEN), _overlap(text, CLOSE))
        self._held = text[len(text) - keep :]
        return self._split(text[: len(text) - keep])

    def end(self) -> tuple[str, str]:
        """Return what was held back, at the end of the text."""
        held, self._held = self._held, ""
        return self._split(held)

    def _split(self, text: str) -> tuple[str, str]:
        answer = thinking = ""
        start = 0
        for tag in _TAG.finditer(text):
            before, start = text[start : tag.start()], tag.end()
            if self._depth:
                self._depth += 1 if tag.group() == OPEN else -1
                thinking += before
                self._is_fresh = self._depth == 0
                continue
            answer += self._said(before)
            if tag.group() == OPEN and self._ticks % 2 == 0:
                self._depth = 1
            else:
                answer += self._said(tag.group())
        rest = text[start:]
        return (answer, thinking + rest) if self._depth else (answer + self._said(rest), thinking)

    def _said(self, text: str) -> str:
        # The line breaks between thinking and answer belong to neither.
        text = text.lstrip("\n") if self._is_fresh else text
        self._is_fresh = self._is_fresh and not text
        self._ticks += text.count("`")
        return text


def _overlap(text: str, tag: str) -> int:
    """Return how many characters at the end of a text may be the beginning of a tag."""
    return next((size for size in range(len(tag) - 1, 0, -1) if text.endswith(tag[:size])), 0)


def without_thinking(text: str) -> str:
    """Return a whole text without the thinking in it."""
    splitter = ThinkSplitter()
    return splitter.feed(text)[0] + splitter.end()[0]
