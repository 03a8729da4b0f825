"""Lets the tests of the server import what they share, and register dialects of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mrt_testing_kit.server import DIALECTS
from mrt_testing_kit.server.dialects import load

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def own_dialects() -> Iterator[None]:
    """Forget the dialects that a test registers."""
    load()
    before = dict(DIALECTS)
    yield
    DIALECTS.clear()
    DIALECTS.update(before)
