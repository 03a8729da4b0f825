"""Text-to-speech models: ``/audio/speech``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic_core import from_json

from mrt.entities.invocation import Invocation, TTSRequest
from mrt.entities.model import ModelPropertyKey
from mrt.entities.plain import is_list, is_mapping
from mrt.entities.results import SpeechAudio
from mrt.errors import InvokeBadRequestError
from mrt.http.messages import HTTPRequest, HTTPResponse, ServerSentEvent
from mrt.plugin.http_model import Flow, Framing, StreamParser
from mrt.plugin.tts import TTSModel
from mrt_openai_compatible.dialect.base import OpenAIModel
from mrt_openai_compatible.dialect.errors import bad_answer
from mrt_openai_compatible.dialect.media import AUDIO_TYPES, HEAD, is_text, sniff
from mrt_openai_compatible.dialect.properties import model_property, number_property
from mrt_openai_compatible.dialect.sentences import join_audio, split_text

_LONGEST_ERROR = 65536


class OpenAITTSModel(OpenAIModel, TTSModel):
    """A text-to-speech model."""

    path: ClassVar[str] = "/audio/speech"
    framing: Framing = "raw"
    default_voice: ClassVar[str | None] = None
    """Voice where neither the caller nor the schema names one; None leaves it to the server."""

    default_format: ClassVar[str] = "mp3"
    """``response_format`` where the schema's ``audio_type`` says nothing."""

    def voice(self, invocation: Invocation[TTSRequest]) -> str | None:
        """Return the voice to ask for.

        Raises:
            InvokeBadRequestError: The schema lists voices, and the caller's is none of them.
        """
        wanted = invocation.request.voice
        if not wanted:
            return model_property(invocation, ModelPropertyKey.DEFAULT_VOICE) or self.default_voice
        voices = model_property(invocation, ModelPropertyKey.VOICES)
        known = [str(voice.get("mode")) for voice in voices if is_mapping(voice)] if is_list(voices) else []
        if known and wanted not in known:
            raise InvokeBadRequestError(f"the model has no voice '{wanted}', but: {', '.join(known)}")
        return wanted

    def audio_format(self, invocation: Invocation[TTSRequest]) -> str:
        """Return the ``response_format`` to ask for."""
        return str(model_property(invocation, ModelPropertyKey.AUDIO_TYPE) or self.default_format)

    def pieces(self, invocation: Invocation[TTSRequest]) -> list[str]:
        """Cut the text into pieces that the server takes: the schema's ``word_limit`` is a number of characters."""
        return split_text(invocation.request.content_text, number_property(invocation, ModelPropertyKey.WORD_LIMIT))

    def body(self, invocation: Invocation[TTSRequest], text: str) -> dict[str, Any]:
        """Return the JSON body of the request for one piece of text."""
        body: dict[str, Any] = {
            "model": self.model_name(invocation),
            "input": text,
            "response_format": self.audio_format(invocation),
        }
        if (voice := self.voice(invocation)) is not None:
            body["voice"] = voice
        return body

    def build_request(self, invocation: Invocation[TTSRequest]) -> HTTPRequest:
        """Return the request for the whole text; whole answers go through `exchange`, which cuts long texts.

        Raises:
            InvokeBadRequestError: The text is empty, or too long for the one request that a stream is.
        """
        pieces = self._pieces(invocation)
        if len(pieces) > 1:
            raise InvokeBadRequestError(
                "the text is longer than the model takes in one request: cut it, or call invoke, which does"
            )
        return self.post(invocation, self.body(invocation, pieces[0]))

    def _pieces(self, invocation: Invocation[TTSRequest]) -> list[str]:
        if not invocation.request.content_text.strip():
            raise InvokeBadRequestError("the text is empty: give something to say")
        return self.pieces(invocation)

    def exchange(self, invocation: Invocation[TTSRequest]) -> Flow:
        sounds: list[SpeechAudio] = []
        for text in self._pieces(invocation):
            response = yield self.post(invocation, self.body(invocation, text))
            sounds.append(self.parse_response(invocation, response))
        return sounds[0] if len(sounds) == 1 else SpeechAudio(join_audio(sounds), sounds[0].media_type)

    def parse_response(self, invocation: Invocation[TTSRequest], response: HTTPResponse) -> SpeechAudio:
        content, found = response.content, sniff(response.content[:HEAD])
        if found is None or not found.startswith("audio/"):
            # Only bytes that show no type of sound are judged by what the server calls them.
            words = response.media_type.startswith(("text/", "application/json"))
            if not content or is_text(content) or words:
                raise self.not_a_sound(content, response)
            found = self._declared_type(invocation, response)
        return SpeechAudio(content, found)

    def stream_parser(self, invocation: Invocation[TTSRequest]) -> StreamParser:
        parser: StreamParser = SoundStreamParser(self)
        return parser

    def not_a_sound(self, content: bytes, response: HTTPResponse | None = None) -> Exception:
        """Return the error for an answer of status 200 that is empty, or says something in words."""
        if not content:
            return bad_answer("holds no sound", response)
        try:
            value = from_json(content)
        except ValueError:
            return bad_answer("is no sound, but text", response)
        return self.embedded_error(value, response) if isinstance(value, (dict, str)) else bad_answer("is no sound")

    def _declared_type(self, invocation: Invocation[TTSRequest], response: HTTPResponse) -> str:
        declared = response.media_type
        if declared.startswith("audio/"):
            return declared
        asked = self.audio_format(invocation)
        return AUDIO_TYPES.get(asked, f"audio/{asked}")

    def probe_request(self) -> TTSRequest:
        """Return the shortest text."""
        return TTSRequest("Hi.")


class SoundStreamParser:
    """Passes sound on as it comes, once its first bytes have shown that it is some."""

    __slots__ = ("_head", "_is_sound", "_model", "done")

    def __init__(self, model: OpenAITTSModel) -> None:
        self._model = model
        self._head = bytearray()
        self._is_sound = False
        self.done = False

    def feed(self, event: ServerSentEvent) -> Sequence[bytes]:
        """Return the bytes that have come.

        Raises:
            InvokeError: They are an error in words.
        """
        if self._is_sound:
            return (event.data,)
        self._head += event.data
        if len(self._head) < HEAD:
            return ()
        if not is_text(self._head):
            return self._release()
        if len(self._head) > _LONGEST_ERROR:
            raise self._model.not_a_sound(bytes(self._head))
        return ()

    def finish(self) -> Sequence[bytes]:
        """Return what is left of a very short sound.

        Raises:
            InvokeError: No sound came, or an error in words did.
        """
        if self._is_sound:
            return ()
        if not self._head or is_text(self._head):
            raise self._model.not_a_sound(bytes(self._head))
        return self._release()

    def _release(self) -> Sequence[bytes]:
        self._is_sound = True
        head, self._head = bytes(self._head), bytearray()
        return (head,)
