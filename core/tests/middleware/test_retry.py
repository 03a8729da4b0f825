from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest

from mrt.errors import (
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeConnectionError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
)
from mrt.http.context import CallContext
from mrt.http.messages import Timeouts
from mrt.middleware import Retry, compose

DOWN = InvokeServerUnavailableError


def retry(clock: Any, **arguments: Any) -> Retry:
    """A policy whose waits are the longest of what chance may give."""
    arguments = {"jitter": lambda: 1.0, **arguments}
    return Retry(sleep=clock.sleep, asleep=clock.asleep, clock=clock, **arguments)


def test_it_repeats_until_it_works(way: str, vendor: Any, run: Any, clock: Any) -> None:
    target = vendor([DOWN("1")], [InvokeConnectionError("2")], ["fine"])
    assert run(way, [retry(clock)], target) == ["fine"]
    assert len(target.asked) == 3
    assert clock.slept == [0.5, 1.0]


def test_the_last_error_says_what_happened_before(way: str, vendor: Any, run: Any, clock: Any) -> None:
    target = vendor([DOWN("first")], [DOWN("second")], [InvokeConnectionError("third")])
    with pytest.raises(InvokeConnectionError, match="third") as caught:
        run(way, [retry(clock)], target)
    assert [text.split(",")[0] for text in caught.value.attempts] == [
        "acme/small: InvokeServerUnavailableError: first",
        "acme/small: InvokeServerUnavailableError: second",
    ]
    assert "3 attempts" in caught.value.__notes__[0]
    assert pickle.loads(pickle.dumps(caught.value)).attempts == caught.value.attempts


def test_a_single_attempt_leaves_no_notes(vendor: Any, run: Any, clock: Any) -> None:
    with pytest.raises(DOWN) as caught:
        run("call", [retry(clock, attempts=1)], vendor([DOWN()]))
    assert caught.value.attempts == ()
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize(
    "error", [InvokeBadRequestError(), InvokeAuthorizationError(), DOWN(retryable=False), ValueError(), SystemExit()]
)
def test_what_will_not_get_better_is_not_repeated(
    error: BaseException, way: str, vendor: Any, run: Any, clock: Any
) -> None:
    target = vendor([error], ["fine"])
    with pytest.raises(type(error)):
        run(way, [retry(clock)], target)
    assert len(target.asked) == 1


def test_an_error_may_say_that_it_is_worth_another_try(way: str, vendor: Any, run: Any, clock: Any) -> None:
    assert run(way, [retry(clock)], vendor([InvokeBadRequestError(retryable=True)], ["fine"])) == ["fine"]


def test_retry_after_is_honoured(way: str, vendor: Any, run: Any, clock: Any) -> None:
    assert run(way, [retry(clock)], vendor([InvokeRateLimitError(retry_after=7.5)], ["fine"])) == ["fine"]
    assert clock.slept == [7.5]


def test_a_retry_after_beyond_the_deadline_is_not_waited_for(way: str, vendor: Any, run: Any, clock: Any) -> None:
    target = vendor([InvokeRateLimitError(retry_after=61)], ["fine"])
    with pytest.raises(InvokeRateLimitError):
        run(way, [retry(clock, deadline=60)], target)
    assert clock.slept == []


def test_one_deadline_holds_for_all_attempts(way: str, vendor: Any, run: Any, clock: Any) -> None:
    target = vendor([DOWN(retry_after=4)])
    with pytest.raises(DOWN):
        run(way, [retry(clock, attempts=100, deadline=10)], target)
    assert len(target.asked) == 3
    assert clock.slept == [4, 4]


def test_without_a_deadline_the_attempts_count(vendor: Any, run: Any, clock: Any) -> None:
    target = vendor([DOWN(retry_after=1000)])
    with pytest.raises(DOWN):
        run("call", [retry(clock, attempts=4, deadline=None)], target)
    assert len(target.asked) == 4


def test_waits_double_up_to_the_cap_and_are_random(vendor: Any, run: Any, clock: Any) -> None:
    with pytest.raises(DOWN):
        run("call", [retry(clock, attempts=6, base=1, cap=5)], vendor([DOWN()]))
    assert clock.slept == [1, 2, 4, 5, 5]
    clock.slept.clear()
    with pytest.raises(DOWN):
        run("call", [retry(clock, attempts=4, base=1, jitter=iter([0.0, 0.5, 0.25, 0.0]).__next__)], vendor([DOWN()]))
    assert clock.slept == [0, 1, 1]


def test_a_stream_is_not_repeated_after_its_first_chunk(stream_way: str, vendor: Any, run: Any, clock: Any) -> None:
    target = vendor(["half", InvokeConnectionError("cut off")], ["whole"])
    came: list[str] = []
    with pytest.raises(InvokeConnectionError, match="cut off"):
        run(stream_way, [retry(clock)], target, on_chunk=came.append)
    assert came == ["half"]
    assert len(target.asked) == 1
    assert target.open == 0


def test_failed_streams_are_closed(stream_way: str, vendor: Any, run: Any, clock: Any) -> None:
    target = vendor([DOWN()], [DOWN()], ["a", "b"])
    assert run(stream_way, [retry(clock)], target) == ["a", "b"]
    assert (target.open, target.closed) == (0, 3)


def test_leaving_a_stream_closes_the_vendors(stream_way: str, vendor: Any, leave: Any, clock: Any) -> None:
    target = vendor([DOWN()], ["a", "b"])
    assert leave(stream_way, [retry(clock)], target) == "a"
    assert (target.open, target.closed) == (0, 2)


def test_a_stream_without_chunks_is_empty(stream_way: str, vendor: Any, run: Any, clock: Any) -> None:
    assert run(stream_way, [retry(clock)], vendor([])) == []


def test_cancellation_passes_while_it_waits(vendor: Any, ask: Any) -> None:
    async def main() -> None:
        waits = asyncio.Event()

        async def wait(seconds: float) -> None:
            waits.set()
            await asyncio.Event().wait()

        target = vendor([DOWN()])
        call = asyncio.ensure_future(compose([Retry(asleep=wait)], target).acall(ask()))
        await waits.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert len(target.asked) == 1

    asyncio.run(main())


def test_waiting_does_not_block_the_loop(vendor: Any, ask: Any, clock: Any) -> None:
    async def main() -> None:
        chain = compose([Retry(base=0.01)], vendor([DOWN()], [DOWN()], ["fine"]))
        done = await asyncio.gather(chain.acall(ask()), asyncio.sleep(0, "other"))
        assert done == ["fine", "other"]

    asyncio.run(main())


def test_attempts_get_what_is_left_of_the_time(vendor: Any, run: Any, ask: Any, clock: Any) -> None:
    context = CallContext(transport=None, timeouts=Timeouts(total=50, first_byte=40, connect=3))  # type: ignore[arg-type]
    target = vendor([DOWN(retry_after=6)], ["fine"])
    run("call", [retry(clock, deadline=10)], target, ask(context=context))
    assert [asked.context.timeouts.total for asked in target.asked] == [10, 4]
    assert context.timeouts.total == 50

    target = vendor([DOWN(retry_after=8)], ["fine"])
    run("stream", [retry(clock, deadline=10)], target, ask(context=context))
    limits = [(asked.context.timeouts.connect, asked.context.timeouts.first_byte) for asked in target.asked]
    assert limits == [(3, 10), (2, 2)]
    assert target.asked[0].context.timeouts.total == 50


def test_attempts_have_to_be_at_least_one() -> None:
    with pytest.raises(ValueError):
        Retry(attempts=0)
