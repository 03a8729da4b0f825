"""Each check of concurrency and lifetime passes a right provider and fails the wrong ones meant for it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import wrong_life
from wrong_chat import CREDENTIALS, Wrong
from wrong_life import LOOSE, WRONG

import mrt_testing_kit.references.openai_http.llm as reference
from mrt.runtime.handle import Handle
from mrt_testing_kit import run
from mrt_testing_kit.manifest import TITLES

# What core alone does, what needs a module for itself, and what needs a child process: tests of their own below.
ELSEWHERE = {"CON-09", "CON-11", "CON-14"}


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    """Wrong providers leave things open."""
    yield
    for thing in LOOSE:
        if isinstance(thing, socket.socket):
            thing.close()
        elif isinstance(thing, threading.Event):
            thing.set()
    LOOSE.clear()


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.check}-{wrong.name}")
def test_a_wrong_provider_fails_the_check_that_is_meant_for_it(wrong: Wrong) -> None:
    report = run(wrong.provider, "openai", CREDENTIALS, wrong.check)
    assert report.status(wrong.check) == "fail"


def test_a_right_provider_passes() -> None:
    report = run("wrong_life:plugin", "openai", CREDENTIALS, "CON", tier="deep")
    assert {entry.id: entry.status for entry in report if entry.cases and entry.status != "pass"} == {}


def test_every_check_of_the_group_has_a_wrong_provider() -> None:
    covered = {wrong.check for wrong in WRONG} | ELSEWHERE
    assert [id for id in TITLES if id.startswith("CON-") and id not in covered] == []


def test_a_provider_whose_thread_stays_does_not_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wrong_life.lingering is not None
    assert run("wrong_life:lingering", "openai", CREDENTIALS, "CON-14").status("CON-14") == "fail"


def test_a_provider_that_writes_on_its_module_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(self: Any, invocation: Any) -> Any:
        monkeypatch.setattr(reference, "KEY", invocation.credentials["api_key"].reveal(), raising=False)
        return right(self, invocation)

    right = reference.ReferenceLLM.build_request
    monkeypatch.setattr(reference.ReferenceLLM, "build_request", keep)
    assert run(Wrong("right", "").provider, "openai", CREDENTIALS, "CON-10").status("CON-10") == "fail"


def test_a_provider_that_does_not_survive_a_fork_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    home = os.getpid()

    def ask(self: Any, invocation: Any) -> Any:
        assert os.getpid() == home, "this connection belongs to another process"
        return right(self, invocation)

    right = reference.ReferenceLLM.build_request
    monkeypatch.setattr(reference.ReferenceLLM, "build_request", ask)
    report = run("wrong_life:plugin", "openai", CREDENTIALS, "CON-09", tier="deep")
    assert report.status("CON-09") == "fail"


def test_a_runtime_whose_handles_work_after_close_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """No provider can break this, since core refuses; the check holds core to it."""
    monkeypatch.setattr(Handle, "close", lambda self: None)
    monkeypatch.setattr(Handle, "aclose", _nothing)
    assert run(Wrong("right", "").provider, "openai", CREDENTIALS, "CON-11").status("CON-11") == "fail"


async def _nothing(self: Handle) -> None:
    return None
