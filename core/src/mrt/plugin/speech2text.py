"""Base class of speech-to-text models."""

from __future__ import annotations

from typing import IO, Any, ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, Speech2TextRequest
from mrt.plugin.base import AIModel, missing


class Speech2TextModel(AIModel):
    """A model that writes down speech."""

    model_type: ClassVar[ModelType] = ModelType.SPEECH2TEXT

    def _invoke(self, model: str, credentials: dict[str, Any], file: IO[bytes], user: str | None = None) -> str:
        """Return the text of the speech; `file` is a binary file with a `name`."""
        raise missing(self, "_invoke")

    def invoke(self, invocation: Invocation[Speech2TextRequest]) -> Any:
        """Unpack the invocation for `_invoke`."""
        file = invocation.request.file.open()
        return self._invoke(invocation.model, invocation.credentials.reveal(), file, user=invocation.user)
