from __future__ import annotations

import io
import itertools
import json
import wave
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st
from oai_calls import make_call, make_response, run_flow, run_stream

from mrt.entities.common import ModelType
from mrt.entities.invocation import AudioFile, Invocation, Speech2TextRequest, TTSRequest
from mrt.entities.model import AIModelEntity
from mrt.errors import InvokeBadRequestError, InvokeBadResponseError, InvokeError
from mrt_openai_compatible.dialect.sentences import join_audio, split_text
from mrt_openai_compatible.dialect.speech2text import OpenAISpeech2TextModel, silence, upload_name
from mrt_openai_compatible.dialect.tts import OpenAITTSModel

LISTENER, SPEAKER = OpenAISpeech2TextModel(), OpenAITTSModel()
MP3 = b"ID3\x04\x00" + bytes(range(100))


def heard(file: AudioFile) -> Invocation[Any]:
    return make_call(Speech2TextRequest(file), model_type=ModelType.SPEECH2TEXT)


def said(text: str = "Hello.", voice: str | None = None, stream: bool = False, **properties: Any) -> Invocation[Any]:
    schema = AIModelEntity.model_validate({"model": "s", "model_type": ModelType.TTS, "model_properties": properties})
    return make_call(TTSRequest(text, voice), model_type=ModelType.TTS, schema=schema, stream=stream)


def transcript(value: Any, **fields: Any) -> str:
    return LISTENER.parse_response(heard(AudioFile(b"x")), make_response(value, **fields))


# Speech to text


def test_the_form_has_model_file_and_format() -> None:
    request = LISTENER.build_request(heard(AudioFile(silence(), "a.wav", "audio/x-wav")))
    assert request.url.endswith("/v1/audio/transcriptions")
    assert str(dict(request.header_items())["content-type"]).startswith("multipart/form-data; boundary=")
    for part in (b'name="model"', b"some-model", b'name="response_format"', b"json", b'filename="a.wav"', silence()):
        assert part in request.content


@pytest.mark.parametrize(
    ("content", "name", "wanted"),
    [
        (MP3, "speech.wav", ("speech.mp3", "audio/mpeg")),
        (MP3, "speech.mpga", ("speech.mpga", "audio/mpeg")),
        (MP3, "speech", ("speech.mp3", "audio/mpeg")),
        (silence(), "a.b.WAV", ("a.b.WAV", "audio/wav")),
        (b"OggS" + bytes(20), "memo.opus", ("memo.opus", "audio/ogg")),
        (b"\x00\x01\x02\x03" * 5, "raw.amr", ("raw.amr", "audio/amr")),
        (b"\x00\x00\x00\x1cftypM4A " + bytes(8), "", ("audio.m4a", "audio/mp4")),
    ],
)
def test_the_name_has_the_extension_of_the_bytes(content: bytes, name: str, wanted: tuple[str, str]) -> None:
    assert upload_name(AudioFile(content, name, "audio/amr")) == wanted


def test_an_empty_file_is_refused_before_any_request() -> None:
    with pytest.raises(InvokeBadRequestError, match="empty"):
        LISTENER.build_request(heard(AudioFile(b"")))


@pytest.mark.parametrize(
    "value",
    [{"text": " Grüße \u2028"}, {"text": " Grüße \u2028", "segments": [], "duration": None}, " Grüße \u2028"],
)
def test_each_shape_of_reply(value: Any) -> None:
    assert transcript(value) == " Grüße \u2028"


def test_plain_text_is_a_reply_and_a_web_page_is_none() -> None:
    assert transcript("Grüße\n".encode(), media_type="text/plain") == "Grüße"
    assert transcript({"text": "Grüße"}, media_type="text/plain") == "Grüße"
    for page in (b"<!DOCTYPE html><html><body>gone</body></html>", b'{"error": "gone gone gone"}'):
        with pytest.raises(InvokeError):
            transcript(page, media_type="text/plain")


def test_silence_has_an_empty_text() -> None:
    assert transcript({"text": ""}) == ""


@pytest.mark.parametrize("value", [{}, {"text": None}, {"text": 5}, [], None, {"segments": []}])
def test_a_missing_text_is_an_error_and_not_silence(value: Any) -> None:
    with pytest.raises(InvokeBadResponseError):
        transcript(value)


def test_an_error_with_status_200_is_an_error() -> None:
    with pytest.raises(InvokeError, match="too short"):
        transcript({"error": {"message": "audio too short"}})


def test_the_probe_is_a_real_sound_file() -> None:
    with wave.open(io.BytesIO(silence()), "rb") as file:
        assert (file.getnframes(), file.getframerate(), file.getnchannels()) == (8000, 16000, 1)


# Text to speech


def test_the_request_names_voice_and_format() -> None:
    sound, [sent] = run_flow(SPEAKER, said(voice="nova"), [make_response(MP3, media_type="audio/mpeg")])
    assert sent == {"model": "some-model", "input": "Hello.", "response_format": "mp3", "voice": "nova"}
    assert (bytes(sound), sound.media_type) == (MP3, "audio/mpeg")


def test_voice_and_format_of_the_schema() -> None:
    invocation = said(default_voice="ash", audio_type="wav")
    assert SPEAKER.body(invocation, "x") == {
        "model": "some-model", "input": "x", "response_format": "wav", "voice": "ash",
    }  # fmt: skip
    assert "voice" not in SPEAKER.body(said(), "x")


def test_a_voice_that_the_schema_does_not_have_is_refused() -> None:
    voices = [{"mode": "ash", "name": "Ash", "language": []}, {"mode": "nova", "name": "Nova", "language": []}]
    with pytest.raises(InvokeBadRequestError, match="ash, nova"):
        SPEAKER.build_request(said(voice="zed", voices=voices))


@pytest.mark.parametrize(
    ("content", "declared", "wanted"),
    [
        (silence(), "audio/mpeg", "audio/wav"),
        (MP3, "application/octet-stream", "audio/mpeg"),
        (bytes(50), "audio/pcm", "audio/pcm"),
        (bytes(50), "application/octet-stream", "audio/mpeg"),
        (b"{\x00" * 20, "audio/pcm", "audio/pcm"),
        (MP3, "text/plain", "audio/mpeg"),
    ],
)
def test_the_media_type_is_that_of_the_bytes(content: bytes, declared: str, wanted: str) -> None:
    assert SPEAKER.parse_response(said(), make_response(content, media_type=declared)).media_type == wanted


@pytest.mark.parametrize("media_type", ["audio/mpeg", "application/json"])
def test_json_as_sound_is_an_error_that_says_what(media_type: str) -> None:
    value = {"error": {"message": "no such voice"}}
    with pytest.raises(InvokeError, match="no such voice"):
        SPEAKER.parse_response(said(), make_response(value, media_type=media_type))
    with pytest.raises(InvokeError, match="no such voice"):
        run_stream(SPEAKER, said(stream=True), [bytes([byte]) for byte in json.dumps(value).encode()])


@pytest.mark.parametrize("content", [b"", b"<html><body>down for maintenance</body></html>", b"[1, 2, 3, 4, 5, 6, 7]"])
def test_what_is_no_sound_is_an_error(content: bytes) -> None:
    with pytest.raises(InvokeBadResponseError):
        SPEAKER.parse_response(said(), make_response(content, media_type="audio/mpeg"))
    with pytest.raises(InvokeBadResponseError):
        run_stream(SPEAKER, said(stream=True), [content] if content else [])


def test_an_endless_text_is_not_collected() -> None:
    def endless() -> Iterator[bytes]:
        yield b"<html>"
        while True:
            yield b"x" * 1000

    with pytest.raises(InvokeBadResponseError):
        run_stream(SPEAKER, said(stream=True), endless())


@given(st.lists(st.integers(0, len(MP3))), st.sampled_from([MP3, silence()[:90], b"{\x00\x01", b"abc"]))
def test_pieces_of_a_stream_are_the_sound(cuts: list[int], content: bytes) -> None:
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    pieces = [content[start:end] for start, end in itertools.pairwise(places)]
    assert b"".join(run_stream(SPEAKER, said(stream=True), [piece for piece in pieces if piece])) == content


def test_an_empty_text_is_refused_before_any_request() -> None:
    for text in ("", " \n"):
        with pytest.raises(InvokeBadRequestError, match="empty"):
            run_flow(SPEAKER, said(text), [])


def test_long_texts_are_spoken_in_pieces_and_joined() -> None:
    answers = [make_response(silence(seconds), media_type="audio/wav") for seconds in (0.5, 0.25)]
    sound, sent = run_flow(SPEAKER, said("One sentence. Another.", word_limit=14), answers)
    assert [body["input"] for body in sent] == ["One sentence.", "Another."]
    with wave.open(io.BytesIO(sound), "rb") as file:
        assert file.getnframes() == 12000
    with pytest.raises(InvokeBadRequestError, match="invoke"):
        SPEAKER.build_request(said("One sentence. Another.", stream=True, word_limit=14))


def test_frames_of_other_formats_follow_each_other() -> None:
    assert join_audio([b"ID3abc", b"ID3def"]) == b"ID3abcID3def"


WORDS = st.lists(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=8), min_size=1, max_size=40)


@given(WORDS, st.sampled_from([" ", "\n", ". ", ", "]), st.integers(10, 60))
def test_pieces_keep_order_and_words(words: list[str], between: str, limit: int) -> None:
    text = between.join(words)
    pieces = split_text(text, limit)
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    spoken = " ".join(pieces).split()
    # Words shorter than the limit are never torn, except at punctuation that ends a sentence or a clause in Chinese.
    if not any(mark in text for mark in "。！？，；：、"):
        assert spoken == text.split()


def test_a_word_longer_than_the_limit_is_torn_rather_than_lost() -> None:
    assert "".join(split_text("x" * 25, 10)) == "x" * 25
    assert split_text("abc", None) == ["abc"]
