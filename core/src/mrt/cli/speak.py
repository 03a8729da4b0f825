"""``mrt speak``: turn text into speech."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any

import click

from mrt.cli.arguments import ModelName, Target, one_text
from mrt.cli.options import verb
from mrt.cli.output import table, write, write_json
from mrt.cli.session import Session

STDOUT = Path("-")


@verb("speak", credentials=True)
@click.argument("model", type=ModelName(), metavar="PROVIDER/MODEL")
@click.argument("text", required=False)
@click.option("--output", "-o", type=click.Path(path_type=Path, allow_dash=True), help="The sound file; - is stdout.")
@click.option("--voice", metavar="NAME", help="The voice; the model's default one without it.")
@click.option("--voices", is_flag=True, help="List the model's voices.")
def command(
    session: Session, model: Target, text: str | None, output: Path | None, voice: str | None, voices: bool
) -> None:
    """Turn text into speech.

    The sound goes into a file. The text is the argument, or what is piped in.
    """
    from mrt.entities.common import ModelType

    if voices:
        with session.handle(ModelType.TTS, model) as handle:
            _list_voices(session, handle.voices())
        return
    if output is None:
        raise click.UsageError("say where the sound goes: -o FILE, or -o - for stdout")
    if output == STDOUT and session.as_json:
        raise click.UsageError("-o - and --json both need stdout: write the sound to a file")
    words = one_text(text, "TEXT")
    with session.handle(ModelType.TTS, model) as handle, _opened(output) as file:
        size = 0
        with handle.stream(words, voice=voice) as stream:
            for piece in stream:
                size += len(piece)
                file.write(piece)
    if session.as_json:
        write_json({"file": str(output), "bytes": size})
    elif output != STDOUT:
        session.reporter.note(f"wrote {output}, {size} bytes")


@contextlib.contextmanager
def _opened(path: Path) -> Generator[IO[bytes]]:
    """Open a file that only appears when everything was written: a half sound would look like a whole one."""
    if path == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise click.UsageError(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        # A temporary file is private; a result has the mode that every new file has.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _list_voices(session: Session, voices: list[Any]) -> None:
    if session.as_json:
        write_json(voices)
    elif voices:
        write(table([(voice.value, voice.name, ", ".join(voice.languages)) for voice in voices],
                    ("VOICE", "NAME", "LANGUAGES")))  # fmt: skip
    else:
        session.reporter.note("the model names no voices")
