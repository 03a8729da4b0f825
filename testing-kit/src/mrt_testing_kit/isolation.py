"""Walls around a check: no connection but to loopback, no proxies from outside, no endless run."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
# Names that RFC 2606 and RFC 6761 keep from existing: a check may ask for them to see what a failed look-up does.
_NEVER = (".invalid", ".test", ".example")


class TimeLimit(Exception):
    """A check did not end in time; `stack` is where it stood."""

    def __init__(self, seconds: float, stack: str) -> None:
        super().__init__(f"it did not end within {seconds:g} s")
        self.stack = stack


@contextmanager
def loopback_only(attempts: list[str]) -> Generator[None]:
    """Refuse every connection and every look-up of a name that leaves this machine.

    A refused look-up raises `socket.gaierror`, as without a network, and a refused connection `ConnectionRefusedError`.

    Args:
        attempts: Takes what was tried, but for names that can never exist.
    """
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
    look_up = socket.getaddrinfo

    def note(host: str) -> None:
        if not host.lower().rstrip(".").endswith(_NEVER):
            attempts.append(host)

    def refuse(address: Any) -> None:
        # A path of a Unix socket is text; everything else begins with the host.
        if not isinstance(address, (str, bytes)) and not is_local(host := str(address[0])):
            note(host)
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"the testing kit lets nobody connect to {host}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        refuse(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        refuse(address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: Any, *where: Any) -> int:
        refuse(where[-1])
        return sendto(self, data, *where)

    def guarded_look_up(host: Any, *args: Any, **options: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if isinstance(name, str) and not is_local(name):
            note(name)
            raise socket.gaierror(socket.EAI_NONAME, f"the testing kit looks nobody up: {name}")
        if isinstance(name, str) and name.endswith(".localhost"):
            # RFC 6761 has them lead to this machine; not every resolver knows.
            host = "127.0.0.1"
        return look_up(host, *args, **options)

    socket.socket.connect = guarded_connect  # type: ignore[assignment]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[assignment]
    socket.socket.sendto = guarded_sendto  # type: ignore[assignment]
    socket.getaddrinfo = guarded_look_up
    try:
        yield
    finally:
        socket.socket.connect = connect  # type: ignore[method-assign]
        socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]
        socket.socket.sendto = sendto  # type: ignore[method-assign]
        socket.getaddrinfo = look_up


def is_local(host: str) -> bool:
    """Tell whether a host name or address is this machine's own."""
    if host in ("", "localhost", "0.0.0.0") or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0].strip("[]")).is_loopback
    except ValueError:
        return False


@contextmanager
def no_proxies() -> Generator[None]:
    """Take proxies out of the environment: a client that reads them would not reach the server."""
    kept: dict[str, str] = {}
    for name in (*_PROXIES, *(proxy.lower() for proxy in _PROXIES)):
        if name in os.environ:
            kept[name] = os.environ.pop(name)
    try:
        yield
    finally:
        os.environ.update(kept)


def limited(function: Callable[[], None], seconds: float, when_late: Callable[[], None]) -> None:
    """Run a function on a thread of its own and wait for it.

    Args:
        function: What it raises is raised here; `SystemExit` and its kind in an `Escaped`, so that they end no run.
        seconds: How long to wait.
        when_late: Called when it is late, to cut what it waits for; it then has two more seconds to end.

    Raises:
        TimeLimit: It was late.
        Escaped: It raised what is no `Exception`.
    """
    raised: list[BaseException] = []

    def body() -> None:
        try:
            function()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=body, name="mrt-check", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        # There is no public way to see where another thread stands.
        frame = sys._current_frames().get(thread.ident or 0)  # pyright: ignore[reportPrivateUsage]
        stack = "".join(traceback.format_stack(frame)[-6:]) if frame is not None else ""
        when_late()
        thread.join(2)
        raise TimeLimit(seconds, stack)
    if raised and not isinstance(raised[0], Exception):
        raise Escaped(repr(raised[0])) from raised[0]
    if raised:
        raise raised[0]


class Escaped(Exception):
    """A check let out what is no `Exception`, such as `SystemExit`; the cause is that."""


class Baseline:
    """What the process had open at the start, to tell at the end what was left behind."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        self._descriptors = descriptors()

    def leaks(self) -> list[str]:
        """Return a sentence for each kind of thing that is left."""
        found: list[str] = []
        threads = [thread.name for thread in threading.enumerate() if thread not in self._threads]
        if threads:
            found.append(f"threads still running: {', '.join(sorted(threads))}")
        now = descriptors()
        if now is not None and self._descriptors is not None and now > self._descriptors:
            found.append(f"{now - self._descriptors} file descriptors more than at the start")
        return found


def descriptors() -> int | None:
    """Return how many file descriptors the process has open; None where that cannot be told."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return len(os.listdir(folder))
        except OSError:
            continue
    return None
