"""Base class of moderation models."""

from __future__ import annotations

from typing import Any, ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, ModerationRequest
from mrt.entities.results import ModerationResult
from mrt.plugin.base import AIModel, missing


class ModerationModel(AIModel):
    """A model that finds harmful text."""

    model_type: ClassVar[ModelType] = ModelType.MODERATION

    def _invoke(
        self, model: str, credentials: dict[str, Any], text: str, user: str | None = None
    ) -> bool | ModerationResult:
        """Return whether the text is harmful: True is flagged."""
        raise missing(self, "_invoke")

    def invoke(self, invocation: Invocation[ModerationRequest]) -> Any:
        """Unpack the invocation for `_invoke`."""
        return self._invoke(
            invocation.model, invocation.credentials.reveal(), invocation.request.text, user=invocation.user
        )
