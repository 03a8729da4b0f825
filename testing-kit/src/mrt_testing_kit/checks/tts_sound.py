"""TTS: the sound that comes back."""

from __future__ import annotations

from typing import Any

import mrt
from mrt_testing_kit import seen, sound
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.outcome import Outcome

_NO_SOUND = (b"lost its voice", b"<html", b'"error"')

# Nothing of this may be taken for markup, or out.
_ODD = '*Stars* & <b>tags</b>, 5 > 3, #1\nand 🦉 "quotes" \\ at 20%.'
_TEXTS = ("Hello there.", "Grüße, 世界!", "One two three four five six seven eight nine ten.", "Yes", _ODD)


def limited(ctx: Context) -> tuple[int | None, dict[str, Any]]:
    """Return how many characters one request may have, and the options of calls for which that holds."""
    small = seen.with_form_field(ctx, "word_limit", "60")
    if small is not None and seen.number(ctx, "word_limit", small) == 60:
        return 60, {"credentials": small}
    return seen.number(ctx, "word_limit"), {}


def words(length: int) -> str:
    """Return a text of this many characters, made of words that are all different."""
    text = " ".join(f"word{number}" for number in range(length // 5 + 1))[:length]
    return f"{text[:-1]}x" if text.endswith(" ") else text


def later_pieces(ctx: Context) -> tuple[str, dict[str, Any], list[int]] | None:
    """Return a text that takes several requests, the options of its call, and which requests come later.

    None where the provider makes one request of every text, or refuses long ones.
    """
    limit, options = limited(ctx)
    if limit is None or limit > 10_000:
        return None
    text = words(2 * limit + limit // 2)
    got = ctx.speak(text, **options)
    count = len(got.requests)
    return None if got.error is not None or count < 2 else (text, options, sorted({1, count - 1}))


def judge(ctx: Context, got: Outcome, text: str) -> None:
    """Fail the check unless the sound of a call is what the vendor sent, byte for byte, and says the text."""
    audio = got.ok().audio
    ctx.equal(len(got.requests), 1, "the number of requests for a short text", outcome=got)
    sent = sound.sent_back(got.request)
    if audio != sent:
        ctx.fail(
            "the sound is not the vendor's, byte for byte",
            expected=f"{len(sent)} bytes: {sent[:16]!r}...{sent[-16:]!r}",
            came=f"{len(audio)} bytes: {audio[:16]!r}...{audio[-16:]!r}",
            outcome=got,
            mend=None if ctx.check.id == "TTS-02" else "Pass the bytes on as they come, all of them: see TTS-02.",
        )
    ctx.equal(ctx.oracle.transcript(audio), text, "what the sound says", outcome=got)
    for piece in got.chunks:
        ctx.expect(isinstance(piece, bytes) and piece, "a piece of the stream is empty or no bytes", came=repr(piece))


@check(
    "TTS-01",
    "format asked, media type and magic agree",
    bugs=["langgenius/dify-official-plugins#2842", "xorbitsai/inference#5332"],
    faults=["F56"],
    fix="Ask for the format that the schema declares, and name the media type of the bytes that came.",
)
def tts_01(ctx: Context) -> None:
    """A file that is called what it is not does not play, and who asked for wav gets mp3."""
    declared = {str(key): value for key, value in ctx.schema.model_properties.items()}.get("audio_type")
    _agrees(ctx, ctx.speak(), str(declared) if declared else None)
    for name, format in _formats(ctx):
        _agrees(ctx, ctx.speak(credentials=seen.with_fields(ctx, {name: format})), format)
    for content_type in ("text/plain", "application/octet-stream", "audio/x-unknown", "image/png"):
        with ctx.fault("F56", what="type", content_type=content_type):
            got = ctx.speak()
        if got.error is not None:
            # Sound that is called something else may be refused.
            got.fails(mrt.InvokeError)
            continue
        _agrees(ctx, got, str(declared) if declared else None)
    later = later_pieces(ctx)
    if later is not None:
        text, options, _ = later
        got = ctx.speak(text, **options).ok()
        asked = {str(sound.asked_format(request)) for request in got.requests}
        ctx.equal(len(asked), 1, f"the number of formats that the requests of a long text ask for ({sorted(asked)})")
    # Servers that know one format send that one, whatever they are asked for.
    for format in ("wav", "flac", "opus", "mp3"):
        with ctx.fault("F56", what="format", format=format):
            got = ctx.speak()
        if got.error is not None:
            got.fails(mrt.InvokeError)
        else:
            _agrees(ctx, got, None)


def _formats(ctx: Context) -> list[tuple[str, str]]:
    """Return the fields of the credentials' form that choose a format, with every format that the vendor knows."""
    found: list[tuple[str, str]] = []
    for field in ctx.target.entity.credential_form(ctx.model or None):
        if "format" in field.variable:
            options = [option.value for option in field.options or ()] or ["wav", "flac", "mp3"]
            found += [(field.variable, format) for format in options if format in ctx.oracle.SPEECH_FORMATS]
    return found


def _agrees(ctx: Context, got: Outcome, wanted: str | None) -> None:
    audio = got.ok().audio
    ctx.expect(audio == sound.sent_back(got.request), "the sound is not the vendor's", expected="the same bytes")
    asked, kind = sound.asked_format(got.request), sound.kind_of(audio)
    if wanted is not None and wanted in ctx.oracle.SPEECH_FORMATS:
        ctx.expect(
            sound.family(wanted) == kind,
            f"{wanted} is declared, {asked or 'nothing'} was asked for, and {kind} came",
            expected=wanted,
        )
    others = {name for other, names in sound.TYPES.items() if other != kind for name in names} - sound.TYPES[kind]
    for given in (got.result, *got.chunks):
        media_type = str(getattr(given, "media_type", "") or "").partition(";")[0].strip().lower()
        # A word for any bytes, or for a sound that nobody knows, is not wrong. Pieces may have the vendor's own word.
        wrong = media_type in others - {"application/octet-stream"} or media_type.startswith(("text/", "image/"))
        ctx.expect(
            not wrong or (given is not got.result and media_type == sound.called(got.request)),
            f"the sound is {kind} and is called {media_type!r}",
            expected=f"one of {', '.join(sorted(sound.TYPES[kind]))}",
        )


@check(
    "TTS-02",
    "chunks concatenate to the body",
    faults=["F01", "F04", "F18", "F16"],
    essential=True,
    fix="Pass bytes on as they come, all of them, without decoding, and raise when the body breaks off.",
)
def tts_02(ctx: Context) -> None:
    """A byte that is lost, doubled or decoded as text is a click, or a file that does not play."""
    for text in _TEXTS:
        judge(ctx, ctx.speak(text), text)
    ways: tuple[tuple[str, dict[str, Any]], ...] = (
        ("F01", {"size": 1}),
        ("F01", {"size": 7}),
        ("F01", {"size": 1000}),
        ("F04", {}),
        ("F18", {"pause": 0.01}),
    )
    for id, options in ways:
        with ctx.fault(id, **options):
            got = ctx.speak(_TEXTS[0])
        judge(ctx, got, _TEXTS[0])
    for how in ("reset", "length", "terminator"):
        with ctx.fault("F16", how=how):
            got = ctx.speak(_TEXTS[2])
        got.fails(mrt.InvokeError)
    later = later_pieces(ctx)
    if later is None:
        return
    text, given, places = later
    for place in places:
        for how in ("reset", "length", "terminator"):
            with ctx.fault("F16", how=how, skip=place):
                got = ctx.speak(text, **given)
            got.fails(mrt.InvokeError)


@check(
    "TTS-03",
    "empty text",
    fix="Refuse an empty text before sending anything.",
)
def tts_03(ctx: Context) -> None:
    """There is nothing to say: vendors answer 400, or bill for silence."""
    for text in ("", "  ", "\n\t"):
        got = ctx.speak(text)
        got.fails(mrt.InvokeBadRequestError)
        ctx.equal(len(got.requests), 0, "the number of requests for an empty text")


@check(
    "TTS-06",
    "JSON as audio raises",
    essential=True,
    faults=["F56", "F22", "F41"],
    fix="Look at the content type and the first bytes of every answer: one in words is no sound, whatever its status.",
)
def tts_06(ctx: Context) -> None:
    """An error saved as speech.mp3 is found by the person who presses play."""
    odd: tuple[tuple[str, dict[str, Any]], ...] = (("F56", {"what": "json"}), ("F56", {"what": "words"}), ("F22", {}))
    for fault, options in odd:
        with ctx.fault(fault, **options):
            got = ctx.speak()
        error = got.fails(mrt.InvokeError)
        ctx.equal(got.chunks, [], "the pieces that were delivered before the error")
        if fault == "F56":
            ctx.expect("lost its voice" in str(error), "the vendor's message is lost", expected="lost its voice")
    table = ((401, mrt.InvokeAuthorizationError), (429, mrt.InvokeRateLimitError), (500, mrt.InvokeError))
    for status, kind in table:
        with ctx.fault("F41", status=status):
            got = ctx.speak()
        got.fails(kind)
        ctx.equal(got.chunks, [], f"the pieces that were delivered with status {status}")
    later = later_pieces(ctx)
    if later is None:
        return
    text, given, places = later
    odd = (*odd, ("F41", {"status": 429}), ("F41", {"status": 500}))
    for place in places:
        for fault, options in odd:
            with ctx.fault(fault, skip=place, **options):
                got = ctx.speak(text, **given)
            got.fails(mrt.InvokeError)
            spoken = [piece for piece in got.chunks if any(mark in piece for mark in _NO_SOUND)]
            ctx.expect(not spoken, "an answer in words was delivered as sound", came=spoken)


@check(
    "TTS-07",
    "empty audio raises",
    essential=True,
    faults=["F56"],
    fix="Raise when a body of status 200 has no bytes.",
)
def tts_07(ctx: Context) -> None:
    """A file of no bytes is no silence; nobody can play it."""
    with ctx.fault("F56", what="empty"):
        got = ctx.speak()
    got.fails(mrt.InvokeError)
    judge(ctx, ctx.speak(), "Hello there.")
    later = later_pieces(ctx)
    if later is None:
        return
    text, given, places = later
    for place in places:
        with ctx.fault("F56", what="empty", skip=place):
            got = ctx.speak(text, **given)
        got.fails(mrt.InvokeError)
