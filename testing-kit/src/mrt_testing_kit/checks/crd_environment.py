"""CRD: what stands in the environment of the process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from mrt import CredentialsValidateFailedError, InvokeError
from mrt_testing_kit.ambient import TRAP, traps
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.given import carries, key_field, may_lack_key, with_key
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import OracleServer


@check(
    "CRD-13",
    "no ambient environment read or written",
    essential=True,
    bugs=["langchain-ai/langchain-litellm#161"],
    fix="Give the SDK every setting by name, and an empty one where there is none; never write into os.environ.",
)
def crd_13(ctx: Context) -> None:
    """The key that the caller gave is the key that counts; one of the machine would pay for somebody else's calls."""
    wrong = ctx.another_server(api_key=None)
    with traps(ctx, wrong.url):
        before = dict(os.environ)
        # A server of its own: a client that was made for another address may have read the environment before.
        given = ctx.credentials(server=ctx.another_server())
        trapped = [got.ok() for got in _judged(ctx, given, wrong)]
        if "{canary}" in repr(ctx.target.credentials):
            _judge_without_key(ctx, wrong)
        after = dict(os.environ)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    ctx.expect(not changed, "the call changed environment variables", expected="none", came=changed)
    usual, again = ([got.ok() for got in _all(ctx, ctx.credentials(server=ctx.another_server()))] for _ in range(2))
    for trap, one, other in zip(trapped, usual, again, strict=True):
        # What no two calls have alike says nothing of the environment.
        if _shape(one) == _shape(other):
            ctx.equal(_shape(trap), _shape(one), "a call in an environment of other settings", outcome=trap)


def _judge_without_key(ctx: Context, wrong: OracleServer) -> None:
    if key_field(ctx) and may_lack_key(ctx):
        for got in _judged(ctx, with_key(ctx, None, ctx.another_server(api_key=None)), wrong):
            got.ok()
    else:
        for got in _judged(ctx, with_key(ctx, None), wrong):
            got.fails(CredentialsValidateFailedError, InvokeError)


def _all(ctx: Context, credentials: dict[str, Any]) -> Iterator[Outcome]:
    yield ctx.validate(credentials)
    for way in ctx.ways:
        yield ctx.call(credentials=credentials, way=way)


def _judged(ctx: Context, credentials: dict[str, Any], wrong: OracleServer) -> Iterator[Outcome]:
    """Make the calls, and see of each that nothing of the environment went along, nor to where it leads."""
    for got in _all(ctx, credentials):
        for request in got.requests:
            names = [name for name, value in request.headers if TRAP in value]
            ctx.expect(
                not carries(request, TRAP) and "c29tZW9uZTp" not in repr(request.headers),
                f"a value of the environment stands in the request {', '.join(names)}".rstrip(),
                expected="the caller's credentials alone",
                outcome=got,
            )
        ctx.expect(
            not wrong.requests, "an address of the environment was asked", expected="the caller's own", outcome=got
        )
        yield got


def _shape(got: Outcome) -> list[Any]:
    """Return what was asked, without what differs from call to call."""
    found: list[Any] = []
    for request in got.requests:
        try:
            body = request.json
        except ValueError:
            body = None
        found.append((request.method, request.target, sorted({name.lower() for name, _ in request.headers}), body))
    return found
