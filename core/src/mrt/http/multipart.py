"""Bodies of type multipart/form-data, for uploads (RFC 7578)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from mrt.errors import InvokeBadRequestError

# As browsers do (HTML standard, "multipart/form-data encoding algorithm"): these three would end the name or the line.
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


def encode_multipart(
    fields: Sequence[tuple[str, str]], files: Sequence[tuple[str, str, str, bytes]]
) -> tuple[bytes, str]:
    """Return the body and its content type.

    Args:
        fields: Name and value of each text field; a name may return.
        files: Name, file name, media type and content of each file.

    Raises:
        InvokeBadRequestError: A text holds half a surrogate pair, or a media type a line break.
    """
    contents = [content for *_, content in files]
    boundary = _boundary([*(value.encode("utf-8", "replace") for _, value in fields), *contents])
    parts: list[bytes] = []
    try:
        for name, value in fields:
            parts.append(f'--{boundary}\r\ncontent-disposition: form-data; name="{_name(name)}"\r\n\r\n'.encode())
            parts.append(value.encode() + b"\r\n")
        for name, filename, media_type, content in files:
            if not media_type.isascii() or not media_type.isprintable():
                raise InvokeBadRequestError(f"{media_type[:40]!r} is no media type")
            names = f'name="{_name(name)}"; filename="{_name(filename)}"'
            head = f"--{boundary}\r\ncontent-disposition: form-data; {names}\r\ncontent-type: {media_type}\r\n\r\n"
            parts.append(head.encode())
            parts += (content, b"\r\n")
    except UnicodeEncodeError:
        raise InvokeBadRequestError("a field of the form holds half a surrogate pair, which is no character") from None
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"


def _name(text: str) -> str:
    return text.translate(_ESCAPES)


def _boundary(contents: Sequence[bytes]) -> str:
    while True:
        boundary = f"mrt-{secrets.token_hex(16)}"
        if not any(boundary.encode() in content for content in contents):
            return boundary
