"""Which connections and time limits a call uses."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrt.http.messages import Timeouts

if TYPE_CHECKING:
    from mrt.http.transport import Transport


@dataclass(slots=True)
class CallContext:
    """The runtime's part of a call.

    Args:
        transport: The runtime's connections.
        timeouts: The call's time limits.
    """

    transport: Transport
    timeouts: Timeouts

    def limited(self, total: float | None) -> Timeouts:
        """Return the time limits of an exchange that may take at most `total` seconds."""
        if total is None:
            return self.timeouts
        limits = self.timeouts
        return dataclasses.replace(limits, total=total if limits.total is None else min(total, limits.total))


_current: ContextVar[CallContext | None] = ContextVar("mrt_call_context", default=None)
_default: CallContext | None = None
_default_lock = threading.Lock()


@contextmanager
def use_context(context: CallContext) -> Generator[None]:
    """Make a context the current one; the runtime does so around every hook call."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def current_context() -> CallContext:
    """Return the context of the running hook call; outside of one, a default with connections of its own."""
    global _default
    context = _current.get() or _default
    if context is not None:
        return context
    from mrt.http.transport import Transport

    with _default_lock:
        if _default is None:
            _default = CallContext(Transport(), Timeouts())
        return _default
