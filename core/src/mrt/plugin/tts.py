"""Base class of text-to-speech models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, TTSRequest
from mrt.entities.results import Voice
from mrt.plugin.base import AIModel, missing


class TTSModel(AIModel):
    """A model that speaks."""

    model_type: ClassVar[ModelType] = ModelType.TTS

    def _invoke(
        self,
        model: str,
        credentials: dict[str, Any],
        content_text: str,
        voice: str | None,
        user: str | None = None,
    ) -> bytes | Iterator[bytes]:
        """Return the sound, whole or in pieces."""
        raise missing(self, "_invoke")

    def get_tts_model_voices(
        self, model: str, credentials: dict[str, Any], language: str | None = None
    ) -> Sequence[Voice] | Sequence[dict[str, Any]] | None:
        """Return the voices, of one language or of all; None when only the model's schema knows them."""
        return None

    def invoke(self, invocation: Invocation[TTSRequest]) -> Any:
        """Unpack the invocation for `_invoke`."""
        request = invocation.request
        credentials = invocation.credentials.reveal()
        sound = self._invoke(invocation.model, credentials, request.content_text, request.voice, user=invocation.user)
        if invocation.stream or isinstance(sound, (bytes, bytearray)):
            return sound
        # Read here, where the errors of the plugin's generator are still mapped.
        return list(sound)
