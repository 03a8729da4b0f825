"""Breaking calls off while they wait for the vendor: by a cancelled task, and by Ctrl-C."""

from __future__ import annotations

import asyncio
import ctypes
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from mrt_testing_kit.server import RecordedRequest

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context

BLOCKED = "the event loop was blocked"
"""What `broken_off` returns of a call that lets nothing else run meanwhile."""

BLOCKED_AFTER = 5.0
"""Seconds after which an event loop that does nothing else counts as blocked."""

_TRIES = 3


def broken_off(ctx: Context, start: Callable[[], Coroutine[Any, Any, Any]], begun: Callable[[], object]) -> str:
    """Cancel an awaited call once something holds, and return how it ended: with which error, or with a result.

    Args:
        ctx: The check, whose server lets the call wait.
        start: Makes the call.
        begun: What has to hold before; asked whenever the server sees something.
    """
    blocked: list[str] = []

    async def main() -> str:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(start())

        def cancel() -> None:
            ctx.server.wait_for(begun, ctx.seconds(10))
            alive = threading.Event()
            loop.call_soon_threadsafe(alive.set)
            loop.call_soon_threadsafe(task.cancel)
            if not alive.wait(ctx.seconds(BLOCKED_AFTER)):
                blocked.append(BLOCKED)
                ctx.server.disconnect_all()

        watcher = threading.Thread(target=cancel, daemon=True)
        watcher.start()
        try:
            await task
        except asyncio.CancelledError:
            return "CancelledError"
        except Exception as error:
            return type(error).__name__
        finally:
            await asyncio.to_thread(watcher.join)
        return "a result"

    ended = ctx.run(main())
    return blocked[0] if blocked else ended


def can_interrupt() -> bool:
    """Tell whether this Python lets one thread interrupt another."""
    return sys.implementation.name == "cpython"


def interrupted(ctx: Context, call: Callable[[], Any], by: type[BaseException]) -> str:
    """Interrupt a call when its request has reached the server, and return how it ended.

    It is tried again when the interruption did not come out: Python drops one that meets a finalizer.

    Args:
        ctx: The check.
        call: Makes the call, in a thread of its own.
        by: What is raised in it, such as `KeyboardInterrupt`.
    """
    ended = ""
    for _ in range(_TRIES):
        ended = _interrupted(ctx, call, by)
        if ended == by.__name__:
            break
    return ended


def _interrupted(ctx: Context, call: Callable[[], Any], by: type[BaseException]) -> str:
    ended: list[str] = []

    def body() -> None:
        try:
            call()
        except BaseException as error:
            ended.append(type(error).__name__)
        else:
            ended.append("a result")

    thread = threading.Thread(target=body, daemon=True)
    struck: list[int] = []

    def strike(_: RecordedRequest) -> bool:
        # On the server's thread and before it answers, so that the call is sure to be under way.
        if not struck and thread.ident is not None:
            thread_id, raised = ctypes.c_ulong(thread.ident), ctypes.py_object(by)
            struck.append(ctypes.pythonapi.PyThreadState_SetAsyncExc(thread_id, raised))
        return False

    spy = ctx.server.fault("F41", when=strike)
    try:
        thread.start()
        thread.join(ctx.seconds(15))
    finally:
        spy.remove()
    if thread.is_alive():
        ctx.server.disconnect_all()
        thread.join(2)
        return "no end"
    return ended[0]
