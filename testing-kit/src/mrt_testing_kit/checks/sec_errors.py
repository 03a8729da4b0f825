"""SEC: secrets in errors."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import NotApplicable

_KIT = str(Path(__file__).resolve().parents[1])


@check(
    "SEC-03",
    "exception text, arguments, causes, traceback locals",
    bugs=["BerriAI/litellm#15799", "BerriAI/litellm#8075"],
    faults=["F41", "F60"],
    fix="Keep the key out of URLs and messages, and raise errors that core can clean: InvokeError or a mapped type.",
)
def sec_03(ctx: Context) -> None:
    """Errors end in logs and issue trackers, with every local variable that the tool could reach."""
    if "{canary}" not in repr(ctx.target.credentials):
        ctx.not_applicable("the credentials hold no {canary}")
    faults: tuple[tuple[str, dict[str, Any]], ...] = (("F41", {"status": 401}), ("F41", {"status": 500}), ("F60", {}))
    errors: list[BaseException | None] = []
    for id, options in faults:
        with ctx.fault(id, **options):
            errors.append(ctx.call().error)
        with ctx.fault(id, times=None, path="*", **options):
            errors.append(ctx.validate().error)
    for fault in ("F16", "F21", "F22", "F24"):
        errors.append(_under(ctx, fault))
    for error in errors:
        for where, text in _texts(error) if error is not None else ():
            found = ctx.secret_in(text)
            ctx.expect(found is None, f"the key stands {found} in {where}", expected="no trace of the key", came=text)


def _under(ctx: Context, fault: str) -> BaseException | None:
    # A fault that the dialect cannot show leaves the others to be judged.
    with contextlib.suppress(NotApplicable), ctx.fault(fault):
        return ctx.call().error
    return None


def _texts(error: BaseException) -> Iterator[tuple[str, str]]:
    seen: set[int] = set()
    waiting: list[tuple[str, BaseException | None]] = [("the error", error)]
    while waiting:
        name, current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield f"{name}'s message", str(current)
        yield f"{name}'s repr and arguments", f"{current!r} {current.args!r}"
        yield f"{name}'s fields", repr(vars(current))
        kept = traceback.TracebackException.from_exception(current, capture_locals=True)
        for frame in kept.stack:
            # The kit's own frames hold what it recorded, the key included.
            if not frame.filename.startswith(_KIT):
                yield f"the local variables of {frame.name} in {name}'s traceback", repr(frame.locals)
        waiting += [(f"{name}'s cause", current.__cause__), (f"{name}'s context", current.__context__)]
