"""Content parts of messages: text, images, sounds, films, documents."""

from __future__ import annotations

import binascii
from typing import Any

from mrt.entities.message import (
    AudioPromptMessageContent,
    DocumentPromptMessageContent,
    ImagePromptMessageContent,
    MultiModalPromptMessageContent,
    PromptMessageContent,
    TextPromptMessageContent,
    VideoPromptMessageContent,
)
from mrt.errors import InvokeBadRequestError
from mrt_openai_compatible.dialect.media import EXTENSIONS, sniff

# Base64 characters that hold enough bytes to tell a file's type.
_HEAD = 32


def wire_part(part: PromptMessageContent) -> dict[str, Any]:
    """Return a content part in OpenAI's words.

    A URL stays a URL, and data becomes a ``data:`` URL whose media type is that of the bytes. Text stays text, also
    when it looks like a URL.

    Raises:
        InvokeBadRequestError: The part cannot be said in this dialect.
    """
    if isinstance(part, TextPromptMessageContent):
        return {"type": "text", "text": part.data}
    if isinstance(part, ImagePromptMessageContent):
        return {"type": "image_url", "image_url": {"url": _url(part, "image/png"), "detail": part.detail}}
    if isinstance(part, AudioPromptMessageContent):
        if part.url:
            # OpenAI takes data only; vLLM and its kin fetch this form.
            return {"type": "audio_url", "audio_url": {"url": part.url}}
        data, media_type = _data(part, "audio/wav")
        known = EXTENSIONS.get(media_type, media_type.rpartition("/")[2])
        return {"type": "input_audio", "input_audio": {"data": data, "format": known}}
    if isinstance(part, VideoPromptMessageContent):
        return {"type": "video_url", "video_url": {"url": _url(part, "video/mp4")}}
    if isinstance(part, DocumentPromptMessageContent):
        if part.url:
            raise InvokeBadRequestError(
                "servers of this dialect fetch no documents: give the document as base64_data instead of a URL"
            )
        name = part.filename or f"document.{part.format or 'pdf'}"
        return {"type": "file", "file": {"filename": name, "file_data": _url(part, "application/pdf")}}
    raise InvokeBadRequestError(f"messages of this dialect cannot hold a {type(part).__name__}")


def _url(part: MultiModalPromptMessageContent, fallback: str) -> str:
    if part.url:
        return part.url
    data, media_type = _data(part, fallback)
    return f"data:{media_type};base64,{data}"


def _data(part: MultiModalPromptMessageContent, fallback: str) -> tuple[str, str]:
    data = part.base64_data
    if any(blank in data for blank in "\n\r "):
        data = "".join(data.split())
    head = data[:_HEAD]
    try:
        first = binascii.a2b_base64(head + "=" * (-len(head) % 4), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise InvokeBadRequestError(f"the base64_data of the {part.type.value} is no base64: {error}") from error
    declared = part.mime_type or (f"{fallback.partition('/')[0]}/{part.format}" if part.format else fallback)
    return data, sniff(first) or declared
