"""Speech whose bytes hold its text, so that hearing it gives the text again."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import struct
import zlib

SPEECH_FORMATS = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "opus": "audio/ogg",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "aac": "audio/aac",
    "pcm": "audio/pcm",
}

RATE = 16000
# A plus marks the continuation of the text before, for formats whose frames are short.
_MARK = re.compile(rb"ORACLE(\+?)<([A-Za-z0-9+/=]*)>")


def _mark(text: str) -> bytes:
    return b"ORACLE<" + base64.b64encode(text.encode("utf-8", "surrogatepass")) + b">"


def _marks(text: str, size: int) -> list[bytes]:
    data = text.encode("utf-8", "surrogatepass")
    parts = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
    return [b"ORACLE%s<%s>" % (b"+" if n else b"", base64.b64encode(part)) for n, part in enumerate(parts)]


def speech(text: str, voice: str = "", format: str = "wav") -> bytes:
    """Return a text as speech.

    Args:
        text: what to say.
        voice: the voice; it changes the pitch.
        format: a key of ``SPEECH_FORMATS``.

    Returns:
        For ``wav`` a file that plays one tone per word (16 kHz, mono, 16 bit); for ``pcm`` the same samples bare; for
        the others the format's magic bytes and headers. The text is in it, see ``transcript``.

    Raises:
        KeyError: no such format.
    """
    return {"mp3": _mp3, "wav": _wav, "opus": _ogg, "ogg": _ogg, "flac": _flac, "aac": _aac, "pcm": _pcm}[format](
        text, voice
    )


def transcript(audio: bytes) -> str:
    """Return the text of audio.

    Args:
        audio: the bytes of a file.

    Returns:
        For the oracle's own speech its text (of several pieces one after the other, joined with blanks); for any other
        bytes a sentence with their number and digest.
    """
    found: list[bytes] = []
    for more, coded in _MARK.findall(audio):
        if more and found:
            found[-1] += base64.b64decode(coded)
        else:
            found.append(base64.b64decode(coded))
    if found:
        return " ".join(data.decode("utf-8", "surrogatepass") for data in found)
    return f"Audio of {len(audio)} bytes, {hashlib.sha256(audio).hexdigest()[:12]}."


def _tones(text: str, voice: str) -> bytes:
    base = 220 + (zlib.crc32(voice.encode()) % 12) * 20
    samples: list[int] = []
    for number, word in enumerate(text.split() or [""]):
        pitch = base * (1 + (zlib.crc32(f"{number}{word}".encode("utf-8", "surrogatepass")) % 8) / 8)
        length = RATE // 20
        samples.extend(
            int(9000 * math.sin(2 * math.pi * pitch * at / RATE) * math.sin(math.pi * at / length))
            for at in range(length)
        )
        if number >= 400:
            break
    return struct.pack(f"<{len(samples)}h", *samples)


def _wav(text: str, voice: str) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return name + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2)

    form = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, RATE * 2, 2, 16))
    info = chunk(b"LIST", b"INFO" + chunk(b"ICMT", _mark(text) + b"\x00"))
    body = b"WAVE" + form + info + chunk(b"data", _tones(text, voice))
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _pcm(text: str, voice: str) -> bytes:
    mark = _mark(text)
    return mark + b"\x00" * (len(mark) % 2) + _tones(text, voice)


def _id3(text: str) -> bytes:
    frame = b"\x03" + b"comment\x00" + _mark(text)
    frame = b"TXXX" + _synchsafe(len(frame)) + b"\x00\x00" + frame
    return b"ID3\x04\x00\x00" + _synchsafe(len(frame)) + frame


def _synchsafe(size: int) -> bytes:
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))


def _mp3(text: str, voice: str) -> bytes:
    # MPEG 1 layer III, 32 kbit/s, 32 kHz, mono: 144 bytes a frame, all zero after the header is silence.
    frame = b"\xff\xfb\x18\xc0" + b"\x00" * 140
    return _id3(text) + frame * max(2, len(text.split()))


def _aac(text: str, voice: str) -> bytes:
    def adts(data: bytes) -> bytes:
        size = len(data) + 7
        head = bytes((0xFF, 0xF1, 0x60, 0x40 | size >> 11, (size >> 3) & 0xFF, ((size & 7) << 5) | 0x1F, 0xFC))
        return head + data

    # A frame whose only element is a fill or data element: players pass over it.
    frames = [adts(b"\x80" + mark) for mark in _marks(text, 3000)]
    return b"".join(frames) + adts(b"\x01\x18\x20\x07") * 2


def _flac(text: str, voice: str) -> bytes:
    stream = struct.pack(">HH", 4096, 4096) + b"\x00" * 6
    stream += ((RATE << 44) | (15 << 36)).to_bytes(8, "big") + b"\x00" * 16
    comment = _vorbis_comment(text)
    head = b"\x00" + len(stream).to_bytes(3, "big") + stream
    return b"fLaC" + head + b"\x84" + len(comment).to_bytes(3, "big") + comment


def _vorbis_comment(text: str, *, marked: bool = True) -> bytes:
    vendor, comment = b"oracle", b"COMMENT=" + (_mark(text) if marked else text.encode())
    return struct.pack("<I", len(vendor)) + vendor + struct.pack("<II", 1, len(comment)) + comment


def _ogg(text: str, voice: str) -> bytes:
    head = b"OpusHead\x01\x01" + struct.pack("<HIhB", 0, RATE, 0, 0)
    tags = b"OpusTags" + (_vorbis_comment(text) if len(text) <= 5000 else _vorbis_comment("-", marked=False))
    # A page holds at most 255 segments of 255 bytes; a long text goes into packets of its own.
    long = [b"\xf8" + mark for mark in _marks(text, 30000)] if len(text) > 5000 else []
    packets = [head, tags, *long, b"\xf8\xff\xfe"]
    flags = [2, *([0] * (len(packets) - 2)), 4]
    return b"".join(_page(data, flag, number) for number, (data, flag) in enumerate(zip(packets, flags, strict=True)))


def _page(data: bytes, flags: int, number: int) -> bytes:
    sizes = bytes([255] * (len(data) // 255) + [len(data) % 255])
    head = b"OggS\x00" + bytes([flags]) + struct.pack("<qIIIB", 0, 1, number, 0, len(sizes)) + sizes
    page = bytearray(head + data)
    page[22:26] = struct.pack("<I", _ogg_crc(bytes(page)))
    return bytes(page)


def _ogg_crc(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = ((crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc
