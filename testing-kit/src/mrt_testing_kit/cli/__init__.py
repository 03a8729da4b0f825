"""The command line of the testing kit: one module per verb.

A module in this package is a verb of its name; ``report_verify`` is the verb ``report verify``. It has a docstring,
whose first line is its help, a function ``configure(parser)`` that adds its arguments, and ``run(args) -> int`` that
does the work and returns the exit code.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def verbs() -> list[str]:
    """Return the names of all verbs."""
    return sorted(module.name.replace("_", " ") for module in iter_modules(__path__))


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb.

    Args:
        argv: the words after the program's name; None takes those of the process.

    Returns:
        The exit code: 0 when all went well, 2 when the command was wrong, otherwise the verb's own.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    names = verbs()
    parser = argparse.ArgumentParser(prog="python -m mrt_testing_kit", description="The MRT testing kit.")
    commands = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    if " ".join(words[:2]) in names:
        words[:2] = [" ".join(words[:2])]
    # Only the verb that is asked for is imported: one must not pay for another's imports.
    chosen = next((word for word in words if not word.startswith("-")), None)
    for name in [chosen] if chosen in names else names:
        module = _module(str(name))
        title = (module.__doc__ or "").strip().splitlines()[0]
        command = commands.add_parser(str(name), help=title, description=module.__doc__)
        module.configure(command)
        command.set_defaults(run=module.run)
    args = parser.parse_args(words)
    code: int = args.run(args)
    return code


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name.replace(' ', '_')}")
