"""The four time limits of one exchange, while it runs."""

from __future__ import annotations

from time import monotonic
from typing import Literal

from mrt.errors import InvokeTimeoutError
from mrt.http.messages import Timeouts

Phase = Literal["pool", "connect", "first_byte", "between_bytes", "drain"]

# Waiting for a free connection counts as connecting.
_LIMIT_OF = {"pool": "connect"}

_WHAT_HAPPENED = {
    "pool": "all connections to {peer} stayed in use for {limit:g} s: make fewer calls at once or allow more",
    "connect": "no connection to {peer} within {limit:g} s: is the address right and the server reachable?",
    "first_byte": "{peer} did not begin to answer within {limit:g} s: it may be busy or still loading the model",
    "between_bytes": "{peer} began to answer and then sent nothing for {limit:g} s",
    "total": "the call to {peer} was not done within its {limit:g} s",
    "drain": "{peer} did not end its answer",
}


class Clock:
    """Says how long each socket operation may take.

    Args:
        limits: The time limits.
        peer: Host and port, for messages.
    """

    __slots__ = ("_end", "_limits", "_total_end", "peer", "phase")

    def __init__(self, limits: Timeouts, peer: str) -> None:
        self.peer = peer
        self.phase: Phase = "connect"
        self._limits = limits
        self._end: float | None = None
        self._total_end = None if limits.total is None else monotonic() + limits.total

    def begin(self, phase: Literal["pool", "connect", "first_byte", "between_bytes"]) -> None:
        """Start a phase and its limit."""
        self.phase = phase
        limit: float | None = getattr(self._limits, _LIMIT_OF.get(phase, phase))
        self._end = None if limit is None else monotonic() + limit

    def begin_drain(self, grace: float) -> None:
        """Allow a few more seconds for a rest that nobody needs."""
        self.phase = "drain"
        self._end = monotonic() + grace

    def begin_read(self) -> None:
        """Start the wait for more: between two pieces of an answer, each wait has the whole limit."""
        if self.phase == "between_bytes":
            self.begin("between_bytes")

    def left(self) -> float | None:
        """Return the seconds that the next operation may take; None is no limit.

        Raises:
            InvokeTimeoutError: None are left.
        """
        end = self._end
        if self._total_end is not None and (end is None or self._total_end < end):
            end = self._total_end
        if end is None:
            return None
        left = end - monotonic()
        if left <= 0:
            raise self.expired()
        return left

    def expired(self) -> InvokeTimeoutError:
        """Return the error for the limit that ends first."""
        phase: str = self.phase
        if self._total_end is not None and (self._end is None or self._total_end <= self._end):
            phase = "total"
        name = _LIMIT_OF.get(phase, phase)
        limit: float | None = getattr(self._limits, name, None)
        text = _WHAT_HAPPENED[phase].format(peer=self.peer, limit=limit or 0.0)
        hint = "" if phase == "drain" else f" (the limit is Timeouts.{name})"
        return InvokeTimeoutError(text + hint, phase=phase)
