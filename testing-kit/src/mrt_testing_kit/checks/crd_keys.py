"""CRD: what becomes of the key on its way to the vendor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mrt import CredentialsValidateFailedError, InvokeAuthorizationError, InvokeError
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.given import key_field, key_headers, may_lack_key, with_key
from mrt_testing_kit.outcome import Outcome

_REFUSED = (CredentialsValidateFailedError, InvokeAuthorizationError)


def _all(ctx: Context, credentials: dict[str, Any]) -> Iterator[Outcome]:
    yield ctx.validate(credentials)
    for way in ctx.ways:
        yield ctx.call(credentials=credentials, way=way)


@check(
    "CRD-08",
    "key with whitespace or newline",
    essential=True,
    fix="Strip the key once, where it is read; refuse a key that has white space inside before anything is sent.",
)
def crd_08(ctx: Context) -> None:
    """Keys are pasted with a blank or a line end; inside a header a line end even becomes another header."""
    ctx.strict("S5")
    for padded in (f" {ctx.canary}", f"{ctx.canary}\n", f"\t{ctx.canary}\r\n", f"{ctx.canary} "):
        for got in _all(ctx, with_key(ctx, padded)):
            if got.error is not None:
                got.fails(*_REFUSED)
    for broken in (f"{ctx.canary}\r\nx-evil: 1", f"{ctx.canary}\nx-evil: 1", f"{ctx.canary[:8]}\r{ctx.canary[8:]}"):
        before = len(ctx.server.requests)
        for got in _all(ctx, with_key(ctx, broken)):
            got.fails(*_REFUSED)
        _nothing_sent(ctx, before, "a key with a line end inside")


def _nothing_sent(ctx: Context, before: int, what: str) -> None:
    sent = list(ctx.server.requests)[before:]
    ctx.expect(
        not sent,
        f"something was sent with {what}",
        expected="no request",
        came=[(f"{request.method} {request.target}", request.headers) for request in sent],
    )


@check(
    "CRD-09",
    "non-ASCII key refused before I/O",
    essential=True,
    bugs=["langchain-ai/langchain#27365", "simonw/llm#1128"],
    fix="Look at the key before the request is made: a header takes ASCII only, and a codec error helps nobody.",
)
def crd_09(ctx: Context) -> None:
    """A dash from a word processor or a Cyrillic letter in a key has to be named, not end in a UnicodeEncodeError."""
    for odd in (
        "sk-tést-0123456789",
        "ключ-0123456789",
        "\u201csk-test-0123456789\u201d",
        "sk\u2013test\u20130123",
        "sk\u200b-test-0123",
        "密钥",
    ):
        before = len(ctx.server.requests)
        for got in _all(ctx, with_key(ctx, odd)):
            error = got.fails(*_REFUSED)
            ctx.expect(odd not in str(error), "the message shows the key", expected="a message without it", outcome=got)
            ctx.expect(
                "codec" not in str(error), "the message is the codec's", expected="a sentence on the key", outcome=got
            )
        _nothing_sent(ctx, before, f"a key that is not ASCII ({odd!r})")


@check(
    "CRD-10",
    "absent key: no header",
    bugs=["langgenius/dify-official-plugins#3655", "mozilla-ai/any-llm#1072"],
    fix="Leave the header out when there is no key; 'Bearer ' without a key is refused, and so are made-up keys.",
)
def crd_10(ctx: Context) -> None:
    """Servers of one's own have no keys: an empty header makes some of them refuse, and an SDK refuse to start."""
    is_optional = may_lack_key(ctx)
    open_server = ctx.another_server(api_key=None)
    for empty in (None, "", "  "):
        given = ctx.credentials(server=open_server)
        given.pop(key_field(ctx))
        if empty is not None:
            given[key_field(ctx)] = empty
        calls = [ctx.validate(given), *(ctx.call(credentials=given, way=way) for way in ctx.ways)]
        for got in calls:
            if is_optional:
                got.ok()
            elif got.error is not None:
                # Who demands a key may refuse; what is sent all the same must not pretend to have one.
                got.fails(CredentialsValidateFailedError, InvokeError)
            _judge_absent(ctx, got, "no key" if empty is None else f"the key {empty!r}")


def _judge_absent(ctx: Context, got: Outcome, shown: str) -> None:
    for request in got.requests:
        ctx.equal(key_headers(request), [], f"the headers for a key of a request with {shown}", outcome=got)
        asked = [name for name, _ in request.query if "key" in name.lower() or "token" in name.lower()]
        ctx.equal(asked, [], f"the fields for a key in the query of a request with {shown}", outcome=got)
