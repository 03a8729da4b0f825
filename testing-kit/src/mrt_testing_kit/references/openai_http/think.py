"""Thinking that models write into their text, between tags."""

from __future__ import annotations

OPEN, CLOSE = "<think>", "</think>"


class ThinkSplitter:
    """Tells thinking from the answer while the text comes in; a tag may be cut anywhere.

    Tags count in an answer that begins with one, so that an answer about tags stays whole. Thinking may come in several
    rounds, hold further tags, and lack its end.
    """

    def __init__(self) -> None:
        self._held = ""
        self._depth = 0
        self._begun = False
        self._plain = False

    def feed(self, text: str) -> tuple[str, str]:
        """Return the next piece of the answer, and of the thinking."""
        self._held += text
        if not self._begun and not self._begin():
            return "", ""
        if self._plain:
            text, self._held = self._held, ""
            return text, ""
        answer = thinking = ""
        found = True
        while found:
            piece, found = self._next_piece()
            answer, thinking = (answer, thinking + piece) if self._depth else (answer + piece, thinking)
            if found:
                self._pass_tag()
        return answer, thinking

    def end(self) -> tuple[str, str]:
        """Return what was held back, at the end of the text."""
        held, self._held = self._held, ""
        return ("", held) if self._depth else (held, "")

    def _begin(self) -> bool:
        start = self._held.lstrip()
        if OPEN.startswith(start) and start != OPEN:
            return False
        self._begun = True
        self._plain = not start.startswith(OPEN)
        if not self._plain:
            self._held = start
        return True

    def _next_piece(self) -> tuple[str, bool]:
        """Return the text up to the next tag, and whether there is one."""
        tags = (OPEN, CLOSE) if self._depth else (OPEN,)
        places = [place for tag in tags if (place := self._held.find(tag)) >= 0]
        end = min(places) if places else len(self._held) - max(_overlap(self._held, tag) for tag in tags)
        piece, self._held = self._held[:end], self._held[end:]
        return piece, bool(places)

    def _pass_tag(self) -> None:
        tag = OPEN if self._held.startswith(OPEN) else CLOSE
        self._depth += 1 if tag == OPEN else -1
        self._held = self._held[len(tag) :]


def _overlap(text: str, tag: str) -> int:
    """Return how much of the end of a text may be the beginning of a tag."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:size])), 0)


def without_thinking(text: str) -> str:
    """Return a whole text without the thinking in it."""
    splitter = ThinkSplitter()
    return splitter.feed(text)[0] + splitter.end()[0]
