"""CNT: texts that look like something else, odd and long ones, and files that cannot be sent."""

from __future__ import annotations

import random
from typing import Any

from mrt import (
    AssistantPromptMessage,
    AudioPromptMessageContent,
    DocumentPromptMessageContent,
    ImagePromptMessageContent,
    InvokeError,
    SystemPromptMessage,
    TextPromptMessageContent,
    UserPromptMessage,
)
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.company import PNG, coded
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import any_text, heard, is_chat


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
        f"data:image/png;base64,{coded(PNG[:60])}",
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
        ("audio", AudioPromptMessageContent(base64_data=coded(b"RIFF"), mime_type="audio/wav", format="wav")),
        ("document", DocumentPromptMessageContent(base64_data=coded(b"MZ"), mime_type="application/x-msdownload")),
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
