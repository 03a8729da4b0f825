"""CRD: what becomes of the key on its way to the vendor."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mrt import CredentialsValidateFailedError, InvokeAuthorizationError, InvokeError
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.given import carries, key_field, key_headers, may_lack_key, with_key
from mrt_testing_kit.outcome import Outcome

_REFUSED = (CredentialsValidateFailedError, InvokeAuthorizationError)


def _both(ctx: Context, credentials: dict[str, Any]) -> Iterator[Outcome]:
    yield ctx.validate(credentials)
    yield ctx.call(credentials=credentials)


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
        for got in _both(ctx, with_key(ctx, padded)):
            if got.error is not None:
                got.fails(*_REFUSED)
    for broken in (f"{ctx.canary}\r\nx-evil: 1", f"{ctx.canary}\nx-evil: 1", f"{ctx.canary[:8]}\r{ctx.canary[8:]}"):
        before = len(ctx.server.requests)
        for got in _both(ctx, with_key(ctx, broken)):
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
        for got in _both(ctx, with_key(ctx, odd)):
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
    if not may_lack_key(ctx):
        ctx.not_applicable("the key is required")
    open_server = ctx.another_server(api_key=None)
    for empty in (None, "", "  "):
        given = ctx.credentials(server=open_server)
        given.pop(key_field(ctx))
        if empty is not None:
            given[key_field(ctx)] = empty
        for got in _both(ctx, given):
            got.ok()
        shown = "no key" if empty is None else f"the key {empty!r}"
        for request in open_server.requests:
            ctx.equal(key_headers(request), [], f"the headers for a key of a request with {shown}")
            asked = [name for name, _ in request.query if "key" in name.lower() or "token" in name.lower()]
            ctx.equal(asked, [], f"the fields for a key in the query of a request with {shown}")


@contextmanager
def _traps(ctx: Context) -> Generator[str]:
    """Put another key into every place of the environment where libraries look for one."""
    trap = "sk-test-from-the-environment"
    names = {"OPENAI", "ANTHROPIC", "COHERE", "JINA", "XINFERENCE", "OPENLLM", "GEMINI", "GOOGLE", "MISTRAL"}
    provider = ctx.target.name.upper().replace("-", "_")
    fields = [field.variable.upper() for field in ctx.target.entity.credential_form(ctx.model or None)]
    wanted = {
        f"{name}_{word}" for name in names | {provider} for word in ("API_KEY", "AUTH_TOKEN", "TOKEN", "ADMIN_KEY")
    }
    wanted |= {"HF_TOKEN", "API_KEY", "OPENAI_ORG_ID", "OPENAI_ORGANIZATION", "OPENAI_PROJECT_ID"}
    wanted |= {name for field in fields for name in (field, f"{provider}_{field}", f"MRT_{provider}_{field}")}
    with tempfile.TemporaryDirectory(prefix="mrt-kit-") as folder:
        netrc = Path(folder, "netrc")
        netrc.write_text(f"machine 127.0.0.1 login someone password {trap}\ndefault login x password {trap}\n")
        netrc.chmod(0o600)
        kept = dict(os.environ)
        os.environ.update(dict.fromkeys(wanted, trap) | {"NETRC": str(netrc)})
        try:
            yield trap
        finally:
            os.environ.clear()
            os.environ.update(kept)


@check(
    "CRD-13",
    "no ambient environment read or written",
    essential=True,
    bugs=["langchain-ai/langchain-litellm#161"],
    fix="Give the SDK every setting by name, and None where there is none; never write a key into os.environ.",
)
def crd_13(ctx: Context) -> None:
    """The key that the caller gave is the key that counts; one of the machine would pay for somebody else's calls."""
    with _traps(ctx) as trap:
        before = dict(os.environ)
        for got in _both(ctx, ctx.credentials()):
            got.ok()
        if key_field(ctx) and may_lack_key(ctx):
            open_server = ctx.another_server(api_key=None)
            for got in _both(ctx, with_key(ctx, None, open_server)):
                got.ok()
            _judge_traps(ctx, trap, open_server.requests)
        else:
            for got in _both(ctx, with_key(ctx, None)):
                got.fails(CredentialsValidateFailedError, InvokeError)
        after = dict(os.environ)
    _judge_traps(ctx, trap, ctx.server.requests)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    ctx.expect(not changed, "the call changed environment variables", expected="none", came=changed)


def _judge_traps(ctx: Context, trap: str, requests: Any) -> None:
    for request in requests:
        names = [name for name, value in request.headers if trap in value]
        ctx.expect(
            not carries(request, trap) and "c29tZW9uZTp" not in repr(request.headers),
            f"a value of the environment stands in the request {', '.join(names)}",
            expected="the caller's credentials alone",
        )


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
    ctx.call(credentials=first).ok()
    for number in (2, 3):
        server.api_key = f"sk-test-later-000{number}"
        ctx.call(credentials=first).fails(InvokeAuthorizationError)
        ctx.validate(first).fails(CredentialsValidateFailedError)
        # In the caller's own dict, as programs do that keep one.
        given[name] = server.api_key
        ctx.validate(given).ok()
        before = len(server.requests)
        got = ctx.call(credentials=given).ok()
        requests = list(server.requests)[before:]
        ctx.expect(
            requests and carries(requests[-1], server.api_key),
            "the new key is not on the wire", expected="the new key", outcome=got,
        )  # fmt: skip
        ctx.expect(
            not any(carries(request, "sk-test-first-0001") for request in requests),
            "the old key is still sent", expected="the new key alone", outcome=got,
        )  # fmt: skip
