"""CRD: several sets of credentials in one program, and keys that change."""

from __future__ import annotations

import threading
from typing import Any

from mrt import CredentialsValidateFailedError, InvokeAuthorizationError, InvokeError
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.given import address_field, carries, key_field, with_key
from mrt_testing_kit.jobs import Job, jobs
from mrt_testing_kit.outcome import Outcome

# Whoever keeps a client by a part of its key takes one of these for another.
_ALIKE = (
    "sk-test-alike-AAAA-0123456789-tail",
    "sk-test-alike-BBBB-0123456789-tail",
    "sk-test-alike-aaaa-0123456789-tail",
    "sk-test-other-AAAA-0123456789-tail",
    "sk-test-alike-AAAA-0123456789-last",
    "sk-test-alike-AAAA-0123456789-tailor",
)


@check(
    "CRD-12",
    "two sets never mix",
    essential=True,
    bugs=["langgenius/dify-official-plugins#2473", "langgenius/dify-official-plugins#2183"],
    fix="Keep nothing of a call's credentials on modules, classes or clients that all calls share: no key, no header.",
)
def crd_12(ctx: Context) -> None:
    """One program serves many customers: a request with another customer's key is the worst that can happen."""
    key_field(ctx)
    address_field(ctx)
    servers = {key: ctx.another_server(api_key=key) for key in ("sk-test-one-0001", "sk-test-two-0002")}
    handles = {key: ctx.handle(credentials=with_key(ctx, key, server)) for key, server in servers.items()}
    work = jobs(ctx, 8)
    for number, job in enumerate(work):
        key = list(handles)[number % 2]
        _run(ctx, handles[key], job, key)
    failed: list[BaseException] = []

    def alternate(first: int) -> None:
        try:
            for number, job in enumerate(work):
                key = list(handles)[(number + first) % 2]
                _run(ctx, handles[key], job, key)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=alternate, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    for key, server in servers.items():
        other = next(name for name in servers if name != key)
        ctx.expect(server.requests, f"the server of {key} was never asked", expected="requests")
        for request in server.requests:
            ctx.expect(not carries(request, other), "the other customer's key was sent", expected=key, came=other)
    ctx.equal(len(ctx.requests), 0, "the number of requests to the server of a third set")
    _judge_alike(ctx)


def _run(ctx: Context, handle: Any, job: Job, key: str) -> None:
    try:
        result = handle.invoke(*job.arguments, **job.keywords)
    except InvokeError as error:
        ctx.fail(f"a call with the key {key} failed", expected="the answer", came=repr(error))
    wrong = job.judge(result)
    ctx.expect(not wrong, f"a call with the key {key} got a wrong answer", expected=job.expected, came=wrong)


def _judge_alike(ctx: Context) -> None:
    """Let customers with keys that are nearly the same take turns at one server."""
    server = ctx.another_server(api_key=None)
    for way in ctx.ways:
        for key in (*_ALIKE, *_ALIKE[:2]):
            got = ctx.call(credentials=with_key(ctx, key, server), way=way).ok()
            _judge_own(ctx, got, key)


def _judge_own(ctx: Context, got: Outcome, key: str) -> None:
    for request in got.requests:
        ctx.expect(carries(request, key), "the customer's key was not sent", expected=key, outcome=got)
        for other in _ALIKE:
            strange = other not in key and carries(request, other)
            ctx.expect(not strange, "another customer's key was sent", expected=key, came=other, outcome=got)


@check(
    "CRD-14",
    "rotation",
    essential=True,
    bugs=["langgenius/dify-official-plugins#3535", "langgenius/dify-official-plugins#3561"],
    fix="Read the key from the call's credentials at every call; a client or session that is kept is kept per key.",
)
def crd_14(ctx: Context) -> None:
    """Keys are renewed; a client that keeps the first one works until the old key expires, and then never again."""
    server = ctx.another_server(api_key="sk-test-first-0001")
    given = with_key(ctx, "sk-test-first-0001", server)
    name = key_field(ctx)
    first = dict(given)
    for way in ctx.ways:
        ctx.call(credentials=first, way=way).ok()
    for number in (2, 3):
        server.api_key = f"sk-test-later-000{number}"
        for way in ctx.ways:
            ctx.call(credentials=first, way=way).fails(InvokeAuthorizationError)
        ctx.validate(first).fails(CredentialsValidateFailedError)
        # In the caller's own dict, as programs do that keep one.
        given[name] = server.api_key
        ctx.validate(given).ok()
        for way in ctx.ways:
            got = ctx.call(credentials=given, way=way).ok()
            ctx.expect(
                carries(got.request, server.api_key),
                "the new key is not on the wire", expected="the new key", outcome=got,
            )  # fmt: skip
            ctx.expect(
                not any(carries(request, "sk-test-first-0001") for request in got.requests),
                "the old key is still sent", expected="the new key alone", outcome=got,
            )  # fmt: skip
