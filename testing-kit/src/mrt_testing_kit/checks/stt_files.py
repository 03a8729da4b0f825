"""STT: how a sound file reaches the vendor."""

from __future__ import annotations

import base64
import gc
import io
import os
import struct
import tempfile
from pathlib import Path
from typing import Any

import mrt
from mrt_testing_kit import residue, sound
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import NotApplicable
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server.request import FormPart

_SPOKEN = "One, two and three."

# Frames of MPEG 1, 2 and 2.5, with checksum and without; the heads of MP4 and WebM.
_MP3_FRAMES = (b"\xff\xfb\x18\xc0", b"\xff\xfa\x18\xc0", b"\xff\xf3\x18\xc0", b"\xff\xf2\x18\xc0", b"\xff\xe3\x18\xc0")
_CONTAINERS = (b"\x00\x00\x00\x1cftypM4A \x00\x00\x02\x00", b"\x1aE\xdf\xa3\x9fB\x86\x81\x01")


def _part(ctx: Context, got: Outcome, audio: bytes) -> FormPart | None:
    """Return the form part that holds the sound; None when it travels as base64 in JSON."""
    for part in got.request.form:
        if part.data == audio:
            return part
    coded = base64.b64encode(audio)
    ctx.expect(
        coded in got.request.body or audio in got.request.body,
        "the request does not hold the sound, byte for byte",
        expected=f"{len(audio)} bytes: {audio[:16]!r}...",
        came=[(part.name, part.filename, part.content_type, len(part.data)) for part in got.request.form]
        or got.request.body[:200],
        outcome=got,
    )
    return None


def _fits(ctx: Context, got: Outcome, audio: bytes) -> None:
    """Fail the check unless the text is right, and name and type on the wire fit the bytes."""
    ctx.equal(got.ok().text.strip(), ctx.oracle.transcript(audio), "the text", outcome=got)
    ctx.equal(len(got.requests), 1, "the number of requests", outcome=got)
    _named(ctx, got, audio)


def _named(ctx: Context, got: Outcome, audio: bytes) -> None:
    """Fail the check unless name and type on the wire fit the bytes, if the provider takes them."""
    if not got.requests:
        got.fails(mrt.InvokeBadRequestError)
        return
    part = _part(ctx, got, audio)
    if part is None:
        return
    kind = sound.kind_of(audio)
    ctx.expect(part.filename, "the file part has no file name: vendors take it for a text field", expected="a name")
    extension = (part.filename or "").rpartition(".")[2].lower()
    named = next((name for name, known in sound.EXTENSIONS.items() if extension in known), None)
    media_type = (part.content_type or "").lower()
    typed = next((name for name, known in sound.TYPES.items() if media_type in known and name != "pcm"), None)
    told = f"name {part.filename!r}, type {part.content_type!r}"
    if named is None:
        ctx.expect(typed == kind, "neither name nor type tells what the sound is", expected=kind, came=told)
    else:
        ctx.expect(named == kind, f"the name says {named}, and the bytes are {kind}", expected=kind, came=told)
    wrong = media_type.startswith(("text/", "image/")) or (typed is not None and typed != kind)
    ctx.expect(not wrong, f"the type {media_type!r} is not that of the bytes", expected=kind, came=told)


@check(
    "STT-01",
    "path, bytes, stream; name and type on the wire",
    bugs=["langgenius/dify#25295"],
    essential=True,
    fix="Send the bytes as a file part with a file name whose extension fits them, and their media type.",
)
def stt_01(ctx: Context) -> None:
    """Vendors tell the format by the file's name; bytes that arrive as a field, a path or a URL are no sound."""
    sounds = {format: ctx.oracle.speech(_SPOKEN, format=format) for format in ("wav", "mp3", "flac", "ogg", "aac")}
    for audio in sounds.values():
        _fits(ctx, ctx.transcribe(audio), audio)
        _fits(ctx, ctx.transcribe(io.BytesIO(audio)), audio)
    for head in (*_MP3_FRAMES, *_CONTAINERS):
        audio = head + sounds["wav"]
        _named(ctx, ctx.transcribe(audio), audio)
    audio = sounds["wav"]
    _fits(ctx, ctx.transcribe(bytearray(audio)), audio)
    with tempfile.TemporaryDirectory(prefix="mrt-kit-") as folder:
        for name in (
            "talk.wav",
            "TALK.WAV",
            "My talk (1) Gr\u00fc\u00dfe \u4e16\u754c.wav",
            'quo"te.wav',
            "v1.2 talk.wav",
        ):
            path = Path(folder) / name
            path.write_bytes(audio)
            _fits(ctx, ctx.transcribe(path), audio)
            _fits(ctx, ctx.transcribe(str(path)), audio)
            with path.open("rb") as file:
                _fits(ctx, ctx.transcribe(file), audio)
            got = ctx.transcribe(path)
            ctx.expect(str(folder).encode() not in got.request.body, "the path is sent", expected="a name at most")
        for bare in sounds.values():
            path = Path(folder) / "recording"
            path.write_bytes(bare)
            _fits(ctx, ctx.transcribe(path), bare)
            with path.open("rb") as file:
                _fits(ctx, ctx.transcribe(file), bare)
    for size in (1 << 16, 1 << 20, 5 << 20):
        _large(ctx, size)


def _large(ctx: Context, size: int) -> None:
    """Send a long recording, whose text stands at its end."""
    audio = _wav(ctx.oracle.speech(_SPOKEN, format="pcm"), size + 1)
    got = ctx.transcribe(audio)
    ctx.equal(got.ok().text.strip(), _SPOKEN, f"the text of a recording of {len(audio)} bytes", outcome=got)
    _part(ctx, got, audio)


def _wav(tail: bytes, size: int) -> bytes:
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 16000, 32000, 2, 16)
    samples = bytes(size) + tail
    return (
        struct.pack("<4sI4s", b"RIFF", 36 + len(samples), b"WAVE")
        + form
        + b"data"
        + struct.pack("<I", len(samples))
        + samples
    )


@check(
    "STT-02",
    "empty audio",
    fix="Refuse a file of no bytes before sending it.",
)
def stt_02(ctx: Context) -> None:
    """A recording that failed has no bytes; vendors answer 400 with a riddle, or invent words."""
    with tempfile.TemporaryDirectory(prefix="mrt-kit-") as folder:
        path = Path(folder) / "empty.wav"
        path.write_bytes(b"")
        for file in (b"", io.BytesIO(b""), path):
            got = ctx.transcribe(file)
            got.fails(mrt.InvokeBadRequestError)
            ctx.equal(len(got.requests), 0, "the number of requests for an empty file")


class _Once(io.RawIOBase):
    """A stream that can be read once and not be rewound, as those of a network."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readinto(self, buffer: Any) -> int:
        data = self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


@check(
    "STT-05",
    "caller's handle untouched",
    essential=True,
    faults=["F41"],
    fix="Read the file, and neither close it nor write to it.",
)
def stt_05(ctx: Context) -> None:
    """A file that the provider closes breaks the caller's next line; one that it deletes is worse."""
    audio = ctx.oracle.speech(_SPOKEN)
    with tempfile.TemporaryDirectory(prefix="mrt-kit-") as folder:
        path = Path(folder) / "talk.wav"
        path.write_bytes(audio)
        with path.open("rb") as file:
            for _ in range(2):
                file.seek(0)
                ctx.equal(ctx.transcribe(file).ok().text.strip(), _SPOKEN, "the text")
                ctx.expect(not file.closed, "the caller's file was closed", expected="an open file")
            file.seek(0)
            with ctx.fault("F41", status=500):
                ctx.transcribe(file).fails(mrt.InvokeError)
            ctx.expect(not file.closed, "the caller's file was closed after an error", expected="an open file")
        ctx.transcribe(path).ok()
        ctx.equal(os.listdir(folder), ["talk.wav"], "the files in the caller's folder")
        ctx.expect(path.read_bytes() == audio, "the caller's file was changed", expected="the same bytes")
    memory = io.BytesIO(audio)
    ctx.transcribe(memory).ok()
    ctx.expect(not memory.closed, "the caller's buffer was closed", expected="an open buffer")
    ctx.expect(memory.getvalue() == audio, "the caller's buffer was changed", expected="the same bytes")
    ctx.equal(ctx.transcribe(_Once(audio)).ok().text.strip(), _SPOKEN, "the text of a stream without rewind")


@check(
    "STT-09",
    "temporary files",
    essential=True,
    bugs=["langgenius/dify-official-plugins#2076", "xorbitsai/inference#5262"],
    faults=["F41", "F57", "F16"],
    fix="Send the bytes from memory; where an SDK wants a file, close it before it is opened again, and delete it in "
    "a finally.",
)
def stt_09(ctx: Context) -> None:
    """Recordings that stay on the disk fill it and are private; a file that is open cannot be opened on Windows."""
    audio = ctx.oracle.speech(_SPOKEN)
    faults: tuple[tuple[str, dict[str, Any]], ...] = (
        ("F41", {"status": 500}),
        ("F57", {"what": "error"}),
        ("F16", {"how": "length"}),
    )
    before = set(os.listdir())
    with residue.own_temporary_folder() as folder:
        for file in (audio, io.BytesIO(audio)):
            ctx.equal(ctx.transcribe(file).ok().text.strip(), _SPOKEN, "the text")
        for id, options in faults:
            try:
                with ctx.fault(id, **options):
                    got = ctx.transcribe(audio)
            except NotApplicable:
                # An answer in plain text has no place for it.
                continue
            got.fails(mrt.InvokeError)
        gc.collect()
        left, twice = folder.left(), folder.twice
    ctx.expect(not left, f"{len(left)} temporary files are left", expected="none", came=left)
    ctx.expect(not twice, "temporary files were opened while they were open", expected="closed first", came=twice)
    # Others may work in this folder: only files that hold the recording are the provider's.
    new = [Path(name) for name in set(os.listdir()) - before]
    ours = [str(path) for path in new if path.is_file() and path.read_bytes() == audio]
    ctx.expect(not ours, "the recording lies in the working folder", expected="no file", came=ours)
