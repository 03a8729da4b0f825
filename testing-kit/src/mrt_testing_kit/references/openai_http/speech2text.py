"""Speech-to-text models: ``/audio/transcriptions``."""

from __future__ import annotations

import io
import wave
from typing import Any, ClassVar

from mrt import (
    AIModelEntity,
    AudioFile,
    HTTPRequest,
    HTTPResponse,
    Invocation,
    ModelType,
    Speech2TextModel,
    Speech2TextRequest,
)
from mrt.http.multipart import encode_multipart
from mrt_testing_kit.references.openai_http.common import ReferenceModel, bad, key_headers, object_of, url_of
from mrt_testing_kit.references.openai_http.schema import entity

EXTENSIONS = "flac,m4a,mp3,mp4,mpeg,mpga,oga,ogg,wav,webm"


class ReferenceSpeech2Text(ReferenceModel, Speech2TextModel):
    """A speech-to-text model."""

    path: ClassVar[str] = "audio/transcriptions"

    def build_request(self, invocation: Invocation[Speech2TextRequest]) -> HTTPRequest:
        content, content_type = upload(invocation.model, invocation.request.file)
        headers = {**key_headers(invocation.credentials), "content-type": content_type}
        return HTTPRequest("POST", url_of(invocation.credentials, self.path), headers, content)

    def parse_response(self, invocation: Invocation[Speech2TextRequest], response: HTTPResponse) -> str:
        text = object_of(response, "text")["text"]
        if not isinstance(text, str):
            raise bad("has no text", response)
        return text

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return the same for every model: the server does not tell."""
        return entity(model, ModelType.SPEECH2TEXT, {"supported_file_extensions": EXTENSIONS})

    def smallest(self) -> Speech2TextRequest:
        """Return a tenth of a second of silence."""
        return Speech2TextRequest(AudioFile(silence(), "ping.wav", "audio/wav"))


def upload(model: str, file: AudioFile) -> tuple[bytes, str]:
    """Return the form of a request, and its media type."""
    fields = [("model", model), ("response_format", "json")]
    return encode_multipart(fields, [("file", file.filename, file.media_type, file.content)])


def silence() -> bytes:
    """Return a short WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(bytes(3200))
    return buffer.getvalue()
