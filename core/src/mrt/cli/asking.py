"""Asking a person at a terminal, on stderr: stdout belongs to results."""

from __future__ import annotations

import getpass
import sys
import warnings
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mrt.entities.provider import CredentialFormSchema


def at_terminal() -> bool:
    """Tell whether a person sits at both ends: one who reads stderr and types into stdin."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def ask_line(prompt: str) -> str:
    """Return one line that the person types.

    Raises:
        click.Abort: The person ended the input.
    """
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        sys.stderr.write("\n")
        raise click.Abort()
    return line.strip()


def ask_secret(prompt: str) -> str:
    """Return one line that the person types without seeing it.

    Raises:
        click.Abort: The person ended the input, or the terminal cannot hide it.
    """
    with warnings.catch_warnings():
        # Where echo cannot be switched off, getpass would warn and go on in plain sight.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt, stream=sys.stderr).strip()
        except (EOFError, getpass.GetPassWarning):
            sys.stderr.write("\n")
            raise click.Abort() from None


def ask_field(field: CredentialFormSchema, lang: str, *, optional: bool = False, kept: str = "") -> str:
    """Ask for one field of a form, with its label, until the answer can be used.

    Args:
        field: The field.
        lang: Language of the label.
        optional: Whether an empty answer is accepted.
        kept: Shown as what an empty answer leaves in place.
    """
    label = field.label.get(lang)
    choices = [option.value for option in field.options]
    for number, option in enumerate(field.options, 1):
        print(f"  {number}) {option.label.get(lang)}", file=sys.stderr)
    hint = kept or (field.placeholder.get(lang) if field.placeholder else "")
    if optional and not kept:
        hint = f"{hint}; empty: none" if hint else "empty: none"
    prompt = f"{label} [{hint}]: " if hint else f"{label}: "
    while True:
        answer = ask_secret(prompt) if field.type == "secret-input" else ask_line(prompt)
        if answer.isdigit() and answer not in choices and 0 < int(answer) <= len(choices):
            return choices[int(answer) - 1]
        if not answer and (optional or kept):
            return ""
        if answer and (not choices or answer in choices):
            return answer
        problem = f"choose one of: {', '.join(choices)}" if choices else "this field is needed; Ctrl-C gives up"
        print(problem, file=sys.stderr)
