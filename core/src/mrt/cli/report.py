"""What goes to stderr: notes, warnings, errors; and which exit code an error has."""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Iterable, Sequence
from typing import Any

import click

from mrt.errors import (
    CredentialsValidateFailedError,
    InvokeAuthorizationError,
    InvokeBadRequestError,
    MRTError,
    ProviderNotFoundError,
)

VENDOR_FAILED, WRONG_USE, CREDENTIALS, INTERRUPTED = 1, 2, 3, 130
FIELDS = ("provider", "model", "status", "code", "request_id", "retry_after", "retryable")

_MASK = "********"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SHORTEST_SECRET = 4


class Reporter:
    """Writes to stderr, with known secrets removed.

    Args:
        debug: Whether errors come with their traceback.
        as_json: Whether errors are a JSON object.
    """

    def __init__(self, *, debug: bool = False, as_json: bool = False) -> None:
        self.debug = debug
        self.as_json = as_json
        self._secrets: set[str] = set()

    @classmethod
    def for_arguments(cls, arguments: Sequence[str]) -> Reporter:
        """Return a reporter that also serves while the arguments are being parsed."""
        options = arguments[: arguments.index("--")] if "--" in arguments else arguments
        return cls(debug="--debug" in options, as_json="--json" in options)

    def hide(self, values: Iterable[Any]) -> None:
        """Remove these values from everything that is written from now on."""
        # Texts of a few letters would tear holes into every message, and are no keys.
        self._secrets |= {value for value in values if isinstance(value, str) and len(value) >= _SHORTEST_SECRET}

    def show(self, values: Iterable[Any]) -> None:
        """Take back `hide` for values that turned out to be no secrets."""
        self._secrets -= {value for value in values if isinstance(value, str)}

    def clean(self, text: str) -> str:
        """Return the text without secrets and without the control characters that a vendor may have sent."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            for form in {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]}:
                text = text.replace(form, _MASK)
        return _CONTROL.sub("", text.replace("\r\n", "\n"))

    def note(self, text: str) -> None:
        """Tell the person something beside the result."""
        print(self.clean(text), file=sys.stderr, flush=True)

    def warn(self, text: str) -> None:
        """Tell the person what is better changed."""
        self.note(f"warning: {text}")

    def fail(self, error: BaseException) -> int:
        """Report an error and return the exit code that belongs to it."""
        if isinstance(error, click.exceptions.Exit):
            return error.exit_code
        if isinstance(error, SystemExit):
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        if self.debug and not isinstance(error, click.ClickException):
            self.note("".join(traceback.format_exception(error)).rstrip())
        if isinstance(error, (KeyboardInterrupt, click.Abort)):
            self.note("interrupted")
            return INTERRUPTED
        if self.as_json:
            print(json.dumps({"error": self._fields(error)}, ensure_ascii=False), file=sys.stderr, flush=True)
        else:
            if isinstance(error, click.UsageError) and error.ctx is not None:
                self.note(error.ctx.get_usage())
            self.note(f"error: {self._sentence(error)}")
        return exit_code(error)

    def _sentence(self, error: BaseException) -> str:
        if isinstance(error, click.ClickException):
            return error.format_message()
        if isinstance(error, MRTError):
            return str(error) or type(error).__name__
        if isinstance(error, OSError):
            place = f"{error.filename}: " if error.filename else ""
            return f"{place}{error.strerror or error}"
        hint = "" if self.debug else "; --debug shows where"
        return f"MRT has a bug, please report it: {type(error).__name__}: {error}{hint}"

    def _fields(self, error: BaseException) -> dict[str, Any]:
        cause = getattr(error, "cause", None)
        fields: dict[str, Any] = {"type": type(error).__name__, "message": self.clean(self._sentence(error))}
        for name in FIELDS:
            value = getattr(error, name, None)
            value = getattr(cause, name, None) if value is None else value
            fields[name] = self.clean(value) if isinstance(value, str) else value
        if problems := getattr(error, "problems", None):
            fields["problems"] = {name: self.clean(text) for name, text in problems.items()}
        return fields


def exit_code(error: BaseException) -> int:
    """Return the exit code of an error: whose fault it is."""
    if isinstance(error, (CredentialsValidateFailedError, InvokeAuthorizationError)):
        return CREDENTIALS
    # A bad request stays wrong when repeated, whether core refused it or the vendor did.
    if isinstance(error, (click.UsageError, InvokeBadRequestError, ProviderNotFoundError)):
        return WRONG_USE
    return VENDOR_FAILED
