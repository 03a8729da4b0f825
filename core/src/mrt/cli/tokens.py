"""``mrt tokens``: count the tokens of a prompt."""

from __future__ import annotations

import click

from mrt.cli.arguments import ModelName, Target, one_text
from mrt.cli.options import verb
from mrt.cli.output import write, write_json
from mrt.cli.session import Session

_METHODS = {
    "vendor": "counted by the vendor",
    "tokenizer": "counted by the model's tokenizer",
    "estimate": "an estimate, by GPT-2's tokenizer",
}


@verb("tokens", credentials=True)
@click.argument("model", type=ModelName(), metavar="PROVIDER/MODEL")
@click.argument("text", required=False)
def command(session: Session, model: Target, text: str | None) -> None:
    """Count the tokens of a prompt.

    The prompt is the argument, or what is piped in. The number goes to stdout, how it was found to stderr.
    """
    from mrt.entities.common import ModelType

    words = one_text(text, "TEXT")
    with session.handle(ModelType.LLM, model) as handle:
        count = handle.get_num_tokens(words)
    if session.as_json:
        write_json({"model": model.model, "tokens": int(count), "method": count.method})
    else:
        session.reporter.note(_METHODS[count.method])
        write(str(int(count)))
