"""Sound without a name gets one whose extension fits its bytes, since vendors go by it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from mrt.runtime.speech import read_audio


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (b"RIFF\x00\x00\x00\x00WAVE", "audio.wav", "audio/wav"),
        (b"ID3\x04 sound", "audio.mp3", "audio/mpeg"),
        (b"\xff\xfb\x18\xc0", "audio.mp3", "audio/mpeg"),
        (b"\xff\xf2\x18\xc0", "audio.mp3", "audio/mpeg"),
        (b"\xff\xe3\x18\xc0", "audio.mp3", "audio/mpeg"),
        (b"\xff\xf1\x60\x40", "audio.aac", "audio/aac"),
        (b"OggS\x00", "audio.ogg", "audio/ogg"),
        (b"fLaC\x00", "audio.flac", "audio/flac"),
        (b"\x00\x00\x00\x18ftypM4A ", "audio.m4a", "audio/mp4"),
    ],
)
def test_bytes_and_nameless_files_are_named_after_what_they_hold(content: bytes, name: str, media_type: str) -> None:
    for given in (content, bytearray(content), io.BytesIO(content)):
        found = read_audio(given)
        assert (found.filename, found.media_type, found.content) == (name, media_type, content)


def test_a_name_that_is_given_stays(tmp_path: Path) -> None:
    path = tmp_path / "my talk.bin"
    path.write_bytes(b"ID3\x04 sound")
    assert (read_audio(path).filename, read_audio(path).media_type) == ("my talk.bin", "audio/mpeg")
    with path.open("rb") as file:
        assert read_audio(file).filename == "my talk.bin"
        assert not file.closed


def test_a_bare_name_gets_an_extension_that_fits(tmp_path: Path) -> None:
    path = tmp_path / "my talk"
    path.write_bytes(b"ID3\x04 sound")
    assert read_audio(path).filename == "my talk.mp3"
    path.write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
    assert read_audio(path).filename == "my talk.wav"
    path.write_bytes(b"piped")
    assert read_audio(path).filename == "my talk"


def test_bytes_that_show_nothing_keep_the_usual_name() -> None:
    assert (read_audio(b"piped").filename, read_audio(b"piped").media_type) == ("audio.wav", "audio/x-wav")
