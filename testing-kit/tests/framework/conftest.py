"""Puts the folder of these tests on the path, for the providers that they share, and their small checks in place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def small_checks() -> Iterator[None]:
    """The small checks in place of the contract's, for one test."""
    from framework_checks import install

    from mrt_testing_kit.catalogue import CATALOGUE, load

    kept = dict(load())
    install()
    yield
    CATALOGUE.clear()
    CATALOGUE.update(kept)
