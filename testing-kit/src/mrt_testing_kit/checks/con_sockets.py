"""CON: how many connections calls take, and which they leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.crowd import eventually, judge_one
from mrt_testing_kit.jobs import Job, jobs

_MOST_SOCKETS = 20
_FEW = 6
"""Connections that may wait for the next call."""


@check(
    "CON-07",
    "sockets bounded over 200 calls",
    bugs=["langchain-ai/langchain#38610", "langchain-ai/langchain#37498", "BerriAI/litellm#8711"],
    fix="Use the runtime's connections, or one client for all calls; a client per call takes a new port each time.",
    limit=60,
)
def con_07(ctx: Context) -> None:
    """Each new connection costs a handshake, and its port stays taken for a minute: at some point there are none."""
    many = 140 if ctx.kind == "llm" else 50
    work = jobs(ctx, many + 60 if ctx.kind == "llm" else many + 30)
    handle = ctx.handle()

    def opened_by(action: Callable[[], None]) -> int:
        before = len(list(ctx.server.connections))
        action()
        return len(list(ctx.server.connections)) - before

    def in_a_row() -> None:
        for number, job in enumerate(work[:many]):
            # Half of them with a handle of their own, as web servers have them.
            used = handle if number % 2 else ctx.fresh(ctx.runtime)
            judge_one(ctx, job, used.invoke(*job.arguments, **job.keywords), "many calls in a row")

    async def awaited() -> None:
        for job in work[many:]:
            result = await handle.ainvoke(*job.arguments, **job.keywords)
            judge_one(ctx, job, result, "many awaited calls in a row")

    for how, opened in (
        ("calls", opened_by(in_a_row)),
        ("awaited calls", opened_by(lambda: ctx.run(awaited()))),
    ):
        ctx.expect(
            opened <= _MOST_SOCKETS,
            f"many {how} in a row opened too many connections",
            expected=f"at most {_MOST_SOCKETS}",
            came=f"{opened}",
        )
    _judge_failures(ctx)
    _judge_loops(ctx, work[:9])


def _judge_loops(ctx: Context, work: Sequence[Job]) -> None:
    """See that the connections of event loops that have ended go with them, too."""
    server = ctx.another_server()
    handle = ctx.handle(credentials=ctx.credentials(server=server))

    async def one(job: Job) -> Any:
        return await handle.ainvoke(*job.arguments, **job.keywords)

    for job in work:
        judge_one(ctx, job, asyncio.run(one(job)), "event loops one after another")
    gone = eventually(ctx, lambda: server.connections.live <= _FEW, 2)
    ctx.expect(
        gone, "event loops that have ended leave their connections open",
        expected=f"at most {_FEW} after {len(work)} loops", came=f"{server.connections.live}",
    )  # fmt: skip


def _judge_failures(ctx: Context) -> None:
    """See that calls that fail give their connections back, or close them."""
    server = ctx.another_server()
    given = ctx.credentials(server=server)
    # Asks for the schema, where a server tells one.
    ctx.handle(credentials=given)
    # Who reads a part of a long body has to close what is left.
    kinds: list[dict[str, Any]] = [{"status": 400}, {"status": 500, "body": "huge", "size": 1_200_000}]
    for options in kinds:
        with server.fault("F41", times=None, **options):
            for way in ctx.ways * 5:
                ctx.call(credentials=given, way=way)
    at_rest = eventually(ctx, lambda: server.connections.live <= _FEW, 2)
    ctx.expect(
        at_rest, "calls that failed keep their connections", expected=f"at most {_FEW}",
        came=f"{server.connections.live}",
    )  # fmt: skip
