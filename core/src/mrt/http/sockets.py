"""A socket that needs no closing, and TLS that needs no socket."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl


class QuietSocket(socket.socket):
    """Closes without a warning when it is collected: with its pool, with a stream that was left, or after a fork."""

    def __del__(self) -> None:
        # Without a descriptor it was never made, or is closed already.
        if self.fileno() >= 0:
            self.close()


class TLSLayer:
    """TLS between two buffers, which lets it run over anything: a socket, or the TLS of a proxy."""

    __slots__ = ("hostname", "incoming", "object", "outgoing")

    def __init__(self, context: ssl.SSLContext, hostname: str) -> None:
        import ssl

        self.hostname = hostname
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_hostname=hostname)
