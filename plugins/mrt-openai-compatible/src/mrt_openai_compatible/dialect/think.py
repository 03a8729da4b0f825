"""Thinking that a model writes into its text, between tags."""

from __future__ import annotations

import re
from typing import ClassVar

# White space before the first word of an answer that may still precede a tag; nobody writes more.
_MOST_BLANK = 256


class ThinkSplitter:
    """Takes thinking out of a text that comes in pieces.

    A tag means thinking where the answer begins with it, and after such a beginning wherever it stands outside of
    Markdown code, for models that think in several rounds. In any other answer a tag is what the model talks about, and
    stays. Thinking without an end goes on to the end of the text. Line breaks between a tag and what it encloses or
    precedes belong to the tag.

    A tag inside thinking may be a nested block, or a word. So when thinking ends once but was opened twice, what
    follows is held back: it is thinking if another end comes, and answer if none does.

    Args:
        tags: How thinking begins and ends.
        inside: Whether the text begins inside of it, for servers whose prompt holds the first tag.
    """

    __slots__ = ("_blank", "_close", "_depth", "_held", "_maybe", "_open", "_state", "_ticks", "_tokens")

    _START: ClassVar[int] = 0
    _INSIDE: ClassVar[int] = 1
    _CONTENT: ClassVar[int] = 2
    _MAYBE: ClassVar[int] = 3
    _PLAIN: ClassVar[int] = 4

    def __init__(self, tags: tuple[str, str] = ("<think>", "</think>"), *, inside: bool = False) -> None:
        self._open, self._close = tags
        self._state = self._INSIDE if inside else self._START
        self._depth = int(inside)
        self._held = ""
        # True while white space is dropped: after a tag, up to the first word.
        self._blank = inside
        self._ticks = 0
        self._maybe: list[str] = []
        self._tokens = _token_pattern(self._open)

    @property
    def plain(self) -> bool:
        """Whether all that follows is answer, so that pieces need not go through here any more."""
        return self._state == self._PLAIN

    def feed(self, piece: str) -> tuple[str, str]:
        """Return the answer and the thinking that a piece brings."""
        if self._state == self._PLAIN:
            return piece, ""
        text = self._held + piece if self._held else piece
        self._held = ""
        content: list[str] = []
        thinking: list[str] = []
        while text:
            state = self._state
            if state == self._INSIDE:
                text = self._inside(text, thinking)
            elif state == self._CONTENT:
                text = self._content(text, content)
            elif state == self._START:
                text = self._start(text, content)
            elif state == self._MAYBE:
                text = self._nested(text, thinking)
            else:
                content.append(text)
                break
        return "".join(content), "".join(thinking)

    def end(self) -> tuple[str, str]:
        """Return what was held back, at the end of the text."""
        held, self._held = self._held, ""
        if self._state == self._INSIDE:
            return "", held
        if self._state != self._MAYBE:
            return held, ""
        # No second end came: the second beginning was a word, and this is the answer.
        rest = ThinkSplitter((self._open, self._close))
        rest._state, rest._blank = self._CONTENT, True
        content, thinking = rest.feed("".join(self._maybe) + held)
        more, thought = rest.end()
        self._maybe, self._state = [], self._PLAIN
        return content + more, thinking + thought

    def _start(self, text: str, content: list[str]) -> str:
        bare = text.lstrip()
        if bare.startswith(self._open):
            return self._enter(bare[len(self._open) :])
        if len(text) <= _MOST_BLANK and self._open.startswith(bare):
            self._held = text
            return ""
        self._state = self._PLAIN
        content.append(text)
        return ""

    def _enter(self, rest: str) -> str:
        self._state, self._depth, self._blank = self._INSIDE, 1, True
        return rest

    def _inside(self, text: str, thinking: list[str]) -> str:
        if self._blank:
            text = text.lstrip()
            if not text:
                return ""
        close, nested = text.find(self._close), text.find(self._open)
        if nested >= 0 and (close < 0 or nested < close):
            self._depth += 1
            self._think(text[:nested], thinking)
            return text[nested + len(self._open) :]
        if close >= 0:
            self._think(text[:close].removesuffix("\n"), thinking)
            self._depth -= 1
            self._state = self._MAYBE if self._depth else self._CONTENT
            self._blank = True
            return text[close + len(self._close) :]
        keep = max(_overlap(text, f"\n{self._close}"), _overlap(text, self._close), _overlap(text, self._open))
        self._held = text[len(text) - keep :]
        self._think(text[: len(text) - keep], thinking)
        return ""

    def _think(self, text: str, thinking: list[str]) -> None:
        if text:
            thinking.append(text)
            self._blank = False

    def _content(self, text: str, content: list[str]) -> str:
        if self._blank:
            text = text.lstrip("\r\n")
            if not text:
                return ""
            self._blank = False
        # A run of backticks may go on in the next piece, and so may a tag.
        keep = max(len(text) - len(text.rstrip("`")), _overlap(text, self._open))
        end = len(text) - keep
        for token in self._tokens.finditer(text, 0, end):
            found = token.group()
            if found == self._open:
                if not self._ticks:
                    content.append(text[: token.start()])
                    return self._enter(text[token.end() :])
            elif found == "\n":
                # Code inside a line ends with it; a stray backtick must not hide the rest of the answer.
                self._ticks = self._ticks if self._ticks > 2 else 0
            elif not self._ticks:
                self._ticks = len(found)
            elif len(found) == self._ticks or (self._ticks > 2 and len(found) > self._ticks):
                self._ticks = 0
        self._held = text[end:]
        content.append(text[:end])
        return ""

    def _nested(self, text: str, thinking: list[str]) -> str:
        close, nested = text.find(self._close), text.find(self._open)
        if nested >= 0 and (close < 0 or nested < close):
            end = nested + len(self._open)
            self._depth += 1
        elif close >= 0:
            end = close + len(self._close)
            self._depth -= 1
        else:
            keep = max(_overlap(text, self._close), _overlap(text, self._open))
            self._held = text[len(text) - keep :]
            self._maybe.append(text[: len(text) - keep])
            return ""
        self._maybe.append(text[:end])
        if not self._depth:
            thinking.append("".join(self._maybe).replace(self._open, "").replace(self._close, ""))
            self._maybe = []
            self._state, self._blank = self._CONTENT, True
        return text[end:]


def _overlap(text: str, tag: str) -> int:
    """Return how many characters at the end of a text may be the beginning of a tag."""
    for size in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:size]):
            return size
    return 0


def _token_pattern(tag: str) -> re.Pattern[str]:
    # `re` keeps compiled patterns, so this costs a look-up.
    return re.compile(f"`+|\n|{re.escape(tag)}")
