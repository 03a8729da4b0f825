"""Trying a property on random inputs."""

from __future__ import annotations

import random
from collections.abc import Callable

Body = Callable[[random.Random], None]


def explore(body: Body, seeds: random.Random, times: int) -> None:
    """Call a body with random generators of their own, seeded by another one."""
    for _ in range(times):
        body(random.Random(seeds.random()))


def explore_deeply(body: Body, seeds: random.Random, times: int) -> None:
    """Do the same with hypothesis, which makes a failing input small; without hypothesis, as `explore`."""
    try:
        import hypothesis
        from hypothesis import strategies
    except ImportError:
        explore(body, seeds, times)
        return
    settings = hypothesis.settings(
        max_examples=times,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=(hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large),
    )
    settings(hypothesis.given(strategies.randoms(use_true_random=False))(body))()
