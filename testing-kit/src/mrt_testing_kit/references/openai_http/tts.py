"""Text-to-speech models: ``/audio/speech``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from mrt import (
    AIModelEntity,
    HTTPRequest,
    HTTPResponse,
    Invocation,
    InvokeBadRequestError,
    ModelType,
    ServerSentEvent,
    TTSModel,
    TTSRequest,
)
from mrt.http.status import error_from_response
from mrt_testing_kit.references.openai_http.common import ReferenceModel, bad
from mrt_testing_kit.references.openai_http.schema import entity

FORMAT = "mp3"
VOICES = ("alloy", "echo", "nova")


class ReferenceTTS(ReferenceModel, TTSModel):
    """A text-to-speech model."""

    path: ClassVar[str] = "audio/speech"
    framing = "raw"

    def build_request(self, invocation: Invocation[TTSRequest]) -> HTTPRequest:
        asked = invocation.request
        return self.post(invocation, speech_body(invocation.model, asked.content_text, asked.voice))

    def parse_response(self, invocation: Invocation[TTSRequest], response: HTTPResponse) -> bytes:
        if not is_sound(response.content):
            raise error_from_response(response) if response.content else bad("holds no sound", response)
        # Core tells by the first bytes what it is: not every server sends the format that it is asked for.
        return response.content

    def stream_parser(self, invocation: Invocation[TTSRequest]) -> SoundStream:
        return SoundStream()

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return the same for every model: the server does not tell."""
        return tts_entity(model)

    def smallest(self) -> TTSRequest:
        """Return a short text."""
        return TTSRequest("Hi.")


def tts_entity(model: str, **properties: Any) -> AIModelEntity:
    """Return the schema of a model."""
    voices = [{"mode": name, "name": name.title(), "language": ["en-US"]} for name in VOICES]
    known = {"default_voice": VOICES[0], "voices": voices, "audio_type": FORMAT}
    return entity(model, ModelType.TTS, {**known, **properties})


def speech_body(model: str, text: str, voice: str | None) -> dict[str, Any]:
    """Return the body of a request.

    Raises:
        InvokeBadRequestError: There is no such voice.
    """
    if voice and voice not in VOICES:
        raise InvokeBadRequestError(f"there is no voice {voice!r}, only: {', '.join(VOICES)}")
    return {"model": model, "input": text, "voice": voice or VOICES[0], "response_format": FORMAT}


def is_sound(head: bytes) -> bool:
    """Tell whether bytes may begin a sound: servers send errors as JSON or web pages with status 200."""
    return bool(head) and head.lstrip()[:1] not in (b"{", b"[", b"<", b'"')


class SoundStream:
    """Passes sound on as it comes."""

    def __init__(self) -> None:
        self.done = False
        self._came = False
        self._words = b""

    def feed(self, event: ServerSentEvent) -> Sequence[bytes]:
        """Return the bytes that came; words are kept for the error."""
        if not self._came and (self._words or not is_sound(event.data)):
            self._words += event.data
            return ()
        self._came = True
        return (event.data,)

    def finish(self) -> Sequence[bytes]:
        """Return nothing more.

        Raises:
            InvokeError: No sound came, or words did.
        """
        if not self._came:
            raise not_a_sound(self._words)
        return ()


def not_a_sound(words: bytes) -> Exception:
    """Return the error that bytes mean that are no sound."""
    from mrt.http import Headers

    if not words:
        return bad("holds no sound")
    return error_from_response(HTTPResponse(200, Headers([("content-type", "application/json")]), words))
