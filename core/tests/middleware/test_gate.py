from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mrt.middleware.gate import Gate


def test_threads_never_exceed_the_places() -> None:
    gate, inside, most, lock = Gate(3), 0, 0, threading.Lock()

    def visit(_: int) -> None:
        nonlocal inside, most
        assert gate.enter()
        with lock:
            inside += 1
            most = max(most, inside)
        with lock:
            inside -= 1
        gate.leave()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(visit, range(500)))
    assert 1 <= most <= 3
    assert inside == 0


def test_tasks_never_exceed_the_places_and_come_in_order() -> None:
    gate, inside, most, order = Gate(2), 0, 0, list[int]()

    async def visit(number: int) -> None:
        nonlocal inside, most
        assert await gate.aenter()
        inside += 1
        most = max(most, inside)
        order.append(number)
        await asyncio.sleep(0)
        inside -= 1
        gate.leave()

    async def main() -> None:
        await asyncio.gather(*map(visit, range(50)))

    asyncio.run(main())
    assert most == 2
    assert order == list(range(50))


def test_threads_and_loops_share_the_places() -> None:
    gate = Gate(1)
    assert gate.enter()
    entered = threading.Event()

    async def main() -> None:
        assert await gate.aenter()
        entered.set()
        gate.leave()

    loop = threading.Thread(target=asyncio.run, args=(main(),))
    loop.start()
    assert not entered.wait(0.05)
    gate.leave()
    loop.join(10)
    assert entered.is_set()
    assert gate.enter(0)


def test_a_thread_that_waited_too_long_leaves_the_queue() -> None:
    gate = Gate(1)
    assert gate.enter()
    assert not gate.enter(0.01)
    gate.leave()
    assert gate.enter(0)


def test_a_task_that_waited_too_long_leaves_the_queue() -> None:
    async def main() -> None:
        gate = Gate(1)
        assert await gate.aenter()
        assert not await gate.aenter(0.01)
        gate.leave()
        assert await gate.aenter(0)

    asyncio.run(main())


def test_a_cancelled_task_leaves_the_queue() -> None:
    async def main() -> None:
        gate = Gate(1)
        assert await gate.aenter()
        waiting = asyncio.ensure_future(gate.aenter())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.leave()
        assert await gate.aenter(0)

    asyncio.run(main())


def test_a_task_that_is_cancelled_just_as_it_gets_a_place_passes_it_on() -> None:
    async def main() -> None:
        gate = Gate(1)
        assert await gate.aenter()
        first, second = (asyncio.ensure_future(gate.aenter()) for _ in range(2))
        await asyncio.sleep(0)
        gate.leave()  # grants the place to the first ...
        first.cancel()  # ... which is cancelled before it learns of it
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await asyncio.wait_for(second, 10)

    asyncio.run(main())


def test_a_place_does_not_get_lost_with_a_closed_loop() -> None:
    gate = Gate(1)
    assert gate.enter()
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(gate.aenter())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    gate.leave()
    assert gate.enter(0)
    waiting._log_destroy_pending = False  # type: ignore[attr-defined]  # the loop was closed on purpose
