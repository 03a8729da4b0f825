"""Connections that wait for the next call."""

from __future__ import annotations

import http.client
import select
import threading

MOST_IDLE = 8
"""Connections to one place that are kept."""


class Pool:
    """Keeps connections of one runtime in one process; they end with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = {}

    def take(self, scheme: str, place: str) -> http.client.HTTPConnection | None:
        """Return a connection that is still open, or None."""
        with self._lock:
            idle = self._idle.get((scheme, place), [])
            while idle:
                connection = idle.pop()
                # The server has nothing to say now, unless that it has closed.
                if connection.sock is not None and not select.select([connection.sock], [], [], 0)[0]:
                    return connection
                connection.close()
        return None

    def give_back(self, scheme: str, place: str, connection: http.client.HTTPConnection) -> None:
        """Take a connection back whose answer was read to its end."""
        with self._lock:
            idle = self._idle.setdefault((scheme, place), [])
            if connection.sock is not None and len(idle) < MOST_IDLE:
                idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close what waits."""
        with self._lock:
            for connection in [connection for idle in self._idle.values() for connection in idle]:
                connection.close()
            self._idle.clear()
