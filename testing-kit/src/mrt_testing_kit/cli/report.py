"""Show a report in another form; `report verify WHEEL FILE` shows that it belongs to a wheel."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mrt_testing_kit.before import WrongUse
from mrt_testing_kit.cli.check import add_outputs, write
from mrt_testing_kit.report import Report
from mrt_testing_kit.report_text import as_text


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("file", metavar="FILE", help="a report, as `check --report FILE` writes it")
    add_outputs(parser)


def run(args: argparse.Namespace) -> int:
    """Show: 0 when all is well, 2 for wrong use."""
    try:
        report = Report.from_json(read(args.file))
        write(report, args)
    except ValueError as error:
        print(f"{args.file} {error}" if not isinstance(error, WrongUse) else error, file=sys.stderr)
        return 2
    print(as_text(report, transcripts=False), end="")
    return 0


def read(path: str) -> str:
    """Read a file.

    Raises:
        WrongUse: It cannot be read.
    """
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError as error:
        raise WrongUse(f"cannot read {path}: {error.strerror}") from error
