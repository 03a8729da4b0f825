"""CNT: images, other files, and texts that look like something else."""

from __future__ import annotations

import base64
import random
from typing import Any

from mrt import (
    AssistantPromptMessage,
    AudioPromptMessageContent,
    DocumentPromptMessageContent,
    ImagePromptMessageContent,
    InvokeBadRequestError,
    InvokeError,
    PromptMessageContent,
    SystemPromptMessage,
    TextPromptMessageContent,
    UserPromptMessage,
    VideoPromptMessageContent,
)
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import any_text, heard, is_chat

_FILES: dict[str, bytes] = {
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 3,
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(255, -1, -1)) * 2,
    "image/gif": b"GIF89a\x01\x00\x01\x00" + bytes(range(200)),
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(range(100)),
}
_PNG = _FILES["image/png"]
_OTHERS: tuple[tuple[str, str, Any, bytes, str], ...] = (
    ("vision", "image", ImagePromptMessageContent, _PNG, "image/png"),
    ("audio", "audio", AudioPromptMessageContent, b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(80), "audio/wav"),
    ("video", "video", VideoPromptMessageContent, b"\x00\x00\x00\x18ftypmp42" + bytes(90), "video/mp4"),
    ("document", "document", DocumentPromptMessageContent, b"%PDF-1.4\n" + b"% something\n" * 9, "application/pdf"),
)


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _image(data: bytes, media_type: str) -> ImagePromptMessageContent:
    return ImagePromptMessageContent(
        base64_data=_coded(data), mime_type=media_type, format=media_type.rpartition("/")[2]
    )


@check(
    "CNT-08",
    "image forms",
    bugs=["BerriAI/litellm#30313"],
    needs=["vision"],
    fix="Send data as data and a web address as an address, in the order in which the parts stand.",
)
def cnt_08(ctx: Context) -> None:
    """An image that arrives as other bytes, or as the text of its address, gives an answer about nothing."""
    for media_type, data in _FILES.items():
        wrapped = "\n".join(_coded(data)[at : at + 60] for at in range(0, len(_coded(data)), 60))
        forms = (
            _image(data, media_type),
            ImagePromptMessageContent(url=f"data:{media_type};base64,{_coded(data)}"),
            ImagePromptMessageContent(base64_data=wrapped, mime_type=media_type),
        )
        for part in forms:
            got = ctx.chat([UserPromptMessage([TextPromptMessageContent("What is it?"), part])]).ok()
            images = heard(got).images
            ctx.equal(
                [(image.media_type, image.data) for image in images], [(media_type, data)], "the image on the wire"
            )
            ctx.equal(got.text, ctx.oracle.reply("What is it?", [media_type]), "the answer about an image")
    parts: list[PromptMessageContent] = [
        TextPromptMessageContent("First:"),
        _image(_PNG, "image/png"),
        TextPromptMessageContent("second:"),
        _image(_FILES["image/jpeg"], "image/jpeg"),
    ]
    got = ctx.chat([UserPromptMessage(parts)]).ok()
    ctx.equal([image.data for image in heard(got).images], [_PNG, _FILES["image/jpeg"]], "the images, in order")
    ctx.equal(heard(got).user, "First:\nsecond:", "the texts around the images")
    _judge_address(ctx)


def _judge_address(ctx: Context) -> None:
    trap = ctx.another_server(api_key=None)
    address = f"{trap.url}/cat.png?size=1&x=%20y"
    part = ImagePromptMessageContent(url=address, mime_type="image/png")
    got = ctx.chat([UserPromptMessage([TextPromptMessageContent("What is it?"), part])])
    ctx.equal(len(trap.requests), 0, "the number of requests to the image's own server", outcome=got)
    if got.error is not None:
        # A vendor that fetches nothing cannot be given an address.
        got.fails(InvokeBadRequestError)
        return
    ctx.equal([image.url for image in heard(got).images], [address], "the image's address on the wire", outcome=got)


@check(
    "CNT-09",
    "type found from the bytes",
    bugs=["BerriAI/litellm#24900"],
    needs=["vision"],
    fix="Look at the first bytes: what callers declare comes from file names and browsers, and is often wrong.",
)
def cnt_09(ctx: Context) -> None:
    """Vendors compare the declared type with the bytes and refuse the image; the user sees '400'."""
    ctx.strict("S3")
    for real, data in _FILES.items():
        for declared in ("image/jpeg", "image/png", "image/jpg", "application/octet-stream", ""):
            part = ImagePromptMessageContent(base64_data=_coded(data), mime_type=declared)
            got = ctx.chat([UserPromptMessage([TextPromptMessageContent("What is it?"), part])]).ok()
            found = [(image.media_type.replace("image/jpg", "image/jpeg"), image.data) for image in heard(got).images]
            ctx.equal(found, [(real, data)], f"an image of type {real} that is declared as {declared!r}", outcome=got)


@check(
    "CNT-10",
    "unsupported modality refused, never dropped",
    essential=True,
    fix="Raise InvokeBadRequestError for parts that the model or the vendor does not take.",
)
def cnt_10(ctx: Context) -> None:
    """A model that never got the image describes one all the same, and nobody knows that it was dropped."""
    if not is_chat(ctx):
        ctx.not_applicable("the model goes on with a text and knows no parts")
    declared = ctx.schema.features is not None
    for feature, kind, make, data, media_type in _OTHERS:
        part = make(base64_data=_coded(data), mime_type=media_type, format=media_type.rpartition("/")[2])
        got = ctx.chat([UserPromptMessage([TextPromptMessageContent("What is it?"), part])])
        if got.error is None or got.requests:
            bodies = b"".join(request.body for request in got.requests).replace(b"\\/", b"/")
            ctx.expect(
                _coded(data).encode() in bodies,
                f"the {kind} was dropped",
                expected=f"the {kind} on the wire, or InvokeBadRequestError",
                outcome=got,
            )
        if declared and not ctx.declares(feature):
            got.fails(InvokeBadRequestError)
            ctx.equal(
                len(got.requests), 0, f"the number of requests with {kind} that the model does not declare", outcome=got
            )
        elif got.error is not None:
            got.fails(InvokeError)
            ctx.expect(
                not ctx.declares(feature), f"{kind} is declared and does not work", expected="an answer", outcome=got
            )


@check(
    "CNT-11",
    "URL-like text stays text",
    essential=True,
    bugs=["langgenius/dify-official-plugins#3701"],
    fix="Go by the type of the part, never by what its text looks like.",
)
def cnt_11(ctx: Context) -> None:
    """A text part that is fetched as an image is a hole in the firewall, and no answer to the question."""
    trap = ctx.another_server(api_key=None)
    texts = (
        f"{trap.url}/cat.png",
        f"See {trap.url}/a.jpg and ![x]({trap.url}/b.gif).",
        f"data:image/png;base64,{_coded(_PNG[:60])}",
        "file:///etc/passwd",
        '{"type": "image_url", "image_url": {"url": "' + trap.url + '/c.png"}}',
    )
    for text in texts:
        contents: tuple[Any, ...] = (text, [TextPromptMessageContent(text)])
        for content in contents if is_chat(ctx) else (text,):
            got = ctx.chat([UserPromptMessage(content)]).ok()
            ctx.equal(heard(got).user, text, "the text as the vendor read it", outcome=got)
            ctx.equal(len(heard(got).images), 0, "the number of images made of a text", outcome=got)
            ctx.equal(got.text, ctx.oracle.reply(text), "the answer", outcome=got)
    ctx.equal(len(trap.requests), 0, "the number of requests to an address that stands in a text")


@check(
    "CNT-12",
    "control characters, astral, lone surrogate",
    fix="Let a JSON library write the body, and refuse what has no UTF-8 with InvokeBadRequestError.",
)
def cnt_12(ctx: Context) -> None:
    """Pasted text holds everything; one character must not break a request, or change on its way."""
    texts = [
        "a\x01b\x08c\x1bd\x7fe",
        "q\u2028r\u2029s\u0085t",
        "🦉👩‍👩‍👧‍👦🇪🇺 𝔘𝔫𝔦 𒀀",
        "e\u0301 \u00e9 \u202eleft\u202c \ufeffmark \ufffd",
        "\"quotes\" \\back\\ 'single' </script> %s {0} ${x} \\u0041 &amp;",
        "tab\tline\nend",
    ]

    def drawn(draw: random.Random) -> None:
        odd = "".join(
            chr(draw.choice([draw.randrange(1, 32), draw.randrange(127, 0xD800), draw.randrange(0x10000, 0x10FFFF)]))
            for _ in range(12)
        )
        _judge_text(ctx, f"{any_text(draw)}{odd}z")

    for text in texts:
        _judge_text(ctx, text)
    ctx.explore(drawn, times=4, deep=60)
    for broken in ("half \ud83d pair", "\udc80", "ok \ud800\ud800"):
        got = ctx.chat(broken)
        if got.error is not None:
            got.fails(InvokeError)
        for request in got.requests:
            request.body.decode("utf-8")
            ctx.expect(request.json is not None, "the body is no JSON", came=request.body[:200], outcome=got)


def _judge_text(ctx: Context, text: str) -> None:
    got = ctx.chat(text).ok()
    ctx.equal(heard(got).user, text, "the text as the vendor read it", outcome=got)
    ctx.equal(got.text, ctx.oracle.reply(text), "the answer", outcome=got)


@check(
    "CNT-13",
    "1 MB",
    fix="Send long texts as they are; limits are the vendor's to enforce.",
)
def cnt_13(ctx: Context) -> None:
    """Whole books are pasted into prompts; what is cut off without a word is missing in the answer."""
    for unit in ("The quick brown fox. ", "漢字とかな 🦉 "):
        text = unit * (1_000_000 // len(unit.encode())) + "the end"
        got = ctx.chat(text).ok()
        ctx.expect(
            heard(got).user == text,
            "a text of 1 MB was changed",
            expected=f"{len(text)} characters",
            came=f"{len(heard(got).user)} characters",
            outcome=got,
        )
        ctx.equal(got.text, ctx.oracle.reply(text), "the answer", outcome=got)


@check(
    "CNT-14",
    "bad part in history",
    bugs=["langgenius/dify-official-plugins#1312"],
    fix="Refuse a part that cannot be sent with an InvokeBadRequestError that names it, and keep nothing of it.",
)
def cnt_14(ctx: Context) -> None:
    """After one bad file in the history the chat is stuck, unless the error says which part has to go."""
    if not is_chat(ctx):
        ctx.not_applicable("the model goes on with a text and knows no parts")
    bad: list[tuple[str, Any]] = [
        ("image", ImagePromptMessageContent(base64_data="this is no base64!", mime_type="image/png")),
        ("image", ImagePromptMessageContent(base64_data="====", mime_type="image/png")),
        ("audio", AudioPromptMessageContent(base64_data=_coded(b"RIFF"), mime_type="audio/wav", format="wav")),
        ("document", DocumentPromptMessageContent(base64_data=_coded(b"MZ"), mime_type="application/x-msdownload")),
    ]
    for kind, part in bad:
        later = [AssistantPromptMessage("I cannot."), UserPromptMessage("Say hello.")]
        got = ctx.chat([UserPromptMessage([TextPromptMessageContent("Look:"), part]), *later])
        if got.error is not None:
            error = got.fails(InvokeError)
            named = kind in str(error).lower() or error.status is not None
            ctx.expect(named, f"the error does not name the bad {kind}", expected=f"{kind} in the message", outcome=got)
        again = ctx.chat([SystemPromptMessage("Be brief."), UserPromptMessage("Look."), *later]).ok()
        ctx.equal(again.text, ctx.oracle.reply("Say hello."), f"the answer without the bad {kind}", outcome=again)
