"""Images and documents of a message."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from mrt.entities.message import (
    DocumentPromptMessageContent,
    ImagePromptMessageContent,
    MultiModalPromptMessageContent,
)
from mrt.errors import InvokeBadRequestError

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
_TEXTS = ("text/", "application/json", "application/xml", "application/yaml")
_TEXT_FORMATS = frozenset({"txt", "md", "markdown", "csv", "json", "xml", "yaml", "yml", "html"})


def image_block(part: ImagePromptMessageContent) -> dict[str, Any]:
    """Return an image; its media type is that of the bytes, since the vendor refuses a wrong declaration.

    Raises:
        InvokeBadRequestError: It is no PNG, JPEG, GIF or WebP, or no base64.
    """
    if part.url:
        return {"type": "image", "source": _address(part)}
    data, media_type = _data(part)
    if media_type is None or not media_type.startswith("image/"):
        raise InvokeBadRequestError("the image is none that the vendor reads: convert it to PNG, JPEG, GIF or WebP")
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def document_block(part: DocumentPromptMessageContent) -> dict[str, Any]:
    """Return a document: a PDF, or plain text.

    Raises:
        InvokeBadRequestError: It is neither, or no base64.
    """
    title = {"title": part.filename} if part.filename else {}
    if part.url:
        return {"type": "document", "source": _address(part), **title}
    data, media_type = _data(part)
    if media_type == "application/pdf":
        source = {"type": "base64", "media_type": media_type, "data": data}
    elif part.mime_type.startswith(_TEXTS) or part.format.lower() in _TEXT_FORMATS:
        source = {"type": "text", "media_type": "text/plain", "data": _text(data)}
    else:
        declared = part.mime_type or part.format or "unknown"
        raise InvokeBadRequestError(f"a document of type {declared} cannot be sent: use PDF or plain text")
    return {"type": "document", "source": source, **title}


def _address(part: MultiModalPromptMessageContent) -> dict[str, Any]:
    if not part.url.startswith(("http://", "https://")):
        raise InvokeBadRequestError(f"the {part.type.value} has an address that the vendor cannot fetch: use https")
    return {"type": "url", "url": part.url}


def _data(part: MultiModalPromptMessageContent) -> tuple[str, str | None]:
    data = "".join(part.base64_data.split())
    try:
        head = base64.b64decode(data[:24], validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvokeBadRequestError(f"the base64_data of the {part.type.value} is no base64: {error}") from error
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return data, "image/webp"
    return data, next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def _text(data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode("utf-8-sig")
    except ValueError as error:
        raise InvokeBadRequestError(f"the document is no UTF-8 text in base64: {error}") from error
