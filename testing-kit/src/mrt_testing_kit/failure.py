"""How a check ends when it does not pass."""

from __future__ import annotations

from typing import Any

_LIMIT = 400


class CheckFailure(AssertionError):
    """The provider broke the contract.

    Args:
        sentence: What is wrong, in one sentence.
        expected: What the contract asks for.
        came: What the provider did.
        sent: What it was asked; the runner fills in the last request when this is left out.
        mend: How to mend it, where the fault is not the provider's, so that the check's own advice would mislead.
    """

    def __init__(
        self,
        sentence: str,
        *,
        expected: str | None = None,
        came: str | None = None,
        sent: str | None = None,
        mend: str | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.expected = expected
        self.came = came
        self.sent = sent
        self.mend = mend


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


def show_error(error: BaseException) -> str:
    """Return an error's class, message and the fields that callers look at."""
    fields = {name: getattr(error, name, None) for name in ("status", "code", "retry_after", "request_id", "problems")}
    told = ", ".join(f"{name}={value!r}" for name, value in fields.items() if value not in (None, {}))
    text = f"{type(error).__name__}: {shorten(str(error))}"
    return f"{text} [{told}]" if told else text
