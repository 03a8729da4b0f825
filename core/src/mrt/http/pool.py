"""Connections that wait for their next call."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mrt.http.line import Line


class Pool:
    """The idle connections of one origin, for all threads or for one event loop; the last used goes out first.

    A stack costs the same with one connection and with a thousand. Its steps are single operations of a deque, which
    threads may do at the same time.

    Args:
        keep: Connections that may wait; more are closed.
        expiry: Seconds after which a waiting connection is closed instead of used.
        slots: A semaphore that limits the connections in use; None is no limit.
    """

    __slots__ = ("__weakref__", "_closed", "_expiry", "_idle", "_keep", "slots")

    def __init__(self, keep: int, expiry: float, slots: Any = None) -> None:
        self._idle: deque[Line] = deque()
        self._keep = keep
        self._expiry = expiry
        self._closed = False
        self.slots = slots

    def take(self) -> Line | None:
        """Return a connection that still stands, if there is one."""
        while True:
            try:
                line = self._idle.pop()
            except IndexError:
                return None
            if monotonic() - line.idle_since < self._expiry and line.quiet():
                return line
            line.hang_up()

    def give(self, line: Line) -> None:
        """Keep a connection for the next call."""
        now = line.idle_since = monotonic()
        line.used = True
        self._idle.append(line)
        try:
            # The oldest stands first.
            while self._closed or len(self._idle) > self._keep or now - self._idle[0].idle_since > self._expiry:
                self._idle.popleft().hang_up()
        except IndexError:
            return

    def close(self) -> None:
        """Close the idle connections, and those in use once they come back."""
        self._closed = True
        try:
            while True:
                self._idle.popleft().hang_up()
        except IndexError:
            return
