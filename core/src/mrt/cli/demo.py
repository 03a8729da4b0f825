"""``mrt demo``: show the whole road, without network and key."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

import click

from mrt.cli.options import verb
from mrt.cli.session import Session
from mrt.errors import MRTError

ENTRY_POINT_GROUP = "mrt.demos"


@verb("demo")
@click.argument("name", required=False)
def command(session: Session, name: str | None) -> int:
    """Show the whole road, without network and key.

    A server on this machine stands in for a vendor. Each step prints the command that does it. Demos come with
    other distributions; NAME picks one.
    """
    found = _choose(name)
    try:
        run = found.load()
    except ImportError as error:
        brings = found.dist.name if found.dist else found.value
        raise MRTError(f"the demo of {brings} cannot be imported: {error}") from error
    code = run(as_json=session.as_json)
    return int(code or 0)


def _choose(name: str | None) -> EntryPoint:
    demos = {demo.name: demo for demo in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda demo: demo.name)}
    if not demos:
        raise MRTError("no demo is installed: pip install mrt-testing-kit, together with one plugin mrt-<vendor>")
    if name is None:
        return next(iter(demos.values()))
    if name not in demos:
        raise click.UsageError(f"there is no demo {name!r}; installed: {', '.join(demos)}")
    return demos[name]
