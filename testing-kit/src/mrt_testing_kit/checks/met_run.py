"""MET: the run itself."""

from __future__ import annotations

from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.manifest import CONTRACT


@check(
    "MET-02",
    "skipped only by a declared level with a reason",
    tier="static",
    phase="end",
    fix="Give every table of contract.toml a level and a reason, under the id of a check.",
)
def met_02(ctx: Context) -> None:
    """A deviation without a reason is a check that was switched off."""
    wrong = [str(problem) for problem in ctx.session.deviations.problems if not problem.is_dated]
    ctx.expect(not wrong, "contract.toml is wrong", expected="level and reason for each id", came="\n".join(wrong))


@check(
    "MET-03",
    "known bugs are strict, dated and linked",
    tier="static",
    phase="end",
    fix="Give a known-bug a link and a date; when the date has passed, mend the bug or agree on a new date.",
)
def met_03(ctx: Context) -> None:
    """A bug without a date and a place where it is tracked is a bug for ever."""
    wrong = [str(problem) for problem in ctx.session.deviations.problems if problem.is_dated]
    late = [
        f"[{id}] expired on {entry.expires}" for id, entry in ctx.session.deviations.entries.items() if entry.expired()
    ]
    ctx.expect(not wrong + late, "contract.toml has known bugs that may not stay", came="\n".join(wrong + late))


@check(
    "MET-04",
    "every id was executed or has a reason",
    phase="end",
    fix="Run the whole contract: nothing may deselect or replace a check; contract.toml is the place for deviations.",
)
def met_04(ctx: Context) -> None:
    """A check that quietly did not run looks like one that passed."""
    if ctx.session.is_partial:
        ctx.not_applicable("only some of the checks were asked for")
    ran = {(result.id, result.case) for result in ctx.session.results}
    cases = [case for case in ctx.session.cases() if case.check.phase == "main"]
    missing = [f"{case.check.id}[{case.label}]" for case in cases if (case.check.id, case.label) not in ran]
    ctx.expect(not missing, "checks did not run", expected="a result for every check", came=", ".join(missing))


@check(
    "MET-05",
    "all faults consumed",
    phase="end",
    fix="Look at the check that is named: the provider never made the request that the fault was waiting for.",
)
def met_05(ctx: Context) -> None:
    """A fault that nobody met proves nothing."""
    missed = [result.name for result in ctx.session.results if "never ran into the fault" in result.reason]
    ctx.expect(not missed, "faults were not met", came=", ".join(missed))


@check(
    "MET-06",
    "no connection but to loopback",
    bugs=["BerriAI/litellm#9999", "BerriAI/litellm#9787"],
    phase="end",
    fix="Use the URL of the credentials for everything; fetch nothing from anywhere else.",
)
def met_06(ctx: Context) -> None:
    """A provider that talks to a host that is not in its credentials leaks what it is given, or hangs."""
    tried = [f"{host} during {name}" for name, host in ctx.session.attempts]
    ctx.expect(not tried, "the provider tried to reach other hosts", expected="none", came="\n".join(tried))


@check(
    "MET-07",
    "contract number recorded",
    phase="end",
    tier="static",
    fix="Read what the new contract adds, review contract.toml, and write the new number into it.",
)
def met_07(ctx: Context) -> None:
    """Deviations that were reviewed for one contract say nothing about the checks of the next."""
    named = ctx.session.deviations.contract
    if not named:
        ctx.not_applicable("contract.toml names no contract")
    ctx.equal(named, CONTRACT, "the contract that contract.toml was reviewed for")
