"""The walls around a check."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable

import pytest

from mrt_testing_kit.isolation import Baseline, Escaped, TimeLimit, is_local, limited, loopback_only, no_proxies


def tcp(host: str) -> None:
    with socket.socket() as sock:
        sock.connect((host, 9))


def tcp_by_number(host: str) -> None:
    with socket.socket() as sock:
        sock.connect_ex((host, 9))


def udp(host: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", (host, 9))


def by_loop(host: str) -> None:
    asyncio.run(asyncio.wait_for(asyncio.open_connection(host, 9), 5))


def by_name(host: str) -> None:
    socket.create_connection((host, 9), 5)


@pytest.mark.parametrize(
    ("reach", "host"),
    [
        (tcp, "192.0.2.1"),
        (tcp_by_number, "192.0.2.1"),
        (udp, "192.0.2.1"),
        (by_loop, "192.0.2.1"),
        (by_name, "www.example.com"),
        (by_loop, "www.example.com"),
    ],
)
def test_other_hosts_cannot_be_reached(reach: Callable[[str], None], host: str) -> None:
    tried: list[str] = []
    with loopback_only(tried), pytest.raises(OSError):
        reach(host)
    assert set(tried) == {host}


def test_a_name_that_cannot_exist_is_not_counted() -> None:
    tried: list[str] = []
    with loopback_only(tried), pytest.raises(socket.gaierror):
        by_name("vendor.invalid")
    assert tried == []


def test_loopback_can_be_reached() -> None:
    tried: list[str] = []
    with loopback_only(tried), socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("localhost", port), 5).close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            assert sock.sendto(b"x", ("127.0.0.1", port)) == 1
    assert tried == []
    assert [is_local(host) for host in ("127.8.9.1", "::1", "[::1]", "a.localhost", "", "10.0.0.1", "example.com")] == [
        *[True] * 5,
        *[False] * 2,
    ]


def test_proxies_of_the_environment_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example.com:3128")
    with no_proxies():
        assert "https_proxy" not in os.environ
    assert os.environ["https_proxy"] == "http://proxy.example.com:3128"


def test_a_late_function_is_cut_off_and_told_where_it_stood() -> None:
    gate, before = threading.Event(), set(threading.enumerate())
    with pytest.raises(TimeLimit, match=r"did not end within 0\.5 s") as caught:
        limited(lambda: bool(gate.wait(30)) and None, 0.5, gate.set)
    assert "gate.wait" in caught.value.stack
    assert set(threading.enumerate()) == before


def test_what_a_function_raises_comes_out() -> None:
    def fail(error: BaseException) -> None:
        raise error

    with pytest.raises(KeyError):
        limited(lambda: fail(KeyError("x")), 5, lambda: None)
    with pytest.raises(Escaped, match="SystemExit"):
        limited(lambda: fail(SystemExit(3)), 5, lambda: None)


def test_what_is_left_behind_is_told() -> None:
    baseline, gate = Baseline(), threading.Event()
    assert baseline.leaks() == []
    thread = threading.Thread(target=gate.wait, name="left-behind")
    thread.start()
    with socket.socket():
        told = baseline.leaks()
    gate.set()
    thread.join()
    assert told == ["threads still running: left-behind", "1 file descriptors more than at the start"]
    assert baseline.leaks() == []
