"""Which connections and limits a call uses."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mrt.http import context as context_module
from mrt.http.context import CallContext, current_context, use_context
from mrt.http.messages import Timeouts
from mrt.http.transport import Transport


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context_module, "_default", None)


@pytest.mark.usefixtures("fresh")
def test_all_threads_get_one_default() -> None:
    start = threading.Barrier(16, timeout=20)
    found: list[CallContext] = []

    def work() -> None:
        start.wait()
        found.append(current_context())

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 16
    assert len({id(context) for context in found}) == 1


def test_contexts_nest_and_end() -> None:
    outer, inner = CallContext(Transport(), Timeouts()), CallContext(Transport(), Timeouts())
    with use_context(outer):
        with use_context(inner):
            assert current_context() is inner
        with pytest.raises(LookupError, match="out"), use_context(inner):
            raise LookupError("out")
        assert current_context() is outer
    assert current_context() not in (outer, inner)


def test_tasks_have_contexts_of_their_own() -> None:
    async def task(context: CallContext) -> bool:
        with use_context(context):
            await asyncio.sleep(0)
            return current_context() is context

    async def run() -> list[bool]:
        return await asyncio.gather(*(task(CallContext(Transport(), Timeouts())) for _ in range(10)))

    assert asyncio.run(run()) == [True] * 10


@pytest.mark.parametrize(
    ("own", "asked", "total"), [(None, 3, 3), (2, 3, 2), (5, 3, 3), (5, None, 5), (None, None, None)]
)
def test_a_smaller_limit_wins(own: float | None, asked: float | None, total: float | None) -> None:
    context = CallContext(Transport(), Timeouts(connect=1.0, total=own))
    limits = context.limited(asked)
    assert (limits.total, limits.connect) == (total, 1.0)
