"""How long to wait, out of the ways in which servers say it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, formatdate

import pytest

from mrt.http.messages import Headers
from mrt.http.retry_after import retry_after


def wait(**fields: str) -> float | None:
    return retry_after(Headers((name.replace("_", "-"), value) for name, value in fields.items()))


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({}, None),
        ({"retry_after": "20"}, 20.0),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after": " 7 "}, 7.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after_ms": "1500", "retry_after": "20"}, 1.5),
        ({"retry_after": "86400"}, 86400.0),
        ({"retry_after": "1000000000"}, None),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "inf"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": ""}, None),
        ({"retry_after_ms": "1e99"}, None),
        ({"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry_after": "Wed, 21 Oct 9015 07:28:00 GMT"}, None),
        ({"retry_after": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
        ({"x_ratelimit_reset": "12"}, 12.0),
        ({"x_ratelimit_reset": "1000"}, 1000.0),
        ({"x_ratelimit_reset_requests": "6m0s", "x_ratelimit_remaining_requests": "0"}, 360.0),
        ({"x_ratelimit_reset_tokens": "20ms", "x_ratelimit_remaining_tokens": "0"}, 0.02),
        ({"x_ratelimit_reset_tokens": "1h2m3.5s", "x_ratelimit_remaining_tokens": "0"}, 3723.5),
        ({"x_ratelimit_reset_tokens": "9", "x_ratelimit_remaining_tokens": "0"}, 9.0),
        ({"x_ratelimit_reset_tokens": "6m0s", "x_ratelimit_remaining_tokens": "5"}, None),
        ({"x_ratelimit_reset_tokens": "soon", "x_ratelimit_remaining_tokens": "0"}, None),
        (
            {
                "x_ratelimit_reset_requests": "1s",
                "x_ratelimit_remaining_requests": "0",
                "x_ratelimit_reset_tokens": "2s",
                "x_ratelimit_remaining_tokens": "0",
            },
            2.0,
        ),
        ({"retry_after": "3", "x_ratelimit_reset": "12"}, 3.0),
    ],
)
def test_waits(fields: dict[str, str], seconds: float | None) -> None:
    assert wait(**fields) == seconds


def test_dates_and_time_stamps_count_from_now() -> None:
    for date in (
        formatdate(time.time() + 100, usegmt=True),
        format_datetime(datetime.now(UTC) + timedelta(seconds=100)),
    ):
        found = wait(retry_after=date)
        assert found is not None
        assert 60 < found <= 100
    stamp = wait(x_ratelimit_reset=str(time.time() + 100))
    assert stamp is not None
    assert 60 < stamp <= 100
    assert wait(x_ratelimit_reset=str(time.time() - 100)) == 0.0
