"""How a check ends when it does not pass."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

from mrt import MRTError, PluginError

_LIMIT = 400
_NOT_THE_PLUGIN = frozenset({"mrt", "mrt_testing_kit", "_pytest", "pytest", *sys.stdlib_module_names})


class CheckFailure(AssertionError):
    """The provider broke the contract.

    Args:
        sentence: What is wrong, in one sentence.
        expected: What the contract asks for.
        came: What the provider did.
        sent: What it was asked.
        wire: What the call sent over the wire; the runner fills in the last request when this is left out.
        mend: How to mend it, where the fault is not the provider's, so that the check's own advice would mislead.
    """

    def __init__(
        self,
        sentence: str,
        *,
        expected: str | None = None,
        came: str | None = None,
        sent: str | None = None,
        wire: str | None = None,
        mend: str | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.expected = expected
        self.came = came
        self.sent = sent
        self.wire = wire
        self.mend = mend

    def add(self, what: str) -> None:
        """Say what was tried when it happened."""
        self.sentence = f"{self.sentence} ({what})"
        self.args = (self.sentence,)


class NotApplicable(Exception):  # it is no error
    """The check makes no sense for this provider.

    Args:
        reason: Why, for the report.
        by_dialect: The dialect cannot show the situation, so that no declaration of the provider is at stake.
    """

    def __init__(self, reason: str, *, by_dialect: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.by_dialect = by_dialect


class NotRun(Exception):  # it is no error
    """The check could not be run, for want of something that whoever runs it can give; `reason` says what."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def show(value: Any, limit: int = _LIMIT) -> str:
    """Return a value for a message: its `repr`, cut in the middle when it is long."""
    if isinstance(value, BaseException):
        return show_error(value)
    return shorten(repr(value), limit)


def shorten(text: str, limit: int = _LIMIT) -> str:
    """Return a text with its middle left out when it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} ... {len(text) - 2 * half} characters ... {text[-half:]}"


def place_of(error: BaseException, package: str) -> str:
    """Return where in the plugin's code a bug was met, ``src/acme/llm.py:23, in build_request``.

    Args:
        error: What came out of a call. MRT's errors are no bugs, but for `PluginError`, whose cause is the bug.
        package: The plugin's package; where it has no part in the bug, code counts that is neither MRT's nor Python's.

    Returns:
        The last place, as a path from the current folder where it is below that; empty when there is none.
    """
    bug = error
    while isinstance(bug, PluginError) and bug.__cause__ is not None:
        bug = bug.__cause__
    if isinstance(bug, MRTError) and not isinstance(bug, PluginError):
        return ""
    frames: list[tuple[str, str]] = []
    for frame, line in traceback.walk_tb(bug.__traceback__):
        owner = str(frame.f_globals.get("__name__")).partition(".")[0]
        file = frame.f_code.co_filename.removeprefix(f"{os.getcwd()}{os.sep}")
        frames.append((owner, f"{file}:{line}, in {frame.f_code.co_name}"))
    own = [place for owner, place in frames if owner == package]
    other = [place for owner, place in frames if owner not in _NOT_THE_PLUGIN]
    return (own or other or [""])[-1]


def show_error(error: BaseException) -> str:
    """Return an error's class, message and the fields that callers look at."""
    fields = {name: getattr(error, name, None) for name in ("status", "code", "retry_after", "request_id", "problems")}
    told = ", ".join(f"{name}={value!r}" for name, value in fields.items() if value not in (None, {}))
    text = f"{type(error).__name__}: {shorten(str(error))}"
    return f"{text} [{told}]" if told else text
