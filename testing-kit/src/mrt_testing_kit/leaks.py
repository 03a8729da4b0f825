"""Looking for the key in everything that a call leaves behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mrt_testing_kit.failure import NotApplicable

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context
    from mrt_testing_kit.outcome import Outcome

_FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("F41", {"status": 401}),
    ("F41", {"status": 500, "body": "html"}),
    ("F60", {"status": 400}),
    ("F16", {"how": "reset"}),
)


def calls(ctx: Context) -> Iterator[Outcome]:
    """Make a call that works, and some that fail in several ways."""
    yield ctx.call().ok()
    for id, options in _FAULTS:
        try:
            with ctx.fault(id, **options):
                got = ctx.call()
        except NotApplicable:
            continue
        yield got


def judge(ctx: Context, where: str, text: str, outcome: Outcome | None = None) -> None:
    """Fail the check when the key stands in a text, whole, encoded or in part."""
    found = ctx.secret_in(text)
    ctx.expect(
        found is None, f"the key stands {found} in {where}", expected="no trace of the key", came=text, outcome=outcome
    )


def judge_all(ctx: Context, texts: Iterable[tuple[str, str]], outcome: Outcome | None = None) -> None:
    """Do the same for several texts, each with its place."""
    for where, text in texts:
        judge(ctx, where, text, outcome)
