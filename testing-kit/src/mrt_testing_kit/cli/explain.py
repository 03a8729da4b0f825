"""Say what checks of the contract are for, where the bug happened for real, and how to mend it."""

from __future__ import annotations

import argparse
import sys

from mrt_testing_kit.catalogue import UnknownCheck, load, select
from mrt_testing_kit.explain import as_page, explain


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("ids", nargs="*", metavar="ID", help="a check (STR-11) or a group (STR); all when left out")
    parser.add_argument("--markdown", action="store_true", help="write the page of the documentation")


def run(args: argparse.Namespace) -> int:
    """Print the explanations."""
    try:
        ids = select(args.ids or None)
    except UnknownCheck as error:
        print(error, file=sys.stderr)
        return 2
    checks = load()
    if args.markdown:
        print(as_page(ids, checks), end="")
        return 0
    print("\n".join(explain(id, checks.get(id)) for id in ids), end="")
    return 0
