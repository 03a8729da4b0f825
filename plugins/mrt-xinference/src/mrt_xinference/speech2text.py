"""Speech-to-text models."""

from __future__ import annotations

from mrt.entities.invocation import Invocation, Speech2TextRequest
from mrt.http.messages import HTTPResponse
from mrt_openai_compatible.dialect.speech2text import OpenAISpeech2TextModel
from mrt_xinference.model import XinferenceModel


class XinferenceSpeech2TextModel(XinferenceModel, OpenAISpeech2TextModel):
    """A speech-to-text model that the server runs."""

    def parse_response(self, invocation: Invocation[Speech2TextRequest], response: HTTPResponse) -> str:
        # Whisper's first token carries a blank, which is no part of what was said.
        return super().parse_response(invocation, response).removeprefix(" ")
