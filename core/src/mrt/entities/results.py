"""Results of embedding, rerank, moderation and speech models."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mrt.entities.record import Record
from mrt.entities.usage import EmbeddingUsage

EmbeddingInputType = Literal["document", "query"]


class TextEmbeddingResult(Record):
    """One vector per text, in the order of the texts.

    Vectors that came as packed floats stay packed until `embeddings` is read.

    Args:
        model: The model that answered.
        embeddings: Vectors: lists of floats, or ``array('f')``.
        usage: Tokens, money, time.
        request_id: The vendor's id of the call.
    """

    __slots__ = ("_lists", "model", "request_id", "usage", "vectors")

    def __init__(
        self,
        model: str,
        embeddings: Sequence[Sequence[float]],
        usage: EmbeddingUsage | None = None,
        request_id: str | None = None,
    ) -> None:
        self.model = model
        self.vectors = embeddings
        self.usage = EmbeddingUsage.empty_usage() if usage is None else usage
        self.request_id = request_id
        self._lists: list[list[float]] | None = None

    @property
    def embeddings(self) -> list[list[float]]:
        """The vectors as lists of floats; packed vectors are unpacked at the first access."""
        if self._lists is None:
            self._lists = [list(vector) for vector in self.vectors]
        return self._lists

    def model_dump(self, *, exclude_none: bool = False) -> dict[str, Any]:
        """Return model, embeddings and usage as plain data."""
        usage = self.usage.model_dump(exclude_none=exclude_none)
        return {"model": self.model, "embeddings": self.embeddings, "usage": usage, "request_id": self.request_id}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TextEmbeddingResult):
            return NotImplemented
        return (self.model, self.usage, self.embeddings) == (other.model, other.usage, other.embeddings)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        size = len(self.vectors[0]) if self.vectors else 0
        return f"TextEmbeddingResult(model={self.model!r}, {len(self.vectors)} vectors of {size}, usage={self.usage!r})"


def unpack_float32(data: bytes) -> array[float]:
    """Return little-endian 32-bit floats as an array, on machines of either byte order."""
    vector = array("f", data)
    if sys.byteorder == "big":
        vector.byteswap()
    return vector


@dataclass(slots=True)
class RerankDocument(Record):
    """A document and how well it fits the query; `index` is its place in the documents given."""

    index: int
    text: str
    score: float


@dataclass(slots=True)
class RerankResult(Record):
    """Documents, best first."""

    model: str
    docs: list[RerankDocument]
    request_id: str | None = None


@dataclass(slots=True)
class ModerationResult(Record):
    """Whether a text is harmful; truthy when flagged.

    Args:
        flagged: True when at least one category was found.
        categories: Category to whether it was found.
        scores: Category to the vendor's score, 0 to 1.
        model: The model that answered.
        request_id: The vendor's id of the call.
    """

    flagged: bool
    categories: Mapping[str, bool] = field(default_factory=dict[str, bool])
    scores: Mapping[str, float] = field(default_factory=dict[str, float])
    model: str = ""
    request_id: str | None = None

    def __bool__(self) -> bool:
        return self.flagged


class SpeechAudio(bytes):
    """Sound as bytes, with the media type that the vendor gave (``audio/mpeg``)."""

    media_type: str

    def __new__(cls, data: bytes = b"", media_type: str = "") -> SpeechAudio:
        audio = super().__new__(cls, data)
        audio.media_type = media_type
        return audio


@dataclass(slots=True)
class Voice(Record):
    """A voice that a text-to-speech model offers; `value` is what calls name."""

    name: str
    value: str
    languages: tuple[str, ...] = ()
