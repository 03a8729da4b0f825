"""What sound is, told by its bytes."""

from __future__ import annotations

from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.probe import Got
from mrt_testing_kit.seen import fields
from mrt_testing_kit.server import RecordedRequest, oracle

TYPES: dict[str, frozenset[str]] = {
    "wav": frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"}),
    "mp3": frozenset({"audio/mpeg", "audio/mp3", "audio/x-mp3", "audio/mpeg3"}),
    "ogg": frozenset({"audio/ogg", "audio/opus", "application/ogg", "audio/x-opus"}),
    "flac": frozenset({"audio/flac", "audio/x-flac"}),
    "aac": frozenset({"audio/aac", "audio/aacp", "audio/x-aac"}),
    "m4a": frozenset({"audio/mp4", "audio/m4a", "audio/x-m4a", "video/mp4"}),
    "webm": frozenset({"audio/webm", "video/webm"}),
    "pcm": frozenset({"audio/pcm", "audio/l16", "audio/x-pcm", "application/octet-stream", "audio/basic"}),
}
"""Kind of sound to the media types that name it."""

EXTENSIONS: dict[str, frozenset[str]] = {
    "wav": frozenset({"wav", "wave"}),
    "mp3": frozenset({"mp3", "mpga", "mpeg"}),
    "ogg": frozenset({"ogg", "oga", "opus"}),
    "flac": frozenset({"flac"}),
    "aac": frozenset({"aac"}),
    "m4a": frozenset({"m4a", "mp4"}),
    "webm": frozenset({"webm"}),
    "pcm": frozenset({"pcm", "raw"}),
}
"""Kind of sound to the extensions of its files."""


def kind_of(data: bytes) -> str:
    """Return the kind of sound that bytes are: a key of `TYPES`; ``pcm`` when they do not show it."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data[:4] in (b"OggS", b"fLaC"):
        return "ogg" if data[:4] == b"OggS" else "flac"
    if data[4:8] == b"ftyp" or data[:4] == b"\x1aE\xdf\xa3":
        return "m4a" if data[4:8] == b"ftyp" else "webm"
    if data[:3] == b"ID3":
        return "mp3"
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0:
        return "aac" if data[1] & 0x06 == 0 else "mp3"
    return "pcm"


def family(format: str) -> str:
    """Return the kind of a format as requests name it: ``opus`` is ``ogg``."""
    return "ogg" if format == "opus" else format


def asked_format(request: RecordedRequest) -> str | None:
    """Return the format that a request for speech asks for; None when it leaves that to the vendor."""
    found = [value for path, value in fields(request) if isinstance(value, str) and "format" in path.lower()]
    return next((value for value in found if value in oracle.SPEECH_FORMATS), None)


def sent_back(request: RecordedRequest) -> bytes:
    """Return the body that the server sent for a request, as far as it was recorded."""
    head, _, rest = bytes(request.response).partition(b"\r\n\r\n")
    return Got(head, rest, "eof").body


def called(request: RecordedRequest) -> str:
    """Return what the server called its answer: the media type, in lower case; empty when it did not tell."""
    head = bytes(request.response).partition(b"\r\n\r\n")[0].decode("latin-1")
    fields = (line.partition(":") for line in head.split("\r\n")[1:])
    found = next((value for name, _, value in fields if name.strip().lower() == "content-type"), "")
    return found.partition(";")[0].strip().lower()


def texts_sent(got: Outcome, text: str) -> list[str]:
    """Return what each request gives to speak: the longest of its texts that is a part of the whole one.

    Args:
        got: The call.
        text: What the caller gave.
    """
    whole = "".join(text.split())
    spoken: list[str] = []
    for request in got.requests:
        texts = [value for _, value in fields(request) if isinstance(value, str)]
        ours = [value for value in texts if "".join(value.split()) in whole]
        spoken.append(max(ours or texts, key=len, default=""))
    return spoken
