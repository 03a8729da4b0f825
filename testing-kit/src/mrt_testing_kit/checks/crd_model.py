"""CRD: which model, endpoint and path the credentials lead to."""

from __future__ import annotations

import random
import re
from typing import Any
from urllib.parse import unquote

from mrt import ConfigurateMethod, CredentialsValidateFailedError, InvokeError
from mrt.entities.plain import is_mapping
from mrt_testing_kit import seen
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.given import address_field, with_address
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import RecordedRequest

_VERSION = re.compile(r"/v\d+(?:beta\d*)?(?=/)")
_ODD_IDS = (
    "org/model", "a b", "what?now=1", "a#b", "50%", "a%2Fb", "café", "模型", "a:b@c", "x;y,z", "a&b=c", "a+b", "x/../y",
)  # fmt: skip


_PLAIN = "plain-id"


def _named(request: RecordedRequest) -> str | None:
    """Return the model that a request's body names."""
    for path, value in seen.fields(request):
        if path in (".model", ".model_name", ".modelId", ".model_id") and isinstance(value, str):
            return value
    return None


@check(
    "CRD-06",
    "uses configured model and endpoint",
    bugs=[
        "langgenius/dify-official-plugins#1240",
        "langgenius/dify-official-plugins#2880",
        "langgenius/dify-official-plugins#3617",
    ],
    fix="Validate with the model that the caller configured; for a provider's own key, ask for the list of models.",
)
def crd_06(ctx: Context) -> None:
    """A model that is hard-coded into validation is retired some day, and from then on every valid key is refused."""
    name = _named(ctx.call().ok().request) or ctx.model
    got = ctx.validate().ok()
    for request in got.requests:
        named = _named(request)
        ctx.expect(named in (None, name), "validation calls another model", expected=name, came=named, outcome=got)
    alone = ctx.another_server(models={name: _card(ctx)})
    ctx.validate(ctx.credentials(server=alone)).ok()
    if ctx.target.entity.credential_form(None):
        _judge_whole_provider(ctx)
    if _is_customizable(ctx):
        _judge_unknown_model(ctx)


def _is_customizable(ctx: Context) -> bool:
    return any(method is not ConfigurateMethod.PREDEFINED_MODEL for method in ctx.target.entity.configurate_methods)


def _judge_whole_provider(ctx: Context) -> None:
    got = ctx.validate(whole_provider=True).ok()
    asked = {named for request in got.requests if (named := _named(request)) is not None}
    for entity in ctx.target.entity.models:
        ctx.expect(
            not (entity.deprecated and entity.model in asked),
            f"the provider's key is validated with the deprecated model {entity.model}",
            expected="the list of models, or a model that is offered",
        )
    if asked:
        others = [entity.model for entity in ctx.target.entity.models if entity.model not in asked]
        later = ctx.another_server(models=[*others, "another-model"])
        retired = ctx.validate(ctx.credentials(server=later), whole_provider=True)
        ctx.expect(
            retired.error is None,
            f"the valid key is refused when the vendor has retired {', '.join(sorted(asked))}",
            expected="a key that is accepted: the list of models, or 'no such model' as a sign that the key works",
            outcome=retired,
        )


def _judge_unknown_model(ctx: Context) -> None:
    unknown = "no-such-model-here"
    got = ctx.validate(ctx.credentials(model=unknown), model=unknown)
    ctx.expect(
        isinstance(got.error, (CredentialsValidateFailedError, InvokeError)),
        "a model that the server does not have is accepted",
        expected="CredentialsValidateFailedError that names the model",
        outcome=got,
    )


def _try(ctx: Context, url: str) -> tuple[Outcome, list[RecordedRequest]]:
    """Make a call at an address and return all of its requests, those for the model's schema included."""
    before = len(ctx.server.requests)
    got = ctx.call(credentials=with_address(ctx, url))
    return got, list(ctx.server.requests)[before:]


@check(
    "CRD-07",
    "URL matrix gives one path",
    bugs=["BerriAI/litellm#8350", "nbramia/LifeOS#708"],
    fix="Build URLs in one place: strip white space and slashes, and add the version only where it is not there yet.",
)
def crd_07(ctx: Context) -> None:
    """People paste URLs with and without the slash and the version; '//' and '/v1/v1' end in 404."""
    base = str(ctx.credentials()[address_field(ctx)])
    plain = ctx.call().ok().request.raw_path
    own = base.partition("://")[2].partition("/")[2]
    version = _VERSION.match(plain) if not own else None
    ends = ["", "/", "//", " ", "/ ", "\n"]
    if version is not None:
        ends += [version[0], f"{version[0]}/", f"{version[0]}//", f"{version[0]} "]
    for end in ends:
        got, requests = _try(ctx, f"{base}{end}")
        _judge_paths(ctx, got.ok(), requests, f"{base}{end}")
        ctx.equal(got.request.raw_path, plain, f"the path for the address {base + end!r}", outcome=got)

    def prefixed(draw: random.Random) -> None:
        words = draw.choices(["proxy", "a", "v1x", "1", "team-7", "openai", "api"], k=draw.randint(1, 3))
        prefix = "/" + "/".join(words)
        url = base.replace(ctx.server.url, ctx.server.url + prefix) + draw.choice(["", "/"])
        got, requests = _try(ctx, draw.choice(["", " "]) + url)
        ctx.expect(requests, f"nothing was asked at {url}", expected=f"a request below {prefix}", outcome=got)
        _judge_paths(ctx, got, requests, url)
        for request in requests:
            fine = request.raw_path.startswith(f"{prefix}/")
            ctx.expect(
                fine, f"the path of {url!r} is lost", expected=f"{prefix}/...", came=request.raw_path, outcome=got
            )

    ctx.explore(prefixed, times=4, deep=40)
    _judge_names(ctx, base)
    got, requests = _try(ctx, base.partition("://")[2])
    if got.error is not None:
        got.fails(CredentialsValidateFailedError, InvokeError)


def _judge_names(ctx: Context, base: str) -> None:
    """See that a path in which a version stands within a word is a path like any other."""
    found: dict[str, list[str]] = {}
    for prefix in ("/proxy", "/api-v1", "/dev1x"):
        url = base.replace(ctx.server.url, ctx.server.url + prefix)
        _, requests = _try(ctx, url)
        found[prefix] = [request.raw_path.removeprefix(prefix) for request in requests]
        ctx.equal(found[prefix], found["/proxy"], f"what is asked below the address {url!r}")


def _judge_paths(ctx: Context, got: Outcome, requests: list[RecordedRequest], url: str) -> None:
    for request in requests:
        path = request.raw_path
        ctx.expect("//" not in path, f"the path for {url!r} has a double slash", came=path, outcome=got)
        twice = re.search(r"(/v\d+)\1(?=/|$)", path)
        ctx.expect(twice is None, f"the path for {url!r} has the version twice", came=path, outcome=got)
        ctx.expect(
            re.fullmatch(r"[!-~]+", path) and "%20" not in path and "%0A" not in path.upper(),
            f"the path for {url!r} has white space in it", came=path, outcome=got,
        )  # fmt: skip


@check(
    "CRD-11",
    "id percent-encoded",
    bugs=["langgenius/dify#2457"],
    fix="Quote ids in paths with every reserved sign: urllib.parse.quote(id, safe='').",
)
def crd_11(ctx: Context) -> None:
    """Model ids hold slashes, spaces and letters of every script; unquoted they lead to another path."""
    if not _is_customizable(ctx):
        ctx.not_applicable("the provider's models are all in its files")
    _, plain = _requests_for(ctx, _PLAIN)
    for odd in _ODD_IDS:
        _compare(ctx, plain, odd)

    def drawn(draw: random.Random) -> None:
        signs = "/?#%&=+ :;@,!$'()*[]äж模~.-_ab1"
        _compare(ctx, plain, f"m{''.join(draw.choices(signs, k=draw.randint(1, 8)))}z")

    ctx.explore(drawn, times=4, deep=60)


def _requests_for(ctx: Context, name: str) -> tuple[Outcome, list[RecordedRequest]]:
    server = ctx.another_server(models={name: _card(ctx)})
    got = ctx.call(model=name, credentials=ctx.credentials(model=name, server=server))
    if got.error is not None:
        got.fails(InvokeError, CredentialsValidateFailedError)
    checked = ctx.validate(ctx.credentials(model=name, server=server), model=name)
    if checked.error is not None:
        checked.fails(InvokeError, CredentialsValidateFailedError)
    requests = list(server.requests)
    server.stop()
    ctx.expect(requests, f"nothing was asked about the model {name!r}", expected="a request", outcome=got)
    return got, requests


def _card(ctx: Context) -> Any:
    """Return the server's description of the check's model, where the dialect has any."""
    cards: Any = getattr(ctx.server.dialect, "models", None)
    return cards.get(ctx.model) if is_mapping(cards) else None


def _compare(ctx: Context, plain: list[RecordedRequest], odd: str) -> None:
    got, requests = _requests_for(ctx, odd)
    for usual, request in zip(plain, requests, strict=False):
        wanted = [odd if unquote(part) == _PLAIN else unquote(part) for part in usual.raw_path.split("/")]
        came = [unquote(part) for part in request.raw_path.split("/")]
        ctx.equal(came, wanted, f"the path of a request about the model {odd!r}", outcome=got)
        ctx.equal(request.query, usual.query, f"the query of a request about the model {odd!r}", outcome=got)
        # Some vendors write the id in another way; an answer shows that they know it.
        if got.error is not None and _named(usual) == _PLAIN:
            ctx.equal(_named(request), odd, "the model that the request names", outcome=got)
