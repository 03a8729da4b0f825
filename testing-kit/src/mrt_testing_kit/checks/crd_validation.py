"""CRD: what validating credentials says, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mrt import CredentialsValidateFailedError, InvokeError
from mrt_testing_kit import seen
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import ENDPOINTS, Context
from mrt_testing_kit.given import key_field, with_key
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import RecordedRequest

# Path, body and message grammar as picky vendors have them; S4 also counts paths that a provider may well ask for to
# find out what the server is.
_PICKY = ("S1", "S2", "S3", "S5", "S6")
_FREE = frozenset({"models", "model", "count_tokens", "other"})
_LIMITS = (
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "max_new_tokens",
    "num_predict",
    "maxoutputtokens",
)
_MOST_REQUESTS, _MOST_TOKENS, _MOST_BYTES = 6, 256, 64 * 1024


def _judge_provider(ctx: Context, credentials: dict[str, Any] | None = None) -> Iterator[Outcome]:
    """Yield what becomes of validating for the model, and of validating for the whole provider where it has a form."""
    yield ctx.validate(credentials)
    if ctx.target.entity.credential_form(None):
        yield ctx.validate(credentials, whole_provider=True)


@check(
    "CRD-01",
    "valid accepted per model type",
    bugs=[
        "langgenius/dify-official-plugins#3256",
        "langgenius/dify-plugin-sdks#235",
        "langgenius/dify-official-plugins#3485",
    ],
    essential=True,
    fix="Validate with a request that every model of the type answers: all required fields, enough tokens, no others.",
)
def crd_01(ctx: Context) -> None:
    """Working credentials that are refused keep people from adding the model at all."""
    for model in ctx.models[ctx.kind or ""]:
        ctx.validate(model=model.name).ok()
    for got in _judge_provider(ctx):
        got.ok()
    ctx.strict(*_PICKY)
    for got in _judge_provider(ctx):
        got.ok()


@check(
    "CRD-03",
    "401 refused",
    faults=["F41"],
    essential=True,
    fix="Send a request that needs the key, and raise CredentialsValidateFailedError for 401 and 403.",
)
def crd_03(ctx: Context) -> None:
    """A wrong key that validates is found out by the first user instead of by the person who typed it."""
    if ctx.server.api_key is not None:
        for wrong in ("sk-wrong", ctx.canary[:-1], ctx.canary + "x", ctx.canary.upper()):
            for got in _judge_provider(ctx, with_key(ctx, wrong)):
                error = got.fails(CredentialsValidateFailedError)
                ctx.expect(wrong not in str(error), "the message shows the key", expected="a message without the key")
        ctx.validate().ok()
    for status, body in ((401, "vendor"), (401, "empty"), (401, "html"), (403, "vendor"), (403, "text")):
        with ctx.fault("F41", status=status, body=body, times=None, path="*"):
            ctx.validate().fails(CredentialsValidateFailedError)


@check(
    "CRD-04",
    "5xx and timeout are not 'invalid'",
    essential=True,
    faults=["F41", "F47"],
    fix="Raise CredentialsValidateFailedError for what the vendor said about the key; let all other errors pass.",
)
def crd_04(ctx: Context) -> None:
    """'Invalid key' during an outage makes people replace keys that are right."""
    for status, body in ((500, "vendor"), (502, "html"), (503, "empty"), (504, "text"), (529, "vendor")):
        with ctx.fault("F41", status=status, body=body, times=None, path="*"):
            _fails_for_the_server(ctx, ctx.validate(), f"HTTP {status}")
    with ctx.fault("F41", status=429, times=None, path="*"):
        got = ctx.validate()
    if got.error is not None:
        # Who is told to slow down has been let in, so that accepting the key is right as well.
        _fails_for_the_server(ctx, got, "HTTP 429")
    ctx.validate(timeouts=ctx.short).ok()
    with ctx.fault("F47", where="first-byte", times=None, path="*"):
        _fails_for_the_server(ctx, ctx.validate(timeouts=ctx.short), "silence")


def _fails_for_the_server(ctx: Context, got: Outcome, what: str) -> None:
    error = got.fails(InvokeError, CredentialsValidateFailedError)
    ctx.expect(
        isinstance(error, InvokeError),
        f"{what} became 'the credentials are wrong'",
        expected="InvokeServerUnavailableError or another InvokeError",
        outcome=got,
    )


@check(
    "CRD-05",
    "validation cost bound",
    fix="Ask for the model or for the list of models; else make the smallest call of the type, with a token limit.",
)
def crd_05(ctx: Context) -> None:
    """Validating is done again and again, and paid by the user: it must not run a model at length, nor another one."""
    for key in (None, "sk-wrong"):
        if key is not None and ctx.server.api_key is None:
            continue
        for got in _judge_provider(ctx, None if key is None else with_key(ctx, key)):
            most = _MOST_REQUESTS
            ctx.expect(
                len(got.requests) <= most,
                "validating takes too many requests",
                expected=f"at most {most}",
                came=[f"{request.method} {request.target}" for request in got.requests],
                outcome=got,
            )
            for request in got.requests:
                _judge_cost(ctx, got, request)


def _judge_cost(ctx: Context, got: Outcome, request: RecordedRequest) -> None:
    found = ctx.server.dialect.route(request)
    kind = found[0].kind if found is not None else "other"
    asked = f"{request.method} {request.target}"
    sent = len(request.body)
    fine = kind in _FREE or kind in ENDPOINTS[ctx.kind or "llm"] or got.asked.endswith("the provider")
    ctx.expect(fine, f"validating a {ctx.kind} model calls a model of another type", came=asked, outcome=got)
    ctx.expect(
        sent <= _MOST_BYTES, "validating sends a lot", expected=f"at most {_MOST_BYTES} bytes", came=f"{sent} bytes"
    )
    if kind not in ENDPOINTS["llm"]:
        return
    limits = [
        value
        for path, value in seen.fields(request)
        if path.rpartition(".")[2].lower() in _LIMITS and isinstance(value, int)
    ]
    ctx.expect(
        limits and max(limits) <= _MOST_TOKENS,
        "validating runs the model without a limit on its answer",
        expected=f"at most {_MOST_TOKENS} tokens",
        came=f"{asked} {request.body[:300]!r}",
        outcome=got,
    )
    many = [value for path, value in seen.fields(request) if path in (".n", ".best_of") and value != 1]
    ctx.expect(not many, "validating asks for several answers", expected="one answer", came=many, outcome=got)


@check(
    "CRD-18",
    "idempotent",
    essential=True,
    faults=["F41"],
    fix="Keep nothing from one validation to the next, and change nothing: not the credentials, not the server.",
)
def crd_18(ctx: Context) -> None:
    """The second try must say what the first one said, and a corrected key must be accepted at once."""
    given = ctx.credentials()
    kept = dict(given)
    runs = [ctx.validate(given).ok() for _ in range(3)]
    ctx.equal(given, kept, "the caller's credentials after validation")
    asked = [[(request.method, request.target, request.body) for request in got.requests] for got in runs]
    for number, requests in enumerate(asked[1:], start=2):
        if all(b"boundary" not in body and b"form-data" not in body for _, _, body in requests):
            ctx.equal(requests, asked[0], f"what validation number {number} asked", outcome=runs[number - 1])
        else:
            ctx.equal(len(requests), len(asked[0]), f"the number of requests of validation number {number}")
    for got in runs:
        writing = [
            request.method for request in got.requests if request.method not in ("GET", "HEAD", "POST", "OPTIONS")
        ]
        ctx.expect(not writing, "validating changes something at the vendor", expected="GET or POST", came=writing)
    with ctx.fault("F41", status=503, times=None, path="*"):
        ctx.validate(given).fails(InvokeError)
    ctx.validate(given).ok()
    if ctx.server.api_key is not None and key_field(ctx):
        for _ in range(2):
            ctx.validate(with_key(ctx, "sk-wrong")).fails(CredentialsValidateFailedError)
            ctx.validate(given).ok()
    ctx.call().ok()
