"""``mrt moderate``: check a text for harmful content."""

from __future__ import annotations

import click

from mrt.cli.arguments import ModelName, Target, one_text
from mrt.cli.options import verb
from mrt.cli.output import table, write, write_json
from mrt.cli.session import Session


@verb("moderate", credentials=True)
@click.argument("model", type=ModelName(), metavar="PROVIDER/MODEL")
@click.argument("text", required=False)
def command(session: Session, model: Target, text: str | None) -> None:
    """Check a text for harmful content.

    The text is the argument, or what is piped in.
    """
    from mrt.entities.common import ModelType

    words = one_text(text, "TEXT")
    with session.handle(ModelType.MODERATION, model) as handle:
        result = handle.invoke(words)
    if session.as_json:
        write_json(result)
        return
    write("flagged" if result.flagged else "not flagged")
    names = [name for name, found in result.categories.items() if found]
    names += [name for name in result.scores if name not in names]
    if names:
        rows = [
            (
                name,
                "found" if result.categories.get(name) else "",
                f"{result.scores[name]:.4f}" if name in result.scores else "",
            )
            for name in names
        ]
        write(table(rows, indent="  "))
