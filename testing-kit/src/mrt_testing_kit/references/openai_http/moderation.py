"""Moderation models: ``/moderations``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from mrt import (
    AIModelEntity,
    HTTPRequest,
    HTTPResponse,
    Invocation,
    ModelType,
    ModerationModel,
    ModerationRequest,
    ModerationResult,
)
from mrt.entities.plain import is_list, is_mapping
from mrt_testing_kit.references.openai_http.common import ReferenceModel, bad, object_of
from mrt_testing_kit.references.openai_http.schema import entity

SIZE, OVERLAP = 2000, 200
"""Characters of a piece, and those that it shares with the next: an offence on a border is whole in one of them."""


class ReferenceModeration(ReferenceModel, ModerationModel):
    """A moderation model."""

    path: ClassVar[str] = "moderations"

    def build_request(self, invocation: Invocation[ModerationRequest]) -> HTTPRequest:
        return self.post(invocation, {"model": invocation.model, "input": pieces(invocation.request.text)})

    def parse_response(self, invocation: Invocation[ModerationRequest], response: HTTPResponse) -> ModerationResult:
        results = object_of(response, "results")["results"]
        return read_results(results, len(pieces(invocation.request.text)), invocation.model)

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return the same for every model: the server does not tell."""
        return entity(model, ModelType.MODERATION, {"max_characters_per_chunk": SIZE})

    def smallest(self) -> ModerationRequest:
        """Return a short text."""
        return ModerationRequest("ping")


def pieces(text: str) -> list[str]:
    """Cut a text into pieces that overlap."""
    if len(text) <= SIZE:
        return [text]
    return [text[start : start + SIZE] for start in range(0, len(text) - OVERLAP, SIZE - OVERLAP)]


def read_results(results: Any, size: int, model: str) -> ModerationResult:
    """Return one result for all pieces.

    Raises:
        InvokeBadResponseError: A piece has no result, or it does not say whether it is flagged: no text is harmless
            because of that.
    """
    if not is_list(results) or len(results) != size:
        raise bad(f"has not one result for each of {size} pieces")
    found = ModerationResult(False, {}, {}, model)
    categories: dict[str, bool] = {}
    scores: dict[str, float] = {}
    for result in results:
        if not is_mapping(result) or not isinstance(result.get("flagged"), bool):
            raise bad("does not say whether a text is flagged")
        found.flagged = found.flagged or result["flagged"]
        told: Mapping[str, Any] = result.get("categories") or {}
        for name, is_flagged in told.items():
            categories[name] = categories.get(name, False) or bool(is_flagged)
        scored: Mapping[str, Any] = result.get("category_scores") or {}
        for name, score in scored.items():
            if isinstance(score, (int, float)):
                scores[name] = max(scores.get(name, 0.0), float(score))
    found.categories, found.scores = categories, scores
    return found
