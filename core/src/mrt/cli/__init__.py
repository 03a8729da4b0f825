"""The command line: ``mrt``, also ``python -m mrt``."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence

COMPLETE_VARIABLE = "_MRT_COMPLETE"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments without the program's name; those of the process by default.

    Returns:
        Exit code: 0 fine, 1 the vendor failed, 2 wrong use, 3 credentials, 130 interrupted.
    """
    from mrt.cli.app import cli
    from mrt.cli.report import Reporter

    arguments = list(sys.argv[1:] if argv is None else argv)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # Started with a closed stdout: the next file or connection would take its place and get the result.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A vendor's answer may hold what the terminal's encoding, or any, cannot carry.
            stream.reconfigure(errors="replace")
    if instruction := os.environ.get(COMPLETE_VARIABLE):
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, "mrt", COMPLETE_VARIABLE, instruction)
    reporter = Reporter.for_arguments(arguments)
    try:
        with cli.make_context("mrt", arguments, obj=reporter) as context:
            code = cli.invoke(context)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        return 141  # what a shell reports for a program that SIGPIPE ended
    except BaseException as error:
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
        return reporter.fail(error)
    return code if isinstance(code, int) else 0


def _silence_stdout() -> None:
    # The interpreter flushes stdout when it ends and would complain about the closed pipe once more.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
