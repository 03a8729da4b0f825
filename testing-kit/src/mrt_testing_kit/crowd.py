"""Making many calls at once, and judging all of them."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mrt_testing_kit.failure import show_error
from mrt_testing_kit.jobs import Job

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context


def together(work: Sequence[Job], call: Callable[[Job], Any], *, threads: int | None = None) -> list[Any]:
    """Make calls on threads that start at the same moment; return results and errors, in the order of the jobs.

    Args:
        work: The calls.
        call: Makes one.
        threads: How many threads share them; one for each call when left out.
    """
    count = threads or len(work)
    start = threading.Barrier(count)
    found: list[Any] = [None] * len(work)

    def body(first: int) -> None:
        start.wait()
        for place in range(first, len(work), count):
            try:
                found[place] = call(work[place])
            except BaseException as error:
                found[place] = error

    crowd = [threading.Thread(target=body, args=(first,), daemon=True) for first in range(count)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    return found


def judge_all(ctx: Context, work: Sequence[Job], found: Sequence[Any], where: str) -> None:
    """Fail the check unless each call got its own right answer."""
    for job, result in zip(work, found, strict=True):
        judge_one(ctx, job, result, where)


def judge_one(ctx: Context, job: Job, result: Any, where: str) -> None:
    """Fail the check unless a call got its right answer."""
    if isinstance(result, BaseException):
        ctx.fail(f"a call failed: {where}", expected=job.expected, came=show_error(result))
    wrong = job.judge(result)
    ctx.expect(not wrong, f"a call got another answer than its own: {where}", expected=job.expected, came=wrong)


def eventually(ctx: Context, holds: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds, and tell whether it does in time; what nobody uses any more is collected."""
    end = time.monotonic() + ctx.seconds(seconds)
    while not holds():
        if time.monotonic() > end:
            return False
        gc.collect()
        time.sleep(0.02)
    return True
