from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mrt.errors import InvokeRateLimitError
from mrt.middleware import Limit, compose


def test_calls_at_once_are_limited(ask: Any) -> None:
    """Four threads meet inside a limit of two: no third one ever gets in while two are there."""
    meeting, inside, most, lock = threading.Barrier(2, timeout=10), 0, 0, threading.Lock()

    def call(invocation: Any) -> str:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        meeting.wait()
        with lock:
            inside -= 1
        return "hi"

    limit = Limit(concurrency=2)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: limit.call(ask(), call), range(20))) == ["hi"] * 20
    assert most == 2


def test_tasks_at_once_are_limited(ask: Any) -> None:
    inside, most = 0, 0

    async def call(invocation: Any) -> str:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        return "hi"

    async def main() -> None:
        limit = Limit(concurrency=3)
        assert await asyncio.gather(*(limit.acall(ask(), call) for _ in range(30))) == ["hi"] * 30

    asyncio.run(main())
    assert most == 3


@pytest.mark.parametrize("error", [KeyError(), InvokeRateLimitError(), KeyboardInterrupt()])
def test_a_failed_call_gives_its_place_back(error: BaseException, way: str, vendor: Any, run: Any) -> None:
    limit = Limit(concurrency=1, timeout=0)
    with pytest.raises(type(error)):
        run(way, [limit], vendor([error]))
    assert run(way, [limit], vendor(["hi"])) == ["hi"]


def test_a_stream_holds_its_place_until_it_is_closed(vendor: Any, ask: Any) -> None:
    target = vendor(["a", "b"])
    chain = compose([Limit(concurrency=1, timeout=0)], target)
    stream: Any = chain.stream(ask(stream=True))
    assert next(stream) == "a"
    with pytest.raises(InvokeRateLimitError, match="at once"):
        chain.call(ask())
    stream.close()
    assert target.open == 0
    assert chain.call(ask()) == "ab"


def test_an_async_stream_holds_its_place_until_it_is_closed(vendor: Any, ask: Any) -> None:
    async def main() -> None:
        target = vendor(["a", "b"])
        chain = compose([Limit(concurrency=1, timeout=0)], target)
        stream: Any = chain.astream(ask(stream=True))
        assert await anext(stream) == "a"
        with pytest.raises(InvokeRateLimitError, match="at once"):
            await chain.acall(ask())
        await stream.aclose()
        assert target.open == 0
        assert await chain.acall(ask()) == "ab"

    asyncio.run(main())


def test_a_stream_that_was_read_gives_its_place_back(stream_way: str, vendor: Any, run: Any) -> None:
    limit = Limit(concurrency=1, timeout=0)
    for _ in range(2):
        assert run(stream_way, [limit], vendor(["a", "b"])) == ["a", "b"]


def test_a_cancelled_call_gives_its_place_back(ask: Any) -> None:
    async def main() -> None:
        limit, began = Limit(concurrency=1, timeout=0), asyncio.Event()

        async def forever(invocation: Any) -> None:
            began.set()
            await asyncio.Event().wait()

        call = asyncio.ensure_future(limit.acall(ask(), forever))
        await began.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

        async def quick(invocation: Any) -> str:
            return "hi"

        assert await limit.acall(ask(), quick) == "hi"

    asyncio.run(main())


def rate(clock: Any, **arguments: Any) -> Limit:
    return Limit(sleep=clock.sleep, asleep=clock.asleep, clock=clock, **arguments)


def test_starts_per_second_are_limited(way: str, vendor: Any, run: Any, clock: Any) -> None:
    limit, target = rate(clock, per_second=4), vendor(["hi"])
    starts = []
    for _ in range(5):
        run(way, [limit], target)
        starts.append(clock.now - 1000)
    assert starts == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])


def test_a_pause_allows_a_burst_of_limited_size(vendor: Any, run: Any, clock: Any) -> None:
    limit, target = rate(clock, per_second=2, burst=3), vendor(["hi"])
    clock.now += 100
    for _ in range(5):
        run("call", [limit], target)
    assert clock.slept == pytest.approx([0.5, 0.5])


def test_whoever_would_wait_too_long_is_told_when_to_come(way: str, vendor: Any, run: Any, clock: Any) -> None:
    limit, target = rate(clock, per_second=0.1, timeout=5), vendor(["hi"])
    run(way, [limit], target)
    with pytest.raises(InvokeRateLimitError, match="this program's own limit") as caught:
        run(way, [limit], target)
    assert caught.value.retry_after == pytest.approx(10)
    assert (caught.value.provider, caught.value.model) == ("acme", "small")
    clock.now += 10
    assert run(way, [limit], target) == ["hi"], "a refused call takes nobody's turn"
    assert clock.slept == []


def test_a_call_that_is_cancelled_while_it_waits_gives_its_turn_back(vendor: Any, ask: Any, clock: Any) -> None:
    async def main() -> None:
        async def cancelled(seconds: float) -> None:
            raise asyncio.CancelledError

        limit = Limit(per_second=1, sleep=clock.sleep, asleep=cancelled, clock=clock, concurrency=1)
        chain = compose([limit], vendor(["hi"]))
        await chain.acall(ask())
        for _ in range(3):
            with pytest.raises(asyncio.CancelledError):
                await chain.acall(ask())
        chain.call(ask())
        assert clock.slept == pytest.approx([1])

    asyncio.run(main())


def test_others_are_not_limited(way: str, vendor: Any, run: Any, ask: Any, clock: Any) -> None:
    limits = [rate(clock, per_second=1, provider="bolt"), rate(clock, per_second=1, model="large")]
    for _ in range(3):
        run(way, limits, vendor(["hi"]))
    assert clock.slept == []
    for _ in range(2):
        run(way, limits, vendor(["hi"]), ask(provider="bolt"))
        run(way, limits, vendor(["hi"]), ask(model="large"))
    assert len(clock.slept) >= 1


def test_leaving_a_stream_closes_the_vendors(stream_way: str, vendor: Any, leave: Any) -> None:
    target = vendor(["a", "b"])
    assert leave(stream_way, [Limit(concurrency=1)], target) == "a"
    assert (target.open, target.closed) == (0, 1)


@pytest.mark.parametrize("wrong", [{}, {"concurrency": 0}, {"per_second": 0}, {"per_second": 1, "burst": 0}])
def test_wrong_limits_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Limit(**wrong)
