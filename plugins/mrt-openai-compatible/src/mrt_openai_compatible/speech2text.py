"""Speech-to-text models of any OpenAI-compatible server."""

from __future__ import annotations

from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.model import AIModelEntity, ModelPropertyKey
from mrt_openai_compatible.declarations import entity
from mrt_openai_compatible.dialect.speech2text import OpenAISpeech2TextModel

EXTENSIONS = "flac,m4a,mp3,mp4,mpeg,mpga,oga,ogg,wav,webm"
"""What the dialect's servers read."""


class OpenAICompatibleSpeech2TextModel(OpenAISpeech2TextModel):
    """A speech-to-text model."""

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Make the schema, of which only the file types are known."""
        return entity(model, ModelType.SPEECH2TEXT, {ModelPropertyKey.SUPPORTED_FILE_EXTENSIONS: EXTENSIONS})
