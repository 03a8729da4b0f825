"""``mrt embed``: turn texts into vectors."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mrt.cli.arguments import ModelName, Target, many_texts
from mrt.cli.options import verb
from mrt.cli.output import table, write, write_json
from mrt.cli.session import Session

SHOWN_NUMBERS = 4
SHOWN_LETTERS = 24


@verb("embed", credentials=True)
@click.argument("model", type=ModelName(), metavar="PROVIDER/MODEL")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--query", is_flag=True, help="The texts are queries, not documents to be found.")
def command(session: Session, model: Target, texts: tuple[str, ...], query: bool) -> None:
    """Turn texts into vectors.

    Texts are arguments, or the lines that are piped in. Plain output shows the first numbers of each vector; --json
    has all of them.
    """
    from mrt.entities.common import ModelType

    given = many_texts(texts, "TEXT")
    with session.handle(ModelType.TEXT_EMBEDDING, model) as handle:
        result = handle.invoke(given, input_type="query" if query else "document")
    if session.as_json:
        write_json(result)
        return
    rows = [
        (_short(text), str(len(vector)), _numbers(vector)) for text, vector in zip(given, result.vectors, strict=True)
    ]
    write(table(rows, ("TEXT", "SIZE", "VECTOR")))


def _numbers(vector: Sequence[float]) -> str:
    text = " ".join(f"{number:.6f}" for number in vector[:SHOWN_NUMBERS])
    return text if len(vector) <= SHOWN_NUMBERS else f"{text} ..."


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_LETTERS else f"{line[: SHOWN_LETTERS - 3]}..."
