"""A number of places that threads and event loops share."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import nullcontext


class Gate:
    """A semaphore whose waiters are threads and tasks alike, served in the order in which they came.

    Args:
        places: How many may be inside at once.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._lock = threading.Lock()
        self._waiting: deque[_ThreadWaiter | _TaskWaiter] = deque()

    def enter(self, timeout: float | None = None) -> bool:
        """Wait in a thread for a place; False when `timeout` seconds passed without one."""
        waiter = _ThreadWaiter()
        if self._join(waiter):
            return True
        entered = False
        try:
            entered = waiter.event.wait(timeout)
        finally:
            entered = self._settle(waiter, entered)
        return entered

    async def aenter(self, timeout: float | None = None) -> bool:
        """Do the same in a task of an event loop."""
        waiter = _TaskWaiter()
        if self._join(waiter):
            return True
        entered = False
        try:
            async with asyncio.timeout(timeout) if timeout is not None else nullcontext():
                await waiter.future
            entered = True
        except TimeoutError:
            pass
        finally:
            entered = self._settle(waiter, entered)
        return entered

    def leave(self) -> None:
        """Give a place back; it goes to whoever waits longest."""
        with self._lock:
            self._pass_on()

    def _join(self, waiter: _ThreadWaiter | _TaskWaiter) -> bool:
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            self._waiting.append(waiter)
            return False

    def _settle(self, waiter: _ThreadWaiter | _TaskWaiter, entered: bool) -> bool:
        """Take a waiter that gives up out of the queue; the place that it was just given goes to the next."""
        if entered:
            return True
        with self._lock:
            if waiter.granted:
                self._pass_on()
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
        return False

    def _pass_on(self) -> None:
        while self._waiting:
            if self._waiting.popleft().grant():
                return
        self._free += 1


class _ThreadWaiter:
    def __init__(self) -> None:
        self.event = threading.Event()
        self.granted = False

    def grant(self) -> bool:
        self.granted = True
        self.event.set()
        return True


class _TaskWaiter:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[None] = self._loop.create_future()
        self.granted = False

    def grant(self) -> bool:
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            # Its loop was closed while it waited, so nobody is there to take the place.
            return False
        self.granted = True
        return True

    def _wake(self) -> None:
        if not self.future.done():
            self.future.set_result(None)
