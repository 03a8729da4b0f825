"""A child process that was forked while connections were open."""

from __future__ import annotations

import multiprocessing

import pytest
from loop_server import EchoServer
from ways import post

from mrt.http.transport import Transport


def _child(url: str, transport: Transport, results: multiprocessing.Queue[object]) -> None:
    results.put([transport.send(post(url, b"child %d" % turn)).content for turn in range(3)])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_opens_connections_of_its_own() -> None:
    with EchoServer() as server, Transport(trust_env=False) as transport:
        assert transport.send(post(server.url, b"parent")).content == b"parent"
        context = multiprocessing.get_context("fork")
        results = context.Queue()
        child = context.Process(target=_child, args=(server.url, transport, results))
        child.start()
        assert results.get(timeout=20) == [b"child 0", b"child 1", b"child 2"]
        child.join(20)
        assert child.exitcode == 0
        # The parent's connection was not touched.
        assert transport.send(post(server.url, b"parent again")).content == b"parent again"
        assert server.connections == 2
