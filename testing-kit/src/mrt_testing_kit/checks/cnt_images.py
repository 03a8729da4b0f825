"""CNT: images and other files: that they arrive, as what they are, where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mrt import (
    AssistantPromptMessage,
    AudioPromptMessageContent,
    DocumentPromptMessageContent,
    ImagePromptMessageContent,
    InvokeBadRequestError,
    InvokeError,
    PromptMessage,
    PromptMessageContent,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolPromptMessage,
    UserPromptMessage,
    VideoPromptMessageContent,
)
from mrt_testing_kit.asking import key_of
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.company import PNG, QUESTION, ask, called, coded, companies
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import OFFERED, TOOLS, custom_model, heard, is_chat
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.seen import leaves
from mrt_testing_kit.server import Answer

_ALL = bytes(range(256))
_FILES: tuple[tuple[str, str, bytes], ...] = (
    ("image/png", "PNG", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + _ALL * 3),
    ("image/jpeg", "JFIF", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + _ALL[::-1] * 2),
    ("image/gif", "GIF89a", b"GIF89a\x01\x00\x01\x00" + _ALL[:200]),
    ("image/webp", "WebP", b"RIFF\x24\x00\x00\x00WEBPVP8 " + _ALL[:100]),
)
# Cameras, phones and other programs write other marks than those that everybody knows.
_RARE: tuple[tuple[str, str, bytes], ...] = (
    ("image/jpeg", "Exif", b"\xff\xd8\xff\xe1\x00\x18Exif\x00\x00MM\x00*" + _ALL),
    ("image/jpeg", "JPEG without a mark", b"\xff\xd8\xff\xdb\x00\x43\x00" + _ALL),
    ("image/jpeg", "JPEG of Adobe's", b"\xff\xd8\xff\xee\x00\x0eAdobe\x00" + _ALL),
    ("image/jpeg", "JPEG with a profile", b"\xff\xd8\xff\xe2\x02\x0cICC_PROFILE\x00" + _ALL),
    ("image/gif", "GIF87a", b"GIF87a\x01\x00\x01\x00" + _ALL[:200]),
    ("image/webp", "lossless WebP", b"RIFF\xf8\x01\x00\x00WEBPVP8L" + _ALL[:100]),
    ("image/webp", "WebP with Exif", b"RIFF\x1c\x02\x00\x00WEBPVP8X" + _ALL[:100]),
)
_OTHERS: tuple[tuple[str, str, Any, bytes, str], ...] = (
    ("vision", "image", ImagePromptMessageContent, _FILES[0][2], "image/png"),
    ("audio", "audio", AudioPromptMessageContent, b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(80), "audio/wav"),
    ("video", "video", VideoPromptMessageContent, b"\x00\x00\x00\x18ftypmp42" + bytes(90), "video/mp4"),
    ("document", "document", DocumentPromptMessageContent, b"%PDF-1.4\n" + b"% something\n" * 9, "application/pdf"),
)


def _file(make: Any, data: bytes, media_type: str, **fields: Any) -> Any:
    kind = media_type.rpartition("/")[2]
    return make(base64_data=coded(data), mime_type=media_type, format=kind, **fields)


def _image(data: bytes, media_type: str = "image/png", **fields: Any) -> ImagePromptMessageContent:
    part: ImagePromptMessageContent = _file(ImagePromptMessageContent, data, media_type, **fields)
    return part


def _asked(*parts: PromptMessageContent | str) -> UserPromptMessage:
    return UserPromptMessage([TextPromptMessageContent(part) if isinstance(part, str) else part for part in parts])


def _png(number: int) -> bytes:
    """Return one of several files of one size that begin and end alike."""
    return _FILES[0][2] + bytes([number]) * 3 + _ALL * 3


@check(
    "CNT-08",
    "image forms",
    bugs=["BerriAI/litellm#30313"],
    needs=["vision"],
    fix="Send data as data and a web address as an address, in every message, in the order in which the parts stand.",
)
def cnt_08(ctx: Context) -> None:
    """An image that arrives as other bytes, or as the text of its address, gives an answer about nothing."""
    for media_type, name, data in _FILES:
        text = coded(data)
        wrapped = "\n".join(text[at : at + 60] for at in range(0, len(text), 60))
        forms = {
            "in base64": _image(data, media_type),
            "as a data: address": ImagePromptMessageContent(url=f"data:{media_type};base64,{text}"),
            "in base64 with line breaks": ImagePromptMessageContent(base64_data=wrapped, mime_type=media_type),
        }
        for form, part in forms.items():
            with ctx.case(f"{name} {form}"):
                got = ctx.chat([_asked("What is it?", part)]).ok()
                images = [(image.media_type, image.data) for image in heard(got).images]
                ctx.equal(images, [(media_type, data)], "the image on the wire")
                ctx.equal(got.text, ctx.oracle.reply("What is it?", [media_type]), "the answer about an image")
    _judge_order(ctx)
    _judge_alike(ctx)
    _judge_history(ctx)
    for company in companies(ctx, without=["image"]):
        asked = ask(ctx, replace(company, image=True))
        if asked is not None:
            with ctx.case(f"an image {company.name}"):
                ctx.equal([image.data for image in heard(asked).images], [PNG], "the image on the wire", outcome=asked)
                ctx.equal(heard(asked).user, QUESTION, "the text beside the image", outcome=asked)
    if ctx.server.dialect.image_detail:
        _judge_detail(ctx)
    _judge_address(ctx)


def _judge_order(ctx: Context) -> None:
    """See that text and images keep their order: "the first picture" is the one that stands first."""
    png, jpeg = _FILES[0][2], _FILES[1][2]
    orders: tuple[list[ImagePromptMessageContent | str], ...] = (
        ["First:", _image(png), "second:", _image(jpeg, "image/jpeg"), "which is older?"],
        [_image(png), "before,", _image(jpeg, "image/jpeg"), "after"],
    )
    for parts in orders:
        got = ctx.chat([_asked(*parts)]).ok()
        texts = [part for part in parts if isinstance(part, str)]
        ctx.equal([image.data for image in heard(got).images], [png, jpeg], "the images, in order")
        ctx.equal(heard(got).user, "\n".join(texts), "the texts around the images")
        tokens = [part if isinstance(part, str) else part.base64_data for part in parts]
        sent = [value for _, value in leaves(got.body) if isinstance(value, str)]
        places = [next((n for n, value in enumerate(sent) if token in value), -1) for token in tokens]
        # A vendor that has one place for the text and another for images can know no order between them.
        if len(set(places)) == len(places):
            ctx.equal(places, sorted(places), "the order of texts and images on the wire", outcome=got)


def _judge_alike(ctx: Context) -> None:
    """See that images which begin and end alike are told apart, in one message and from call to call."""
    for numbers in ([1, 2, 3], [3, 1], [2]):
        data = [_png(number) for number in numbers]
        got = ctx.chat([_asked("Compare them.", *map(_image, data))]).ok()
        came = [image.data for image in heard(got).images]
        ctx.expect(
            came == data,
            "of images that differ in a few bytes, others arrived",
            expected=f"the images {numbers}",
            came=[_number(image) for image in came],
            outcome=got,
        )


def _number(data: bytes | None) -> Any:
    return next((number for number in (1, 2, 3) if data == _png(number)), "another")


def _judge_history(ctx: Context) -> None:
    """See that the images of earlier messages stay, also of those that are joined with others."""
    one, two = _image(_png(1)), _image(_png(2))
    talks: dict[str, list[PromptMessage]] = {
        "in a conversation": [
            _asked("What is it?", one),
            AssistantPromptMessage("A cat."),
            _asked("And this?", two),
            AssistantPromptMessage("A dog."),
            UserPromptMessage("Which is older?"),
        ],
        "in messages that follow each other": [_asked("Look:", one), UserPromptMessage("and"), _asked("this.", two)],
        "after a message of text": [UserPromptMessage("Look."), _asked(one), _asked(two, "Well?")],
        "before a system message": [_asked("Look:", one), SystemPromptMessage("Be brief."), _asked("Well?", two)],
    }
    for name, messages in talks.items():
        with ctx.case(f"images {name}"):
            got = ctx.chat(messages).ok()
            came = [_number(image.data) for turn in heard(got).turns for image in turn.images]
            ctx.equal(came, [1, 2], "the images that reached the model", outcome=got)


def _judge_detail(ctx: Context) -> None:
    bodies: list[Any] = []
    for detail in ("low", "high", "auto"):
        link = ImagePromptMessageContent(url="https://example.invalid/cat.png", mime_type="image/png", detail=detail)
        linked = ctx.chat([_asked("What is it?", link)])
        by_link = [value for path, value in leaves(linked.body) if key_of(path) == "detail"] if linked.requests else []
        got = ctx.chat([_asked("What is it?", _image(PNG, detail=detail))]).ok()
        found = [value for path, value in leaves(got.body) if key_of(path) == "detail"]
        ctx.expect(
            by_link == found or not by_link, "an image by its address is sent with another detail", expected=found,
            came=by_link,
        )  # fmt: skip
        ctx.expect(
            found in ([], [detail]), "an image is sent with another detail", expected=detail, came=found, outcome=got
        )
        bodies.append(got.body)
    ctx.expect(bodies[0] != bodies[1], "the detail of an image does not reach the vendor", expected="two requests")


def _judge_address(ctx: Context) -> None:
    trap = ctx.another_server(api_key=None)
    address = f"{trap.url}/cat.png?size=1&x=%20y"
    part = ImagePromptMessageContent(url=address, mime_type="image/png")
    got = ctx.chat([_asked("What is it?", part)])
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
    for real, name, data in (*_FILES, *_RARE):
        wrong = "image/png" if real != "image/png" else "image/jpeg"
        for declared in (wrong, real, "application/octet-stream", "", "image/jpg"):
            part = ImagePromptMessageContent(base64_data=coded(data), mime_type=declared)
            with ctx.case(f"{name}, declared as {declared!r}"):
                got = ctx.chat([_asked("What is it?", part)]).ok()
                images = heard(got).images
                found = [(image.media_type.replace("image/jpg", "image/jpeg"), image.data) for image in images]
                ctx.equal(found, [(real, data)], "the type of an image, and its bytes", outcome=got)


@check(
    "CNT-10",
    "unsupported modality refused, never dropped",
    essential=True,
    fix="Raise InvokeBadRequestError for parts that the model or the vendor does not take, in every kind of message.",
)
def cnt_10(ctx: Context) -> None:
    """A model that never got the image describes one all the same, and nobody knows that it was dropped."""
    if not is_chat(ctx):
        ctx.not_applicable("the model goes on with a text and knows no parts")
    declared = ctx.schema.features is not None
    for feature, kind, make, data, media_type in _OTHERS:
        part = _file(make, data, media_type)
        got = ctx.chat([_asked("What is it?", part)])
        _judge_sent(ctx, got, kind, data)
        if declared and not ctx.declares(feature):
            got.fails(InvokeBadRequestError)
            ctx.equal(
                len(got.requests), 0, f"the number of requests with {kind} that the model does not declare", outcome=got
            )
        elif got.error is not None:
            ctx.expect(
                not ctx.declares(feature), f"{kind} is declared and does not work", expected="an answer", outcome=got
            )
        for place, messages in _elsewhere(ctx, part).items():
            with ctx.case(f"{kind} in {place}"):
                _judge_sent(ctx, _talk(ctx, messages), kind, data)
    address = "https://example.invalid/cat.png"
    for place, messages in _elsewhere(ctx, ImagePromptMessageContent(url=address, mime_type="image/png")).items():
        with ctx.case(f"the address of an image in {place}"):
            _judge_link(ctx, _talk(ctx, messages), address)
    pictures = [data for _, _, data in _FILES[:3]]
    several = [_image(data, kind) for kind, _, data in _FILES[:3]]
    for place, messages in _elsewhere(ctx, *several).items():
        with ctx.case(f"three images in {place}"):
            got = _talk(ctx, messages)
            came = pictures if got.error is not None else [image.data for image in _images(got)]
            ctx.equal(came, pictures, "the images that reached the model", outcome=got)
    _judge_custom(ctx)


def _elsewhere(ctx: Context, *shown: PromptMessageContent) -> dict[str, list[PromptMessage]]:
    """Return conversations with parts in other messages than the last one."""
    parts: list[PromptMessageContent] = [TextPromptMessageContent("This is it:"), *shown]
    question = UserPromptMessage("What is it?")
    found: dict[str, list[PromptMessage]] = {
        "an earlier message": [UserPromptMessage(parts), AssistantPromptMessage("I see."), question]
    }
    if ctx.declares(TOOLS):
        call = called(("call_i1", "take_note", "{}"))
        found["the result of a tool"] = [question, call, ToolPromptMessage(parts, tool_call_id="call_i1")]
    return found


def _talk(ctx: Context, messages: Sequence[PromptMessage]) -> Outcome:
    ctx.server.next_answer(Answer("I see."))
    got = ctx.chat(messages, tools=OFFERED if ctx.declares(TOOLS) else None)
    if not got.requests:
        ctx.server.take_answer()
    return got


def _judge_sent(ctx: Context, got: Outcome, kind: str, data: bytes) -> None:
    """Fail the check unless a file is on the wire, or was refused."""
    if got.error is not None:
        got.fails(InvokeError)
    if got.error is not None and not got.requests:
        got.fails(InvokeBadRequestError)
        return
    bodies = b"".join(request.body for request in got.requests).replace(b"\\/", b"/")
    wanted = f"the {kind} on the wire, or InvokeBadRequestError"
    ctx.expect(coded(data).encode() in bodies, f"the {kind} was dropped", expected=wanted, outcome=got)
    if kind == "image" and got.error is None:
        seen = [image.data for image in _images(got)]
        ctx.expect(data in seen, "the image reached the model as something else", expected=wanted, outcome=got)


def _images(got: Outcome) -> list[Any]:
    turns = heard(got).turns
    return [image for turn in turns for image in (*turn.images, *(i for found in turn.results for i in found.images))]


def _judge_link(ctx: Context, got: Outcome, address: str) -> None:
    if got.error is not None:
        got.fails(InvokeError)
        return
    links = [image.url for image in _images(got)]
    ctx.expect(
        address in links,
        "the image was dropped, or its address became a text",
        expected="the address as that of an image, or InvokeBadRequestError",
        came=links or "no image",
        outcome=got,
    )


def _judge_custom(ctx: Context) -> None:
    """Try a model whose abilities nobody has declared, so that it is the provider alone that can refuse."""
    name = custom_model(ctx)
    if name is None or ctx.chat(model=name).error is not None or ctx.handle(model=name).schema.features is not None:
        return
    for _, kind, make, data, media_type in _OTHERS:
        part = _file(make, data, media_type)
        with ctx.case(f"{kind} for a model whose abilities are not known"):
            _judge_sent(ctx, ctx.chat([_asked("What is it?", part)], model=name), kind, data)
