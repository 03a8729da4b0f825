"""Verify that a report belongs to a wheel: it is whole, the wheel is the one, and a tenth of it is run again."""

from __future__ import annotations

import argparse
import json
import random
import sys
from typing import Any, cast

from mrt_testing_kit.before import WrongUse
from mrt_testing_kit.catalogue import TIERS, Tier, load
from mrt_testing_kit.cli.check import credentials_of
from mrt_testing_kit.cli.report import read
from mrt_testing_kit.identity import installed_hash, version_of, wheel_hash
from mrt_testing_kit.manifest import CONTRACT, TITLES
from mrt_testing_kit.report import Report
from mrt_testing_kit.report_text import partial
from mrt_testing_kit.runner import run as run_contract
from mrt_testing_kit.target import Target, TargetError

_MOST_IDS = 12
# What an author declares as a deviation fails here, where no contract.toml is read.
_EXCUSED = ("vendor-unsupported", "not-implemented", "known-bug")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("wheel", metavar="WHEEL", help="the wheel, which has to be installed here")
    parser.add_argument("file", metavar="FILE", help="the report, as `check --report FILE` writes it")
    parser.add_argument("--credentials", metavar="JSON", help="in place of those in the report")
    parser.add_argument("--seed", type=int, metavar="N", help="which checks are run again; random when left out")


def run(args: argparse.Namespace) -> int:
    """Verify: 0 when the report holds, 1 when it does not, 2 for wrong use."""
    try:
        text = read(args.file)
        try:
            report = Report.from_json(text)
        except ValueError as error:
            raise WrongUse(f"{args.file} {error}") from error
        credentials = report.credentials if args.credentials is None else credentials_of(args.credentials)
        wrong = contradictions(report, json.loads(text)) + _about(report, args.wheel)
        wrong = wrong or _again(report, credentials, args)
    except (WrongUse, TargetError) as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join([*wrong, "the report does not hold" if wrong else "the report holds"]))
    return 1 if wrong else 0


def contradictions(report: Report, data: dict[str, Any]) -> list[str]:
    """Return what in a report cannot come from a whole run of this version of the kit.

    Args:
        report: The report.
        data: The same as it was written.
    """
    kit, found = version_of("mrt-testing-kit"), list[str]()
    if report.contract != CONTRACT or report.kit != kit:
        found.append(f"it is of {report.contract} and testing kit {report.kit}, and here are {CONTRACT} and {kit}")
    if [check.id for check in report] != list(TITLES) or list(report.checks) != list(TITLES):
        odd = [id for id in TITLES if id not in report.checks] or [id for id in report.checks if id not in TITLES]
        more = f" and {len(odd) - _MOST_IDS} more" if len(odd) > _MOST_IDS else ""
        told = ", ".join(odd[:_MOST_IDS]) + more or "they are in disorder"
        found.append(f"it does not have the checks of the contract: {told}")
    elif part := partial(report):
        found.append(f"it is of a part of the contract ({part}), and says nothing about the rest")
    if report.tier not in TIERS:
        found.append(f"there is no tier {report.tier!r}")
    if data.get("counts") != report.counts or data.get("passed") != report.passed:
        found.append("its counts or its outcome are not those of its checks")
    for check in report:
        told = check.status
        check.settle()
        if check.status != told:
            found.append(f"{check.id} is said to be {told}, and its runs {check.status}")
    return found


def _about(report: Report, wheel: str) -> list[str]:
    """Return why a report says nothing about a wheel, or nothing that can be looked at here."""
    try:
        digest = wheel_hash(wheel)
    except ValueError as error:
        raise WrongUse(str(error)) from error
    if not report.content_hash:
        return [
            "the report is not about this wheel, nor about any other: the code that was run came from none; install "
            "the wheel, or name it with --wheel, and run the contract again"
        ]
    if digest != report.content_hash:
        return [f"the report is not about this wheel: {digest} is its hash, and the report has {report.content_hash}"]
    if installed_hash(report.distribution) != digest:
        return [f"{report.distribution} is not installed from this wheel, so nothing can be run again: install {wheel}"]
    return []


def _again(report: Report, credentials: dict[str, Any], args: argparse.Namespace) -> list[str]:
    """Run a tenth of the checks again, at least one of each group, and return what differs."""
    checks, chance = load(), random.Random(args.seed)
    # What judges the run as a whole has nothing to say about a part of it, and what looks at the clock may differ.
    fit = [c.id for c in report if c.status != "not-run" and c.id in checks and checks[c.id].phase != "end"]
    fit = [id for id in fit if checks[id].level != "advisory"]
    groups = [
        [id for id in fit if checks[id].group == group] for group in dict.fromkeys(checks[id].group for id in fit)
    ]
    some = {chance.choice(ids) for ids in groups}
    some |= set(chance.sample(fit, max(0, min(len(fit), len(fit) // 10) - len(some)))) if fit else set()
    target = Target(report.source or report.provider, report.dialect, credentials, report.models)
    again = run_contract(target, ids=some, wheel=args.wheel, tier=cast("Tier", report.tier))
    print(f"{len(some)} checks run again: {', '.join(sorted(some))}")
    return [
        f"{id}: {was} in the report, {now} now"
        for id in sorted(some)
        if (was := report.status(id)) != (now := again.status(id))
        # What needs the source cannot be run here.
        and now != "not-run"
        and not (now == "fail" and was in _EXCUSED)
    ]
