"""MOD: answers that say less, or more, than they should."""

from __future__ import annotations

from typing import Any

import mrt
from mrt_testing_kit import seen
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.checks.mod_texts import harmless, is_flagged, judge, piece_size, same_categories
from mrt_testing_kit.context import Context
from mrt_testing_kit.outcome import Outcome


def _never_safe(ctx: Context, got: Outcome, what: str, *kinds: type[mrt.InvokeError]) -> None:
    """Fail the check unless a call raised."""
    if got.error is None:
        ctx.fail(f"{what} was taken for a verdict", expected="an InvokeError", outcome=got)
    got.fails(*kinds or (mrt.InvokeError,))


@check(
    "MOD-04",
    "an error raises, never 'safe'",
    faults=["F41", "F21", "F22", "F24", "F16", "F19"],
    essential=True,
    fix="Raise for everything but a verdict; no default, no except that returns False.",
)
def mod_04(ctx: Context) -> None:
    """A check that fails open lets through exactly what it was bought to stop, whenever the vendor is down."""
    table: tuple[tuple[int, type[mrt.InvokeError]], ...] = (
        (400, mrt.InvokeBadRequestError),
        (401, mrt.InvokeAuthorizationError),
        (403, mrt.InvokeAuthorizationError),
        (404, mrt.InvokeBadRequestError),
        (413, mrt.InvokeBadRequestError),
        (429, mrt.InvokeRateLimitError),
        (500, mrt.InvokeServerUnavailableError),
        (503, mrt.InvokeServerUnavailableError),
    )
    texts = ("A harmless text.", ctx.oracle.offence("violence"))
    for status, kind in table:
        for text in texts:
            with ctx.fault("F41", status=status):
                got = ctx.moderate(text)
            _never_safe(ctx, got, f"status {status}", kind)
    odd: tuple[tuple[str, dict[str, Any]], ...] = (
        ("F21", {"what": "cut"}),
        ("F21", {"what": "text"}),
        ("F22", {}),
        ("F24", {"what": "empty"}),
        ("F24", {"what": "hollow"}),
        ("F24", {"what": "null"}),
        ("F24", {"what": "no-items"}),
        ("F24", {"what": "null-item"}),
        ("F19", {"shape": "vendor"}),
        ("F19", {"shape": "string"}),
        ("F16", {"how": "reset"}),
        ("F16", {"how": "length"}),
    )
    for id, options in odd:
        with ctx.fault(id, **options):
            got = ctx.moderate("A harmless text.")
        _never_safe(ctx, got, f"the fault {id} {options}")
    _later(ctx)
    judge(ctx, ctx.moderate(texts[1]), ctx.oracle.flagged(texts[1]))


def _later(ctx: Context) -> None:
    """Let a later request of a long text fail, where the provider makes several."""
    items = seen.number(ctx, "max_chunks")
    size = piece_size(ctx)
    text = harmless(size * ((items or 1) + 2))
    if len(text) > 400_000 or len(ctx.moderate(text).requests) < 2:
        return
    for status, kind in ((500, mrt.InvokeServerUnavailableError), (400, mrt.InvokeBadRequestError)):
        with ctx.fault("F41", status=status, skip=1):
            got = ctx.moderate(text)
        _never_safe(ctx, got, f"status {status} for a later piece", kind)
    odd: tuple[tuple[str, dict[str, Any]], ...] = (
        ("F58", {"what": "short"}),
        ("F58", {"what": "no-verdict"}),
        ("F24", {"what": "empty"}),
        ("F21", {"what": "cut"}),
        ("F16", {"how": "length"}),
    )
    for id, options in odd:
        with ctx.fault(id, skip=1, **options):
            got = ctx.moderate(text)
        _never_safe(ctx, got, f"the fault {id} {options} for a later piece")


@check(
    "MOD-05",
    "short reply raises",
    essential=True,
    faults=["F58"],
    fix="Compare the number of results with the number of texts sent; raise when one is missing.",
)
def mod_05(ctx: Context) -> None:
    """A piece without a result was not checked; any() over what is left says that all is well."""
    for text in ("A harmless text.", harmless(3 * piece_size(ctx) + 50)):
        for what in ("short", "none", "null", "null-item", "no-verdict"):
            with ctx.fault("F58", what=what):
                got = ctx.moderate(text)
            _never_safe(ctx, got, f"an answer with results that are {what}")
    for text in ("A harmless text.", ctx.oracle.offence("hate")):
        with ctx.fault("F58", what="text-verdict"):
            got = ctx.moderate(text)
        # A verdict in quotes may be read as what it says: "false" is not flagged.
        if got.error is None:
            is_flagged(ctx, got, any(ctx.oracle.flagged(text).values()))
        else:
            got.fails(mrt.InvokeError)


@check(
    "MOD-07",
    "unknown category",
    faults=["F58"],
    fix="Go by the vendor's verdict and keep its categories, known or not.",
)
def mod_07(ctx: Context) -> None:
    """Vendors add categories; a text that offends in a new one is flagged all the same, and nothing breaks."""
    for text in ("A harmless text.", ctx.oracle.offence("hate"), harmless(2 * piece_size(ctx) + 50)):
        with ctx.fault("F58", what="unknown-category"):
            got = ctx.moderate(text)
        judge(ctx, got, {**ctx.oracle.flagged(text), "oracle/heresy": True})
    # The vendor knows its own limits: neither scores nor categories overrule what it says.
    for text in ("A harmless text.", ctx.oracle.offence("hate"), harmless(2 * piece_size(ctx) + 50)):
        right = ctx.oracle.flagged(text)
        for what in ("low-scores", "high-scores", "no-categories"):
            with ctx.fault("F58", what=what):
                got = ctx.moderate(text)
            is_flagged(ctx, got, any(right.values()))
            if got.result.categories:
                same_categories(ctx, got, dict.fromkeys(right, False) if what == "no-categories" else right)
