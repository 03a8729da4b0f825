"""A raw server for the tests of the HTTP layer, and both ways to call."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from raw_server import Script, Serve, Server
from ways import WAYS, Way

from mrt.http.transport import Transport

collect_ignore = ["test_fork.py"] if sys.platform == "win32" else []


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers: `serve(script)` runs the script for every connection."""
    with ExitStack() as servers:

        def start(script: Script, certificate: str | None = None) -> Server:
            return servers.enter_context(Server(script, certificate))

        yield start


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest) -> Way:
    """Call from a thread, and from an event loop."""
    made: Way = request.param()
    return made


@pytest.fixture
def transport() -> Iterator[Transport]:
    with Transport(trust_env=False) as made:
        yield made
