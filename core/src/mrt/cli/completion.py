"""``mrt completion``: print the completion script of a shell."""

from __future__ import annotations

import os
from pathlib import PurePath

import click
from click.shell_completion import get_completion_class

from mrt.cli import COMPLETE_VARIABLE
from mrt.cli.options import verb
from mrt.cli.output import write, write_json
from mrt.cli.session import Session

SHELLS = {
    "bash": 'eval "$(mrt completion bash)"    # in ~/.bashrc',
    "zsh": 'eval "$(mrt completion zsh)"    # in ~/.zshrc',
    "fish": "mrt completion fish > ~/.config/fish/completions/mrt.fish",
}


@verb("completion")
@click.argument("shell", type=click.Choice(list(SHELLS)), required=False)
def command(session: Session, shell: str | None) -> None:
    """Print the completion script of a shell.

    It completes verbs, options, providers and models. Without a shell, explain how to switch completion on.
    """
    if shell is None:
        _explain(session)
        return
    from mrt.cli.app import cli

    completion = get_completion_class(shell)
    assert completion is not None
    script = completion(cli, {}, "mrt", COMPLETE_VARIABLE)
    # Its `source` would also run the shell to learn its version; the text itself needs no shell.
    text = script.source_template % script.source_vars()
    if session.as_json:
        write_json({"shell": shell, "script": text})
    else:
        write(text)


def _explain(session: Session) -> None:
    if session.as_json:
        write_json({"shells": SHELLS})
        return
    used = PurePath(os.environ.get("SHELL", "")).name
    for name, line in SHELLS.items():
        mark = "  (your shell)" if name == used else ""
        write(f"{name}{mark}\n    {line}")
