"""Text-to-speech models of any OpenAI-compatible server."""

from __future__ import annotations

from typing import Any, ClassVar

from mrt.entities.common import ModelType
from mrt.entities.model import AIModelEntity, ModelPropertyKey
from mrt_openai_compatible.declarations import declared_number, declared_text, entity
from mrt_openai_compatible.dialect.tts import OpenAITTSModel


class OpenAICompatibleTTSModel(OpenAITTSModel):
    """A text-to-speech model; its voices are what its credentials declare."""

    default_voice: ClassVar[str | None] = "alloy"

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Make the schema from the declarations; the first voice is the default one."""
        names = [name.strip() for name in declared_text(credentials, "voices").split(",") if name.strip()]
        no_languages: list[str] = []
        voices = [{"mode": name, "name": name, "language": no_languages} for name in names]
        properties: dict[ModelPropertyKey, Any] = {
            ModelPropertyKey.DEFAULT_VOICE: names[0] if names else self.default_voice,
            ModelPropertyKey.VOICES: voices or None,
            ModelPropertyKey.AUDIO_TYPE: declared_text(credentials, "audio_format") or self.default_format,
            ModelPropertyKey.WORD_LIMIT: declared_number(credentials, "word_limit"),
        }
        return entity(model, ModelType.TTS, properties)
