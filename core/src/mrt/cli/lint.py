"""``mrt lint``: check provider and model files."""

from __future__ import annotations

from pathlib import Path

import click

from mrt.cli.options import verb
from mrt.cli.output import plain, write, write_json
from mrt.cli.session import Session


@verb("lint")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def command(session: Session, path: Path) -> int:
    """Check a provider file, a model file, or a folder with such files.

    Errors stop a file from being used, warnings say what is likely wrong. The exit code is 1 when there are errors.
    """
    from mrt.schema import lint

    findings = lint(path)
    counts = {level: sum(finding.level == level for finding in findings) for level in ("error", "warning", "info")}
    if session.as_json:
        write_json([plain(finding) for finding in findings])
    else:
        for finding in findings:
            write(str(finding))
    summary = f"{counts['error']} errors, {counts['warning']} warnings, {counts['info']} hints"
    session.reporter.note(summary if findings else "no findings")
    return 1 if counts["error"] else 0
