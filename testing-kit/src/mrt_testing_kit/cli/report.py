"""Show a report in another form, or verify that it belongs to a wheel: report verify WHEEL FILE."""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

from mrt_testing_kit.catalogue import load
from mrt_testing_kit.cli.check import WrongUse, add_outputs, credentials_of, write
from mrt_testing_kit.identity import installed_hash, wheel_hash
from mrt_testing_kit.report import Report
from mrt_testing_kit.report_text import as_text
from mrt_testing_kit.runner import run as run_contract
from mrt_testing_kit.target import Target, TargetError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("words", nargs="+", metavar="FILE", help="report.json; or: verify WHEEL report.json")
    add_outputs(parser)
    parser.add_argument("--credentials", metavar="JSON", help="for verify: in place of those in the report")
    parser.add_argument("--seed", type=int, metavar="N", help="for verify: which tenth of the checks is run again")


def run(args: argparse.Namespace) -> int:
    """Show or verify: 0 when all is well, 1 when the report does not hold, 2 for wrong use."""
    try:
        match args.words:
            case [path]:
                report = _read(path)
                write(report, args)
                print(as_text(report, transcripts=False), end="")
                return 0
            case ["verify", wheel, path]:
                return _verify(wheel, _read(path), args)
            case _:
                raise WrongUse("write: report FILE, or: report verify WHEEL FILE")
    except (WrongUse, TargetError) as error:
        print(error, file=sys.stderr)
        return 2


def _read(path: str) -> Report:
    try:
        return Report.from_json(Path(path).read_text("utf-8"))
    except OSError as error:
        raise WrongUse(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise WrongUse(f"{path}: {error}") from error


def _verify(wheel: str, report: Report, args: argparse.Namespace) -> int:
    try:
        digest = wheel_hash(wheel)
    except ValueError as error:
        raise WrongUse(str(error)) from error
    if digest != report.content_hash:
        told = report.content_hash or "none: the provider was not installed from a wheel"
        print(f"the report is not about this wheel: {digest} is its hash, and the report has {told}")
        return 1
    if installed_hash(report.distribution) != digest:
        print(f"{report.distribution} is not installed from this wheel, so nothing can be run again: install {wheel}")
        return 1
    # What judges the run as a whole has nothing to say about a tenth of it.
    whole = {id for id, check in load().items() if check.phase == "end"}
    ids = [check.id for check in report if check.status not in ("not-run", "not-applicable") and check.id not in whole]
    some = random.Random(args.seed).sample(ids, max(1, len(ids) // 10))
    credentials = report.credentials if args.credentials is None else credentials_of(args.credentials)
    again = run_contract(Target(report.source or report.provider, report.dialect, credentials, report.models), ids=some)
    # What an author declares as a deviation fails here, where no contract.toml is read.
    excused = ("vendor-unsupported", "not-implemented", "known-bug", "fail")
    wrong = [
        f"{id}: {report.status(id)} in the report, {again.status(id)} now"
        for id in some
        if again.status(id) != report.status(id) and not (again.status(id) == "fail" and report.status(id) in excused)
    ]
    print("\n".join([f"{len(some)} checks run again: {', '.join(sorted(some))}", *wrong]))
    print("the report does not hold" if wrong else "the report holds")
    return 1 if wrong else 0
