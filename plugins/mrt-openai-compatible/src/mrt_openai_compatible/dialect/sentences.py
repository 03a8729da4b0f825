"""Cutting long texts for speech, and joining what comes back."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

# From the best place to cut to the worst: after a paragraph, a sentence, a clause, a word.
_BORDERS = (
    re.compile(r"\n+"),
    re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])"),
    re.compile(r"(?<=[,;:])\s+|(?<=[，；：、])"),
    re.compile(r"\s+"),
)


def split_text(text: str, limit: int | None) -> list[str]:
    """Cut a text into pieces of at most `limit` characters, in order, with every word whole where one fits.

    Args:
        text: The text.
        limit: Characters that a piece may have; None is no limit.
    """
    if limit is None or limit < 1 or len(text) <= limit:
        return [text]
    pieces: list[str] = []
    start = 0
    while len(text) - start > limit:
        end = _best_end(text, start, limit)
        if piece := text[start:end].strip():
            pieces.append(piece)
        start = end
    if piece := text[start:].strip():
        pieces.append(piece)
    return pieces


def _best_end(text: str, start: int, limit: int) -> int:
    # One character more shows a border that lies right behind the longest piece.
    window = text[start : start + limit + 1]
    for border in _BORDERS:
        ends = [match.start() for match in border.finditer(window) if match.start() > limit // 2]
        if not ends and border is _BORDERS[-1]:
            ends = [match.start() for match in border.finditer(window) if match.start() > 0]
        if ends:
            return start + min(ends[-1], limit)
    return start + limit


def join_audio(sounds: Sequence[bytes]) -> bytes:
    """Join sounds of one format: WAV files become one file, and frames of other formats simply follow each other."""
    if not all(sound.startswith(b"RIFF") and sound[8:12] == b"WAVE" for sound in sounds):
        return b"".join(sounds)
    parts = [_wav_data(sound) for sound in sounds]
    data = b"".join(samples for _, samples in parts)
    head = parts[0][0]
    size = struct.pack("<I", len(data))
    body = b"WAVE" + head + b"data" + size + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _wav_data(sound: bytes) -> tuple[bytes, bytes]:
    """Return the format chunk and the samples of a WAV file."""
    place, head = 12, b""
    while place + 8 <= len(sound):
        name, size = sound[place : place + 4], int.from_bytes(sound[place + 4 : place + 8], "little")
        body = place + 8
        if name == b"data":
            # Servers that stream write a size that is too large.
            return head, sound[body : body + size]
        if name == b"fmt ":
            head = sound[place : body + size]
        place = body + size + size % 2
    return head, b""
