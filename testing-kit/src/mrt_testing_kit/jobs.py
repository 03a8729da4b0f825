"""Calls that know their own right answer, no two alike, for checks that make many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mrt_testing_kit.failure import show
from mrt_testing_kit.server import oracle

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context

_TOLERANCE = 2e-6


@dataclass(frozen=True)
class Job:
    """One call.

    Args:
        arguments: Positional arguments of ``invoke``.
        judge: Takes the result; returns what is wrong with it, or an empty text.
        expected: The right answer, for messages.
        mark: A text of this call alone, as it stands in the request; empty when none does.
        keywords: Keyword arguments.
    """

    arguments: tuple[Any, ...]
    judge: Callable[[Any], str]
    expected: str
    mark: str = ""
    keywords: Mapping[str, Any] = field(default_factory=dict[str, Any])


def jobs(ctx: Context, count: int, word: str = "Case") -> list[Job]:
    """Return so many calls of the check's model type, each with inputs and an answer of its own."""
    make = _MAKERS[ctx.kind or "llm"]
    return [make(f"{word} {number:03} is here.") for number in range(count)]


def _llm(mark: str) -> Job:
    right = oracle.reply(mark)
    return Job((mark,), lambda result: _differs(result.text, right), right, mark)


def _embedding(mark: str) -> Job:
    texts = [f"{mark} first", f"{mark} second"]

    def judge(result: Any) -> str:
        vectors: Sequence[Sequence[float]] = result.embeddings
        if len(vectors) != len(texts):
            return f"{len(vectors)} vectors"
        for place, (text, vector) in enumerate(zip(texts, vectors, strict=True)):
            pairs = zip(vector, oracle.embedding(text, len(vector)), strict=True)
            if not vector or any(abs(a - b) > _TOLERANCE for a, b in pairs):
                return f"another vector for texts[{place}]: {show(list(vector[:4]))}"
        return ""

    return Job((texts,), judge, f"the vectors of {texts}", mark)


def _rerank(mark: str) -> Job:
    docs = [f"{mark} about apples", "Something else.", f"{mark} about pears"]

    def judge(result: Any) -> str:
        found = sorted((doc.index, doc.text) for doc in result.docs)
        return "" if found == list(enumerate(docs)) else f"documents {show(found)}"

    return Job((f"{mark} apples", docs), judge, f"the documents {docs}", mark)


def _speech2text(mark: str) -> Job:
    return Job((oracle.speech(mark),), lambda result: _differs(result, mark), mark)


def _tts(mark: str) -> Job:
    return Job((mark,), lambda result: _differs(oracle.transcript(result), mark), mark, mark)


def _moderation(mark: str) -> Job:
    # Every other one is an offence, so that a mix-up shows.
    text = f"{mark} {oracle.offence()}" if int(mark.split()[1]) % 2 else mark
    right = any(oracle.flagged(text).values())
    return Job(
        (text,), lambda result: "" if bool(result) == right else f"flagged: {bool(result)}", f"flagged: {right}", mark
    )


def _differs(came: Any, right: str) -> str:
    return "" if came == right else show(came)


_MAKERS: dict[str, Callable[[str], Job]] = {
    "llm": _llm,
    "text-embedding": _embedding,
    "rerank": _rerank,
    "speech2text": _speech2text,
    "tts": _tts,
    "moderation": _moderation,
}
