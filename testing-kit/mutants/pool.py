"""Work in several processes, a few pieces in each: a mutant may leave threads, sockets and changed modules behind."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from mutants.hunt import alarms_of_plugin, alarms_of_reference, hunt
from mutants.patches import read_all

Job = tuple[str, str | int]
"""``("mutant", id)``, ``("plugin", number)`` or ``("reference", name)``."""

AT_ONCE = 12
"""Mutants that one process sees."""


def batches(jobs: Sequence[Job]) -> list[list[Job]]:
    """Cut the work into pieces for one process each, the long ones first."""
    long = [[job] for job in jobs if job[0] != "mutant"]
    short = [job for job in jobs if job[0] == "mutant"]
    return [*long, *(short[at : at + AT_ONCE] for at in range(0, len(short), AT_ONCE))]


def run_all(jobs: Sequence[Job], processes: int, tell: Callable[[Job, Any], None]) -> None:
    """Do the work.

    Args:
        jobs: What to do.
        processes: How many processes work at a time.
        tell: Gets each result; the error in place of it when a process died.
    """
    waiting = deque(batches(jobs))
    lock = threading.Lock()

    def keep_busy() -> None:
        while True:
            try:
                batch = waiting.popleft()
            except IndexError:
                return
            for job, result in _in_process(batch):
                with lock:
                    tell(job, result)

    threads = [threading.Thread(target=keep_busy, daemon=True) for _ in range(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _in_process(batch: Sequence[Job]) -> list[tuple[Job, Any]]:
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(list(batch), theirs))
    process.start()
    theirs.close()
    done: list[tuple[Job, Any]] = []
    try:
        while True:
            done.append(ours.recv())
    except EOFError:
        process.join()
    missing = batch[len(done) :]
    return [*done, *((job, RuntimeError(f"the process ended with {process.exitcode}")) for job in missing)]


def _work(batch: list[Job], pipe: Connection) -> None:
    for job in batch:
        pipe.send((job, _do(*job)))
    pipe.close()
    # Without waiting for threads that a mutant left behind.
    os._exit(0)


def _do(kind: str, name: Any) -> Any:
    try:
        if kind == "plugin":
            return alarms_of_plugin(name)
        if kind == "reference":
            return alarms_of_reference(name)
        return hunt(next(wrong for wrong in read_all() if wrong.id == name))
    except Exception as error:
        return RuntimeError(f"{type(error).__name__}: {error}")
