"""What these tests share; the folder goes on the path for their helpers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mrt import Runtime
from mrt_testing_kit.server import OracleServer
from mrt_xinference import plugin

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def runtime() -> Iterator[Runtime]:
    with Runtime(load_entry_points=False) as running:
        running.register(plugin, "xinference")
        yield running


@pytest.fixture
def server() -> Iterator[OracleServer]:
    with OracleServer(dialect="xinference") as running:
        yield running
