"""``mrt transcribe``: write down speech."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mrt.cli.arguments import ModelName, Target
from mrt.cli.options import verb
from mrt.cli.output import write, write_json
from mrt.cli.session import Session


@verb("transcribe", credentials=True)
@click.argument("model", type=ModelName(), metavar="PROVIDER/MODEL")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
def command(session: Session, model: Target, file: Path) -> None:
    """Write down speech.

    FILE is a sound file; - reads the sound from stdin.
    """
    from mrt.entities.common import ModelType

    sound: Path | bytes = _read(file)
    with session.handle(ModelType.SPEECH2TEXT, model) as handle:
        text = handle.invoke(sound)
    if session.as_json:
        write_json({"model": model.model, "text": text})
    else:
        write(text.strip("\n"))


def _read(file: Path) -> Path | bytes:
    # Looked at before credentials are asked for: a wrong name is the likelier mistake.
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from None
    if not content:
        raise click.UsageError(f"{'stdin' if str(file) == '-' else file} is empty: give a sound file")
    return content if str(file) == "-" else file
