from __future__ import annotations

import base64
from typing import Any

import pytest

from mrt.entities.message import (
    DocumentPromptMessageContent,
    ImagePromptMessageContent,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt.errors import InvokeBadRequestError
from mrt_anthropic.messages import conversation

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def block(part: Any) -> dict[str, Any]:
    found: dict[str, Any] = conversation([UserPromptMessage([part])])[1][0]["content"][0]
    return found


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(12), "image/jpeg"),
        (b"GIF89a" + bytes(10), "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
    ],
)
def test_an_image_has_the_type_of_its_bytes(data: bytes, media_type: str) -> None:
    part = ImagePromptMessageContent(base64_data=encode(data), mime_type="image/bmp")
    assert block(part) == {
        "type": "image",
        "source": {"type": "base64", "media_type": media_type, "data": encode(data)},
    }


@pytest.mark.parametrize("data", [b"BM" + bytes(14), b"%PDF-1.7", b"RIFF\x10\x00\x00\x00WAVEfmt "])
def test_other_images_are_refused(data: bytes) -> None:
    with pytest.raises(InvokeBadRequestError, match="PNG, JPEG, GIF or WebP"):
        block(ImagePromptMessageContent(base64_data=encode(data), mime_type="image/png"))


def test_line_breaks_in_base64_are_taken_out() -> None:
    data = encode(PNG)
    part = ImagePromptMessageContent(base64_data=f"{data[:7]}\r\n{data[7:]}\n")
    assert block(part)["source"]["data"] == data


def test_broken_base64_is_refused() -> None:
    with pytest.raises(InvokeBadRequestError, match="no base64"):
        block(ImagePromptMessageContent(base64_data="!!!!"))


def test_an_address_goes_out_as_an_address() -> None:
    part = ImagePromptMessageContent(url="https://example.com/a.png")
    assert block(part) == {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}


def test_an_address_that_the_vendor_cannot_fetch_is_refused() -> None:
    with pytest.raises(InvokeBadRequestError, match="https"):
        block(ImagePromptMessageContent(url="file:///etc/passwd"))


def test_text_that_looks_like_an_address_stays_text() -> None:
    said = conversation([UserPromptMessage("https://example.com/a.png")])[1]
    assert said[0]["content"] == [{"type": "text", "text": "https://example.com/a.png"}]


def test_a_pdf_is_a_document() -> None:
    part = DocumentPromptMessageContent(base64_data=encode(b"%PDF-1.7 x"), filename="a.pdf")
    assert block(part) == {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": encode(b"%PDF-1.7 x")},
        "title": "a.pdf",
    }
    by_address = DocumentPromptMessageContent(url="https://example.com/a.pdf")
    assert block(by_address)["source"] == {"type": "url", "url": "https://example.com/a.pdf"}


@pytest.mark.parametrize("kind", [{"mime_type": "text/markdown"}, {"format": "MD"}, {"mime_type": "application/json"}])
def test_a_text_is_a_document_in_plain_words(kind: dict[str, str]) -> None:
    part = DocumentPromptMessageContent(base64_data=encode("Grüße".encode()), **kind)
    assert block(part)["source"] == {"type": "text", "media_type": "text/plain", "data": "Grüße"}


def test_other_documents_are_refused() -> None:
    with pytest.raises(InvokeBadRequestError, match="application/msword"):
        block(DocumentPromptMessageContent(base64_data=encode(b"\xd0\xcf\x11\xe0"), mime_type="application/msword"))
    with pytest.raises(InvokeBadRequestError, match="UTF-8"):
        block(DocumentPromptMessageContent(base64_data=encode(b"\xff\xfe"), mime_type="text/plain"))


def test_a_tool_may_answer_with_an_image() -> None:
    image = ImagePromptMessageContent(base64_data=encode(PNG))
    said = conversation([UserPromptMessage("x"), ToolPromptMessage([image], tool_call_id="a")])[1]
    assert said[0]["content"][0]["content"][0]["source"]["media_type"] == "image/png"
