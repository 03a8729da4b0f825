"""Tells outer middleware about the attempts that inner middleware makes within one call."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from mrt.entities.invocation import Invocation
from mrt.errors import InvokeError


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """An attempt that failed and is followed by another one.

    Args:
        provider: Provider that was asked.
        model: Model that was asked.
        error: How it failed.
        wait: Seconds until the next attempt.
    """

    provider: str
    model: str
    error: InvokeError
    wait: float = 0.0

    def __str__(self) -> str:
        waited = f", waited {self.wait:.1f} s" if self.wait else ""
        return f"{self.provider}/{self.model}: {type(self.error).__name__}: {self.error.description}{waited}"


_watcher: ContextVar[Callable[[FailedAttempt], None] | None] = ContextVar("mrt_attempts", default=None)


@contextmanager
def watch_attempts(watcher: Callable[[FailedAttempt], None]) -> Generator[None, None, None]:
    """Have attempts reported that fail below, until the call returns or the stream has its first chunk."""
    outer = _watcher.get()

    def report(attempt: FailedAttempt) -> None:
        watcher(attempt)
        if outer is not None:
            outer(attempt)

    token = _watcher.set(report)
    try:
        yield
    finally:
        _watcher.reset(token)


def report_attempt(invocation: Invocation[Any], error: InvokeError, wait: float = 0.0) -> FailedAttempt:
    """Report an attempt that failed and will be followed by another one."""
    attempt = FailedAttempt(invocation.provider, invocation.model, error, wait)
    watcher = _watcher.get()
    if watcher is not None:
        watcher(attempt)
    return attempt


def record(error: InvokeError, attempts: list[FailedAttempt]) -> None:
    """Write the attempts before it onto the error that ends a call."""
    if attempts:
        error.attempts = (*map(str, attempts), *error.attempts)
        error.add_note(f"{len(attempts) + 1} attempts; the ones before: " + "; ".join(map(str, attempts)))
