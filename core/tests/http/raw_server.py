"""A loopback server made of sockets and threads: it sends exactly the bytes that a test tells it to."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

TLS = Path(__file__).parent / "tls"
PATIENCE = 20.0
"""Seconds until a test that waits for something is given up."""


@dataclass
class Request:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    head: bytes = field(repr=False, default=b"")


class Peer:
    """The server's end of one connection."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.unread = b""

    def request(self) -> Request:
        """Read the next request.

        Raises:
            ConnectionError: The client has left.
        """
        head, _, rest = self._until(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        while len(rest) < length:
            rest += self._read()
        self.unread = rest[length:]
        request = Request(method, target, headers, rest[:length], head)
        self.server.requests.append(request)
        return request

    def _until(self, mark: bytes) -> tuple[bytes, bytes, bytes]:
        data = self.unread
        while mark not in data:
            data += self._read()
        return data.partition(mark)

    def _read(self) -> bytes:
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("the client has left")
        return data

    def send(self, *pieces: bytes) -> None:
        """Send pieces one by one."""
        for piece in pieces:
            self.sock.sendall(piece)

    def left(self) -> bool:
        """Wait until the client has closed its end; False when it does not."""
        self.sock.settimeout(PATIENCE)
        try:
            while self.sock.recv(65536):
                continue
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def reset(self) -> None:
        """Close the connection as a crashed server does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Script = Callable[[Peer], None]


class Server:
    """Runs a script for each connection, each in a thread of its own.

    Args:
        script: What to do with a connection, which is closed afterwards.
        certificate: File in `tls` to speak TLS with.
    """

    def __init__(self, script: Script, certificate: str | None = None) -> None:
        self.script = script
        self.requests: list[Request] = []
        self.peers: list[Peer] = []
        self.problems: list[BaseException] = []
        self.freed = threading.Semaphore(0)
        """Released for each client that was seen to leave."""
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._context.load_cert_chain(TLS / certificate)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        scheme = "http" if self._context is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        return len(self.peers)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(PATIENCE)
        for peer in self.peers:
            with suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        assert not self.problems, self.problems

    def wait_freed(self) -> bool:
        """Wait until a client has been seen to leave."""
        return self.freed.acquire(timeout=PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(self, sock)
            self.peers.append(peer)
            thread = threading.Thread(target=self._serve, args=(peer,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: Peer) -> None:
        try:
            if self._context is not None:
                peer.sock = self._context.wrap_socket(peer.sock, server_side=True)
            self.script(peer)
        except OSError:
            # The client left, which most tests end with.
            self.freed.release()
        except Exception as problem:
            self.problems.append(problem)
        finally:
            peer.sock.close()


Serve = Callable[..., Server]
"""The fixture that starts servers."""


def answer(body: bytes = b"{}", status: str = "200 OK", *fields: str, length: bool = True) -> bytes:
    """Return a whole answer of known length."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *fields]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
STREAM_END = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """Return data as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def replies(*payloads: bytes) -> Script:
    """Return a script that answers each request of a connection with the next payload, the last one forever."""

    def script(peer: Peer) -> None:
        number = 0
        while True:
            peer.request()
            peer.send(payloads[min(number, len(payloads) - 1)])
            number += 1

    return script


def stall(peer: Peer) -> None:
    """Say nothing until the client leaves."""
    if peer.left():
        peer.server.freed.release()


def eventually(condition: Callable[[], bool]) -> bool:
    """Return whether a condition comes true in time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return condition()
