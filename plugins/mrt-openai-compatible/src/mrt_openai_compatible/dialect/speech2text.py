"""Speech-to-text models: ``/audio/transcriptions``."""

from __future__ import annotations

import struct
from typing import Any, ClassVar

from mrt.entities.invocation import AudioFile, Invocation, Speech2TextRequest
from mrt.entities.plain import is_mapping
from mrt.errors import InvokeBadRequestError
from mrt.http.messages import HTTPRequest, HTTPResponse
from mrt.http.multipart import encode_multipart
from mrt.plugin.speech2text import Speech2TextModel
from mrt_openai_compatible.dialect.base import OpenAIModel
from mrt_openai_compatible.dialect.errors import bad_answer
from mrt_openai_compatible.dialect.media import EXTENSIONS, HEAD, is_text, sniff


class OpenAISpeech2TextModel(OpenAIModel, Speech2TextModel):
    """A speech-to-text model."""

    path: ClassVar[str] = "/audio/transcriptions"
    response_format: ClassVar[str | None] = "json"
    """Format that is asked for; None leaves it to the server."""

    def fields(self, invocation: Invocation[Speech2TextRequest]) -> list[tuple[str, str]]:
        """Return the names and values of the form's fields beside the file."""
        fields = [("model", self.model_name(invocation))]
        if self.response_format is not None:
            fields.append(("response_format", self.response_format))
        return fields

    def build_request(self, invocation: Invocation[Speech2TextRequest]) -> HTTPRequest:
        file = invocation.request.file
        if not file.content:
            raise InvokeBadRequestError(f"the sound file '{file.filename}' is empty")
        name, media_type = upload_name(file)
        content, content_type = encode_multipart(self.fields(invocation), [("file", name, media_type, file.content)])
        credentials = invocation.credentials
        headers = {"content-type": content_type, **self.headers(credentials)}
        return HTTPRequest("POST", self.endpoint(credentials, self.path), headers, content)

    def parse_response(self, invocation: Invocation[Speech2TextRequest], response: HTTPResponse) -> str:
        """Return the text; only a text that the server calls one, so that a failure is never silence.

        A plain-text body counts, too: some servers know no other format.
        """
        if response.media_type == "text/plain" and not is_text(response.content):
            return response.text.removesuffix("\n")
        value: Any = response.json()
        if isinstance(value, str):
            return value
        text = self.checked(response, "text").get("text") if is_mapping(value) else None
        if not isinstance(text, str):
            raise bad_answer("has no text", response)
        return text

    def probe_request(self) -> Speech2TextRequest:
        """Return half a second of silence."""
        return Speech2TextRequest(AudioFile(silence(), "silence.wav", "audio/wav"))


def upload_name(file: AudioFile) -> tuple[str, str]:
    """Return the name and media type to upload a file under; servers go by the name's extension.

    The bytes decide where they tell the type, then the name as it is.
    """
    media_type = sniff(file.content[:HEAD]) or file.media_type
    extension = EXTENSIONS.get(media_type)
    stem, dot, current = (file.filename or "audio").rpartition(".")
    if extension is None or (dot and current.lower() in _aliases(extension)):
        return file.filename or "audio", media_type
    return f"{stem if dot else current}.{extension}", media_type


def _aliases(extension: str) -> tuple[str, ...]:
    return {
        "mp3": ("mp3", "mpga", "mpeg"), "ogg": ("ogg", "oga", "opus"), "m4a": ("m4a", "mp4"), "mp4": ("mp4", "m4a"),
    }.get(extension, (extension,))  # fmt: skip


def silence(seconds: float = 0.5, rate: int = 16000) -> bytes:
    """Return a WAV file of silence: one channel, 16 bits."""
    data = bytes(int(seconds * rate) * 2)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    head = struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE")
    return head + form + struct.pack("<4sI", b"data", len(data)) + data
