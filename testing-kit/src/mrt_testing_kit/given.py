"""Which credentials a provider was given: where key and address stand in them, and others in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mrt_testing_kit.server import RecordedRequest

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context
    from mrt_testing_kit.server import OracleServer

KEY_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "xi-api-key",
        "ocp-apim-subscription-key",
        "x-auth-token",
        "cookie",
    }
)
"""Headers in which vendors look for a key."""


def key_field(ctx: Context) -> str:
    """Return the name of the field that holds the key.

    Raises:
        NotApplicable: The credentials hold no ``{canary}``.
    """
    for name, value in ctx.target.credentials.items():
        if isinstance(value, str) and "{canary}" in value:
            return name
    ctx.not_applicable("the credentials hold no {canary}")


def address_field(ctx: Context) -> str:
    """Return the name of the field that holds the server's address.

    Raises:
        NotApplicable: The credentials hold no ``{server}``.
    """
    for name, value in ctx.target.credentials.items():
        if isinstance(value, str) and "{server}" in value:
            return name
    ctx.not_applicable("the credentials hold no {server}")


def with_key(ctx: Context, key: str | None, server: OracleServer | None = None) -> dict[str, Any]:
    """Return working credentials with another key, or with none; perhaps for another server."""
    return ctx.credentials(server=server, **{key_field(ctx): key})


def with_address(ctx: Context, url: str) -> dict[str, Any]:
    """Return working credentials with another address."""
    return ctx.credentials() | {address_field(ctx): url}


def may_lack_key(ctx: Context) -> bool:
    """Tell whether the form lets people leave the key out."""
    name = key_field(ctx)
    fields = [field for field in ctx.target.entity.credential_form(ctx.model or None) if field.variable == name]
    return not any(field.required for field in fields)


def carries(request: RecordedRequest, text: str) -> bool:
    """Tell whether a text stands anywhere in a request."""
    return text.encode("utf-8", "surrogatepass") in request.head + request.body


def key_headers(request: RecordedRequest) -> list[tuple[str, str]]:
    """Return the headers of a request in which a key may stand."""
    return [
        (name, value)
        for name, value in request.headers
        if name.lower() in KEY_HEADERS or value.lower().startswith(("bearer", "basic"))
    ]
