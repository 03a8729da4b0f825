"""What a plugin on a vendor's SDK gets from the runtime: time limits, TLS, and a client that lives as long."""

from __future__ import annotations

import os
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
from runtime_plugins import Plugin

import mrt
from mrt.http.transport import Transport
from mrt.plugin.sdk import shared, time_limits, tls_context


class Client:
    """What an SDK has."""

    def __init__(self) -> None:
        self.closed = 0
        self.pid = os.getpid()

    def close(self) -> None:
        self.closed += 1


class Keeps(mrt.ModerationModel):
    """Shows what it got in the result's categories."""

    seen: list[Any] = []  # noqa: RUF012

    def _invoke(self, model: str, credentials: dict[str, Any], text: str, user: str | None = None) -> bool:
        client = shared(("fake", credentials["key"]), Client)
        self.seen.append((client, time_limits(), tls_context()))
        return False


def runtime(**options: Any) -> mrt.Runtime:
    made = mrt.Runtime(load_entry_points=False, **options)
    made.register(Plugin({"moderation": Keeps}))
    return made


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Keeps, "seen", [])


def test_a_client_serves_all_calls_with_its_key_and_ends_with_the_runtime() -> None:
    with runtime() as made:
        for key in ("a", "a", "b"):
            made.moderation("fake/m", {"key": key}).invoke("Hi.")
        first, again, other = (seen[0] for seen in Keeps.seen)
        assert first is again
        assert first is not other
        assert first.closed == other.closed == 0
    assert first.closed == other.closed == 1
    with runtime() as made:
        made.moderation("fake/m", {"key": "a"}).invoke("Hi.")
    assert Keeps.seen[-1][0] is not first


def test_32_threads_get_one_client_and_no_other_stays_open() -> None:
    made_clients: list[Client] = []
    gate = threading.Barrier(32)
    got: list[Client] = []

    def make() -> Client:
        made_clients.append(Client())
        return made_clients[-1]

    transport = Transport()

    def ask() -> None:
        gate.wait()
        got.append(transport.keep("one", make))

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(client) for client in got}) == 1
    assert [client.closed for client in made_clients if client is not got[0]] == [1] * (len(made_clients) - 1)
    transport.close()
    assert [client.closed for client in made_clients] == [1] * len(made_clients)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_makes_its_own() -> None:
    transport = Transport()
    ours = transport.keep("one", Client)
    child = os.fork()
    if child == 0:
        theirs = transport.keep("one", Client)
        transport.close()
        os._exit(0 if theirs.pid == os.getpid() and ours.closed == 0 and theirs.closed == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert transport.keep("one", Client) is ours
    transport.close()


def test_time_limits_and_certificates_are_those_of_the_call() -> None:
    limits = mrt.Timeouts(connect=1, first_byte=2, between_bytes=3, total=4)
    ca = Path(__file__).parents[1] / "http" / "tls" / "ca.pem"
    with runtime(ca_file=str(ca), timeouts=limits) as made:
        made.moderation("fake/m", {"key": "a"}).invoke("Hi.")
    _, seen, context = Keeps.seen[-1]
    assert seen == limits
    assert isinstance(context, ssl.SSLContext)
    assert context.cert_store_stats()["x509_ca"] == 1
