"""``mrt rerank``: sort documents by how well they fit a query."""

from __future__ import annotations

import click

from mrt.cli.arguments import ModelName, Target, many_texts
from mrt.cli.options import verb
from mrt.cli.output import table, write, write_json
from mrt.cli.session import Session


@verb("rerank", credentials=True)
@click.argument("model", type=ModelName(), metavar="PROVIDER/MODEL")
@click.argument("query")
@click.argument("docs", nargs=-1, metavar="[DOCUMENT]...")
@click.option("--top-n", type=click.IntRange(min=1), metavar="NUMBER", help="Show at most this many documents.")
@click.option("--score-threshold", type=float, metavar="SCORE", help="Leave out documents with a lower score.")
def command(
    session: Session,
    model: Target,
    query: str,
    docs: tuple[str, ...],
    top_n: int | None,
    score_threshold: float | None,
) -> None:
    """Sort documents by how well they fit a query.

    The best comes first. Documents are arguments, or the lines that are piped in. The index is the document's place
    among them, from 0.
    """
    from mrt.entities.common import ModelType

    given = many_texts(docs, "DOCUMENT")
    with session.handle(ModelType.RERANK, model) as handle:
        result = handle.invoke(query, given, top_n=top_n, score_threshold=score_threshold)
    if session.as_json:
        write_json(result)
    elif result.docs:
        rows = [(f"{doc.score:.4f}", str(doc.index), " ".join(doc.text.split())) for doc in result.docs]
        write(table(rows, ("SCORE", "INDEX", "DOCUMENT")))
    else:
        session.reporter.note("no document reaches the score")
