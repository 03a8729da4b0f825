"""What these tests share; the folder goes on the path for their helpers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mrt import Runtime
from mrt_openllm import plugin

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(load_entry_points=False) as running:
        running.register(plugin, "openllm")
        yield running
