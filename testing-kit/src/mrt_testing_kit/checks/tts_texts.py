"""TTS: what is said, and by whom."""

from __future__ import annotations

import random
import threading
from typing import Any

import mrt
from mrt_testing_kit import seen, sound
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.checks.tts_sound import judge, later_pieces, limited, words
from mrt_testing_kit.context import Context
from mrt_testing_kit.outcome import Outcome

_ENDS = (". ", "! ", "? ", ", ", "; ", "\n", "\n\n", " ", " - ", "。")


@check(
    "TTS-04",
    "split keeps order and words",
    essential=True,
    fix="Cut between sentences, else between words; send every piece, in order, and join the sounds in that order.",
)
def tts_04(ctx: Context) -> None:
    """A long text is read to its end, in order: no word cut in two, lost or said twice."""
    limit, options = limited(ctx)
    ctx.server.strict, ctx.server.max_characters = frozenset({"S3"}), limit
    length = max(3000, 3 * limit + limit // 2) if limit is not None and limit <= 10_000 else 3000
    _read(ctx, words(length), limit, options)
    if limit is not None and limit <= 10_000:
        for size in (limit - 1, limit, limit + 1, 2 * limit, 2 * limit + 1):
            _read(ctx, words(size), limit, options)
        # Nowhere to cut but within a word.
        _read(ctx, f"start {'ab' * limit} end", limit, options)
        _read(ctx, "\u4e16\u754c" * limit, limit, options)

    def draw(dice: random.Random) -> None:
        text, wanted = "", dice.randint(20, length)
        while len(text) < wanted:
            some = " ".join("w" * dice.randint(1, 9) + str(dice.randint(0, 99)) for _ in range(dice.randint(1, 9)))
            text += some + dice.choice(_ENDS)
        _read(ctx, text, limit, options)

    ctx.explore(draw, times=4, deep=60)


def _read(ctx: Context, text: str, limit: int | None, options: dict[str, Any]) -> None:
    got = ctx.speak(text, **options)
    if got.error is not None and limit is not None and len(text) > limit:
        # A text that is too long may be refused, by the provider or by the vendor; a text that is cut is spoken.
        got.fails(mrt.InvokeBadRequestError)
        sent = sound.texts_sent(got, text)
        ctx.expect(sent in ([], [text]), "a piece of a long text is refused", expected=f"at most {limit} characters")
        return
    audio = got.ok().audio
    pieces = sound.texts_sent(got, text)
    if limit is not None:
        longest = max(map(len, pieces))
        ctx.expect(longest <= limit, f"a request has {longest} characters", expected=f"at most {limit}")
    said = "".join("".join(piece.split()) for piece in pieces)
    ctx.equal(said, "".join(text.split()), "the words on the wire, in the order of the requests")
    whole = {word for word in text.replace("。", "。 ").split() if limit is None or len(word) <= limit // 2}
    heard = {word for piece in pieces for word in piece.replace("。", "。 ").split()}
    ctx.expect(whole <= heard, f"words are cut in two: {sorted(whole - heard)[:3]}", expected="whole words")
    if len(pieces) == 1:
        ctx.equal(ctx.oracle.transcript(audio), pieces[0], "what the sound says")
    else:
        _joined(ctx, got, audio, pieces)


def _joined(ctx: Context, got: Outcome, audio: bytes, pieces: list[str]) -> None:
    if sound.kind_of(audio) != "wav":
        # Frames of the other formats simply follow each other.
        ctx.equal(ctx.oracle.transcript(audio).split(), " ".join(pieces).split(), "the words of the sound")
        return
    ctx.equal(audio.count(b"RIFF"), 1, "the number of heads in the WAV file")
    ctx.equal(int.from_bytes(audio[4:8], "little"), len(audio) - 8, "the size that the head of the WAV file tells")
    bodies = [sound.sent_back(request) for request in got.requests]
    if all(len(body) < 60_000 for body in bodies):
        samples = b"".join(body[body.index(b"data") + 8 :] for body in bodies)
        ctx.expect(audio.endswith(samples), "the samples are not those of the pieces, in order", expected="all samples")


@check(
    "TTS-05",
    "voices",
    bugs=["langgenius/dify#7003"],
    fix="Send the voice that is asked for, else the declared default; refuse one that does not exist.",
)
def tts_05(ctx: Context) -> None:
    """Whoever chose a voice hears it, and a voice that is gone is an error and not somebody else's."""
    properties = {str(key): value for key, value in ctx.schema.model_properties.items()}
    default = properties.get("default_voice")
    got = ctx.speak()
    judge(ctx, got, "Hello there.")
    ctx.expect(not seen.nulls(got.request), "null is sent", expected="fields without a value are left out")
    if default:
        ctx.expect(default in seen.strings(got.request), "the default voice is not sent", expected=default)
    listed = [voice.value for voice in ctx.handle().voices()]
    known = listed or list(ctx.server.dialect.voices)
    for voice in known[:12] if listed else known[-3:] + known[:1]:
        got = ctx.speak(voice=voice)
        judge(ctx, got, "Hello there.")
        ctx.expect(
            voice in seen.strings(got.request),
            f"the voice {voice!r} does not reach the vendor",
            expected=voice,
            came=seen.fields(got.request),
        )
    later = later_pieces(ctx)
    if later is not None and known:
        text, options, _ = later
        # The first one may be the default.
        got = ctx.speak(text, voice=known[-1], **options).ok()
        lacking = [place for place, request in enumerate(got.requests) if known[-1] not in seen.strings(request)]
        ctx.expect(not lacking, f"requests {lacking} of a long text lack the voice", expected=f"{known[-1]!r} in each")
    if known:
        got = ctx.speak(voice="no-such-voice")
        ctx.expect(
            isinstance(got.error, mrt.InvokeError),
            "a voice that does not exist spoke",
            expected="InvokeBadRequestError",
        )


@check(
    "TTS-10",
    "parallel order",
    essential=True,
    faults=["F17"],
    fix="Join the sounds of requests that run side by side in the order of the text; keep no state of a call in the "
    "object.",
)
def tts_10(ctx: Context) -> None:
    """Sentences that are fetched side by side come back in any order; the listener wants that of the text."""
    limit, options = limited(ctx)
    if limit is not None and limit <= 5000 and ctx.way in ("sync", "async"):
        text = ". ".join(f"Sentence number {number} is here" for number in range(limit // 8))
        first = text[:20].encode()
        with ctx.fault("F17", after=0, seconds=0.2, when=lambda request: first in request.body):
            got = ctx.speak(text, **options)
        pieces = sorted(sound.texts_sent(got.ok(), text), key=text.find)
        if sound.kind_of(got.audio) != "wav":
            ctx.equal(ctx.oracle.transcript(got.audio).split(), " ".join(pieces).split(), "the words of the sound")
    _side_by_side(ctx)


def _side_by_side(ctx: Context) -> None:
    texts = [f"Speaker {number} says this." for number in range(6)]
    handle = ctx.handle()
    heard: dict[str, bytes] = {}
    mark = texts[0].encode()
    with ctx.fault("F17", after=0, seconds=0.1, when=lambda request: mark in request.body):
        if ctx.way in ("async", "astream"):
            ctx.run(_together(handle, texts, heard, is_stream=ctx.way == "astream"))
        else:
            threads = [threading.Thread(target=_say, args=(handle, text, heard, ctx.way == "stream")) for text in texts]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    for text in texts:
        ctx.equal(ctx.oracle.transcript(heard.get(text, b"")), text, "what a speaker says while others speak")


def _say(handle: Any, text: str, heard: dict[str, bytes], is_stream: bool) -> None:
    heard[text] = b"".join(handle.stream(text)) if is_stream else handle.invoke(text)


async def _together(handle: Any, texts: list[str], heard: dict[str, bytes], *, is_stream: bool) -> None:
    import asyncio

    async def say(text: str) -> None:
        if is_stream:
            heard[text] = b"".join([piece async for piece in handle.astream(text)])
        else:
            heard[text] = await handle.ainvoke(text)

    await asyncio.gather(*map(say, texts))
