"""Speech-to-text and text-to-speech models."""

from __future__ import annotations

import io
import re
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any

from mrt import AIModelEntity, AudioFile, InvokeError, ModelType, ServerSentEvent, Speech2TextModel, TTSModel
from mrt_testing_kit.references.openai_client.client import Client, object_of
from mrt_testing_kit.references.openai_client.errors import MAPPING, Unusable
from mrt_testing_kit.references.openai_http.schema import entity
from mrt_testing_kit.references.openai_http.speech2text import EXTENSIONS, silence, upload
from mrt_testing_kit.references.openai_http.tts import SoundStream, speech_body, tts_entity

LIMIT = 600
"""Characters of the text of one request."""


def cut(text: str) -> list[str]:
    """Cut a long text behind words; one that is longer than the limit is cut in itself."""
    pieces: list[str] = []
    while len(text) > LIMIT:
        end = max((space.end() for space in re.finditer(r"\s", text[:LIMIT])), default=LIMIT)
        pieces.append(text[:end])
        text = text[end:]
    return [piece for piece in (*pieces, text) if piece.strip()]


class ClientSpeech2Text(Speech2TextModel):
    """A speech-to-text model."""

    def _invoke(self, model: str, credentials: dict[str, Any], file: IO[bytes], user: str | None = None) -> str:
        name = Path(getattr(file, "name", "audio.wav")).name
        content, media_type = upload(model, AudioFile(file.read(), name, "application/octet-stream"))
        response = Client(credentials).send("audio/transcriptions", content, media_type)
        text = object_of(response, "text")["text"]
        if not isinstance(text, str):
            raise Unusable("the answer has no text", response)
        return text

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Send a tenth of a second of silence."""
        self._invoke(model, credentials, io.BytesIO(silence()))

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return the same for every model: the server does not tell."""
        return entity(model, ModelType.SPEECH2TEXT, {"supported_file_extensions": EXTENSIONS})

    @property
    def _invoke_error_mapping(self) -> dict[type[InvokeError], list[type[Exception]]]:
        return MAPPING


class ClientTTS(TTSModel):
    """A text-to-speech model; core joins the pieces for callers who want the whole."""

    def _invoke(
        self, model: str, credentials: dict[str, Any], content_text: str, voice: str | None, user: str | None = None
    ) -> Generator[bytes]:
        bodies = [speech_body(model, text, voice) for text in cut(content_text)]
        return self._all(Client(credentials), bodies)

    def _all(self, client: Client, bodies: list[dict[str, Any]]) -> Generator[bytes]:
        # Frames of MP3 simply follow each other.
        for body in bodies:
            yield from self._pieces(client, body)

    def _pieces(self, client: Client, body: dict[str, Any]) -> Generator[bytes]:
        sound = SoundStream()
        pieces = client.pieces("audio/speech", body)
        try:
            for data in pieces:
                yield from sound.feed(ServerSentEvent(data))
        finally:
            pieces.close()
        yield from sound.finish()

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Let it say a word."""
        list(self._invoke(model, credentials, "Hi.", None))

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Return the same for every model: the server does not tell."""
        return tts_entity(model, word_limit=LIMIT)

    @property
    def _invoke_error_mapping(self) -> dict[type[InvokeError], list[type[Exception]]]:
        return MAPPING
