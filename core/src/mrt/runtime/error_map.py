"""Turning what a plugin raises into what callers catch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from mrt.entities.common import ModelType
from mrt.errors import (
    CredentialsValidateFailedError,
    InvokeConnectionError,
    InvokeError,
    InvokeRateLimitError,
    InvokeTimeoutError,
    MRTError,
    PluginError,
)

if TYPE_CHECKING:
    from mrt.entities.secret import Credentials
    from mrt.registry.entry import ProviderEntry

ErrorTable = Mapping[type[InvokeError], Sequence[type[Exception]]]


def to_caller(
    error: Exception, entry: ProviderEntry, model_type: ModelType, model: str, credentials: Credentials
) -> Exception:
    """Return the error that a caller gets for an error of a plugin, without secrets.

    The plugin's own table comes first, the most specific exception type before its bases; then the operating system's
    connection errors. Anything else is a bug in the plugin and says so.
    """
    # A table may also map an error that core's HTTP made to another one of the same family.
    mapped = _by_table(error, entry, model_type)
    if mapped is None and isinstance(error, InvokeError):
        mapped = error
    if mapped is not None:
        mapped.provider = mapped.provider or entry.name
        mapped.model = mapped.model or model
        caller_error: Exception = mapped
    elif isinstance(error, MRTError):
        if isinstance(error, PluginError):
            error.provider = error.provider or entry.name
            error.distribution = error.distribution or entry.distribution
        caller_error = error
    else:
        caller_error = _system_error(error, entry, model) or plugin_bug(error, entry)
    if caller_error is not error:
        caller_error.__cause__ = error
    from mrt.http.redact import redact_error

    redact_error(caller_error, credentials.secrets())
    if isinstance(caller_error, (InvokeError, CredentialsValidateFailedError)):
        # Frames of HTTP libraries and vendor SDKs hold the key in their local variables, and tools print those.
        _drop_tracebacks(caller_error)
    return caller_error


def plugin_bug(error: Exception, entry: ProviderEntry) -> PluginError:
    """Return the error for an exception that no table knows."""
    origin = f"the plugin '{entry.name}' ({entry.distribution or 'registered by the program'} {entry.version or ''})"
    return PluginError(
        f"{origin.replace(' )', ')')} raised {type(error).__name__}: {error}. "
        "That is a bug in the plugin, or an exception that its error mapping should name.",
        provider=entry.name,
        distribution=entry.distribution,
    )


def _by_table(error: Exception, entry: ProviderEntry, model_type: ModelType) -> InvokeError | None:
    if isinstance(error, MRTError) and not isinstance(error, InvokeError):
        return None
    table: ErrorTable = entry.relay.error_mapping(model_type=model_type) or {}
    best: tuple[int, type[InvokeError]] | None = None
    for target, kinds in table.items():
        for kind in kinds:
            if isinstance(error, kind):
                depth = len(kind.__mro__)
                if best is None or depth > best[0]:
                    best = (depth, target)
    if best is None:
        return None
    target = best[1]
    if isinstance(error, target):
        return error
    said = str(error) or type(error).__name__
    place = _place(error) if issubclass(target, InvokeConnectionError) else ""
    if place and place not in said:
        said = f"{said} ({place})"
    mapped = target(said, **_facts(error))
    if isinstance(mapped, InvokeRateLimitError) and _is_used_up(mapped):
        # SDKs have one exception for a limit that passes and for a quota that does not come back.
        mapped.retryable = False
    return mapped


def _is_used_up(error: InvokeRateLimitError) -> bool:
    from mrt.http.kinds import kind_of

    return kind_of((error.code,) if error.code else (), error.description) in ("quota", "banned")


def _place(error: Exception) -> str:
    """Return host and port of the request that an HTTP library's exception carries; "" when there is none.

    "Connection refused" alone does not say where: httpx, requests and the SDKs built on them leave that out.
    """
    try:
        parts = urlsplit(str(cast(Any, error).request.url))
        host, port = parts.hostname or "", parts.port
    except Exception:
        # httpx raises when there is no request, and an address may be none.
        return ""
    return f"{host}:{port}" if host and port else host


def _facts(error: Exception) -> dict[str, Any]:
    """Return what vendor SDKs put on their exceptions: status, code, request id, the headers of the answer."""
    if isinstance(error, InvokeError):
        names = ("status", "code", "request_id", "retry_after", "partial", "provider", "model")
        return {name: getattr(error, name) for name in names}
    from mrt.http.messages import Headers
    from mrt.http.retry_after import retry_after

    facts: dict[str, Any] = {}
    response = getattr(error, "response", None)
    headers = getattr(response, "headers", None)
    status = (
        getattr(error, "status_code", None) or getattr(response, "status_code", None) or getattr(error, "status", None)
    )
    if isinstance(status, int):
        facts["status"] = status
    # Where the vendor has no code, its type says most, as in core's own reading of an error's body.
    codes = (getattr(error, name, None) for name in ("code", "type"))
    if code := next((code for code in codes if isinstance(code, str)), None):
        facts["code"] = code
    request_id = getattr(error, "request_id", None)
    if not isinstance(request_id, str) and headers is not None:
        request_id = headers.get("x-request-id") or headers.get("request-id")
    if isinstance(request_id, str):
        facts["request_id"] = request_id
    if isinstance(headers, Mapping):
        # As core's own HTTP reads it: seconds, a date, and the vendors' other fields.
        facts["retry_after"] = retry_after(Headers(cast("Mapping[str, str]", headers).items()))
    return facts


def _system_error(error: Exception, entry: ProviderEntry, model: str) -> InvokeError | None:
    if isinstance(error, TimeoutError):
        return InvokeTimeoutError(str(error) or "the call took too long", provider=entry.name, model=model)
    if isinstance(error, ConnectionError):
        return InvokeConnectionError(str(error) or type(error).__name__, provider=entry.name, model=model)
    return None


def _drop_tracebacks(error: BaseException) -> None:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        current.__traceback__ = None
        current = current.__cause__ or current.__context__
