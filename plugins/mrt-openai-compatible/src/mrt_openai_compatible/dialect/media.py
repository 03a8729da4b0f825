"""What a file is, told by its first bytes: declared types are often wrong, and vendors look at the bytes."""

from __future__ import annotations

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
)
_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"avif": "image/avif", b"heic": "image/heic", b"heix": "image/heic",
    b"qt  ": "video/quicktime",
}  # fmt: skip

HEAD = 16
"""Bytes that are enough to tell a type."""

EXTENSIONS = {
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "audio/webm": "webm",
    "video/webm": "webm",
    "video/mp4": "mp4",
}
"""File extension by media type, for the types that speech servers read."""

AUDIO_TYPES = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "opus": "audio/ogg",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "aac": "audio/aac",
    "pcm": "audio/pcm",
}
"""Media type by the value of `response_format` in a speech request."""


def sniff(head: bytes) -> str | None:
    """Return the media type that the first bytes of a file tell, or None when they tell nothing.

    Args:
        head: The first `HEAD` bytes or more.
    """
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        # MPEG frame sync; layer 0 is AAC in an ADTS stream, and 0xFFFE would be a byte order mark.
        return "audio/aac" if head[1] & 0x06 == 0 else "audio/mpeg" if head[1] != 0xFE else None
    return None


def is_text(head: bytes | bytearray) -> bool:
    """Tell whether the first bytes of what should be sound are those of JSON or a web page.

    Bare samples may begin with any byte, so all that is looked at has to be printable.
    """
    start = head[:HEAD].lstrip()
    return start[:1] in (b"{", b"[", b"<") and all(byte >= 0x20 or byte in b"\t\r\n" for byte in start)
