"""Handles of speech-to-text and text-to-speech models."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import AsyncGenerator, Generator, Sequence
from pathlib import Path
from typing import IO, Any, ClassVar

from mrt.entities.common import ModelType
from mrt.entities.invocation import AudioFile, Speech2TextRequest, TTSRequest
from mrt.entities.results import SpeechAudio, Voice
from mrt.errors import InvokeBadResponseError
from mrt.runtime.handle import Handle
from mrt.runtime.streams import AsyncStream, Stream

Audio = str | os.PathLike[str] | bytes | bytearray | memoryview | AudioFile | IO[bytes]


class Speech2TextHandle(Handle):
    """A speech-to-text model, ready to be called."""

    model_type: ClassVar[ModelType] = ModelType.SPEECH2TEXT

    def invoke(self, file: Audio, *, user: str | None = None) -> str:
        """Write down speech.

        Args:
            file: Path, bytes, or a binary file, which is read from where it stands and stays open.
            user: The end user's id, for vendors that want one.

        Raises:
            InvokeError: The vendor failed; see `mrt.errors`.
        """
        request = self._request(file)
        invocation = self._invocation(request, False, user, self._schema())
        return self._finish(self._runtime.chain.call(invocation))

    async def ainvoke(self, file: Audio, *, user: str | None = None) -> str:
        """Write down speech; arguments and errors as in `invoke`."""
        request = self._request(file)
        invocation = self._invocation(request, False, user, await self._aschema())
        return self._finish(await self._runtime.chain.acall(invocation))

    def _request(self, file: Audio) -> Speech2TextRequest:
        audio = read_audio(file)
        if not audio.content:
            raise self._refuse(f"the sound file '{audio.filename}' is empty")
        return Speech2TextRequest(audio)

    def _finish(self, result: Any) -> str:
        if not isinstance(result, str):
            raise self._misbehaved(f"invoke returned {type(result).__name__} where a text is due")
        return result


class TTSHandle(Handle):
    """A text-to-speech model, ready to be called."""

    model_type: ClassVar[ModelType] = ModelType.TTS

    def invoke(self, content_text: str, *, voice: str | None = None, user: str | None = None) -> SpeechAudio:
        """Speak a text.

        Args:
            content_text: What is said.
            voice: One of `voices`; the model's default when left out.
            user: The end user's id, for vendors that want one.

        Returns:
            The sound as bytes; its `media_type` is what the vendor gave, or what the first bytes show.

        Raises:
            InvokeError: The vendor failed; see `mrt.errors`.
        """
        invocation = self._invocation(self._request(content_text, voice), False, user, self._schema())
        return self._finish(self._runtime.chain.call(invocation))

    async def ainvoke(self, content_text: str, *, voice: str | None = None, user: str | None = None) -> SpeechAudio:
        """Speak a text; arguments and errors as in `invoke`."""
        invocation = self._invocation(self._request(content_text, voice), False, user, await self._aschema())
        result = await self._runtime.chain.acall(invocation)
        return self._finish(result)

    def stream(self, content_text: str, *, voice: str | None = None, user: str | None = None) -> Stream[bytes]:
        """Speak a text and return the sound in pieces as it comes; arguments and errors as in `invoke`."""
        return Stream(self._run(self._request(content_text, voice), user))

    def astream(self, content_text: str, *, voice: str | None = None, user: str | None = None) -> AsyncStream[bytes]:
        """Speak a text and return the sound in pieces for ``async for``; otherwise as `stream`."""
        return AsyncStream(self._arun(self._request(content_text, voice), user))

    def voices(self, language: str | None = None) -> list[Voice]:
        """Return the voices, of one language or of all.

        Raises:
            InvokeError: The vendor was asked and failed.
        """
        return self._runtime.voices(self, language)

    def _request(self, content_text: str, voice: str | None) -> TTSRequest:
        if not isinstance(content_text, str) or not content_text.strip():
            raise self._refuse("the text is empty: give something to say")
        # Forms send an empty text where nothing was chosen.
        return TTSRequest(content_text, voice or None)

    def _finish(self, result: Any) -> SpeechAudio:
        if not isinstance(result, (bytes, bytearray)) and hasattr(result, "__iter__"):
            pieces = [self._piece(piece) for piece in result]
            told = next((piece.media_type for piece in pieces if isinstance(piece, SpeechAudio)), "")
            result = SpeechAudio(b"".join(pieces), told) if told else b"".join(pieces)
        if not isinstance(result, (bytes, bytearray)):
            raise self._misbehaved(f"invoke returned {type(result).__name__} where sound as bytes is due")
        self._not_silent(bool(result))
        told = result.media_type if isinstance(result, SpeechAudio) else ""
        if isinstance(result, SpeechAudio) and told.startswith("audio/"):
            return result
        # Plain bytes, or called what is no sound: their beginning says what they are.
        return SpeechAudio(bytes(result), sniff_audio(bytes(result[:16])) or told)

    def _run(self, request: TTSRequest, user: str | None) -> Generator[bytes, None, None]:
        invocation = self._invocation(request, True, user, self._schema())
        came = False
        for given in self._runtime.chain.stream(invocation):
            if piece := self._piece(given):
                came = True
                yield piece
        self._not_silent(came)

    async def _arun(self, request: TTSRequest, user: str | None) -> AsyncGenerator[bytes, None]:
        invocation = self._invocation(request, True, user, await self._aschema())
        came = False
        source: Any = self._runtime.chain.astream(invocation)
        try:
            async for given in source:
                if piece := self._piece(given):
                    came = True
                    yield piece
        finally:
            await source.aclose()
        self._not_silent(came)

    def _piece(self, piece: Any) -> bytes:
        if not isinstance(piece, (bytes, bytearray)):
            raise self._misbehaved(f"the stream yielded {type(piece).__name__} where sound as bytes is due")
        return bytes(piece) if isinstance(piece, bytearray) else piece

    def _not_silent(self, came: bool) -> None:
        if not came:
            raise InvokeBadResponseError("the vendor sent no sound", provider=self.provider, model=self.model)


def read_audio(file: Audio) -> AudioFile:
    """Return a sound file's bytes, name and media type, whatever form it is given in.

    Raises:
        OSError: The path cannot be read.
        TypeError: It is none of the forms.
    """
    if isinstance(file, AudioFile):
        return file
    name: str | None = None
    if isinstance(file, (str, os.PathLike)):
        path = Path(file)
        content, name = path.read_bytes(), path.name
    elif isinstance(file, (bytes, bytearray, memoryview)):
        content = bytes(file)
    elif hasattr(file, "read"):
        content = file.read()
        if not isinstance(content, bytes):
            raise TypeError("the sound file is open as text: open it with mode 'rb'")
        given = getattr(file, "name", None)
        name = Path(given).name if isinstance(given, str) else None
    else:
        raise TypeError(f"a sound file is a path, bytes or a binary file, not {type(file).__name__}")
    shown = sniff_audio(content)
    # Vendors go by the name's extension, so that bytes without a name, or with a bare one, get one that fits them.
    if not name:
        name = f"audio.{_EXTENSIONS.get(shown or '', 'wav')}"
    elif shown and not Path(name).suffix:
        name = f"{name}.{_EXTENSIONS[shown]}"
    return AudioFile(content, name, shown or mimetypes.guess_type(name)[0] or "application/octet-stream")


_MAGIC: Sequence[tuple[bytes, str]] = (
    (b"RIFF", "audio/wav"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "audio/webm"),
)

_EXTENSIONS = {
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/webm": "webm",
    "audio/mp4": "m4a",
}


def sniff_audio(content: bytes) -> str | None:
    """Return the media type that the first bytes show, for the formats that vendors take."""
    if content[4:8] == b"ftyp":
        return "audio/mp4"
    if len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0:
        # A frame of MPEG audio: its layer is 0 for AAC, and 1 for the third, which is MP3.
        return {0: "audio/aac", 1: "audio/mpeg"}.get(content[1] >> 1 & 3)
    return next((kind for magic, kind in _MAGIC if content.startswith(magic)), None)
