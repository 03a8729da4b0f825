"""Write a new plugin that installs and passes the contract at once."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mrt_testing_kit.scaffold import KINDS, ScaffoldError, create


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("name", metavar="mrt-NAME", help="the distribution's name, such as mrt-acme")
    parser.add_argument(
        "--dialect",
        choices=KINDS,
        default="openai",
        help="what the vendor speaks: OpenAI's dialect, Anthropic's, or a custom one (default: openai)",
    )
    parser.add_argument(
        "--dir", default=".", metavar="D", help="the folder in which the plugin's own is made (default: this one)"
    )


def run(args: argparse.Namespace) -> int:
    """Write the plugin and say what comes next: 0 when it is written, 2 for wrong use."""
    try:
        folder, written = create(args.name, args.dialect, Path(args.dir))
    except ScaffoldError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{folder}: {len(written)} files")
    for path in written:
        print(f"  {path}")
    print(f"\nNext:\n  cd {folder}\n  python -m pip install -e . mrt-testing-kit\n  python -m pytest")
    return 0
