"""CRD: to whom credentials are sent, and on which way."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

import mrt
from mrt import InvokeError
from mrt_testing_kit import child
from mrt_testing_kit.catalogue import Way, check
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import NotApplicable
from mrt_testing_kit.given import address_field, key_field, with_address
from mrt_testing_kit.jobs import Job, jobs
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import OracleServer

_STATUSES = (301, 302, 303, 307, 308)


@check(
    "CRD-15",
    "redirects never carry auth to another host or scheme",
    essential=True,
    bugs=["xorbitsai/inference#1182"],
    faults=["F43"],
    fix="Do not follow redirects, or only within the same scheme, host and port.",
)
def crd_15(ctx: Context) -> None:
    """A redirect to another host, or to plain HTTP, that takes the key along gives the key away."""
    key_field(ctx)
    elsewhere = ctx.another_server(api_key=None)
    for status in _STATUSES:
        calls: list[Callable[[], Outcome]] = [ctx.call, ctx.validate]
        if status in (302, 307):
            # An HTTP library has one client for each of the two worlds, with settings of its own.
            calls += [partial(ctx.call, way=way) for way in ctx.ways if way != "sync"]
        for make in calls:
            with ctx.fault("F43", status=status, location=f"{elsewhere.url}/elsewhere", times=None, path="*"):
                got = make()
            _judge(ctx, got, elsewhere, f"HTTP {status} to another port")
        port = elsewhere.url.rpartition(":")[2]
        with ctx.fault("F43", status=status, location=f"http://localhost:{port}/elsewhere", times=None, path="*"):
            got = ctx.call()
        _judge(ctx, got, elsewhere, f"HTTP {status} to another host")
    with ctx.fault("F43", to="loop", times=None, path="*"):
        ctx.call().fails(InvokeError)
    _judge_scheme(ctx, elsewhere)


def _judge(ctx: Context, got: Outcome, elsewhere: OracleServer, how: str) -> None:
    if got.error is not None:
        got.fails(InvokeError, mrt.CredentialsValidateFailedError)
    for request in elsewhere.requests:
        found = ctx.secret_in((request.head + request.body).decode("latin-1"))
        ctx.expect(found is None, f"the key went along with a redirect: {how}", expected="no key", outcome=got)


def _judge_scheme(ctx: Context, plain: OracleServer) -> None:
    if not ctx.server.url.startswith("http://") or address_field(ctx) == "":
        return
    secure = ctx.another_server(tls=True)
    if _secure_call(ctx, secure, secure.ca_file) is not None:
        # Whether the certificate is trusted is for CRD-16.
        return
    for status in (301, 307):
        with secure.fault("F43", status=status, location=f"{plain.url}/elsewhere", times=None):
            _secure_call(ctx, secure, secure.ca_file)
        for request in plain.requests:
            found = ctx.secret_in((request.head + request.body).decode("latin-1"))
            ctx.expect(found is None, f"the key went from https to http with HTTP {status}", expected="no key")


@contextmanager
def _environment(**changes: str | None) -> Generator[None]:
    kept = {name: os.environ.get(name) for name in changes}
    try:
        _set(changes)
        yield
    finally:
        _set(kept)


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _secure_call(
    ctx: Context, server: OracleServer, ca_file: str | None, *, trust_env: bool = False, way: Way = "sync"
) -> Exception | None:
    """Make one call with a runtime of its own; return what it raised."""
    job = jobs(ctx, 1)[0]
    with ctx.target.runtime(ca_file=ca_file, trust_env=trust_env) as runtime:
        try:
            result = _made(ctx, ctx.fresh(runtime, ctx.credentials(server=server)), job, way)
        except Exception as error:
            # What it is, is for the caller to judge.
            return error
    wrong = job.judge(result) if way in ("sync", "async") else ""
    ctx.expect(not wrong, "the answer over TLS is wrong", expected=job.expected, came=wrong)
    return None


def _made(ctx: Context, handle: Any, job: Job, way: Way) -> Any:
    if way == "sync":
        return handle.invoke(*job.arguments, **job.keywords)
    if way == "async":
        return ctx.run(handle.ainvoke(*job.arguments, **job.keywords))
    if way == "stream":
        return list(handle.stream(*job.arguments, **job.keywords))

    async def read() -> list[Any]:
        return [chunk async for chunk in handle.astream(*job.arguments, **job.keywords)]

    return ctx.run(read())


def _alone(ctx: Context, server: OracleServer, way: Way | str, environment: dict[str, str], url: str = "") -> str:
    """Make a call in a process of its own: clients that live as long as one have read the environment before.

    Returns:
        The error that it raised; a sentence when no other process can find the provider.
    """
    given = with_address(ctx, url) if url else ctx.credentials(server=server)
    try:
        return child.call(ctx, jobs(ctx, 1)[0], way, given, environment)
    except NotApplicable as reason:
        return str(reason)


@check(
    "CRD-16",
    "TLS verified, custom CA",
    essential=True,
    faults=["F46"],
    fix="Leave verification on, and take the CAs that the runtime is given; raise InvokeConnectionError otherwise.",
)
def crd_16(ctx: Context) -> None:
    """Without verification anybody on the way reads the key; with it, companies need their own CA to be trusted."""
    address_field(ctx)
    for kind in ("untrusted", "wrong-host", "expired"):
        server = ctx.another_server(tls=kind)
        for way in ctx.ways:
            error = _secure_call(ctx, server, server.ca_file, way=way)
            ctx.expect(
                isinstance(error, InvokeError),
                f"a server whose certificate is {kind} is talked to ({way})",
                expected="InvokeConnectionError",
                came=repr(error),
            )
        # Trusted where SDKs look for CAs, too: the name and the date have to be right all the same.
        with _environment(SSL_CERT_FILE=server.ca_file if kind != "untrusted" else None):
            error = _secure_call(ctx, server, None, trust_env=True)
        ctx.expect(
            isinstance(error, InvokeError), f"a server whose certificate is {kind} is talked to", came=repr(error)
        )
        ctx.equal(len(server.requests), 0, f"the number of requests sent to a server whose certificate is {kind}")
    server = ctx.another_server(tls=True)
    if "{ca_file}" not in repr(ctx.target.credentials):
        error = _secure_call(ctx, server, None)
        ctx.expect(isinstance(error, InvokeError), "a server of a CA that nobody trusts is talked to", came=repr(error))
        ctx.equal(len(server.requests), 0, "the number of requests sent to a server of an unknown CA")
    for way in ctx.ways:
        error = _secure_call(ctx, server, server.ca_file, way=way)
        if error is not None:
            # An SDK has connections of its own, and these look here.
            with _environment(SSL_CERT_FILE=server.ca_file):
                error = _secure_call(ctx, server, None, trust_env=True, way=way)
        if error is not None and not _alone(ctx, server, way, {"SSL_CERT_FILE": str(server.ca_file)}):
            error = None
        ctx.expect(
            error is None,
            f"a CA of one's own is not trusted, neither by Runtime(ca_file=...) nor by SSL_CERT_FILE ({way})",
            expected="an answer",
            came=repr(error),
        )


@check(
    "CRD-17",
    "proxies as declared",
    fix="Send through the runtime's connections, or hand HTTP_PROXY and NO_PROXY on to the SDK.",
)
def crd_17(ctx: Context) -> None:
    """In many companies the only way out is a proxy, and what NO_PROXY names must not go through it."""
    name = address_field(ctx)
    ctx.expect(ctx.validate().ok().requests, "validating makes no request, so that no proxy can be seen at work")
    proxy = ctx.another_server(api_key=None)
    far = str(ctx.credentials()[name]).replace(ctx.server.url, "http://vendor.invalid")

    def ask(way: Way | None = None, **environment: str | None) -> Exception | None:
        given = with_address(ctx, far)
        with _environment(**environment), ctx.target.runtime(trust_env=True) as runtime:
            try:
                if way is None:
                    runtime.validate_credentials(ctx.target.name, given, ctx.kind, ctx.model)
                else:
                    _made(ctx, ctx.fresh(runtime, given), jobs(ctx, 1)[0], way)
            except Exception as error:
                # The proxy knows no way to the vendor; that it was asked is what counts.
                return error
        return None

    environment = {"HTTP_PROXY": proxy.url, "http_proxy": proxy.url}
    for way in (None, *ctx.ways):
        before = len(proxy.requests)
        ask(way, **environment)
        if len(proxy.requests) == before:
            _alone(ctx, proxy, way or "validate", environment, far)
        targets = [request.target for request in list(proxy.requests)[before:]]
        ctx.expect(
            targets and all(target.startswith("http://vendor.invalid") for target in targets),
            f"HTTP_PROXY is not used ({way or 'validating credentials'})",
            expected="requests for http://vendor.invalid/... at the proxy", came=targets,
        )  # fmt: skip
    before = len(proxy.requests)
    error = ask(HTTP_PROXY=proxy.url, http_proxy=proxy.url, NO_PROXY="vendor.invalid", no_proxy="vendor.invalid")
    if len(proxy.requests) > before:
        before = len(proxy.requests)
        _alone(ctx, proxy, "validate", {**environment, "NO_PROXY": "vendor.invalid", "no_proxy": "vendor.invalid"}, far)
    ctx.equal(len(proxy.requests) - before, 0, "the number of requests at the proxy for a host that NO_PROXY names")
    ctx.expect(error is not None, "a host that does not exist has answered", expected="an error")
