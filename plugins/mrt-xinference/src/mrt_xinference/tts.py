"""Text-to-speech models."""

from __future__ import annotations

from typing import Any

from mrt.entities.invocation import Invocation, TTSRequest
from mrt_openai_compatible.dialect.tts import OpenAITTSModel
from mrt_xinference.model import XinferenceModel


class XinferenceTTSModel(XinferenceModel, OpenAITTSModel):
    """A text-to-speech model that the server runs.

    The server does not list voices; without one the model's own speaks. Some models refuse to stream (Kokoro: 500), and
    their error says so.
    """

    def body(self, invocation: Invocation[TTSRequest], text: str) -> dict[str, Any]:
        body = super().body(invocation, text)
        if invocation.stream:
            body["stream"] = True
        return body
