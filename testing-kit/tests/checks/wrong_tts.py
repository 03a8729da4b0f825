"""Text-to-speech models with one mistake each."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from typing import Any

from workshop_text import Wrong, provider

import mrt
from mrt import AIModelEntity, HTTPRequest, HTTPResponse, Invocation, ServerSentEvent, SpeechAudio
from mrt.plugin import Flow
from mrt_testing_kit.references.openai_http.tts import ReferenceTTS, SoundStream, speech_body


class Speech(ReferenceTTS):
    """The reference with its steps laid open."""

    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        asked = invocation.request
        return speech_body(invocation.model, asked.content_text, asked.voice)

    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        return self.post(invocation, self.body(invocation))

    def properties(self, entity: AIModelEntity, **changes: Any) -> AIModelEntity:
        return entity.model_copy(update={"model_properties": {**entity.model_properties, **changes}})


class AlwaysMp3(Speech):
    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        return self.properties(super().get_customizable_model_schema(model, credentials), audio_type="wav")


class CallsItMp3(Speech):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> SpeechAudio:
        return SpeechAudio(super().parse_response(invocation, response), "audio/mpeg")


class CallsItWav(Speech):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> SpeechAudio:
        return SpeechAudio(super().parse_response(invocation, response), "audio/wav")


class LosesTheEnd(Speech):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> SpeechAudio:
        return SpeechAudio(super().parse_response(invocation, response)[:-1], "audio/mpeg")


class AsText(Speech):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> SpeechAudio:
        found = super().parse_response(invocation, response)
        return SpeechAudio(found.decode("utf-8", "ignore").encode(), "audio/mpeg")


class StripsPieces(Speech):
    def stream_parser(self, invocation: Invocation[Any]) -> SoundStream:
        return _StripsPieces()


class _StripsPieces(SoundStream):
    def feed(self, event: ServerSentEvent) -> Sequence[bytes]:
        return [piece.strip(b"\x00") for piece in super().feed(event)]


class CutsLongTexts(Speech):
    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        return {**super().body(invocation), "input": invocation.request.content_text[:1000]}


class CutsWords(Speech):
    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        return self.properties(super().get_customizable_model_schema(model, credentials), word_limit=100)

    def exchange(self, invocation: Invocation[Any]) -> Flow:
        text, sounds = invocation.request.content_text, b""
        for start in range(0, len(text), 100):
            body = speech_body(invocation.model, text[start : start + 100], invocation.request.voice)
            response: HTTPResponse = yield self.post(invocation, body)
            sounds += self.parse_response(invocation, response)
        return SpeechAudio(sounds, "audio/mpeg")


class CutsWordsInReverse(Speech):
    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        return self.properties(super().get_customizable_model_schema(model, credentials), word_limit=100)

    def exchange(self, invocation: Invocation[Any]) -> Flow:
        words, sounds = invocation.request.content_text.split(), list[bytes]()
        for start in range(0, len(words), 8):
            body = speech_body(invocation.model, " ".join(words[start : start + 8]), invocation.request.voice)
            response: HTTPResponse = yield self.post(invocation, body)
            sounds.insert(0, self.parse_response(invocation, response))
        return SpeechAudio(b"".join(sounds), "audio/mpeg")


class NoVoice(Speech):
    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        return {**super().body(invocation), "voice": "alloy"}


class AnyVoice(Speech):
    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        asked = invocation.request
        voice = asked.voice if asked.voice in ("alloy", "echo", "nova") else None
        return speech_body(invocation.model, asked.content_text, voice)


class NullSpeed(Speech):
    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        return {**super().body(invocation), "speed": None}


class StripsMarkup(Speech):
    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        return {**super().body(invocation), "input": invocation.request.content_text.replace("*", "")}


class PassesWords(Speech):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> SpeechAudio:
        return SpeechAudio(response.content, "audio/mpeg")


class StreamsWords(Speech):
    def stream_parser(self, invocation: Invocation[Any]) -> Any:
        return _StreamsWords()


class _StreamsWords:
    done = False

    def feed(self, event: ServerSentEvent) -> Sequence[bytes]:
        return (event.data,)

    def finish(self) -> Sequence[bytes]:
        return ()


class FillsSilence(Speech):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> SpeechAudio:
        return SpeechAudio(response.content or bytes(1000), "audio/mpeg")


class CollectsFirst(Speech):
    def stream_parser(self, invocation: Invocation[Any]) -> Any:
        return _CollectsFirst()


class _CollectsFirst(SoundStream):
    def __init__(self) -> None:
        super().__init__()
        self._sound = b""

    def feed(self, event: ServerSentEvent) -> Sequence[bytes]:
        self._sound += b"".join(super().feed(event))
        return ()

    def finish(self) -> Sequence[bytes]:
        super().finish()
        return [self._sound[at : at + 512] for at in range(0, len(self._sound), 512)]


class LeavesFiles(Speech):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> SpeechAudio:
        with tempfile.NamedTemporaryFile(suffix=".mp3", delete=False) as file:
            file.write(response.content)
        return super().parse_response(invocation, response)


class LeavesFilesOfFailures(Speech):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> SpeechAudio:
        try:
            return super().parse_response(invocation, response)
        except mrt.InvokeError:
            tempfile.mkdtemp()
            raise


class TextOnTheObject(Speech):
    text = ""

    def body(self, invocation: Invocation[Any]) -> dict[str, Any]:
        self.text = invocation.request.content_text
        time.sleep(0.01)
        return {**super().body(invocation), "input": self.text}


RIGHT = Wrong("", "", lambda: provider(tts=Speech))


def _wrong(check: str, made: type[Speech], bug: str) -> Wrong:
    return Wrong(check, bug, lambda: provider(tts=made))


WRONG = {
    f"{check}-{found.__name__}": _wrong(check, found, bug)
    for check, found, bug in (
        ("TTS-01", AlwaysMp3, "B179"),
        ("TTS-01", CallsItMp3, "B180"),
        ("TTS-01", CallsItWav, "B180"),
        ("TTS-02", LosesTheEnd, ""),
        ("TTS-02", AsText, ""),
        ("TTS-02", StripsPieces, ""),
        ("TTS-02", StripsMarkup, ""),
        ("TTS-04", CutsLongTexts, ""),
        ("TTS-04", CutsWords, ""),
        ("TTS-04", CutsWordsInReverse, ""),
        ("TTS-05", NoVoice, "B181"),
        ("TTS-05", AnyVoice, ""),
        ("TTS-05", NullSpeed, ""),
        ("TTS-06", PassesWords, ""),
        ("TTS-06", StreamsWords, ""),
        ("TTS-07", FillsSilence, ""),
        ("TTS-08", CollectsFirst, ""),
        ("TTS-09", LeavesFiles, "B152"),
        ("TTS-09", LeavesFilesOfFailures, "B152"),
        ("TTS-10", TextOnTheObject, ""),
        ("TTS-10", CutsWordsInReverse, ""),
    )
}
