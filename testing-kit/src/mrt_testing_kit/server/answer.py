"""What the oracle says, before any vendor's words are put around it.

An ``Answer`` is a list of parts in the order in which a model writes them. A dialect turns it into one JSON document,
or, by way of ``Piece``s, into the events of a stream. Faults may change either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal


class _Absent:
    """Marks a key that is left out, which is not the same as a key that is null."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "ABSENT"

    def __deepcopy__(self, memo: object) -> _Absent:
        return self


ABSENT: Final = _Absent()

Word = Literal["stop", "length", "tool_calls", "content_filter"]

_TOKEN = re.compile(r"\s*\S+|\s+")


def tokens(text: str) -> list[str]:
    """Split text into the oracle's tokens: a word with the space before it.

    Args:
        text: any text, also empty.

    Returns:
        Pieces that give the text again when joined.
    """
    return _TOKEN.findall(text)


@dataclass(slots=True)
class Usage:
    """Token counts of one call. None means that the vendor does not tell.

    Attributes:
        prompt: all input tokens, cached ones included.
        completion: all output tokens, reasoning included.
        cached: input tokens read from the cache.
        cache_write: input tokens written to the cache.
        reasoning: output tokens spent on reasoning.
        audio: output tokens that are sound.
        heard: input tokens that are sound.
    """

    prompt: int
    completion: int
    cached: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    audio: int | None = None
    heard: int | None = None

    @property
    def total(self) -> int:
        """Input and output tokens together."""
        return self.prompt + self.completion


@dataclass(slots=True)
class Text:
    """Visible text in the pieces in which a stream delivers it."""

    pieces: list[str]
    citations: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class Thinking:
    """Reasoning in the pieces in which a stream delivers it, with the signature some vendors add."""

    pieces: list[str]
    signature: str | None = None


@dataclass(slots=True)
class Redacted:
    """Reasoning that the vendor shows only in encrypted form."""

    data: str


@dataclass(slots=True)
class ToolCall:
    """One call of a tool.

    Attributes:
        name: the tool's name.
        arguments: JSON text as the model wrote it, an object for vendors that send objects, or None for null.
        id: the call's id; None lets the dialect make one in its own form.
        fragments: the arguments as a stream delivers them; None splits them in three.
    """

    name: str | None
    arguments: str | dict[str, Any] | None = "{}"
    id: str | None = None
    fragments: list[str] | None = None

    def split(self) -> list[str]:
        """Return the arguments in the fragments in which a stream delivers them."""
        if self.fragments is not None:
            return list(self.fragments)
        if not isinstance(self.arguments, str) or not self.arguments:
            return []
        text, third = self.arguments, max(1, (len(self.arguments) + 2) // 3)
        return [text[at : at + third] for at in range(0, len(text), third)]


Part = Text | Thinking | Redacted | ToolCall


class Answer:
    """A whole answer of a language model.

    Args:
        text: the visible text, whole (it is split at words) or in the pieces wanted.
        reasoning: the reasoning before it, likewise.
        calls: tool calls after it.
        finish: ``stop``, ``length``, ``tool_calls``, ``content_filter``, or a word of the vendor's own; None for null.
            Left out, it is ``tool_calls`` when there are calls, else ``stop``.
        usage: token counts; None means that the vendor does not tell.
        parts: the parts in order, in place of text, reasoning and calls.
        stop_sequence: the stop string that ended the text, if one did.
        delay: seconds before the first byte of the answer.
        pace: seconds between two pieces of a stream.
        model: the name of the model that answers, where it is another than the one that was asked for.
    """

    def __init__(
        self,
        text: str | Sequence[str] = "",
        *,
        reasoning: str | Sequence[str] = "",
        calls: Iterable[ToolCall] = (),
        finish: str | _Absent | None = ABSENT,
        usage: Usage | None = None,
        parts: Iterable[Part] | None = None,
        stop_sequence: str | None = None,
        delay: float = 0.0,
        pace: float = 0.0,
        model: str = "",
    ) -> None:
        if parts is None:
            built: list[Part] = []
            if reasoning:
                built.append(Thinking(_pieces(reasoning)))
            if text:
                built.append(Text(_pieces(text)))
            built.extend(calls)
            parts = built
        self.parts: list[Part] = list(parts)
        self.finish: str | None
        if isinstance(finish, _Absent):
            self.finish = "tool_calls" if self.calls else "stop"
        else:
            self.finish = finish
        self.usage = usage
        self.stop_sequence = stop_sequence
        self.delay = delay
        self.pace = pace
        self.model = model

    @property
    def text(self) -> str:
        """The visible text, joined."""
        return "".join(piece for part in self.parts if isinstance(part, Text) for piece in part.pieces)

    @property
    def reasoning(self) -> str:
        """The reasoning, joined."""
        return "".join(piece for part in self.parts if isinstance(part, Thinking) for piece in part.pieces)

    @property
    def calls(self) -> list[ToolCall]:
        """The tool calls in order."""
        return [part for part in self.parts if isinstance(part, ToolCall)]

    def copy(self) -> Answer:
        """Return an answer whose parts can be changed without changing this one."""
        parts: list[Part] = []
        for part in self.parts:
            if isinstance(part, Text | Thinking):
                parts.append(replace(part, pieces=list(part.pieces)))
            else:
                parts.append(replace(part))
        return Answer(
            parts=parts,
            finish=self.finish,
            usage=None if self.usage is None else replace(self.usage),
            stop_sequence=self.stop_sequence,
            delay=self.delay,
            pace=self.pace,
            model=self.model,
        )

    def __repr__(self) -> str:
        return f"Answer(text={self.text!r}, reasoning={self.reasoning!r}, calls={self.calls!r}, finish={self.finish!r})"


def _pieces(text: str | Sequence[str]) -> list[str]:
    return tokens(text) if isinstance(text, str) else list(text)


PieceKind = Literal[
    "start", "text", "citation", "thinking", "signature", "redacted", "call", "arguments", "finish", "usage", "end"
]


@dataclass(slots=True)
class Piece:
    """One step of a stream, in no vendor's words.

    Attributes:
        kind: ``start`` opens the message; ``text``, ``thinking``, ``signature``, ``redacted`` and
            ``citation`` carry ``text``;
            ``call`` opens a tool call and ``arguments`` adds to it; then ``finish``, ``usage`` and ``end``.
        text: the text of the piece; None for null.
        part: the place of the part in the answer.
        index: the place of the call among the calls; None for null, ABSENT to leave it out.
        id: the call's id, likewise.
        name: the tool's name, likewise.
        arguments: a piece of the arguments, likewise.
        finish: the neutral finish word.
        usage: token counts.
        last: the last piece of its part.
    """

    kind: PieceKind
    text: str | None = None
    part: int = 0
    index: int | _Absent | None = ABSENT
    id: str | _Absent | None = ABSENT
    name: str | _Absent | None = ABSENT
    arguments: str | dict[str, Any] | _Absent | None = ABSENT
    finish: str | None = None
    usage: Usage | None = None
    last: bool = False


def pieces_of(answer: Answer) -> list[Piece]:
    """Cut an answer into the pieces of a stream.

    Args:
        answer: what is to be said; call ids must be set.

    Returns:
        The pieces, from ``start`` to ``end``. The last piece of each part is marked ``last``.
    """
    out = [Piece("start", usage=answer.usage)]
    calls = 0
    for number, part in enumerate(answer.parts):
        first = len(out)
        if isinstance(part, Text):
            out.extend(Piece("text", text, number) for text in part.pieces)
            out.extend(Piece("citation", text, number) for text in part.citations)
        elif isinstance(part, Thinking):
            out.extend(Piece("thinking", text, number) for text in part.pieces)
            if part.signature is not None:
                out.append(Piece("signature", part.signature, number))
        elif isinstance(part, Redacted):
            out.append(Piece("redacted", part.data, number))
        else:
            fragments = part.split()
            opening = "" if isinstance(part.arguments, str) else part.arguments
            out.append(Piece("call", None, number, index=calls, id=part.id, name=part.name, arguments=opening))
            out.extend(Piece("arguments", None, number, index=calls, arguments=text) for text in fragments)
            calls += 1
        if len(out) > first:
            out[-1].last = True
    out.append(Piece("finish", finish=answer.finish, usage=answer.usage, text=answer.stop_sequence))
    if answer.usage is not None:
        out.append(Piece("usage", usage=answer.usage))
    out.append(Piece("end"))
    return out
