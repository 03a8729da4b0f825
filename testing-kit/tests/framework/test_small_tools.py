"""The small tools of checks: planted bugs, a movable clock, a fair share of time, what an answer says of itself."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import pytest

from mrt_testing_kit.catalogue import Check
from mrt_testing_kit.clocks import movable
from mrt_testing_kit.failure import NotRun
from mrt_testing_kit.patience import ALLOWANCE, SHORT, Patience
from mrt_testing_kit.planting import planted, reached
from mrt_testing_kit.said import codes, codes_of, request_id
from mrt_testing_kit.server import Answer, RecordedRequest
from mrt_testing_kit.witness import features

OWN = frozenset({__name__})


def double(number: int, *, more: int = 0) -> int:
    return 2 * number + more


def outer() -> list[int]:
    return sorted([double(1), 5], key=below_a_library)


def below_a_library(number: int) -> int:
    return -number


def test_a_planted_bug_is_raised_and_goes_again() -> None:
    bug = KeyError("planted")
    with planted(double, bug), pytest.raises(KeyError) as raised:  # type: ignore[arg-type]
        double(1, more=2)
    assert raised.value is bug
    assert double(1, more=2) == 4


def test_the_functions_that_a_call_reaches_are_found_in_order() -> None:
    found = reached(OWN, outer)
    assert [function.__name__ for function in found] == ["outer", "double", "below_a_library"]
    assert reached(frozenset({"elsewhere"}), outer) == []


def test_a_copy_of_the_same_code_is_another_function() -> None:
    source = compile("def work():\n    return 1\n", "copied", "exec")
    copies: list[dict[str, Any]] = [{"__name__": "one"}, {"__name__": "two"}, {"__name__": "three"}]
    for names in copies:
        exec(compile("def work():\n    return 1\n", "copied", "exec"), names)
    assert source.co_consts[0] == copies[0]["work"].__code__
    for names in copies:
        assert reached(frozenset({names["__name__"]}), names["work"]) == [names["work"]]


def test_what_runs_below_a_library_is_left_out() -> None:
    # pytest calls it, and is a library like any other.
    assert reached(OWN, partial(pytest.raises, ValueError, below_pytest)) == []


def below_pytest() -> None:
    raise ValueError("whatever")


def test_clocks_go_forward_together_and_go_right_afterwards() -> None:
    real = {name: getattr(time, name) for name in ("time", "monotonic", "perf_counter", "monotonic_ns")}
    with movable() as forward:
        before = time.time(), time.monotonic(), time.perf_counter(), time.monotonic_ns()
        forward(3600)
        forward(60)
        after = time.time(), time.monotonic(), time.perf_counter(), time.monotonic_ns()
        gone = [late - early for early, late in zip(before, after, strict=True)]
    assert all(3660 <= seconds < 3700 for seconds in gone[:3])
    assert 3660 <= gone[3] / 1e9 < 3700
    assert isinstance(after[3], int)
    assert {name: getattr(time, name) for name in real} == real


def _check(id: str, limit: float = 30) -> Check:
    return Check(id, "a title", lambda _: None, limit=limit)


def test_a_check_that_has_hung_gets_little_time_and_others_all() -> None:
    patience = Patience()
    slow, other = _check("CON-01"), _check("CON-02")
    assert patience.limit(slow) == 30
    assert patience.note(slow, "CON-01 [llm]", 30) == ""
    assert patience.limit(slow) == SHORT
    assert patience.limit(other) == 30
    assert "cut to 5 s after CON-01 [llm] hung" in patience.note(slow, "CON-01 [tts]", SHORT)


def test_a_run_that_hangs_often_ends() -> None:
    patience = Patience()
    for number in range(4):
        patience.note(_check(f"CON-0{number}"), f"CON-0{number}", ALLOWANCE / 4)
    assert patience.limit(_check("LLM-01")) == SHORT
    assert patience.limit(_check("LLM-01", limit=2)) == 2
    # No verdict: the check was not to blame for the others.
    assert "CON-00, CON-01, CON-02 and 1 more" in patience.note(_check("LLM-01"), "LLM-01", SHORT)
    for _ in range(int(ALLOWANCE / SHORT)):
        patience.note(_check("LLM-02"), "LLM-02", SHORT)
    with pytest.raises(NotRun, match="hung"):
        patience.limit(_check("LLM-03"))


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"error": {"code": "rate_limit", "type": "limits"}}, ["rate_limit", "limits"]),
        ({"error": {"code": 429, "type": "429"}}, []),
        ({"error": "too many"}, []),
        ([{"error": {"code": "x"}}], []),
        (None, []),
    ],
)
def test_codes_are_the_words_of_an_error(document: Any, found: list[str]) -> None:
    assert codes_of(document) == found


def _recorded(response: bytes, **fields: Any) -> RecordedRequest:
    request = RecordedRequest(1, 1, "POST", "/v1", [], b"", b"", **fields)
    request.response += response
    return request


def test_an_answer_tells_its_codes_and_its_id() -> None:
    told = _recorded(b'HTTP/1.1 429 Too Many\r\nX-Request-Id: req-7 \r\n\r\n{"error": {"code": "slow_down"}}')
    assert (codes(told), request_id(told)) == (["slow_down"], "req-7")
    other = _recorded(b"HTTP/1.1 200 OK\r\nrequest-id: a\r\n\r\nno JSON")
    assert (codes(other), request_id(other)) == ([], "a")
    assert request_id(_recorded(b"HTTP/1.1 200 OK\r\n\r\nrequest-id: b")) is None


def test_an_unanswered_request_shows_no_feature() -> None:
    assert features(_recorded(b"")) == set()
    assert features(_recorded(b"", status=500, answer=Answer(reasoning="so"))) == set()
