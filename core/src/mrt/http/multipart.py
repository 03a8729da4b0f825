"""Bodies of type ``multipart/form-data`` (RFC 7578)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence


def encode_multipart(
    fields: Sequence[tuple[str, str]], files: Sequence[tuple[str, str, str, bytes]]
) -> tuple[bytes, str]:
    """Return the body of a form and its content type.

    Args:
        fields: Names and values.
        files: Name, file name, media type and content of each file.
    """
    boundary = secrets.token_hex(16)
    # 128 random bits do not occur in a file by chance, but a file may be the record of an earlier request.
    while any(boundary.encode() in content for *_, content in files):
        boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    for name, value in fields:
        parts.append(_head(boundary, f'form-data; name="{_quoted(name)}"'))
        parts.append(value.encode("utf-8", "replace") + b"\r\n")
    for name, filename, media_type, content in files:
        disposition = f'form-data; name="{_quoted(name)}"; filename="{_quoted(filename)}"'
        parts.append(_head(boundary, disposition, media_type.replace("\r", "").replace("\n", "")))
        parts.append(content)
        parts.append(b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"


def _head(boundary: str, disposition: str, media_type: str = "") -> bytes:
    content_type = f"Content-Type: {media_type}\r\n" if media_type else ""
    return f"--{boundary}\r\nContent-Disposition: {disposition}\r\n{content_type}\r\n".encode("utf-8", "replace")


def _quoted(name: str) -> str:
    # The three escapes that the HTML standard demands of browsers; servers know them.
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
