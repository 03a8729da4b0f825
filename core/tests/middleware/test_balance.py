from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mrt.entities.secret import Credentials, Secret
from mrt.errors import (
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeConnectionError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
    InvokeTimeoutError,
)
from mrt.middleware import Balance

A, B, C = ({"api_key": f"sk-test-{name}"} for name in "abc")


def keys(target: Any) -> str:
    return "".join(asked.credentials["api_key"].reveal().removeprefix("sk-test-") for asked in target.asked)


def test_credentials_take_turns(way: str, vendor: Any, run: Any, clock: Any) -> None:
    target, balance = vendor(["hi"]), Balance("acme", A, B, C, clock=clock)
    for _ in range(5):
        run(way, [balance], target)
    assert keys(target) == "abcab"


def test_the_rest_comes_from_the_handle_and_secrets_stay_secret(vendor: Any, run: Any, clock: Any) -> None:
    target = vendor(["hi"])
    run("call", [Balance("acme", {**A, "project": "p1", "base_url": "http://127.0.0.1:2"}, clock=clock)], target)
    used = target.asked[0].credentials
    assert used["api_key"] == Secret("sk-test-a")
    assert used["base_url"] == "http://127.0.0.1:2"
    assert isinstance(used["project"], Secret), "a field of unknown kind is kept secret"
    assert used.reveal() == {"api_key": "sk-test-a", "base_url": "http://127.0.0.1:2", "project": "p1"}


def test_whole_credentials_are_taken_as_they_are(vendor: Any, run: Any, clock: Any) -> None:
    own = Credentials({"api_key": "sk-test-x"}, frozenset({"api_key"}))
    target = vendor(["hi"])
    run("call", [Balance("acme", own, clock=clock)], target)
    assert target.asked[0].credentials is own


def test_calls_of_other_providers_and_models_never_get_them(
    way: str, vendor: Any, run: Any, ask: Any, clock: Any
) -> None:
    target = vendor(["hi"])
    run(way, [Balance("acme", A, clock=clock)], target, ask(provider="bolt"))
    run(way, [Balance("acme", A, model="large", clock=clock)], target, ask(model="small"))
    assert keys(target) == "ownown"
    run(way, [Balance("acme", A, model="large", clock=clock)], target, ask(model="large"))
    assert keys(target) == "ownowna"


@pytest.mark.parametrize(
    ("error", "rest"),
    [
        (InvokeRateLimitError(), 60),
        (InvokeRateLimitError(retry_after=5), 60),
        (InvokeRateLimitError(retry_after=90), 90),
        (InvokeAuthorizationError(), 10),
        (InvokeConnectionError(), 10),
        (InvokeTimeoutError(), 10),
    ],
)
def test_failed_credentials_rest(error: Any, rest: float, way: str, vendor: Any, run: Any, clock: Any) -> None:
    target, balance = vendor([error], ["hi"]), Balance("acme", A, B, clock=clock)
    assert run(way, [balance], target) == ["hi"]
    assert keys(target) == "ab"
    target.asked.clear()
    clock.now += rest - 0.5
    run(way, [balance], target)
    run(way, [balance], target)
    assert keys(target) == "bb"
    clock.now += 0.5
    run(way, [balance], target)
    assert keys(target) == "bba"


@pytest.mark.parametrize("error", [InvokeBadRequestError(), InvokeServerUnavailableError(), KeyError()])
def test_other_errors_are_not_the_credentials_fault(
    error: Exception, way: str, vendor: Any, run: Any, clock: Any
) -> None:
    target, balance = vendor([error], ["hi"]), Balance("acme", A, B, clock=clock)
    with pytest.raises(type(error)):
        run(way, [balance], target)
    run(way, [balance], target)
    run(way, [balance], target)
    assert keys(target) == "aba"


def test_when_all_rest_the_soonest_error_says_when(way: str, vendor: Any, run: Any, clock: Any) -> None:
    target = vendor([InvokeRateLimitError("limit", status=429, request_id="r1")], [InvokeAuthorizationError("key")])
    balance = Balance("acme", A, B, clock=clock)
    with pytest.raises(InvokeAuthorizationError) as caught:
        run(way, [balance], target)
    assert caught.value.retry_after == 10
    assert len(caught.value.attempts) == 2

    clock.now += 4
    asked = len(target.asked)
    with pytest.raises(InvokeAuthorizationError) as caught:
        run(way, [balance], target)
    assert caught.value.retry_after == 6
    assert len(target.asked) == asked, "resting credentials are not used"


def test_the_error_keeps_what_the_vendor_said(vendor: Any, run: Any, clock: Any) -> None:
    error = InvokeRateLimitError("slow down", status=429, code="quota", request_id="r1", provider="acme")
    with pytest.raises(InvokeRateLimitError) as caught:
        run("call", [Balance("acme", A, clock=clock)], vendor([error]))
    told = caught.value
    assert (told.description, told.status, told.code, told.request_id) == ("slow down", 429, "quota", "r1")
    assert (told.retry_after, told.retryable) == (60, True)
    assert told.__cause__ is error
    assert error.retry_after is None


def test_the_later_deadline_wins(vendor: Any, run: Any, clock: Any) -> None:
    target, balance = vendor(["hi"]), Balance("acme", A, B, clock=clock)
    seat = balance.take(set())
    assert seat is not None
    balance.rest(seat, InvokeRateLimitError())
    clock.now += 1
    balance.rest(seat, InvokeConnectionError())
    clock.now += 58
    for _ in range(2):
        run("call", [balance], target)
    assert keys(target) == "bb"
    clock.now += 2
    run("call", [balance], target)
    assert keys(target) == "bba"


def test_an_error_inside_a_stream_rests_its_credentials(stream_way: str, vendor: Any, run: Any, clock: Any) -> None:
    target, balance = vendor(["half", InvokeRateLimitError("now")], ["hi"]), Balance("acme", A, B, clock=clock)
    came: list[str] = []
    with pytest.raises(InvokeRateLimitError, match="now"):
        run(stream_way, [balance], target, on_chunk=came.append)
    assert came == ["half"]
    for _ in range(2):
        run(stream_way, [balance], target)
    assert keys(target) == "abb"
    assert target.open == 0


def test_leaving_a_stream_closes_the_vendors(stream_way: str, vendor: Any, leave: Any, clock: Any) -> None:
    target = vendor([InvokeConnectionError()], ["a", "b"])
    assert leave(stream_way, [Balance("acme", A, B, clock=clock)], target) == "a"
    assert (target.open, target.closed) == (0, 2)


def test_threads_share_the_turns(ask: Any) -> None:
    counts: dict[str, int] = {}
    lock = threading.Lock()

    class Counting:
        def call(self, invocation: Any) -> str:
            with lock:
                key = invocation.credentials["api_key"].reveal()
                counts[key] = counts.get(key, 0) + 1
            return "hi"

    balance, target = Balance("acme", A, B, C), Counting()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: balance.call(ask(), target.call), range(300)))
    assert counts == {"sk-test-a": 100, "sk-test-b": 100, "sk-test-c": 100}


def test_it_needs_credentials() -> None:
    with pytest.raises(ValueError):
        Balance("acme")
