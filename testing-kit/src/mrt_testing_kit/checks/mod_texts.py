"""MOD: which texts are flagged."""

from __future__ import annotations

import random
from collections.abc import Mapping

import mrt
from mrt_testing_kit import seen
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.outcome import Outcome

_FILLER = "A harmless sentence about the weather and the garden. "


def harmless(length: int) -> str:
    """Return a text of this many characters that offends nobody."""
    return (_FILLER * (length // len(_FILLER) + 1))[:length]


def judge(ctx: Context, got: Outcome, found: Mapping[str, bool]) -> None:
    """Fail the check unless a call found these categories, and flagged the text if there are any."""
    is_flagged(ctx, got, any(found.values()))
    # A provider may know the verdict alone.
    if got.result.categories:
        same_categories(ctx, got, found)


def is_flagged(ctx: Context, got: Outcome, right: bool) -> None:
    """Fail the check unless a call flagged a text, or did not."""
    result = got.ok().result
    ctx.equal(bool(result), right, "whether the text is flagged", outcome=got)
    ctx.equal(result.flagged, right, "the field flagged", outcome=got)


def same_categories(ctx: Context, got: Outcome, found: Mapping[str, bool]) -> None:
    """Fail the check unless the categories of a result are these, each true or false."""
    categories = dict(got.result.categories)
    undecided = sorted(name for name, value in categories.items() if not isinstance(value, bool))
    ctx.expect(
        not undecided,
        f"the categories {', '.join(undecided)} are neither true nor false",
        expected="categories that the vendor told, as True or False; SDKs put None for those that it did not",
        came=categories,
        outcome=got,
    )
    ctx.equal(categories, dict(found), "the categories", outcome=got)


def piece_size(ctx: Context) -> int:
    """Return how many characters the provider says that one text may have; 2000 when it does not."""
    return seen.number(ctx, "max_characters_per_chunk") or 2000


@check(
    "MOD-01",
    "offence at head, tail or chunk border is flagged",
    bugs=["Infosys/Infosys-Responsible-AI-Toolkit#34"],
    essential=True,
    fix="Check the whole text; let pieces overlap by more than an offence is long, and flag the text if one piece is.",
)
def mod_01(ctx: Context) -> None:
    """An offence that stands far down, or across the border of two pieces, must not pass as harmless."""
    words: list[str] = list(ctx.oracle.OFFENCES.values())
    size = piece_size(ctx)
    judge(ctx, ctx.moderate(harmless(3 * size + 7)), ctx.oracle.flagged(""))
    for category in ctx.oracle.OFFENCES:
        judge(ctx, ctx.moderate(ctx.oracle.offence(category)), ctx.oracle.flagged(ctx.oracle.offence(category)))
    total = 3 * size + 11
    places = [0, total, size - 4, size, size + 1, 2 * size - 4, 2 * size, 2 * size + 3, total // 2, 1, total - 1]
    for number, place in enumerate(places):
        _placed(ctx, words[number % len(words)], total, place)

    # A whole book is checked to its end.
    long = max(60 * size, 120_000) if size <= 4000 else 3 * size
    _placed(ctx, words[0], long, long)

    def draw(dice: random.Random) -> None:
        length = dice.randint(1, 5 * size)
        _placed(ctx, dice.choice(words), length, dice.randint(0, length))

    ctx.explore(draw, times=6, deep=150)


def _placed(ctx: Context, word: str, length: int, place: int) -> None:
    base = harmless(length)
    text = f"{base[:place]}{word}{base[place:]}"
    got = ctx.moderate(text)
    ctx.expect(
        got.ok().result,
        f"an offence at character {place} of {len(text)} is not flagged",
        expected="flagged",
        outcome=got,
    )
    judge(ctx, got, ctx.oracle.flagged(text))


@check(
    "MOD-02",
    "empty text",
    fix="Return 'not flagged' for an empty text without asking, or refuse it as a bad request.",
)
def mod_02(ctx: Context) -> None:
    """An empty message is not harmful, and not worth a crash."""
    for text in ("", "   ", "\n\t"):
        got = ctx.moderate(text)
        if got.error is not None:
            got.fails(mrt.InvokeBadRequestError)
        else:
            ctx.expect(not got.result, f"{text!r} is flagged", expected="not flagged")
        empties = [sent for sent in seen.strings(*got.requests) if not sent.strip()]
        ctx.expect(not empties, "an empty text is sent, which vendors refuse", expected="no such request")
    judge(ctx, ctx.moderate("!"), ctx.oracle.flagged("!"))


@check(
    "MOD-03",
    "limits",
    fix="Cut the text into pieces of at most max_characters_per_chunk, at most max_chunks in a request, and check all.",
)
def mod_03(ctx: Context) -> None:
    """Vendors refuse long texts, or cut them: every word has to be seen whole, in requests that are taken."""
    for text in ("  Spaces & <tags>\n\tand 🦉 Größe 世界 ", "CAPITALS stay", '"quoted" \\ 0'):
        got = ctx.moderate(text).ok()
        ctx.expect(text in seen.strings(*got.requests), "the text is changed on the way", expected=text)
        ctx.expect(not seen.nulls(*got.requests), "null is sent", expected="fields without a value are left out")
    size = seen.number(ctx, "max_characters_per_chunk")
    items = seen.number(ctx, "max_chunks")
    length = 3 * size + 5 if size is not None else 9000
    if size is not None and items is not None and size * items <= 100_000:
        length = size * (items + 2)
    words = [f"word{number:06}" for number in range(max(1, length // 11))]
    whole = " ".join(words)
    last = " word0last"
    sizes = [] if size is None else [size - 1, size, size + 1, 2 * size]
    borders = [f"{whole[: end - len(last)]}{last}" for end in sizes if end > 2 * len(last)]
    for text in (" ".join(words[:3]), whole, *borders):
        got = ctx.moderate(text)
        judge(ctx, got, ctx.oracle.flagged(text))
        pieces = [[sent for sent in seen.strings(request) if "word0" in sent] for request in got.requests]
        sent = " \n ".join(piece for batch in pieces for piece in batch)
        lost = [word for word in text.split() if word not in sent]
        ctx.expect(not lost, f"{len(lost)} words were not checked: {lost[:3]}", expected="every word, whole")
        longest = max(len(piece) for batch in pieces for piece in batch)
        if size is not None:
            ctx.expect(longest <= size, f"a piece has {longest} characters", expected=f"at most {size}")
        if items is not None:
            most = max(map(len, pieces))
            ctx.expect(most <= items, f"a request has {most} pieces", expected=f"at most {items}")


@check(
    "MOD-06",
    "categories",
    fix="Keep the vendor's names for the categories, and of several pieces the highest score.",
)
def mod_06(ctx: Context) -> None:
    """Rules hang on the category: a text about violence that is filed under another one passes them."""
    names = list(ctx.oracle.OFFENCES)
    texts = [ctx.oracle.offence(name) for name in names]
    texts += ["All is well.", f"{texts[0]} {texts[2]}", texts[1].upper(), " ".join(texts)]
    # Two offences in pieces that are far apart.
    gap = harmless(2 * piece_size(ctx) + 100)
    texts += [f"{texts[0]}{gap}{texts[3]}", f"{texts[4]}{gap}", f"{gap}{texts[5]}"]
    for text in texts:
        right = ctx.oracle.flagged(text)
        got = ctx.moderate(text)
        judge(ctx, got, right)
        scores = got.result.scores
        if scores:
            expected = {name: 0.96875 if hit else 0.0078125 for name, hit in right.items()}
            ctx.equal(dict(scores), expected, "the scores")
