"""Moderation models: ``/moderations``."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, ClassVar

from mrt.entities.invocation import Invocation, ModerationRequest
from mrt.entities.model import ModelPropertyKey
from mrt.entities.plain import is_list, is_mapping
from mrt.entities.results import ModerationResult
from mrt.http.messages import HTTPRequest, HTTPResponse
from mrt.plugin.http_model import Flow
from mrt.plugin.moderation import ModerationModel
from mrt_openai_compatible.dialect.base import OpenAIModel
from mrt_openai_compatible.dialect.errors import bad_answer
from mrt_openai_compatible.dialect.properties import number_property


class OpenAIModerationModel(OpenAIModel, ModerationModel):
    """A moderation model.

    Long texts go in pieces that overlap, so that an offence on a border is whole in one of them.
    """

    path: ClassVar[str] = "/moderations"
    piece_characters: ClassVar[int] = 2000
    """Characters of a piece where the schema's ``max_characters_per_chunk`` says nothing."""

    piece_overlap: ClassVar[int] = 200
    """Characters that neighbouring pieces share: offences up to this length are found wherever they stand."""

    batch_size: ClassVar[int] = 32
    """Pieces per request where the schema's ``max_chunks`` says nothing."""

    def pieces(self, invocation: Invocation[ModerationRequest]) -> list[str]:
        """Cut the text into pieces that overlap."""
        size = number_property(invocation, ModelPropertyKey.MAX_CHARACTERS_PER_CHUNK) or self.piece_characters
        return overlapping(invocation.request.text, size, min(self.piece_overlap, size // 2))

    def body(self, invocation: Invocation[ModerationRequest], pieces: Sequence[str]) -> dict[str, Any]:
        """Return the JSON body of a request; one piece goes as a text, since some servers take no list."""
        given = pieces[0] if len(pieces) == 1 else list(pieces)
        return {"model": self.model_name(invocation), "input": given}

    def build_request(self, invocation: Invocation[ModerationRequest]) -> HTTPRequest:
        """Return the request for all pieces at once; calls go through `exchange`, which cuts batches."""
        return self.post(invocation, self.body(invocation, self.pieces(invocation)))

    def exchange(self, invocation: Invocation[ModerationRequest]) -> Flow:
        pieces = self.pieces(invocation)
        size = number_property(invocation, ModelPropertyKey.MAX_CHUNKS) or self.batch_size
        found: list[ModerationResult] = []
        for start in range(0, len(pieces), size):
            batch = pieces[start : start + size]
            response = yield self.post(invocation, self.body(invocation, batch))
            found.append(self._read(invocation, response, len(batch)))
        return merged(found)

    def parse_response(self, invocation: Invocation[ModerationRequest], response: HTTPResponse) -> ModerationResult:
        return self._read(invocation, response, len(self.pieces(invocation)))

    def _read(self, invocation: Invocation[ModerationRequest], response: HTTPResponse, count: int) -> ModerationResult:
        body = self.checked(response, "results")
        results = body.get("results")
        if not is_list(results) or len(results) != count:
            found = len(results) if is_list(results) else 0
            raise bad_answer(f"has {found} results for {count} texts", response)
        model = body.get("model")
        name = model if isinstance(model, str) and model else invocation.model
        return merged([read_result(result, name, response) for result in results])

    def probe_request(self) -> ModerationRequest:
        """Return the shortest text."""
        return ModerationRequest("ping")


def overlapping(text: str, size: int, overlap: int) -> list[str]:
    """Cut a text into pieces of `size` characters that share `overlap` characters with the next."""
    if len(text) <= size:
        return [text]
    step = max(1, size - overlap)
    return [text[start : start + size] for start in range(0, len(text) - overlap, step)]


def read_result(result: Any, model: str, response: HTTPResponse) -> ModerationResult:
    """Return what an answer says of one text.

    Categories are the server's own, known or not; a score that is null or no number is left out.

    Raises:
        InvokeBadResponseError: It does not say whether the text is flagged: that is never taken for harmless.
    """
    if not is_mapping(result):
        raise bad_answer("has a result that is no object", response)
    flagged = result.get("flagged")
    categories, scores = result.get("categories"), result.get("category_scores")
    found = {str(name): bool(value) for name, value in categories.items()} if is_mapping(categories) else {}
    if not isinstance(flagged, bool):
        if not found:
            raise bad_answer("does not say whether the text is flagged", response)
        flagged = False
    return ModerationResult(
        flagged=flagged or any(found.values()),
        categories=found,
        scores={
            str(name): float(value)
            for name, value in (scores.items() if is_mapping(scores) else ())
            if isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
        },
        model=model,
        request_id=response.request_id,
    )


def merged(results: Sequence[ModerationResult]) -> ModerationResult:
    """Return one result for all pieces of a text: flagged when one is, each category with its highest score."""
    categories: dict[str, bool] = {}
    scores: dict[str, float] = {}
    for result in results:
        for name, value in result.categories.items():
            categories[name] = categories.get(name, False) or value
        for name, score in result.scores.items():
            scores[name] = max(scores.get(name, score), score)
    first = results[0]
    flagged = any(result.flagged for result in results)
    return ModerationResult(flagged, categories, scores, first.model, first.request_id)
