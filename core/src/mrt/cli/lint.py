"""``mrt lint``: check provider and model files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from mrt.cli.options import verb
from mrt.cli.output import write, write_json
from mrt.cli.session import Session


@verb("lint")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def command(session: Session, path: Path) -> int:
    """Check provider and model files.

    PATH is a provider file, a model file, or a folder with such files. Errors stop a file from being used, warnings
    say what is likely wrong. The exit code is 1 when there are errors.
    """
    from mrt.schema import lint

    findings = lint(path)
    counts = Counter(finding.severity for finding in findings)
    if session.as_json:
        write_json([finding.to_dict() for finding in findings])
    else:
        for finding in findings:
            write(str(finding))
    summary = f"{counts['error']} errors, {counts['warning']} warnings, {counts['info']} hints"
    session.reporter.note(summary if findings else "no findings")
    return 1 if counts["error"] else 0
