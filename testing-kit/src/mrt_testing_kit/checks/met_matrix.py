"""MET: what was declared and what was seen, and whether a second run sees the same."""

from __future__ import annotations

from mrt_testing_kit.catalogue import WAYS, check
from mrt_testing_kit.context import Context

_GOOD = ("pass", "advisory")
_SECONDS = 3.0
"""How long the cases that are run again in the wire tier took the first time, all together."""


@check(
    "MET-01",
    "what is declared was seen to work",
    phase="end",
    fix="Take model types and features out of the schema that do not work, or mend them.",
)
def met_01(ctx: Context) -> None:
    """A type or feature of which not one check passed is a claim that nobody can rely on."""
    if ctx.session.is_partial:
        ctx.not_applicable("only some of the checks were asked for")
    passed: dict[str, int] = {}
    ran: dict[str, int] = {}
    unjudged: set[str] = set()
    checks = {case.check.id: case.check for case in ctx.session.cases()}
    for result in ctx.session.results:
        found = checks.get(result.id)
        if found is None or result.status in ("not-applicable", "not-run") or not found.model_types:
            unjudged |= {result.case} if result.status == "not-run" else set()
            continue
        # A way that has no checks of its own in this contract has nothing to show.
        for row in (result.case, *(f"feature {need}" for need in found.needs)):
            ran[row] = ran.get(row, 0) + 1
            passed[row] = passed.get(row, 0) + (result.status in _GOOD)
    matrix = [f"{row}: {passed[row]} of {ran[row]}" for row in sorted(ran)]
    nothing = [row for row in sorted(ran) if not passed[row] and not _reached(ctx, row)]
    for kind in ctx.target.kinds:
        if ctx.session.models.get(kind):
            rows = (f"{kind}-{way}" for way in WAYS[kind])
            nothing += [row for row in rows if row not in ran and row not in unjudged]
    ctx.expect(
        not nothing,
        "of what is declared, some was never seen to work",
        expected="at least one passing check for each row of the matrix",
        came="\n".join([f"nothing passed: {', '.join(nothing)}", *matrix]),
    )


def _reached(ctx: Context, row: str) -> bool:
    """Tell whether a feature reached the vendor in a check that failed for another reason."""
    kind, _, needs = row.partition(" ")
    return kind == "feature" and any(need in ctx.session.seen for need in needs.split("|"))


@check(
    "MET-08",
    "a second run in random order gives the same result",
    phase="end",
    fix="Keep nothing between calls but connections: no state on the plugin, the module, or the class.",
    limit=900,
)
def met_08(ctx: Context) -> None:
    """A result that depends on what ran before is one of the order of tests, and not of the provider."""
    if ctx.session.is_partial:
        ctx.not_applicable("only some of the checks were asked for")
    before = {(result.id, result.case): result for result in ctx.session.results}
    cases = [
        case for case in ctx.session.cases() if case.check.phase == "main" and (case.check.id, case.label) in before
    ]
    ctx.random.shuffle(cases)
    spent, changed = 0.0, list[str]()
    for case in cases:
        first = before[case.check.id, case.label]
        # What waits for the clock would use up the time of all others.
        if ctx.tier != "deep" and (first.seconds > _SECONDS / 5 or spent > _SECONDS):
            continue
        spent += first.seconds
        again = ctx.session.judge(case)
        if "not-run" not in (first.status, again.status) and again.status != first.status:
            changed.append(f"{first.name}: {first.status}, then {again.status} ({again.reason or first.reason})")
    ctx.expect(not changed, "checks gave another result the second time", expected="the same", came="\n".join(changed))
