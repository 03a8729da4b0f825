"""SEC: secrets in errors."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Iterator
from urllib.parse import quote

from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context


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
    for id, options in (("F41", {"status": 401}), ("F41", {"status": 500}), ("F60", {})):
        with ctx.fault(id, **options):
            error = ctx.call().error
        if error is None:
            continue
        for where, text in _texts(error):
            found = next((form for form in _forms(ctx.canary) if form in text), None)
            ctx.expect(found is None, f"the key stands in {where}", expected="no trace of the key", came=text)


def _forms(secret: str) -> Iterator[str]:
    half = len(secret) // 2
    yield from (secret, secret[:half], secret[half:], quote(secret, safe=""))
    yield base64.b64encode(secret.encode()).decode().rstrip("=")


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
            yield f"the local variables of {frame.name} in {name}'s traceback", repr(frame.locals or {})
        waiting += [(f"{name}'s cause", current.__cause__), (f"{name}'s context", current.__context__)]
